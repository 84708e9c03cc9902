//! The stored picture of a user.

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

pub const MODEL: &str = "avatar";

/// A row.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Avatar {
    pub user_id: String,
    /// What its address ends in; see [`Avatar::new`].
    pub name: String,
    /// Base64 of the picture.
    pub content: String,
}

impl Avatar {
    /// The name tells of the content and of whose it is: another picture has another address, so browsers may keep what they
    /// have, and the same picture of two people goes with each of them alone.
    pub fn new(user_id: &str, picture: &[u8]) -> Self {
        let hash = crypto::sha256(&[user_id.as_bytes(), b"\0", picture].concat());
        let name = crypto::base64url(&hash);
        Avatar { user_id: user_id.to_owned(), name, content: crypto::base64(picture) }
    }

    /// The whole address.
    pub fn address(&self) -> String {
        links::endpoint(&self.path())
    }

    /// Whether a user's `image` names this picture; the server may have had another address when it was set.
    pub fn is_in(&self, image: &str) -> bool {
        image.ends_with(&self.path())
    }

    fn path(&self) -> String {
        format!("/avatar/{}", self.name)
    }
}

pub fn table() -> Table {
    Table::new(MODEL)
        .field(FieldRule::new("userId", FieldType::String).required().unique().references("user"))
        .field(FieldRule::new("name", FieldType::String).required().unique())
        .field(FieldRule::new("content", FieldType::String).required())
}
