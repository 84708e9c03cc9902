//! Fields that a plugin adds to users and sessions, and tables of its own.

use crate::error::ErrorCode;
use serde::Serialize;
use serde_json::Value;

/// A field that a plugin adds to users or sessions, or a field of its own table.
#[derive(Clone, Debug, Serialize)]
pub struct FieldRule {
    name: &'static str,
    #[serde(rename = "type")]
    kind: FieldType,
    required: bool,
    unique: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken: Option<ErrorCode>,
    indexed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    references: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Value>,
    is_returned: bool,
    is_input: bool,
    is_credential: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    fixes_life: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    when_option: Option<&'static str>,
}

/// The type of a field.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// Text.
    String,
    /// An integer of 32 bits.
    Number,
    /// An integer of up to 53 bits.
    Bigint,
    /// True or false.
    Boolean,
    /// A point in time: ISO 8601 text in rows.
    Date,
    /// Any JSON.
    Json,
}

impl FieldRule {
    /// A nullable field; on users and sessions, one that clients see and only the plugin sets.
    pub const fn new(name: &'static str, kind: FieldType) -> FieldRule {
        FieldRule {
            name,
            kind,
            required: false,
            unique: false,
            taken: None,
            indexed: false,
            references: None,
            default: None,
            is_returned: true,
            is_input: false,
            is_credential: false,
            fixes_life: false,
            when_option: None,
        }
    }

    /// Every new row must have it.
    pub const fn required(mut self) -> FieldRule {
        self.required = true;
        self
    }

    /// Two rows cannot have the same value. On users, see
    /// [`users::find_by_own_field`](crate::users::find_by_own_field).
    pub const fn unique(mut self) -> FieldRule {
        self.unique = true;
        self
    }

    /// As [`FieldRule::unique`], on users and sessions: who asks for a value that another has, however close the race, gets
    /// this refusal.
    pub const fn unique_or(mut self, taken: ErrorCode) -> FieldRule {
        self.taken = Some(taken);
        self.unique()
    }

    /// Rows are looked up by it.
    pub const fn indexed(mut self) -> FieldRule {
        self.indexed = true;
        self
    }

    /// Holds the id of a row of `model` (`user`, or an earlier table of the plugin) and goes with it.
    pub const fn references(mut self, model: &'static str) -> FieldRule {
        self.references = Some(model);
        self
    }

    /// Value of a new row that says nothing else.
    pub fn default_value(mut self, value: impl Into<Value>) -> FieldRule {
        self.default = Some(value.into());
        self
    }

    /// Never leaves the server.
    pub const fn hidden(mut self) -> FieldRule {
        self.is_returned = false;
        self
    }

    /// Clients may set it when they sign up or update themselves.
    pub const fn input(mut self) -> FieldRule {
        self.is_input = true;
        self
    }

    /// On users: mirrors a credential. It is reset to its default when
    /// [`email_ownership::confirm`](crate::email_ownership::confirm) removes credentials that may be someone else's.
    pub const fn credential(mut self) -> FieldRule {
        self.is_credential = true;
        self
    }

    /// On sessions: a session in which this field has a value is never extended.
    pub const fn fixes_life(mut self) -> FieldRule {
        self.fixes_life = true;
        self
    }

    /// Exists only when the operator's option `name` is true.
    pub const fn when_option(mut self, name: &'static str) -> FieldRule {
        self.when_option = Some(name);
        self
    }
}

/// A table of the plugin's own. It has the field `id`, which the host fills.
///
/// ```
/// use doorward_sdk::prelude::*;
///
/// fn plugin() -> Plugin {
///     Plugin::new("seats", "1.0.0").table(
///         Table::new("seat")
///             .field(FieldRule::new("userId", FieldType::String).required().indexed().references("user"))
///             .field(FieldRule::new("number", FieldType::Number).required().unique()),
///     )
/// }
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    name: &'static str,
    fields: Vec<FieldRule>,
    is_credential: bool,
}

impl Table {
    /// A table without fields but `id`.
    pub const fn new(name: &'static str) -> Table {
        Table { name, fields: Vec::new(), is_credential: false }
    }

    /// Adds a field.
    pub fn field(mut self, field: FieldRule) -> Table {
        self.fields.push(field);
        self
    }

    /// Its rows are a way to sign in: [`email_ownership::confirm`](crate::email_ownership::confirm) removes those of a user
    /// whose address someone else turns out to own. A field refers to `user`.
    pub fn credentials(mut self) -> Table {
        self.is_credential = true;
        self
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Table {
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.name == name
    }

    pub(crate) fn unique_fields(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().filter(|field| field.unique).map(|field| field.name)
    }

    /// A new row with its defaults, as the host would store it.
    pub(crate) fn complete(
        &self,
        mut row: serde_json::Map<String, Value>,
    ) -> Result<serde_json::Map<String, Value>, String> {
        let is_known = |name: &&String| *name == "id" || self.fields.iter().any(|field| field.name == **name);
        if let Some(name) = row.keys().find(|name| !is_known(name)) {
            return Err(format!("{}.{name} is not a field", self.name));
        }
        for field in &self.fields {
            let slot = row.entry(field.name).or_insert_with(|| field.default.clone().unwrap_or_default());
            if field.required && slot.is_null() {
                return Err(format!("{}.{} is required", self.name, field.name));
            }
        }
        Ok(row)
    }
}
