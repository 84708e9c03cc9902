//! Fields: what a plugin adds to users and sessions, and what its tables hold.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error_code::ErrorCode;
use crate::options::is_on_if_named;

/// The type of a field.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{FieldRule, FieldType};
/// let topics = FieldRule::new("topics", FieldType::Strings).default_value(vec!["news"]);
/// let ends = FieldRule::new("endsAt", FieldType::Date);
/// assert_eq!((topics.kind.name(), ends.kind.name()), ("string[]", "date"));
/// assert!(FieldType::Bigint.is_integer());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// Text.
    String,
    /// An integer of 32 bits in the database.
    Number,
    /// An integer of 64 bits; JavaScript reads 53 of them.
    Bigint,
    /// True or false.
    Boolean,
    /// A point in time: ISO 8601 text in JSON.
    Date,
    /// A list of texts.
    #[serde(rename = "string[]")]
    Strings,
    /// A list of numbers.
    #[serde(rename = "number[]")]
    Numbers,
    /// Any JSON.
    Json,
}

/// What becomes of a row when the row that it refers to is deleted.
///
/// ```
/// use doorward_contract::{FieldRule, FieldType, OnDelete};
/// let boss = FieldRule::new("bossId", FieldType::String).references("user").on_delete(OnDelete::SetNull);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum OnDelete {
    /// It is deleted too.
    #[default]
    #[serde(rename = "cascade")]
    Cascade,
    /// The field becomes null.
    #[serde(rename = "set null")]
    SetNull,
    /// The other row stays as long as this one refers to it.
    #[serde(rename = "restrict")]
    Restrict,
    /// As `Restrict`, looked at when the statement ends.
    #[serde(rename = "no action")]
    NoAction,
}

impl OnDelete {
    /// Its name in a configuration, a manifest and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cascade => "cascade",
            Self::SetNull => "set null",
            Self::Restrict => "restrict",
            Self::NoAction => "no action",
        }
    }
}

/// A field that a plugin adds to users or sessions, or a field of its own table.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::{ErrorCode, FieldRule, FieldType};
/// const TAKEN: ErrorCode = ErrorCode::new(409, "NICKNAME_TAKEN", "Somebody has this nickname");
/// let nickname = FieldRule::new("nickname", FieldType::String).input().unique_or(TAKEN);
/// let invited_by = FieldRule::new("invitedBy", FieldType::String).references("user").hidden();
/// let points = FieldRule::new("points", FieldType::Number).default_value(0).when_option("counts_points");
/// assert!(nickname.unique && !invited_by.returned && !points.input);
/// ```
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub struct FieldRule<S = &'static str> {
    /// Its name on the wire.
    pub name: S,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Whether every new row must have it.
    #[serde(default)]
    pub required: bool,
    /// Whether two rows cannot have the same value.
    #[serde(default)]
    pub unique: bool,
    /// Of users and sessions: the refusal of who asks for a value that another has; one of the plugin's `errors`.
    #[serde(rename = "taken", default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<ErrorCode<S>>,
    /// Whether rows are looked up by it.
    #[serde(rename = "indexed", default)]
    pub index: bool,
    /// The model whose `id` it holds; the row goes with that one, unless `on_delete` says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<S>,
    /// What becomes of the row when the one that it refers to is deleted; none is `cascade`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<OnDelete>,
    /// Value of a new row that says nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Whether clients see it.
    #[serde(rename = "is_returned", default)]
    pub returned: bool,
    /// Whether clients set it.
    #[serde(rename = "is_input", default)]
    pub input: bool,
    /// Of users: whether clients set it when they sign up, and never again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_sign_up_input: bool,
    /// Whether it mirrors a credential, on users: it goes back to its default when credentials are taken away.
    #[serde(default)]
    pub is_credential: bool,
    /// Whether its value is a factor, in a table of credentials: a change of it moves the version of the user's credentials.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_factor: bool,
    /// Whether a session in which it has a value is never extended.
    #[serde(rename = "fixes_life", default, skip_serializing_if = "std::ops::Not::not")]
    pub never_refreshed: bool,
    /// It exists only when this option is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_option: Option<S>,
}

impl FieldType {
    /// Whether it is a whole number.
    pub const fn is_integer(self) -> bool {
        matches!(self, Self::Number | Self::Bigint)
    }

    /// Its name, as a configuration or a manifest has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Bigint => "bigint",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Strings => "string[]",
            Self::Numbers => "number[]",
            Self::Json => "json",
        }
    }

    /// Whether the value is one of this type; dates are texts of which `is_date` holds.
    pub fn holds(self, value: &Value, is_date: impl Fn(&str) -> bool) -> bool {
        let all = |is_right: fn(&Value) -> bool| value.as_array().is_some_and(|items| items.iter().all(is_right));
        match self {
            Self::String => value.is_string(),
            Self::Number | Self::Bigint => value.is_i64(),
            Self::Boolean => value.is_boolean(),
            Self::Date => value.as_str().is_some_and(is_date),
            Self::Strings => all(Value::is_string),
            Self::Numbers => all(Value::is_number),
            Self::Json => true,
        }
    }
}

