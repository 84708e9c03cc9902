//! Rows in memory: conditions, orders and changes as the host has them.

use crate::bindings::doorward::plugin::models::{Condition, Operator, Query};
use crate::bindings::doorward::plugin::types::HostError;
use crate::query;
use doorward_contract::FieldType;
use serde_json::{Map, Value};
use std::cmp::Ordering;

use super::duty::of_kind;

const MOST_CONDITIONS: usize = 32;
const MOST_LIST: usize = 1000;
const MOST_ROWS: u32 = 1000;

type Answer<T> = Result<T, HostError>;
pub(super) type Row = Map<String, Value>;

/// The rows that the query asks for.
pub(super) fn select<'a>(rows: impl Iterator<Item = &'a Row>, query: &Query) -> Answer<Vec<Row>> {
    let mut found = Vec::new();
    for row in rows {
        if meets(row, &query.conditions)? {
            found.push(row.clone());
        }
    }
    if let Some(order) = &query.order {
        let by = |row: &Row| row.get(&order.field).cloned().unwrap_or_default();
        found.sort_by(|a, b| compare(&by(a), &by(b)).unwrap_or(Ordering::Equal));
        if order.descending {
            found.reverse();
        }
    }
    let (offset, limit) = (query.offset.unwrap_or(0) as usize, query.limit.unwrap_or(100) as usize);
    Ok(found.into_iter().skip(offset).take(limit).collect())
}

/// Whether the row meets every condition.
pub(super) fn meets(row: &Row, conditions: &[Condition]) -> Answer<bool> {
    for condition in conditions {
        let wanted: Value =
            serde_json::from_str(&condition.value).map_err(|error| HostError::Invalid(error.to_string()))?;
        if condition.field.is_empty() {
            if !meets_any(row, &wanted)? {
                return Ok(false);
            }
            continue;
        }
        if !holds(row.get(&condition.field).unwrap_or(&Value::Null), condition.operator, &wanted) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the row meets every condition of one of the groups.
fn meets_any(row: &Row, groups: &Value) -> Answer<bool> {
    let groups = groups.as_array().ok_or_else(|| HostError::Invalid("the groups are no array".to_owned()))?;
    for group in groups {
        let group = group.as_array().ok_or_else(|| HostError::Invalid("a group is no array".to_owned()))?;
        let conditions = group.iter().map(condition).collect::<Answer<Vec<_>>>()?;
        if meets(row, &conditions)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn condition(json: &Value) -> Answer<Condition> {
    let part = |name: &str| json.get(name).and_then(Value::as_str);
    let operator = OPERATORS.into_iter().find(|operator| part("operator") == Some(query::name(*operator)));
    match (part("field"), operator, part("value")) {
        (Some(field), Some(operator), Some(value)) => {
            Ok(Condition { field: field.to_owned(), operator, value: value.to_owned() })
        }
        _ => Err(HostError::Invalid("a condition has `field`, `operator` and `value`".to_owned())),
    }
}

const OPERATORS: [Operator; 11] = [
    Operator::Equal,
    Operator::NotEqual,
    Operator::Less,
    Operator::LessOrEqual,
    Operator::Greater,
    Operator::GreaterOrEqual,
    Operator::OneOf,
    Operator::NotOneOf,
    Operator::Contains,
    Operator::StartsWith,
    Operator::EndsWith,
];

/// Removes the rows that meet the conditions and returns them.
pub(super) fn remove(rows: &mut Vec<Row>, conditions: &[Condition]) -> Answer<Vec<Row>> {
    some(conditions)?;
    let mut removed = Vec::new();
    let mut kept = Vec::new();
    for row in rows.drain(..) {
        if meets(&row, conditions)? { removed.push(row) } else { kept.push(row) }
    }
    *rows = kept;
    Ok(removed)
}

/// Refuses more conditions than the host takes.
pub(super) fn few(conditions: &[Condition]) -> Answer<()> {
    if conditions.len() > MOST_CONDITIONS {
        return Err(HostError::Invalid(format!("a query has at most {MOST_CONDITIONS} conditions")));
    }
    Ok(())
}

/// Refuses more rows than the host gives.
pub(super) fn check_limit(query: &Query) -> Answer<()> {
    if query.limit.unwrap_or(100) > MOST_ROWS {
        return Err(HostError::Invalid(format!("a query has at most {MOST_ROWS} rows")));
    }
    few(&query.conditions)
}

/// Refuses a condition whose value is none of the field's type.
pub(super) fn check_value(model: &str, condition: &Condition, kind: FieldType) -> Answer<()> {
    let name = &condition.field;
    let value: Value = serde_json::from_str(&condition.value)
        .map_err(|error| HostError::Invalid(format!("the value for {model}.{name} is no JSON: {error}")))?;
    if !matches!(condition.operator, Operator::OneOf | Operator::NotOneOf) {
        return of_kind(model, name, kind, &value);
    }
    let items = value.as_array().filter(|items| items.len() <= MOST_LIST);
    let items =
        items.ok_or_else(|| HostError::Invalid(format!("{model}.{name} needs an array of at most {MOST_LIST}")))?;
    items.iter().try_for_each(|item| of_kind(model, name, kind, item))
}

/// Refuses to mean every row.
pub(super) fn some(conditions: &[Condition]) -> Answer<()> {
    if conditions.is_empty() {
        return Err(HostError::Invalid("a change needs a condition".to_owned()));
    }
    Ok(())
}

fn holds(value: &Value, operator: Operator, wanted: &Value) -> bool {
    let order = || compare(value, wanted);
    let texts = || Some((value.as_str()?.to_lowercase(), wanted.as_str()?.to_lowercase()));
    let list = || wanted.as_array().is_some_and(|list| list.contains(value));
    match operator {
        Operator::Equal => value == wanted,
        Operator::NotEqual => value != wanted && (wanted.is_null() || !value.is_null()),
        Operator::Less => order() == Some(Ordering::Less),
        Operator::LessOrEqual => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
        Operator::Greater => order() == Some(Ordering::Greater),
        Operator::GreaterOrEqual => matches!(order(), Some(Ordering::Greater | Ordering::Equal)),
        Operator::OneOf => list(),
        Operator::NotOneOf => !value.is_null() && !list(),
        Operator::Contains => texts().is_some_and(|(text, part)| text.contains(&part)),
        Operator::StartsWith => texts().is_some_and(|(text, part)| text.starts_with(&part)),
        Operator::EndsWith => texts().is_some_and(|(text, part)| text.ends_with(&part)),
    }
}

fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Null, Value::Null) => None,
        (Value::Null, _) => None,
        _ => None,
    }
}
