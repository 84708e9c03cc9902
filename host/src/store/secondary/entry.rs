//! One value of a secondary storage: a session beside its user, or a verification, as the reference writes them.

use serde_json::{Map, Value as Json};

use super::super::query::{Filter, Op};
use super::super::record::Record;
use super::super::schema::Schema;
use super::super::value::Value;
use super::super::{session, verification};
use crate::crypto::{base64_url, sha256};
use crate::store::{Owner, StoreError};

/// What is kept there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    Verification,
}

impl Kind {
    pub(super) fn of(model: &str) -> Result<Self, StoreError> {
        match model {
            session::MODEL => Ok(Self::Session),
            verification::MODEL => Ok(Self::Verification),
            _ => Err(StoreError::internal("rows of this model are in the database")),
        }
    }

    /// The field by whose value an entry is found.
    pub(super) fn name_field(self) -> &'static str {
        match self {
            Self::Session => "token",
            Self::Verification => "identifier",
        }
    }

    /// The key of an entry, without the prefix. `None` for a name that no entry has.
    pub(super) fn key(self, name: &str) -> Option<String> {
        match self {
            Self::Session => {
                let bare = name.strip_prefix("sha256:").unwrap_or(name);
                let is_token = bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
                (is_token && !bare.is_empty()).then(|| name.to_owned())
            }
            Self::Verification => Some(format!("verification:{name}")),
        }
    }
}

/// An entry as it was read.
pub(super) struct Entry {
    pub(super) key: String,
    /// The text, which tells whether it has changed since.
    pub(super) text: String,
    pub(super) record: Record,
    /// The user beside a session.
    pub(super) user: Option<Json>,
}

impl Entry {
    /// `None` when the text is none of this kind.
    pub(super) fn read(kind: Kind, schema: &Schema, key: String, text: String) -> Option<Self> {
        let mut body: Map<String, Json> = serde_json::from_str(&text).ok()?;
        let (model, fields, user) = match kind {
            Kind::Session => {
                let Some(Json::Object(fields)) = body.remove("session") else { return None };
                (session::MODEL, fields, body.remove("user"))
            }
            Kind::Verification => (verification::MODEL, body, None),
        };
        let record = Record::from_full_json(schema.model(model).ok()?, &fields)?;
        Some(Self { key, text, record, user })
    }

    /// The text of an entry.
    pub(super) fn write(kind: Kind, record: &Record, user: Option<Json>) -> String {
        match kind {
            Kind::Session => {
                let user = user.unwrap_or(Json::Null);
                serde_json::json!({ "session": record.full_json(), "user": user }).to_string()
            }
            Kind::Verification => Json::from(record.full_json()).to_string(),
        }
    }
}

/// The sets in which an entry stands, beside a user's list, so that it is found by other fields than its name.
pub(super) fn sets(kind: Kind, record: &Record) -> Vec<String> {
    match kind {
        Kind::Session => {
            let fields = record.model().fields.iter().zip(record.values());
            let of_plugins = fields.filter(|(field, _)| matches!(field.owner, Owner::Plugin(_)));
            of_plugins.filter_map(|(field, value)| set(kind, &field.name, value)).collect()
        }
        Kind::Verification => set(kind, "value", record.get("value")).into_iter().collect(),
    }
}

/// The set of entries whose field has this value. The value may be a secret, so the key has its hash.
pub(super) fn set(kind: Kind, field: &str, value: &Value) -> Option<String> {
    let Value::Text(text) = value else { return None };
    let hash = base64_url(&sha256(text.as_bytes()));
    Some(match kind {
        Kind::Session => format!("sessions-of:{field}:{hash}"),
        Kind::Verification => format!("verifications-of:{hash}"),
    })
}

/// The values of which a field must have one, when the filters say so.
pub(super) fn wanted<'a>(filters: &'a [Filter], name: &str) -> Option<Vec<&'a Value>> {
    filters.iter().find_map(|filter| match filter {
        Filter::Field { field, op: Op::Eq, value } if field == name => Some(vec![value]),
        Filter::Field { field, op: Op::In(values), .. } if field == name => Some(values.iter().collect()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_as_the_reference_writes_it() {
        let text = r#"{"session":{"id":"i","ipAddress":"203.0.113.1","userAgent":"","expiresAt":"2026-12-06T18:12:06.392Z","userId":"u","token":"t","createdAt":"2026-11-29T18:12:06.392Z","updatedAt":"2026-11-29T18:12:06.392Z"},"user":{"name":"A","id":"u"}}"#;
        let schema = Schema::core();
        let entry = Entry::read(Kind::Session, &schema, "t".into(), text.into()).unwrap();
        assert_eq!((entry.record.text("token"), entry.record.text("userId")), ("t", "u"));
        let again = Entry::write(Kind::Session, &entry.record, entry.user);
        let (own, theirs): (Json, Json) = (serde_json::from_str(&again).unwrap(), serde_json::from_str(text).unwrap());
        assert_eq!(own, theirs);
        for other in ["[]", "{}", "1", r#"{"session":{"token":"t"}}"#, r#"[{"token":"t","expiresAt":1}]"#] {
            assert!(Entry::read(Kind::Session, &schema, "t".into(), other.into()).is_none(), "{other}");
        }
    }

    #[test]
    fn a_verification_of_the_reference_has_no_id() {
        let text = r#"{"createdAt":"2026-11-29T18:12:07.688Z","updatedAt":"2026-11-29T18:12:07.688Z","value":"v","identifier":"reset-password:x","expiresAt":"2026-11-29T19:12:07.688Z"}"#;
        let entry = Entry::read(Kind::Verification, &Schema::core(), "k".into(), text.into()).unwrap();
        assert_eq!((entry.record.text("identifier"), entry.record.text("id")), ("reset-password:x", ""));
    }

    #[test]
    fn no_session_has_a_key_of_another_kind() {
        for name in ["verification:x", "session-id:x", "sessions-of:a:b", "203.0.113.1|/sign-in/email", "", "sha256:"] {
            assert_eq!(Kind::Session.key(name), None, "{name}");
        }
        assert!(Kind::Session.key("sha256:IHDf-_").is_some() && Kind::Session.key("vk4cN3inroPvSJGY").is_some());
    }
}
