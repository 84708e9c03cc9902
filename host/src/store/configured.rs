//! Applies the configuration to the schema: names of tables and columns, additional fields.

use super::error::StoreError;
use super::model::Field;
use super::owner::Owner;
use super::schema::Schema;
use super::value::Value;
use super::{account, rate_limit, session, user, verification};
use crate::clock::Timestamp;
use crate::config::{AdditionalField, AdditionalFields, ColumnNames, Config, RateLimitStorage};
use doorward_contract::FieldType;

impl Schema {
    /// Adds what the configuration asks for: the limiter's table, additional fields, other names.
    ///
    /// # Errors
    /// `InvalidInput` for an unknown field, an unusable name or a default of the wrong kind; `Clash` when a name is
    /// taken.
    pub fn configure(&mut self, config: &Config) -> Result<(), StoreError> {
        if config.rate_limit.storage == RateLimitStorage::Database {
            self.add_rate_limit()?;
            self.rename(rate_limit::MODEL, config.rate_limit.model_name.as_ref(), &config.rate_limit.fields)?;
        }
        self.add_fields(user::MODEL, &config.user.additional_fields)?;
        self.add_fields(session::MODEL, &config.session.additional_fields)?;
        let (session, verification) = (&config.session, &config.verification);
        self.rename(user::MODEL, config.user.model_name.as_ref(), &config.user.fields)?;
        self.rename(session::MODEL, session.model_name.as_ref(), &session.fields)?;
        self.rename(account::MODEL, config.account.model_name.as_ref(), &config.account.fields)?;
        self.rename(verification::MODEL, verification.model_name.as_ref(), &verification.fields)?;
        // A sign-in creates the session, and no client can give the field a value there.
        match config
            .session
            .additional_fields
            .0
            .iter()
            .find(|(_, field)| field.required && field.default_value.is_none())
        {
            Some((name, _)) => {
                Err(StoreError::invalid(&format!("session.{name}"), "is required and needs a default_value"))
            }
            None => Ok(()),
        }
    }

    fn add_fields(&mut self, model: &str, fields: &AdditionalFields) -> Result<(), StoreError> {
        fields.0.iter().try_for_each(|(name, options)| self.add_field(model, additional(model, name, options)?))
    }

    fn rename(&mut self, model: &str, table: Option<&String>, columns: &ColumnNames) -> Result<(), StoreError> {
        table.map_or(Ok(()), |table| self.rename_table(model, table))?;
        columns.iter().try_for_each(|(field, column)| self.rename_column(model, field, column))
    }
}

fn additional(model: &str, name: &str, options: &AdditionalField) -> Result<Field, StoreError> {
    let kind = options.kind;
    let full_name = format!("{model}.{name}");
    let default = options.default_value.as_ref().map(|value| to_value(value, kind, &full_name)).transpose()?;
    Ok(Field {
        column: options.field_name.clone().unwrap_or_else(|| name.to_owned()),
        required: options.required,
        unique: options.unique,
        index: options.index,
        max_length: Some(options.max_length),
        default,
        input: options.input,
        returned: options.returned,
        owner: Owner::Config,
        ..Field::new(name, kind)
    })
}

fn to_value(value: &toml::Value, kind: FieldType, name: &str) -> Result<Value, StoreError> {
    let unfit = || StoreError::invalid(name, "has a default_value of another type");
    let value = match (value, kind) {
        (value, FieldType::Strings | FieldType::Numbers | FieldType::Json) => {
            let json = serde_json::to_value(value).map_err(|_| unfit())?;
            Value::from_json(&json, kind).ok_or_else(unfit)?
        }
        (toml::Value::String(text), _) => Value::Text(text.clone()),
        (toml::Value::Integer(number), _) => Value::Integer(*number),
        (toml::Value::Boolean(is_true), _) => Value::Boolean(*is_true),
        (toml::Value::Datetime(at), _) => Value::Timestamp(Timestamp::parse_iso(&at.to_string()).ok_or_else(unfit)?),
        _ => return Err(unfit()),
    };
    value.fit(kind, name).map_err(|_| unfit())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    fn configured(options: &str) -> Result<Schema, String> {
        let text = format!("secret = \"0123456789abcdef0123456789abcdef\"\n{options}");
        let config = Config::parse(&text, Path::new("."), &BTreeMap::new()).map_err(|error| error.to_string())?;
        let mut schema = Schema::core();
        schema.configure(&config).map_err(|error| error.to_string())?;
        Ok(schema)
    }

    #[test]
    fn fields_and_names_enter_the_schema() {
        let schema = configured(
            "[user]\nmodel_name = \"people\"\nfields.email = \"email_address\"\n[user.additional_fields]\n\
             zeta = { type = \"number\", default_value = 3 }\nalpha = { type = \"string[]\", field_name = \"a_list\" }\n\
             large = { type = \"bigint\" }\n\
             born = { type = \"date\", default = 1815-12-10T00:00:00Z }\n[verification]\nmodel_name = \"proofs\"",
        )
        .unwrap();
        let user = schema.model("user").unwrap();
        assert_eq!((user.table.as_str(), user.field("email").unwrap().column.as_str()), ("people", "email_address"));
        let added: Vec<_> = user.fields.iter().filter(|field| field.owner == Owner::Config).collect();
        assert_eq!(
            added.iter().map(|field| field.column.as_str()).collect::<Vec<_>>(),
            ["zeta", "a_list", "large", "born"]
        );
        assert_eq!(added[0].default, Some(Value::Integer(3)));
        assert!(matches!(added[3].default, Some(Value::Timestamp(_))));
        assert_eq!(schema.model("verification").unwrap().table, "proofs");
        assert!(schema.model("rateLimit").is_err());
    }

    #[test]
    fn what_cannot_be_is_refused_with_a_reason() {
        for (options, part) in [
            ("user.fields.nope = \"x\"", "user.nope is not a field"),
            ("user.fields.name = \"a b\"", "cannot be the name"),
            ("user.model_name = \"session\"", "belongs to the core"),
            ("user.additional_fields.email = { type = \"string\" }", "belongs to the core"),
            (
                "user.additional_fields.a = { type = \"number\", default = \"3\" }",
                "user.a has a default_value of another type",
            ),
            (
                "user.additional_fields.a = { type = \"string[]\", default = [1] }",
                "user.a has a default_value of another type",
            ),
            ("session.additional_fields.a = { type = \"string\", required = true }", "needs a default_value"),
            ("user.additional_fields.a = { type = \"text\" }", "unknown variant"),
            ("user.additional_fields.a = { type = \"string\", retuned = false }", "did you mean `returned`?"),
            ("advanced.database.generate_id = \"serial\"", "ids made by the database"),
            ("advanced.database.generate_id = false", "ids made by the database"),
            ("advanced.database.generate_id = \"uid\"", "not \"uid\""),
        ] {
            let error = configured(options).unwrap_err();
            assert!(error.contains(part), "{options}: {error}");
        }
    }
}
