//! Values on their way between the JSON text of guests and the fields of a model.

use serde_json::{Map, Value as Json};

use super::interfaces::models::{Condition, Operator, Order, Query};
use super::interfaces::types::HostError;
use super::outcome::Answer;
use crate::store::{DEFAULT_LIMIT, Field, FieldType, Filter, Model, Op, Record, Sort, StoreError, Value};

const MOST_ROWS: u32 = 1000;
const MOST_CONDITIONS: usize = 32;
const MOST_LIST: usize = 1000;

/// A query with everything checked.
pub(super) struct Checked {
    pub(super) filters: Vec<Filter>,
    pub(super) sort: Option<Sort>,
    pub(super) limit: u32,
    pub(super) offset: Option<u32>,
}

/// The object in `text`.
pub(super) fn object(text: &str) -> Answer<Map<String, Json>> {
    serde_json::from_str(text).map_err(|error| HostError::Invalid(format!("the fields are no object: {error}")))
}

/// The fields in `text`, each one that `may` allows, and of its kind.
pub(super) fn fields(text: &str, model: &Model, may: impl Fn(&str) -> Answer<()>) -> Answer<Vec<(String, Value)>> {
    fields_of(object(text)?, model, may)
}

/// As [`fields`], of an object that was read already.
pub(super) fn fields_of(
    object: Map<String, Json>,
    model: &Model,
    may: impl Fn(&str) -> Answer<()>,
) -> Answer<Vec<(String, Value)>> {
    let read = |(name, json): (String, Json)| {
        may(&name)?;
        let value = value(&json, model, shown(model, &name, &|_| true)?)?;
        Ok((name, value))
    };
    object.into_iter().map(read).collect()
}

/// The query, with conditions and order on fields that `shows` allows; any other field is unknown.
pub(super) fn query(query: Query, model: &Model, shows: impl Fn(&Field) -> bool) -> Answer<Checked> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if limit > MOST_ROWS {
        return Err(HostError::Invalid(format!("a query has at most {MOST_ROWS} rows")));
    }
    let sort = query.order.map(|Order { field, descending }| {
        shown(model, &field, &shows)?;
        Answer::Ok(Sort { field: field.into(), descending })
    });
    let sort = sort.transpose()?;
    Ok(Checked { filters: filters(query.conditions, model, shows)?, sort, limit, offset: query.offset })
}

/// The conditions as filters, on fields that `shows` allows; any other field is unknown.
pub(super) fn filters(
    conditions: Vec<Condition>,
    model: &Model,
    shows: impl Fn(&Field) -> bool,
) -> Answer<Vec<Filter>> {
    if conditions.len() > MOST_CONDITIONS {
        return Err(HostError::Invalid(format!("a query has at most {MOST_CONDITIONS} conditions")));
    }
    conditions.into_iter().map(|condition| filter(condition, model, &shows)).collect()
}

/// As [`filters`], where none would mean every row.
pub(super) fn some_filters(conditions: Vec<Condition>, model: &Model) -> Answer<Vec<Filter>> {
    if conditions.is_empty() {
        return Err(HostError::Invalid("a change needs a condition".to_owned()));
    }
    filters(conditions, model, |_| true)
}

/// The row as JSON text, with the fields that `shows` allows.
pub(super) fn row(record: &Record, shows: impl Fn(&Field) -> bool) -> String {
    let fields = record.model().fields.iter().zip(record.values());
    let shown = fields.filter(|(field, _)| shows(field)).map(|(field, value)| (field.name.clone(), value.to_json()));
    Json::Object(shown.collect()).to_string()
}

/// The texts, unless they are longer than the guest's answers may be.
pub(super) fn bounded(rows: Vec<String>, most_bytes: usize) -> Answer<Vec<String>> {
    if rows.iter().map(String::len).sum::<usize>() > most_bytes {
        return Err(HostError::Limit(format!("the rows have more than {most_bytes} bytes: ask for fewer")));
    }
    Ok(rows)
}

