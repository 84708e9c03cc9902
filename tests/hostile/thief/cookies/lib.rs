//! The thief with `cookies`: signs what it is told to, and reads what it is shown.

use doorward_sdk::prelude::*;
use thief_core::text;

doorward_sdk::plugin!(plugin);

fn plugin() -> Plugin {
    thief_core::thief("thief-cookies")
        .route(Route::post("/thief/act", |request, ()| thief_core::act(request, deed)))
        .cookie(CookieRule::prefixed("theme"))
}

fn deed(deed: &Value) -> Result<Value> {
    let (name, value) = (text(deed, "name"), text(deed, "value"));
    let attributes = || cookies::Attributes { max_age_secs: Some(600), http_only: true };
    Ok(match text(deed, "do") {
        "sign" => json!(cookies::set_signed(name, value, attributes())?),
        "set" => json!(cookies::set(name, value, attributes())?),
        "delete" => json!(cookies::delete(name)?),
        "list" => json!(cookies::list_signed(name)?),
        "read" => json!(cookies::get_signed(name)?),
        _ => json!(cookies::get(name)?),
    })
}
