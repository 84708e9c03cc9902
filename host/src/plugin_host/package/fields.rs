//! What the store makes of the fields and tables that a manifest declares.

use super::manifest::{FieldRule, Table};
use crate::store::{Field, FieldType, Model, Owner, Reference, Value};

/// The store's field.
pub(in crate::plugin_host) fn to_field(rule: &FieldRule, plugin: &str) -> Field {
    Field {
        required: rule.required,
        unique: rule.unique,
        conflict: rule.conflict.clone(),
        index: rule.index,
        references: rule
            .references
            .as_ref()
            .map(|model| Reference { on_delete: rule.on_delete.unwrap_or_default(), ..Reference::to_id(model) }),
        default: rule.default.as_ref().and_then(|default| Value::from_json(default, rule.kind)),
        input: rule.input,
        sign_up_input: rule.is_sign_up_input,
        returned: rule.returned,
        is_credential: rule.is_credential,
        is_factor: rule.is_factor,
        never_refreshed: rule.never_refreshed,
        owner: Owner::Plugin(plugin.to_owned()),
        ..Field::new(&rule.name, rule.kind)
    }
}

/// The store's model.
pub(in crate::plugin_host) fn to_model(table: &Table, plugin: &str) -> Model {
    let owner = Owner::Plugin(plugin.to_owned());
    let id = Field { required: true, owner: owner.clone(), ..Field::new("id", FieldType::String) };
    let fields = table.fields.iter();
    let is_grouped = |rule: &FieldRule| table.unique.iter().flatten().any(|name| *name == rule.name);
    let fields = fields.map(|rule| Field {
        index: rule.index || table.expires_at.as_ref() == Some(&rule.name),
        in_group: is_grouped(rule),
        is_credential: table.holds_owner(rule),
        signs_in: table.signs_in && table.holds_owner(rule),
        ..to_field(rule, plugin)
    });
    let fields = [id].into_iter().chain(fields).collect();
    Model {
        unique: table.unique.clone(),
        expires_at: table.expires_at.clone(),
        ..Model::new(&table.name, fields, owner)
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
        let model = to_model(
            &table(
                r#"{"name":"seat","fields":[{"name":"userId","type":"string","required":true,"indexed":true,"references":"user"},
                {"name":"at","type":"date"},{"name":"count","type":"bigint","default":3},{"name":"more","type":"json"}]}"#,
            ),
            "seats",
        );
        let kinds: Vec<_> = model.fields.iter().map(|field| (field.name.as_str(), field.kind)).collect();
        assert_eq!(
            kinds,
            [
                ("id", FieldType::String),
                ("userId", FieldType::String),
                ("at", FieldType::Date),
                ("count", FieldType::Bigint),
                ("more", FieldType::Json)
            ]
        );
        assert_eq!(model.owner, Owner::Plugin("seats".into()));
        assert!(model.fields[1].required && model.fields[1].index);
        assert_eq!(model.fields[1].references, Some(Reference::to_id("user")));
        assert_eq!(model.fields[3].default, Some(Value::Integer(3)));
    }
}
