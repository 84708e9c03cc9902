//! A stored passkey.

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

pub const MODEL: &str = "passkey";

/// A row, in the order in which clients get it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Passkey {
    pub name: Option<String>,
    /// Standard base64 of the COSE key.
    pub public_key: String,
    pub user_id: String,
    /// base64url without padding.
    #[serde(rename = "credentialID")]
    pub credential_id: String,
    pub counter: u32,
    /// `singleDevice` or `multiDevice`.
    pub device_type: String,
    pub backed_up: bool,
    /// Joined by commas.
    pub transports: Option<String>,
    pub created_at: Option<String>,
    pub aaguid: Option<String>,
    /// The last sign-in with it. Clients of the reference do not know it, so they are not told.
    #[serde(skip_serializing, default)]
    pub last_used_at: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub id: String,
}

/// A passkey as a browser is told of it, to find it or to leave it out.
#[derive(Serialize)]
pub struct Descriptor {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    transports: Option<Vec<String>>,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl Passkey {
    pub fn of_user(user_id: &str) -> Result<Vec<Passkey>> {
        models::find(MODEL, eq("userId", user_id).order_by("createdAt"))
    }

    pub fn by_id(id: &str) -> Result<Option<Passkey>> {
        models::find_one(MODEL, eq("id", id))
    }

    pub fn by_credential(credential_id: &str) -> Result<Option<Passkey>> {
        models::find_one(MODEL, eq("credentialID", credential_id))
    }

    pub fn descriptor(&self) -> Descriptor {
        let transports = self.transports.as_deref().filter(|text| !text.is_empty());
        Descriptor {
            id: self.credential_id.clone(),
            transports: transports.map(|text| text.split(',').map(str::to_owned).collect()),
            kind: "public-key",
        }
    }
}

pub fn table() -> Table {
    Table::new(MODEL)
        .field(FieldRule::new("name", FieldType::String))
        .field(FieldRule::new("publicKey", FieldType::String).required().factor())
        .field(FieldRule::new("userId", FieldType::String).required().indexed().references("user"))
        .field(FieldRule::new("credentialID", FieldType::String).required().unique())
        .field(FieldRule::new("counter", FieldType::Number).required())
        .field(FieldRule::new("deviceType", FieldType::String).required())
        .field(FieldRule::new("backedUp", FieldType::Boolean).required())
        .field(FieldRule::new("transports", FieldType::String))
        .field(FieldRule::new("createdAt", FieldType::Date))
        .field(FieldRule::new("aaguid", FieldType::String))
        .field(FieldRule::new("lastUsedAt", FieldType::Date))
        .ways_in()
}
