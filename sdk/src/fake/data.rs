//! The fake host's tables, counters, passwords and accounts.

use super::rows::{self, Row};
use super::{duty, with};
use crate::bindings::doorward::plugin::types::HostError;
use serde_json::{Map, Value};

type Answer<T> = Result<T, HostError>;

fn object(text: &str) -> Answer<Row> {
    serde_json::from_str(text).map_err(|error| HostError::Invalid(error.to_string()))
}

fn text(row: Row) -> String {
    Value::Object(row).to_string()
}

pub mod models {
    use super::{Answer, HostError, Map, Row, Value, duty, object, rows, text, with};
    use crate::bindings::doorward::plugin::models::{Condition, Query};
    use crate::fake::World;
    use doorward_contract::{FieldType, Table};

    /// The table, when the plugin of the last request declares it or there was none yet.
    fn table<'a>(world: &'a mut World, model: &str) -> Answer<&'a mut Vec<Row>> {
        let is_declared = world.declared.as_ref().is_none_or(|tables| tables.iter().any(|table| table.name == model));
        if !is_declared {
            return Err(HostError::Denied(format!("the manifest declares no table `{model}`")));
        }
        Ok(world.tables.entry(model.to_owned()).or_default())
    }

    /// The row with what the table's fields say about it.
    fn complete(world: &World, model: &str, row: Row) -> Answer<Row> {
        let Some(declared) = &world.declared else { return Ok(row) };
        let table = declared.iter().find(|table| table.name == model);
        table.map_or(Ok(row.clone()), |table| with_defaults(table, row).map_err(HostError::Invalid))
    }

    /// The type of a field, as far as the table is declared.
    fn kind(world: &World, model: &str, name: &str) -> Answer<Option<FieldType>> {
        let Some(table) = world.declared.iter().flatten().find(|table| table.name == model) else { return Ok(None) };
        let field = table.fields.iter().find(|field| field.name == name).map(|field| field.kind);
        let kind = if name == "id" { Some(FieldType::String) } else { field };
        kind.map(Some).ok_or_else(|| HostError::Invalid(format!("{model}.{name} is not a field")))
    }

    /// Fields that are written, each a field of the table and of its type.
    fn check_fields(world: &World, model: &str, fields: &Row) -> Answer<()> {
        fields.iter().try_for_each(|(name, value)| match kind(world, model, name)? {
            Some(kind) => duty::of_kind(model, name, kind, value),
            None => Ok(()),
        })
    }

    /// Conditions, each on a field of the table and with a value of its type.
    fn check_conditions(world: &World, model: &str, conditions: &[Condition]) -> Answer<()> {
        rows::few(conditions)?;
        conditions.iter().try_for_each(|condition| match kind(world, model, &condition.field)? {
            Some(kind) => rows::check_value(model, condition, kind),
            None => Ok(()),
        })
    }

    fn check_query(world: &World, model: &str, query: &Query) -> Answer<()> {
        rows::check_limit(query)?;
        query.order.iter().try_for_each(|order| kind(world, model, &order.field).map(|_| ()))?;
        check_conditions(world, model, &query.conditions)
    }

    /// A new row with its defaults, as the host would store it.
    fn with_defaults(table: &Table, mut row: Row) -> Result<Row, String> {
        for field in &table.fields {
            let slot = row.entry(field.name).or_insert_with(|| field.default.clone().unwrap_or_default());
            if field.required && slot.is_null() {
                return Err(format!("{}.{} is required", table.name, field.name));
            }
        }
        Ok(row)
    }

    fn check_unique(world: &World, model: &str, row: &Row) -> Answer<()> {
        let table = world.declared.iter().flatten().find(|table| table.name == model);
        let fields = table.into_iter().flat_map(|table| &table.fields);
        let unique: Vec<&str> = fields.filter(|field| field.unique).map(|field| field.name).collect();
        let others = world.tables.get(model).into_iter().flatten().filter(|other| other.get("id") != row.get("id"));
        for other in others {
            let is_taken = |field: &&&str| {
                other.get(**field).is_some_and(|value| !value.is_null() && row.get(**field) == Some(value))
            };
            if let Some(field) = unique.iter().find(is_taken) {
                return Err(HostError::Conflict(format!("{model}.{field}")));
            }
        }
        Ok(())
    }

    pub fn find(model: &str, query: &Query) -> Answer<Vec<String>> {
        at_its_time!("models", "find");
        with(|world| {
            check_query(world, model, query)?;
            Ok(rows::select(table(world, model)?.iter(), query)?.into_iter().map(text).collect())
        })
    }

    pub fn count(model: &str, conditions: &[Condition]) -> Answer<u64> {
        at_its_time!("models", "count");
        with(|world| {
            check_conditions(world, model, conditions)?;
            let rows = table(world, model)?.iter();
            let met = rows.map(|row| rows::meets(row, conditions)).collect::<Answer<Vec<bool>>>()?;
            Ok(met.into_iter().filter(|met| *met).count() as u64)
        })
    }

    pub fn insert(model: &str, row: &str) -> Answer<String> {
        at_its_time!("models", "insert");
        with(|world| {
            table(world, model)?;
            if world.refuses_inserts {
                return Err(HostError::Unavailable);
            }
            let row = object(row)?;
            check_fields(world, model, &row)?;
            let mut row = complete(world, model, row)?;
            world.drawn += 1;
            if row.get("id").is_none_or(Value::is_null) {
                row.insert("id".to_owned(), Value::from(format!("{model}-{}", world.drawn)));
            }
            check_unique(world, model, &row)?;
            table(world, model)?.push(row.clone());
            Ok(text(row))
        })
    }

    pub fn update(model: &str, conditions: &[Condition], fields: &str) -> Answer<Vec<String>> {
        at_its_time!("models", "update");
        rows::some(conditions)?;
        let fields = object(fields)?;
        if fields.contains_key("id") {
            return Err(HostError::Invalid("the id of a row cannot be changed".to_owned()));
        }
        with(|world| check_fields(world, model, &fields))?;
        change(model, conditions, |row| row.extend(fields.clone()))
    }

    fn change(model: &str, conditions: &[Condition], set: impl Fn(&mut Row)) -> Answer<Vec<String>> {
        with(|world| {
            check_conditions(world, model, conditions)?;
            let mut changed = Vec::new();
            for row in table(world, model)?.iter_mut() {
                if rows::meets(row, conditions)? {
                    set(row);
                    changed.push(row.clone());
                }
            }
            changed.iter().try_for_each(|row| check_unique(world, model, row))?;
            Ok(changed.into_iter().map(text).collect())
        })
    }

    pub fn delete(model: &str, conditions: &[Condition]) -> Answer<u64> {
        at_its_time!("models", "delete");
        with(|world| {
            check_conditions(world, model, conditions)?;
            Ok(rows::remove(table(world, model)?, conditions)?.len() as u64)
        })
    }

    pub fn consume(model: &str, conditions: &[Condition]) -> Answer<Option<String>> {
        at_its_time!("models", "consume");
        let created = |row: &Row| row.get("createdAt").and_then(Value::as_str).unwrap_or_default().to_owned();
        with(|world| {
            check_conditions(world, model, conditions)?;
            Ok(rows::remove(table(world, model)?, conditions)?.into_iter().max_by_key(created).map(text))
        })
    }

    pub fn increment(model: &str, conditions: &[Condition], field: &str, by: i64) -> Answer<Option<String>> {
        at_its_time!("models", "increment");
        rows::some(conditions)?;
        let kind = with(|world| kind(world, model, field))?;
        if kind.is_some_and(|kind| !kind.is_integer()) {
            return Err(HostError::Invalid(format!("{model}.{field} is no number")));
        }
        let add = |row: &mut Map<String, Value>| {
            let number = row.get(field).and_then(Value::as_i64).unwrap_or(0);
            row.insert(field.to_owned(), Value::from(number + by));
        };
        Ok(change(model, conditions, add)?.into_iter().next())
    }
}