impl FieldRule {
    /// A nullable field; on users and sessions, one that clients see and only the plugin sets.
    pub const fn new(name: &'static str, kind: FieldType) -> Self {
        Self {
            name,
            kind,
            required: false,
            unique: false,
            conflict: None,
            index: false,
            references: None,
            on_delete: None,
            default: None,
            returned: true,
            input: false,
            is_sign_up_input: false,
            is_credential: false,
            is_factor: false,
            never_refreshed: false,
            when_option: None,
        }
    }

    /// Every new row must have it.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Two rows cannot have the same value. On users, see `users::find_by_own_field`.
    pub const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// As [`FieldRule::unique`], on users and sessions: who asks for a value that another has, however close the race, gets
    /// this refusal.
    pub const fn unique_or(mut self, conflict: ErrorCode) -> Self {
        self.conflict = Some(conflict);
        self.unique()
    }

    /// Rows are looked up by it.
    pub const fn indexed(mut self) -> Self {
        self.index = true;
        self
    }

    /// Holds the id of a row of `model` (`user`, or an earlier table of the plugin) and goes with it.
    pub const fn references(mut self, model: &'static str) -> Self {
        self.references = Some(model);
        self
    }

    /// What becomes of the row when the one that it refers to is deleted. It is deleted too where nothing is said.
    pub const fn on_delete(mut self, what: OnDelete) -> Self {
        self.on_delete = Some(what);
        self
    }

    /// Value of a new row that says nothing else.
    pub fn default_value(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Never leaves the server.
    pub const fn hidden(mut self) -> Self {
        self.returned = false;
        self
    }

    /// Clients may set it when they sign up or update themselves.
    pub const fn input(mut self) -> Self {
        self.input = true;
        self
    }

    /// On users: clients may set it when they sign up, and never again.
    pub const fn sign_up_input(mut self) -> Self {
        self.is_sign_up_input = true;
        self
    }

    /// On users: mirrors a credential. It goes back to its default when `email_ownership::confirm` removes credentials that
    /// may be someone else's.
    pub const fn credential(mut self) -> Self {
        self.is_credential = true;
        self
    }

    /// In a table of credentials: its value is what the user signs in with. New rows and changes of it move the version of the
    /// user's credentials (`users::credentials_version`), and what is bound to an older version falls.
    pub const fn factor(mut self) -> Self {
        self.is_factor = true;
        self
    }

    /// A session in which it has a value ends when it was to end: it is never extended.
    pub const fn never_refreshed(mut self) -> Self {
        self.never_refreshed = true;
        self
    }

    /// The old name of [`FieldRule::never_refreshed`].
    #[deprecated(since = "0.1.0", note = "say `never_refreshed`")]
    pub const fn fixes_life(self) -> Self {
        self.never_refreshed()
    }

    /// Exists only when the operator's option `name` is true.
    pub const fn when_option(mut self, name: &'static str) -> Self {
        self.when_option = Some(name);
        self
    }
}

impl<S: AsRef<str>> FieldRule<S> {
    /// Whether there is such a field under these options.
    pub fn exists(&self, options: &Map<String, Value>, defaults: &Map<String, Value>) -> bool {
        is_on_if_named(self.when_option.as_ref(), options, defaults)
    }

    /// What is wrong with the field, seen from `place`: `user`, or the table's name.
    pub(super) fn fault(&self, place: &str, is_date: impl Fn(&str) -> bool) -> Option<String> {
        let name = self.name.as_ref();
        if let Some(default) = self.default.as_ref().filter(|default| !self.kind.holds(default, is_date)) {
            return Some(format!("the default {default} of {place}.{name} has another type than the field"));
        }
        if self.is_sign_up_input && (place != "user" || self.input) {
            return Some(format!("{place}.{name}: `sign_up_input` is for fields of users that `input` leaves alone"));
        }
        if self.conflict.as_ref().is_some_and(|conflict| !(400..500).contains(&conflict.status)) {
            return Some(format!("{place}.{name}: that a value is taken is said with 400 to 499"));
        }
        if self.on_delete.is_some() && self.references.is_none() {
            return Some(format!("{place}.{name} has `on_delete` and refers to no model"));
        }
        if self.on_delete == Some(OnDelete::SetNull) && self.required {
            return Some(format!("{place}.{name} is required, so that `on_delete` cannot set it to null"));
        }
        let target = self.references.as_ref().filter(|_| self.kind != FieldType::String);
        target.map(|target| format!("{place}.{name} holds the id of a {} and has to be a string", target.as_ref()))
    }
}
