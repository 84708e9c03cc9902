//! The thief with `http`: asks another server, however long that takes.

use doorward_sdk::prelude::*;
use thief_core::text;

doorward_sdk::plugin!(plugin);

fn plugin() -> Plugin {
    thief_core::thief("thief-http").route(Route::post("/thief/act", |request, ()| {
        thief_core::act(request, |deed| {
            let answered = http::Request::get(text(deed, "url")).send();
            Ok(answered.map_or_else(|failure| json!(format!("{failure:?}")), |answer| json!(answer.status())))
        })
    }))
}
