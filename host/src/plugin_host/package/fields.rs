//! Fields and tables that a manifest declares, and what the store makes of them.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::manifest::ErrorRule;
use crate::store::{ConflictError, Field, FieldKind, Model, Owner, Value};

/// One field that is added to users or sessions, or of a plugin's own table.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct FieldRule {
    /// Its name on the wire.
    pub name: String,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<ErrorRule>,
    /// Whether rows are looked up by it.
    #[serde(default)]
    pub indexed: bool,
    /// The model whose `id` it holds; the row goes with that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<String>,
    /// Value of a new row that says nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Json>,
    /// Whether clients see it.
    #[serde(default)]
    pub is_returned: bool,
    /// Whether clients set it.
    #[serde(default)]
    pub is_input: bool,
    /// Whether it tells of a way to sign in: on users, it goes back to its default when such ways are taken away.
    #[serde(default)]
    pub is_credential: bool,
    /// Whether a session in which it has a value is never extended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fixes_life: bool,
    /// It exists only when this option is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_option: Option<String>,
}

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// Text.
    String,
    /// An integer of 32 bits in the database.
    Number,
    /// An integer of 64 bits.
    Bigint,
    /// True or false.
    Boolean,
    /// A point in time.
    Date,
    /// Any JSON.
    Json,
}

/// A table of the plugin's own. Its first field is `id`, which the host makes.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Table {
    /// Name of the model and of the table.
    pub name: String,
    /// Its fields, without `id`.
    pub fields: Vec<FieldRule>,
    /// Whether its rows are a way to sign in: they go when someone else turns out to own the user's address.
    #[serde(default)]
    pub is_credential: bool,
}

impl FieldType {
    fn kind(self) -> FieldKind {
        match self {
            Self::String => FieldKind::Text,
            Self::Number | Self::Bigint => FieldKind::Integer,
            Self::Boolean => FieldKind::Boolean,
            Self::Date => FieldKind::Timestamp,
            Self::Json => FieldKind::Json,
        }
    }
}

impl FieldRule {
    /// What is wrong with the field, seen from `place`: `user`, or the table's name.
    pub(in crate::plugin_host) fn fault(&self, place: &str) -> Option<String> {
        let default = self.default.as_ref().filter(|default| Value::from_json(default, self.kind.kind()).is_none());
        if let Some(default) = default {
            return Some(format!("the default {default} of {place}.{} has another type than the field", self.name));
        }
        if self.taken.as_ref().is_some_and(|taken| !(400..500).contains(&taken.status)) {
            return Some(format!("{place}.{}: that a value is taken is said with 400 to 499", self.name));
        }
        let is_text = self.kind == FieldType::String;
        let target = self.references.as_ref().filter(|_| !is_text);
        target.map(|target| format!("{place}.{} holds the id of a {target} and has to be a string", self.name))
    }

    /// The store's field.
    pub(in crate::plugin_host) fn to_field(&self, plugin: &str) -> Field {
        let kind = self.kind.kind();
        Field {
            required: self.required,
            unique: self.unique,
            conflict: self.taken.clone().map(|ErrorRule { status, code, message }| ConflictError {
                status,
                code,
                message,
            }),
            indexed: self.indexed,
            references: self.references.clone(),
            default: self.default.as_ref().and_then(|default| Value::from_json(default, kind)),
            bigint: self.kind == FieldType::Bigint,
            input: self.is_input,
            returned: self.is_returned,
            is_credential: self.is_credential,
            never_refreshed: self.fixes_life,
            owner: Owner::Plugin(plugin.to_owned()),
            ..Field::new(&self.name, kind)
        }
    }
}

impl Table {
    /// What is wrong with the table.
    pub(in crate::plugin_host) fn fault(&self) -> Option<String> {
        let name = &self.name;
        if name.to_ascii_lowercase().starts_with("doorward") {
            return Some(format!("the table `{name}`: names that begin with `doorward` are the server's"));
        }
        if self.fields.iter().any(|field| field.name == "id") {
            return Some(format!("the table `{name}` declares the field `id`, which every table has"));
        }
        if self.is_credential && !self.fields.iter().any(|field| field.references.as_deref() == Some("user")) {
            return Some(format!("the table `{name}` holds credentials, so a field has to refer to `user`"));
        }
        self.fields.iter().find_map(|field| field.fault(name))
    }

    /// The store's model.
    pub(in crate::plugin_host) fn to_model(&self, plugin: &str) -> Model {
        let owner = Owner::Plugin(plugin.to_owned());
        let id = Field { required: true, owner: owner.clone(), ..Field::new("id", FieldKind::Text) };
        let is_credential = |field: &FieldRule| self.is_credential && field.references.as_deref() == Some("user");
        let fields =
            self.fields.iter().map(|field| Field { is_credential: is_credential(field), ..field.to_field(plugin) });
        let fields = [id].into_iter().chain(fields).collect();
        Model { name: self.name.clone(), table: self.name.clone(), fields, owner }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(json: &str) -> Table {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_table_becomes_a_model_of_its_plugin() {
        let model = table(
            r#"{"name":"seat","fields":[{"name":"userId","type":"string","required":true,"indexed":true,"references":"user"},
                {"name":"at","type":"date"},{"name":"count","type":"bigint","default":3},{"name":"more","type":"json"}]}"#,
        )
        .to_model("seats");
        let kinds: Vec<_> = model.fields.iter().map(|field| (field.name.as_str(), field.kind)).collect();
        assert_eq!(
            kinds,
            [
                ("id", FieldKind::Text),
                ("userId", FieldKind::Text),
                ("at", FieldKind::Timestamp),
                ("count", FieldKind::Integer),
                ("more", FieldKind::Json)
            ]
        );
        assert_eq!(model.owner, Owner::Plugin("seats".into()));
        assert!(model.fields[1].required && model.fields[1].indexed);
        assert_eq!(model.fields[1].references.as_deref(), Some("user"));
        assert_eq!((&model.fields[3].default, model.fields[3].bigint), (&Some(Value::Integer(3)), true));
    }

    #[test]
    fn what_no_table_can_be_is_refused() {
        for (json, part) in [
            (r#"{"name":"Doorward_x","fields":[]}"#, "the server's"),
            (r#"{"name":"x","fields":[{"name":"id","type":"string"}]}"#, "which every table has"),
            (r#"{"name":"x","fields":[],"is_credential":true}"#, "refer to `user`"),
            (r#"{"name":"x","fields":[{"name":"a","type":"number","default":"1"}]}"#, "x.a has another type"),
            (r#"{"name":"x","fields":[{"name":"a","type":"number","references":"user"}]}"#, "has to be a string"),
            (
                r#"{"name":"x","fields":[{"name":"a","type":"string","taken":{"status":200,"code":"A","message":"a"}}]}"#,
                "400 to 499",
            ),
        ] {
            let fault = table(json).fault().unwrap();
            assert!(fault.contains(part), "{fault}");
        }
    }
}