pub mod counters {
    use super::{Answer, HostError, with};

    fn key(key: &str) -> Answer<()> {
        let is_one = (1..=512).contains(&key.len());
        if is_one { Ok(()) } else { Err(HostError::Invalid("a counter's key has 1 to 512 bytes".to_owned())) }
    }

    pub fn hit(key: &str, window_secs: u32) -> Answer<u64> {
        at_its_time!("counters", "hit");
        self::key(key)?;
        Ok(with(|world| {
            let now = world.now_millis;
            let slot = world.counters.entry(key.to_owned()).or_insert((0, 0));
            if slot.1 <= now {
                *slot = (0, now + u64::from(window_secs) * 1000);
            }
            slot.0 += 1;
            slot.0
        }))
    }

    pub fn peek(key: &str) -> Answer<u64> {
        at_its_time!("counters", "peek");
        self::key(key)?;
        Ok(with(|world| world.counters.get(key).filter(|slot| slot.1 > world.now_millis).map_or(0, |slot| slot.0)))
    }

    pub fn reset(key: &str) -> Answer<()> {
        at_its_time!("counters", "reset");
        self::key(key)?;
        with(|world| world.counters.remove(key));
        Ok(())
    }

    /// A test has one request at a time: nobody's turn ends while it waits.
    pub fn acquire(key: &str, lease_secs: u32, _wait_millis: u32) -> Answer<bool> {
        at_its_time!("counters", "acquire");
        Ok(peek(key)? == 0 && hit(key, lease_secs)? == 1)
    }
}

