//! Applies the configuration to the schema: names of tables and columns, additional fields.

use super::error::StoreError;
use super::migrate::Backend;
use super::model::{Field, IdForm, Reference};
use super::owner::Owner;
use super::schema::Schema;
use super::value::Value;
use super::{account, rate_limit, session, user, verification};
use crate::clock::Timestamp;
use crate::config::{
    AdditionalField, AdditionalFields, ColumnNames, Config, GenerateId, PluginConfig, RateLimitStorage,
};
use doorward_contract::FieldType;

impl Schema {
    /// Adds what the configuration asks for: the limiter's table, additional fields, other names.
    ///
    /// # Errors
    /// `InvalidInput` for an unknown field, an unusable name or a default of the wrong kind; `Clash` when a name is
    /// taken.
    pub fn configure(&mut self, config: &Config) -> Result<(), StoreError> {
        if config.rate_limit_storage() == RateLimitStorage::Database {
            self.add_rate_limit()?;
            self.rename(rate_limit::MODEL, config.rate_limit.model_name.as_ref(), &config.rate_limit.fields)?;
        }
        if !config.has_database() {
            self.refuse_rows_of_plugins()?;
        }
        self.add_fields(user::MODEL, &config.user.additional_fields)?;
        self.add_fields(session::MODEL, &config.session.additional_fields)?;
        self.add_fields(account::MODEL, &config.account.additional_fields)?;
        self.add_fields(verification::MODEL, &config.verification.additional_fields)?;
        self.keeps_ended_sessions = config.session.preserve_session_in_database;
        self.default_limit = config.advanced.database.default_find_many_limit;
        let (session, verification) = (&config.session, &config.verification);
        self.rename(user::MODEL, config.user.model_name.as_ref(), &config.user.fields)?;
        self.rename(session::MODEL, session.model_name.as_ref(), &session.fields)?;
        self.rename(account::MODEL, config.account.model_name.as_ref(), &config.account.fields)?;
        self.rename(verification::MODEL, verification.model_name.as_ref(), &verification.fields)?;
        for plugin in config.plugins.iter().filter(|plugin| plugin.enabled) {
            self.rename_of_plugin(plugin)?;
        }
        self.form_ids(config)?;
        // A sign-in creates sessions, accounts and verifications, and no client can give the field a value there.
        let of_sessions = config.session.additional_fields.0.iter().map(|field| (session::MODEL, field));
        let of_accounts = config.account.additional_fields.0.iter().map(|field| (account::MODEL, field));
        let of_verifications = config.verification.additional_fields.0.iter().map(|field| (verification::MODEL, field));
        let all = of_sessions.chain(of_accounts).chain(of_verifications);
        let mut empty = all.filter(|(_, (_, field))| field.required && field.default_value.is_none());
        match empty.next() {
            Some((model, (name, _))) => {
                Err(StoreError::invalid(&format!("{model}.{name}"), "is required and needs a default_value"))
            }
            None => Ok(()),
        }
    }

    /// Who makes ids, and how columns store them. The server's own tables keep theirs: nobody else reads them.
    fn form_ids(&mut self, config: &Config) -> Result<(), StoreError> {
        let ids = config.advanced.database.generate_id;
        let backend = Backend::of_url(&config.database.url);
        let made_by_database = matches!(ids, GenerateId::Serial | GenerateId::Column);
        let refuse = |problem: &'static str| Err(StoreError::invalid("advanced.database.generate_id", problem));
        if made_by_database && !config.has_database() {
            return refuse(
                "lets the database make ids, and database.url = \"none\" has none. Use \"random\" or \"uuid\"",
            );
        }
        if ids == GenerateId::Column && backend == Some(Backend::Mysql) {
            return refuse(
                "= false: this kind of database does not say which id it made. Use \"serial\", \"uuid\" or \"random\"",
            );
        }
        let form = match ids {
            GenerateId::Serial => IdForm::Number,
            GenerateId::Uuid | GenerateId::Column if backend == Some(Backend::Postgres) => IdForm::Uuid,
            _ => IdForm::Text,
        };
        self.set_ids(form, made_by_database);
        Ok(())
    }

    /// What plugins keep of users, or in tables of their own, would end with the process.
    fn refuse_rows_of_plugins(&self) -> Result<(), StoreError> {
        let problem = "keeps rows of its own, and database.url = \"none\" keeps none: remove it from [[plugins]], or name a \
                       database";
        let of_users = self.models().iter().filter(|model| model.name == user::MODEL);
        let owners = self.models().iter().map(|model| &model.owner);
        let mut owners = owners.chain(of_users.flat_map(|model| model.fields.iter().map(|field| &field.owner)));
        match owners.find_map(|owner| if let Owner::Plugin(id) = owner { Some(id) } else { None }) {
            Some(id) => Err(StoreError::invalid(&format!("the plugin {id}"), problem)),
            None => Ok(()),
        }
    }

