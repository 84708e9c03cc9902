//! The thief with `users`: changes people's rows.

use doorward_sdk::prelude::*;
use thief_core::text;

doorward_sdk::plugin!(plugin);

fn plugin() -> Plugin {
    thief_core::thief("thief-users").route(Route::post("/thief/act", |request, ()| {
        thief_core::act(request, |deed| {
            let user = users::find_by_email(text(deed, "email"))?.ok_or_else(Error::internal)?;
            users::update(&user.id(), &deed["fields"]).map(|user| json!(user))
        })
    }))
}