pub mod passwords {
    use super::{Answer, with};

    pub fn verify(user_id: Option<&str>, password: &str) -> Answer<bool> {
        at_its_time!("passwords", "verify");
        Ok(with(|world| user_id.and_then(|id| world.passwords.get(id)).is_some_and(|own| own == password)))
    }

    pub fn verify_sign_in(_identifier: &str, user_id: Option<&str>, password: &str) -> Answer<bool> {
        at_its_time!("passwords", "verify-sign-in");
        verify(user_id, password)
    }

    pub fn exists(user_id: &str) -> Answer<bool> {
        at_its_time!("passwords", "exists");
        Ok(with(|world| world.passwords.contains_key(user_id)))
    }
}

pub mod accounts {
    use super::{Answer, HostError, Row, Value, duty, object, text, with};

    fn is_of(row: &Row, field: &str, value: &str) -> bool {
        row.get(field).and_then(Value::as_str) == Some(value)
    }

    pub fn find(provider_id: &str, account_id: &str) -> Answer<Option<String>> {
        at_its_time!("accounts", "find");
        let is_it = |row: &&Row| is_of(row, "providerId", provider_id) && is_of(row, "accountId", account_id);
        Ok(with(|world| world.accounts.iter().find(is_it).cloned().map(text)))
    }

    pub fn list_of_user(user_id: &str) -> Answer<Vec<String>> {
        at_its_time!("accounts", "list-of-user");
        let is_theirs = |row: &&Row| is_of(row, "userId", user_id);
        Ok(with(|world| world.accounts.iter().filter(is_theirs).cloned().map(text).collect()))
    }

    pub fn create(user_id: &str, fields: &str) -> Answer<String> {
        at_its_time!("accounts", "create");
        let mut row = object(fields)?;
        duty::account_fields(&row, true)?;
        let part = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if find(&part("providerId"), &part("accountId"))?.is_some() {
            return Err(HostError::Conflict("accountId".to_owned()));
        }
        with(|world| {
            row.insert("id".to_owned(), Value::from(format!("account-{}", world.accounts.len() + 1)));
            row.insert("userId".to_owned(), Value::from(user_id));
            world.accounts.push(row.clone());
        });
        Ok(text(row))
    }

    pub fn update(id: &str, fields: &str) -> Answer<String> {
        at_its_time!("accounts", "update");
        let fields = object(fields)?;
        duty::account_fields(&fields, false)?;
        with(|world| {
            let row = world.accounts.iter_mut().find(|row| is_of(row, "id", id));
            let row = row.ok_or_else(|| HostError::Invalid("there is no such account".to_owned()))?;
            row.extend(fields);
            Ok(text(row.clone()))
        })
    }

    pub fn provider_of(user_id: &str, id: &str) -> Answer<Option<String>> {
        at_its_time!("accounts", "provider-of");
        let is_it = |row: &&Row| is_of(row, "userId", user_id) && is_of(row, "id", id);
        let provider = |row: &Row| row.get("providerId").and_then(Value::as_str).map(str::to_owned);
        Ok(with(|world| world.accounts.iter().find(is_it).and_then(provider)))
    }

    pub fn remember(id: &str) -> Answer<()> {
        at_its_time!("accounts", "remember");
        with(|world| {
            world
                .accounts
                .iter()
                .find(|row| is_of(row, "id", id))
                .map(|_| ())
                .ok_or_else(|| HostError::Invalid("there is no such account".to_owned()))?;
            world.remembered_account = Some(id.to_owned());
            Ok(())
        })
    }

    pub fn remembered() -> Answer<Option<String>> {
        at_its_time!("accounts", "remembered");
        Ok(with(|world| {
            let id = world.remembered_account.clone()?;
            world.accounts.iter().find(|row| is_of(row, "id", &id)).cloned().map(text)
        }))
    }
}