    /// Renames what the plugin itself brought, and nothing else.
    fn rename_of_plugin(&mut self, plugin: &PluginConfig) -> Result<(), StoreError> {
        let owner = Owner::Plugin(plugin.id.clone());
        for (model, names) in &plugin.schema {
            let known = self.model(model)?;
            if names.model_name.is_some() && known.owner != owner {
                return Err(StoreError::invalid(&format!("plugins.schema.{model}"), "is not a table of this plugin"));
            }
            let is_foreign = |field: &&String| known.fields.iter().any(|one| one.name == **field && one.owner != owner);
            // The fields of a table of its own are the plugin's, the id included.
            if let Some(field) = names.fields.keys().find(is_foreign).filter(|_| known.owner != owner) {
                return Err(StoreError::invalid(
                    &format!("plugins.schema.{model}.{field}"),
                    "is not a field of this plugin",
                ));
            }
            self.rename(model, names.model_name.as_ref(), &names.fields)?;
        }
        Ok(())
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
        references: options.references.as_ref().map(|to| Reference {
            model: to.model.clone(),
            field: to.field.clone(),
            on_delete: to.on_delete,
        }),
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
    use crate::store::Model;

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
    fn accounts_have_fields_and_plugins_have_names() {
        let text = "secret = \"0123456789abcdef0123456789abcdef\"\nadvanced.database.default_find_many_limit = 7\n\
                    account.additional_fields.note = { type = \"string\", default = \"none\" }\n\
                    [[plugins]]\nid = \"notes\"\n[plugins.schema.note]\nmodel_name = \"memos\"\nfields.id = \"memo_id\"\n\
                    [plugins.schema.user]\nfields.mood = \"mood_of_user\"\n";
        let config = |text: &str| Config::parse(text, Path::new("."), &BTreeMap::new()).unwrap();
        let schema = || {
            let owner = Owner::Plugin("notes".into());
            let mut schema = Schema::core();
            let id = Field { owner: owner.clone(), ..Field::new("id", FieldType::String) };
            let table = Model::new("note", vec![id], owner.clone());
            schema.add_model(table).unwrap();
            schema.add_field("user", Field { owner, ..Field::new("mood", FieldType::String) }).unwrap();
            schema
        };
        let mut configured = schema();
        configured.configure(&config(text)).unwrap();
        let column = |model: &str, field: &str| configured.model(model).unwrap().field(field).unwrap().column.clone();
        assert_eq!((configured.model("note").unwrap().table.as_str(), configured.default_limit), ("memos", 7));
        assert_eq!((column("note", "id"), column("user", "mood")), ("memo_id".into(), "mood_of_user".into()));
        assert_eq!(column("account", "note"), "note");
        for (names, part) in [
            ("[plugins.schema.user]\nmodel_name = \"people\"", "plugins.schema.user is not a table of this plugin"),
            (
                "[plugins.schema.user]\nfields.email = \"mail\"",
                "plugins.schema.user.email is not a field of this plugin",
            ),
            ("[plugins.schema.nowhere]\nmodel_name = \"x\"", "nowhere is not a model"),
            ("[plugins.schema.note]\nfields.nope = \"x\"", "note.nope is not a field"),
        ] {
            let text = format!("secret = \"0123456789abcdef0123456789abcdef\"\n[[plugins]]\nid = \"notes\"\n{names}");
            let error = schema().configure(&config(&text)).unwrap_err().to_string();
            assert!(error.contains(part), "{names}: {error}");
        }
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
            (
                "user.additional_fields.a = { type = \"string\", references = { model = \"nowhere\" } }",
                "user.a references nowhere, which is no table of Doorward or of a plugin that is switched on",
            ),
            (
                "user.additional_fields.a = { type = \"string\", references = { model = \"user\", field = \"name\" } }",
                "user.a refers to a field that is not unique",
            ),
            (
                "user.additional_fields.a = { type = \"number\", references = { model = \"user\" } }",
                "user.a is of another type than the field that it refers to",
            ),
            (
                "user.additional_fields.a = { type = \"string\", default = \"x\", references = { model = \"user\" } }",
                "user.a refers to a row, and cannot have a default",
            ),
            (
                "user.additional_fields.a = { type = \"string\", required = true, \
                 references = { model = \"user\", on_delete = \"set null\" } }",
                "user.a is required, so that on_delete",
            ),
            (
                "user.additional_fields.a = { type = \"string\", references = { model = \"user\", on_delete = \"set default\" } }",
                "did you mean `set null`?",
            ),
            ("advanced.database.generate_id = true", "not true"),
            (
                "database.url = \"mysql://a@b/c\"\nadvanced.database.generate_id = false",
                "does not say which id it made",
            ),
            ("advanced.database.generate_id = \"uid\"", "not \"uid\""),
        ] {
            let error = configured(options).unwrap_err();
            assert!(error.contains(part), "{options}: {error}");
        }
    }
}
