//! The core's models: the reference's tables, column for column, and the server's own tables.

use super::model::{Field, Model, Reference};
use super::owner::Owner;
use super::value::Value;
use doorward_contract::FieldType;

/// Name of the model that holds mails and other deliveries until they are sent.
pub const OUTBOX: &str = "doorward_outbox";
/// Name of the model that holds work of plugins for later.
pub const JOBS: &str = "doorward_job";
/// Name of the model that holds the audit log.
pub const AUDIT: &str = "doorward_audit";
/// Name of the model that holds where the chain of the audit log begins and ends.
pub const AUDIT_HEAD: &str = "doorward_audit_head";
/// Name of the model that holds what operators set while the server runs.
pub const SETTING: &str = "doorward_setting";
/// Name of the model that holds what scripts keep.
pub const SCRIPT_VALUE: &str = "doorward_script_value";
/// Name of the model that holds events for other systems, those that were delivered included.
pub const EVENTS: &str = "doorward_event";
/// Name of the model that holds how far each receiver of events is.
pub const RECEIVER: &str = "doorward_receiver";
/// Name of the model that holds the keys that sign events.
pub const EVENT_KEY: &str = "doorward_event_key";
/// Name of the model that records applied migrations.
pub const MIGRATION: &str = "doorward_migration";

/// The core's models. A table comes after the tables that it refers to.
pub(super) fn all() -> Vec<Model> {
    vec![
        user(),
        session(),
        account(),
        verification(),
        outbox(),
        job(),
        event(),
        receiver(),
        event_key(),
        counter(),
        audit(),
        audit_head(),
        setting(),
        script_value(),
        migration(),
    ]
}

fn user() -> Model {
    model(
        "user",
        vec![
            Field { max_length: Some(256), ..required("name", FieldType::String) },
            Field { unique: true, ..required("email", FieldType::String) },
            Field {
                default: Some(Value::Boolean(false)),
                input: false,
                ..required("emailVerified", FieldType::Boolean)
            },
            Field { max_length: Some(32_768), ..Field::new("image", FieldType::String) },
            // Lists of users are in this order.
            Field { index: true, ..now("createdAt") },
            now("updatedAt"),
        ],
    )
}

fn session() -> Model {
    model(
        "session",
        vec![
            ends("expiresAt"),
            Field { unique: true, ..required("token", FieldType::String) },
            now("createdAt"),
            required("updatedAt", FieldType::Date),
            Field::new("ipAddress", FieldType::String),
            Field::new("userAgent", FieldType::String),
            user_id(),
        ],
    )
}

fn account() -> Model {
    let hidden = |name, kind| Field { returned: false, ..Field::new(name, kind) };
    model(
        "account",
        vec![
            required("accountId", FieldType::String),
            required("providerId", FieldType::String),
            user_id(),
            hidden("accessToken", FieldType::String),
            hidden("refreshToken", FieldType::String),
            hidden("idToken", FieldType::String),
            hidden("accessTokenExpiresAt", FieldType::Date),
            hidden("refreshTokenExpiresAt", FieldType::Date),
            Field::new("scope", FieldType::String),
            hidden("password", FieldType::String),
            now("createdAt"),
            required("updatedAt", FieldType::Date),
        ],
    )
}

fn verification() -> Model {
    model(
        "verification",
        vec![
            Field { index: true, ..required("identifier", FieldType::String) },
            required("value", FieldType::String),
            ends("expiresAt"),
            now("createdAt"),
            now("updatedAt"),
        ],
    )
}

/// When a row ends: those that have are found by it.
fn ends(name: &str) -> Field {
    Field { index: true, ..required(name, FieldType::Date) }
}

/// The counters of the rate limiter, for `rate_limit.storage = "database"`.
pub(super) fn rate_limit() -> Model {
    model(
        "rateLimit",
        vec![
            Field { unique: true, ..required("key", FieldType::String) },
            required("count", FieldType::Number),
            required("lastRequest", FieldType::Bigint),
        ],
    )
}

fn outbox() -> Model {
    model(OUTBOX, delivered())
}

fn job() -> Model {
    let own = vec![Field::new("everySecs", FieldType::Bigint), Field::new("failedAt", FieldType::Date)];
    model(JOBS, [delivered(), own].concat())
}

