//! The core's models: the reference's tables, column for column, and the server's own tables.

use super::model::{Field, Model};
use super::owner::Owner;
use super::value::FieldKind;
use super::value::Value;

/// Name of the model that holds mails and other deliveries until they are sent.
pub const OUTBOX: &str = "doorward_outbox";
/// Name of the model that records applied migrations.
pub const MIGRATION: &str = "doorward_migration";

/// The core's models. A table comes after the tables that it refers to.
pub(super) fn all() -> Vec<Model> {
    vec![user(), session(), account(), verification(), outbox(), counter(), migration()]
}

fn user() -> Model {
    model(
        "user",
        vec![
            required("name", FieldKind::Text),
            Field { unique: true, ..required("email", FieldKind::Text) },
            Field {
                default: Some(Value::Boolean(false)),
                input: false,
                ..required("emailVerified", FieldKind::Boolean)
            },
            Field::new("image", FieldKind::Text),
            now("createdAt"),
            now("updatedAt"),
        ],
    )
}

fn session() -> Model {
    model(
        "session",
        vec![
            required("expiresAt", FieldKind::Timestamp),
            Field { unique: true, ..required("token", FieldKind::Text) },
            now("createdAt"),
            required("updatedAt", FieldKind::Timestamp),
            Field::new("ipAddress", FieldKind::Text),
            Field::new("userAgent", FieldKind::Text),
            user_id(),
        ],
    )
}

fn account() -> Model {
    let hidden = |name, kind| Field { returned: false, ..Field::new(name, kind) };
    model(
        "account",
        vec![
            required("accountId", FieldKind::Text),
            required("providerId", FieldKind::Text),
            user_id(),
            hidden("accessToken", FieldKind::Text),
            hidden("refreshToken", FieldKind::Text),
            hidden("idToken", FieldKind::Text),
            hidden("accessTokenExpiresAt", FieldKind::Timestamp),
            hidden("refreshTokenExpiresAt", FieldKind::Timestamp),
            Field::new("scope", FieldKind::Text),
            hidden("password", FieldKind::Text),
            now("createdAt"),
            required("updatedAt", FieldKind::Timestamp),
        ],
    )
}

fn verification() -> Model {
    model(
        "verification",
        vec![
            Field { indexed: true, ..required("identifier", FieldKind::Text) },
            required("value", FieldKind::Text),
            required("expiresAt", FieldKind::Timestamp),
            now("createdAt"),
            now("updatedAt"),
        ],
    )
}

/// The counters of the rate limiter, for `rate_limit.storage = "database"`.
pub(super) fn rate_limit() -> Model {
    model(
        "rateLimit",
        vec![
            Field { unique: true, ..required("key", FieldKind::Text) },
            required("count", FieldKind::Integer),
            Field { bigint: true, ..required("lastRequest", FieldKind::Integer) },
        ],
    )
}

fn outbox() -> Model {
    model(
        OUTBOX,
        vec![
            required("kind", FieldKind::Text),
            required("payload", FieldKind::Json),
            required("createdAt", FieldKind::Timestamp),
            Field { indexed: true, ..required("availableAt", FieldKind::Timestamp) },
            Field { default: Some(Value::Integer(0)), ..required("attempts", FieldKind::Integer) },
            Field::new("lastError", FieldKind::Text),
        ],
    )
}

fn counter() -> Model {
    model(
        super::counter::MODEL,
        vec![
            Field { unique: true, ..required("key", FieldKind::Text) },
            Field { bigint: true, ..required("count", FieldKind::Integer) },
            Field { bigint: true, indexed: true, ..required("endsAt", FieldKind::Integer) },
        ],
    )
}

fn migration() -> Model {
    model(MIGRATION, vec![required("statement", FieldKind::Text), required("appliedAt", FieldKind::Timestamp)])
}

fn model(name: &str, fields: Vec<Field>) -> Model {
    let fields = [vec![required("id", FieldKind::Text)], fields].concat();
    Model { name: name.to_owned(), table: name.to_owned(), fields, owner: Owner::Core }
}

fn required(name: &str, kind: FieldKind) -> Field {
    Field { required: true, ..Field::new(name, kind) }
}

fn now(name: &str) -> Field {
    Field { default_now: true, ..required(name, FieldKind::Timestamp) }
}

fn user_id() -> Field {
    Field { references: Some("user".to_owned()), indexed: true, ..required("userId", FieldKind::Text) }
}
