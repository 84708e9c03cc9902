//! The sample `invite-codes` as its version 0.1 was: what makes rows in its table, and no more.

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

doorward_sdk::plugin!(plugin);

const TABLE: &str = "inviteCode";

/// A row of the table.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Code {
    code: String,
    owner_id: String,
    places: u32,
    expires_at: String,
}

pub fn plugin() -> Plugin {
    Plugin::new("invite-codes", env!("CARGO_PKG_VERSION"))
        .table(
            Table::new(TABLE)
                .field(FieldRule::new("code", FieldType::String).required().unique())
                .field(FieldRule::new("ownerId", FieldType::String).required().indexed().references("user"))
                .field(FieldRule::new("places", FieldType::Number).required())
                .field(FieldRule::new("expiresAt", FieldType::Date).required()),
        )
        .user_field(FieldRule::new("invite", FieldType::String).input().hidden())
        .route(Route::post("/invite-codes/create", create))
}

fn create(_: &Request, places: Places) -> Result<Response> {
    let code = Code {
        code: crypto::random_string(10, "ABC23456")?,
        owner_id: sessions::require()?.user.id(),
        places: places.0,
        expires_at: clock::iso_text(clock::now_millis() + 86_400_000),
    };
    Ok(Response::json(&models::insert::<Code>(TABLE, &code)?)?.status(201))
}

/// How many places the code has.
struct Places(u32);

impl Input for Places {
    fn read(fields: &mut Fields<'_>) -> Places {
        let text: String = fields.required("places");
        Places(text.parse().unwrap_or_default())
    }
}
