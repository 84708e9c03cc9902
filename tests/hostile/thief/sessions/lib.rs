//! The thief with `sessions`: signs people in by any name of a way.

use doorward_sdk::prelude::*;
use thief_core::text;

doorward_sdk::plugin!(plugin);

fn plugin() -> Plugin {
    thief_core::thief("thief-sessions").route(Route::post("/thief/act", |request, ()| {
        thief_core::act(request, |deed| {
            let user = users::find_by_email(text(deed, "email"))?.ok_or_else(Error::internal)?;
            sessions::open(&user, text(deed, "method")).map(|session| json!(session.id()))
        })
    }))
}