fn event() -> Model {
    let own = vec![
        Field { index: true, ..required("receiver", FieldType::String) },
        Field { index: true, ..required("event", FieldType::String) },
        Field { index: true, ..required("state", FieldType::String) },
        Field::new("endedAt", FieldType::Date),
    ];
    model(EVENTS, [delivered(), own].concat())
}

fn receiver() -> Model {
    let own = vec![
        Field::new("position", FieldType::Bigint),
        Field::new("leasedUntil", FieldType::Date),
        Field::new("disabledAt", FieldType::Date),
        Field::new("reason", FieldType::String),
    ];
    model(RECEIVER, own)
}

fn event_key() -> Model {
    let text = |name| required(name, FieldType::String);
    let own =
        vec![text("kid"), text("algorithm"), text("public"), text("private"), required("createdAt", FieldType::Date)];
    model(EVENT_KEY, own)
}

/// What every row has that is taken with a lease and tried again.
fn delivered() -> Vec<Field> {
    vec![
        required("kind", FieldType::String),
        required("payload", FieldType::Json),
        required("createdAt", FieldType::Date),
        Field { index: true, ..required("availableAt", FieldType::Date) },
        Field { default: Some(Value::Integer(0)), ..required("attempts", FieldType::Number) },
        Field::new("lastError", FieldType::String),
    ]
}

fn counter() -> Model {
    model(
        super::counter::MODEL,
        vec![
            Field { unique: true, ..required("key", FieldType::String) },
            required("count", FieldType::Bigint),
            Field { index: true, ..required("endsAt", FieldType::Bigint) },
        ],
    )
}

fn audit() -> Model {
    let indexed = |name| Field { index: true, ..Field::new(name, FieldType::String) };
    model(
        AUDIT,
        vec![
            Field { unique: true, ..required("seq", FieldType::Bigint) },
            Field { index: true, ..required("createdAt", FieldType::Date) },
            Field { index: true, ..required("event", FieldType::String) },
            required("outcome", FieldType::String),
            Field::new("status", FieldType::Number),
            Field::new("code", FieldType::String),
            required("actorKind", FieldType::String),
            indexed("actor"),
            Field::new("impersonatedBy", FieldType::String),
            indexed("target"),
            indexed("account"),
            Field::new("session", FieldType::String),
            Field::new("how", FieldType::String),
            Field::new("method", FieldType::String),
            Field::new("path", FieldType::String),
            Field::new("client", FieldType::String),
            Field::new("userAgent", FieldType::String),
            Field::new("requestId", FieldType::String),
            Field::new("details", FieldType::String),
            required("mac", FieldType::String),
        ],
    )
}

fn audit_head() -> Model {
    let number = |name| required(name, FieldType::Bigint);
    let text = |name| required(name, FieldType::String);
    model(AUDIT_HEAD, vec![number("first"), number("last"), text("anchor"), text("tip"), text("mac")])
}

fn setting() -> Model {
    model(
        SETTING,
        vec![
            Field { unique: true, ..required("key", FieldType::String) },
            required("value", FieldType::String),
            required("updatedAt", FieldType::Date),
            Field::new("updatedBy", FieldType::String),
        ],
    )
}

fn script_value() -> Model {
    model(
        SCRIPT_VALUE,
        vec![
            Field { index: true, ..required("script", FieldType::String) },
            Field { required: false, ..user_id() },
            required("key", FieldType::String),
            required("value", FieldType::String),
            required("updatedAt", FieldType::Date),
        ],
    )
}

fn migration() -> Model {
    model(MIGRATION, vec![required("statement", FieldType::String), required("appliedAt", FieldType::Date)])
}

fn model(name: &str, fields: Vec<Field>) -> Model {
    let fields = [vec![required("id", FieldType::String)], fields].concat();
    Model::new(name, fields, Owner::Core)
}

fn required(name: &str, kind: FieldType) -> Field {
    Field { required: true, ..Field::new(name, kind) }
}

fn now(name: &str) -> Field {
    Field { default_now: true, ..required(name, FieldType::Date) }
}

fn user_id() -> Field {
    Field { references: Some(Reference::to_id("user")), index: true, ..required("userId", FieldType::String) }
}