/// The first rows, as many as the guest can hold and answer with; at least one.
pub(super) fn fitting(mut rows: Vec<String>, most_bytes: usize) -> Vec<String> {
    // The guest's own answer has a frame around them.
    let mut left = most_bytes / 8 * 7;
    let fitting = rows.iter().position(|row| {
        let is_over = row.len() > left;
        left = left.saturating_sub(row.len());
        is_over
    });
    rows.truncate(fitting.unwrap_or(rows.len()).max(1));
    rows
}

fn filter(condition: Condition, model: &Model, shows: &impl Fn(&Field) -> bool) -> Answer<Filter> {
    let Condition { field: name, operator, value: text } = condition;
    let field = shown(model, &name, shows)?;
    let json: Json = serde_json::from_str(&text)
        .map_err(|error| HostError::Invalid(format!("the value for {}.{name} is no JSON: {error}", model.name)))?;
    let list = |json: &Json| {
        let items = json.as_array().filter(|items| items.len() <= MOST_LIST);
        let items = items.ok_or_else(|| {
            HostError::Invalid(format!("{}.{name} needs an array of at most {MOST_LIST}", model.name))
        })?;
        items.iter().map(|item| value(item, model, field)).collect::<Answer<Vec<Value>>>()
    };
    let (op, value) = match operator {
        Operator::OneOf => (Op::In(list(&json)?), Value::Null),
        Operator::NotOneOf => (Op::NotIn(list(&json)?), Value::Null),
        Operator::Equal => (Op::Eq, value(&json, model, field)?),
        Operator::NotEqual => (Op::Ne, value(&json, model, field)?),
        Operator::Less => (Op::Lt, value(&json, model, field)?),
        Operator::LessOrEqual => (Op::Lte, value(&json, model, field)?),
        Operator::Greater => (Op::Gt, value(&json, model, field)?),
        Operator::GreaterOrEqual => (Op::Gte, value(&json, model, field)?),
        Operator::Contains => (Op::Contains, value(&json, model, field)?),
        Operator::StartsWith => (Op::StartsWith, value(&json, model, field)?),
        Operator::EndsWith => (Op::EndsWith, value(&json, model, field)?),
    };
    Ok(Filter::new(name, op, value))
}

/// The field, if there is one that may be seen: what is hidden cannot be told from what does not exist.
fn shown<'a>(model: &'a Model, name: &str, shows: &impl Fn(&Field) -> bool) -> Result<&'a Field, StoreError> {
    let unknown = || StoreError::InvalidInput { field: format!("{}.{name}", model.name), problem: "is not a field" };
    model.field(name).ok().filter(|field| shows(field)).ok_or_else(unknown)
}

fn value(json: &Json, model: &Model, field: &Field) -> Answer<Value> {
    if json.is_null() {
        return Ok(Value::Null);
    }
    let value = Value::from_json(json, field.kind);
    let is_large = |number: i64| i32::try_from(number).is_err();
    match value {
        Some(Value::Integer(number)) if field.kind == FieldType::Number && is_large(number) => {
            Err(HostError::Invalid(format!("{}.{} has 32 bits", model.name, field.name)))
        }
        Some(value) => Ok(value),
        None => Err(HostError::Invalid(format!("{}.{} has a value of another kind", model.name, field.name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shrinks_to_what_fits_and_is_never_empty() {
        let rows = |sizes: &[usize]| sizes.iter().map(|size| "x".repeat(*size)).collect::<Vec<_>>();
        let cases: [(&[usize], usize); 5] =
            [(&[10, 10, 10], 3), (&[40, 40, 10], 2), (&[90, 1], 1), (&[10, 90, 1], 1), (&[], 0)];
        for (sizes, expected) in cases {
            assert_eq!(fitting(rows(sizes), 100).len(), expected, "{sizes:?}");
        }
    }
}
