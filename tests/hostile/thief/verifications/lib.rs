//! The thief with `verifications`: makes and redeems what proves something elsewhere.

use doorward_sdk::prelude::*;
use thief_core::text;

doorward_sdk::plugin!(plugin);

fn plugin() -> Plugin {
    thief_core::thief("thief-verifications")
        .route(Route::post("/thief/act", |request, ()| thief_core::act(request, deed)))
        .verifications("thief:")
}

fn deed(deed: &Value) -> Result<Value> {
    let (identifier, value) = (text(deed, "identifier"), text(deed, "value"));
    Ok(match text(deed, "do") {
        "create" => json!(verifications::create(identifier, value, 600)?),
        "consume" => json!(verifications::consume(identifier)?),
        "replace" => json!(verifications::replace(identifier, text(deed, "current"), value)?),
        _ => json!(verifications::find(identifier)?),
    })
}
