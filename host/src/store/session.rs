//! Sessions, and the look-up that every request with a session cookie makes.

use std::sync::Arc;

use super::Database;
use super::error::StoreError;
use super::models::Models;
use super::query::{Sort, eq, gt};
use super::record::Record;
use super::schema::Schema;
use super::statement::{Builder, Shape, Statement};
use super::user::{self, User};
use super::value::Value;
use crate::clock::Timestamp;
use doorward_contract::FieldType;

/// Name of the model.
pub const MODEL: &str = "session";

/// A row of `session`.
#[derive(Clone, Debug, PartialEq)]
pub struct Session(pub Record);

impl Session {
    /// The row's id, which is no secret.
    pub fn id(&self) -> &str {
        self.0.text("id")
    }

    /// The secret of the cookie.
    pub fn token(&self) -> &str {
        self.0.text("token")
    }

    /// Whose session it is.
    pub fn user_id(&self) -> &str {
        self.0.text("userId")
    }

    /// When it ends.
    pub fn expires_at(&self) -> Timestamp {
        self.0.timestamp("expiresAt").unwrap_or(Timestamp(0))
    }

    /// When the user signed in.
    pub fn created_at(&self) -> Timestamp {
        self.0.timestamp("createdAt").unwrap_or(Timestamp(0))
    }

    /// When it was last extended.
    pub fn updated_at(&self) -> Timestamp {
        self.0.timestamp("updatedAt").unwrap_or(Timestamp(0))
    }

    /// The client's address at sign-in; may be empty.
    pub fn ip_address(&self) -> Option<&str> {
        self.0.opt_text("ipAddress")
    }

    /// The client's `User-Agent` at sign-in; may be empty.
    pub fn user_agent(&self) -> Option<&str> {
        self.0.opt_text("userAgent")
    }
}

/// `{"session": …, "user": …}` in JSON, as clients get it.
pub fn json_with_user(session: &Session, user: &User) -> String {
    let (session, user) = (session.0.json(), user.0.json());
    format!("{{\"session\":{session},\"user\":{user}}}")
}

/// The session with this token and its user, expired or not, in one statement, or in none while the database has not changed
/// since the last look.
///
/// # Errors
/// As `Models`.
pub async fn find_session_with_user(
    database: &dyn Database,
    token: &str,
) -> Result<Option<(Session, User)>, StoreError> {
    let before = database.sessions();
    if let Some(known) = before.and_then(|(cache, state)| cache.find(state, token)) {
        return Ok(known);
    }
    let found = read_session_with_user(database, token).await?;
    if let (Some((cache, before)), Some((_, after))) = (before, database.sessions())
        && before == after
    {
        cache.keep(before, token, &found);
    }
    Ok(found)
}

async fn read_session_with_user(database: &dyn Database, token: &str) -> Result<Option<(Session, User)>, StoreError> {
    let schema = database.schema();
    let token = Value::from(token).fit(FieldType::String, "token")?;
    let rows = database.run(Statement::of(lookup(schema)?, vec![token])).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let mut cells = row.into_iter();
    let session = Record::read(schema.model(MODEL)?, &mut cells)?;
    Ok(Some((Session(session), User(Record::read(schema.model(user::MODEL)?, &mut cells)?))))
}

fn lookup(schema: &Schema) -> Result<&Arc<Shape>, StoreError> {
    if let Some(shape) = schema.session_lookup.get() {
        return Ok(shape);
    }
    let (session, user) = (schema.model(MODEL)?, schema.model(user::MODEL)?);
    let mut out = Builder::read("SELECT ");
    out.names("s.", session.fields.iter().map(|field| field.column.as_str())).sql(", ");
    out.names("u.", user.fields.iter().map(|field| field.column.as_str()));
    out.sql(" FROM ").name(&session.table).sql(" s JOIN ").name(&user.table);
    out.sql(" u ON u.").name(&user.field("id")?.column).sql(" = s.").name(&session.field("userId")?.column);
    out.sql(" WHERE s.").name(&session.field("token")?.column).sql(" = ").slot(FieldType::String).point().frequent();
    Ok(schema.session_lookup.get_or_init(|| out.into_shape()))
}

/// The user's sessions that end after `moment`, newest first, at most `DEFAULT_LIMIT`.
///
/// # Errors
/// As `Models`.
pub async fn list_sessions(
    database: &dyn Database,
    user_id: &str,
    moment: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let sort = Some(Sort::descending("createdAt"));
    let filters = [eq("userId", user_id), gt("expiresAt", moment)];
    let records = database.find_many(MODEL, &filters, sort, None, None).await?;
    Ok(records.into_iter().map(Session).collect())
}
