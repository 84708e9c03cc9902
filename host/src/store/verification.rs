//! Verifications: values that prove something, once or until they expire.

use super::Database;
use super::error::StoreError;
use super::models::{push_columns, read_one};
use super::query::{eq, push_where};
use super::record::Record;
use super::statement::Builder;
use crate::clock::Timestamp;

/// Name of the model.
pub const MODEL: &str = "verification";

/// A row of `verification`.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification(pub Record);

impl Verification {
    /// The row's id.
    pub fn id(&self) -> &str {
        self.0.text("id")
    }

    /// The name of the verification. Not unique: the newest row counts.
    pub fn identifier(&self) -> &str {
        self.0.text("identifier")
    }

    /// The value.
    pub fn value(&self) -> &str {
        self.0.text("value")
    }

    /// When it expires.
    pub fn expires_at(&self) -> Timestamp {
        self.0.timestamp("expiresAt").unwrap_or(Timestamp(0))
    }
}

/// The newest row with this identifier, expired or not.
///
/// # Errors
/// As `Models`.
pub async fn find_verification(database: &dyn Database, identifier: &str) -> Result<Option<Verification>, StoreError> {
    let model = database.schema().model(MODEL)?;
    let mut out = Builder::read("SELECT ");
    push_columns(&mut out, model).sql(" FROM ").name(&model.table);
    push_where(&mut out, model, &[eq("identifier", identifier)])?;
    // Few have the same, and an index finds them.
    out.sql(" ORDER BY ").name(&model.field("createdAt")?.column).sql(" DESC LIMIT 1").point();
    Ok(read_one(model, database.run(out.build()?).await?)?.map(Verification))
}
