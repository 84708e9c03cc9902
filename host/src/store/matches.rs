//! Whether a record in memory matches filters, for rows that no database holds.

use std::cmp::Ordering;

use super::error::StoreError;
use super::query::{Filter, Op};
use super::record::Record;
use super::value::Value;

/// Whether all filters hold.
///
/// # Errors
/// `InvalidInput` for an unknown field, `Internal` for a comparison that only a database makes.
pub(super) fn all(record: &Record, filters: &[Filter]) -> Result<bool, StoreError> {
    for filter in filters {
        if !one(record, filter)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn one(record: &Record, filter: &Filter) -> Result<bool, StoreError> {
    let (field, op, value) = match filter {
        Filter::Field { field, op, value } => (field, op, value),
        Filter::Any(filters) => {
            for filter in filters {
                if one(record, filter)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
    };
    let kind = record.model().field(field)?.kind;
    let own = record.get(field);
    let fit = |value: &Value| value.clone().fit(kind, field);
    let listed = |values: &[Value]| -> Result<bool, StoreError> {
        for value in values {
            if !own.is_null() && fit(value)? == *own {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let ordered = |wanted: &[Ordering]| -> Result<bool, StoreError> {
        Ok(compare(own, &fit(value)?).is_some_and(|ordering| wanted.contains(&ordering)))
    };
    match op {
        Op::Eq => Ok(fit(value)? == *own),
        Op::Ne => Ok(fit(value)? != *own && (value.is_null() || !own.is_null())),
        Op::In(values) => listed(values),
        Op::NotIn(values) => Ok(!own.is_null() && !listed(values)?),
        Op::Lt => ordered(&[Ordering::Less]),
        Op::Lte => ordered(&[Ordering::Less, Ordering::Equal]),
        Op::Gt => ordered(&[Ordering::Greater]),
        Op::Gte => ordered(&[Ordering::Greater, Ordering::Equal]),
        Op::Contains | Op::StartsWith | Op::EndsWith => Err(StoreError::internal("searching outside of the database")),
    }
}

fn compare(own: &Value, other: &Value) -> Option<Ordering> {
    match (own, other) {
        (Value::Text(own), Value::Text(other)) => Some(own.cmp(other)),
        (Value::Integer(own), Value::Integer(other)) => Some(own.cmp(other)),
        (Value::Timestamp(own), Value::Timestamp(other)) => Some(own.0.cmp(&other.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::query::{contains, eq, gt, lt, lte, ne, none_of, one_of};
    use super::super::schema::Schema;
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn a_record_is_matched_as_a_database_would() {
        let schema = Schema::core();
        let mut session = Record::new(schema.model("session").unwrap());
        session.set("token", "t").unwrap();
        session.set("userId", "u").unwrap();
        session.set("expiresAt", Timestamp(1000)).unwrap();
        let holds = |filters: &[Filter]| all(&session, filters).unwrap();
        assert!(holds(&[eq("userId", "u"), gt("expiresAt", Timestamp(999)), lte("expiresAt", Timestamp(1000))]));
        assert!(!holds(&[lt("expiresAt", Timestamp(1000))]));
        assert!(holds(&[one_of("token", vec!["x".into(), "t".into()])]));
        assert!(!holds(&[none_of("token", vec!["x".into(), "t".into()])]));
        assert!(!holds(&[one_of("ipAddress", vec![])]) && !holds(&[none_of("ipAddress", vec!["1".into()])]));
        assert!(holds(&[eq("ipAddress", Value::Null)]) && !holds(&[ne("ipAddress", "1")]));
        assert!(holds(&[Filter::Any(vec![eq("userId", "x"), eq("token", "t")])]) && !holds(&[Filter::Any(vec![])]));
        assert!(holds(&[ne("token", "x"), ne("token", Value::Null)]));
        assert!(all(&session, &[eq("nope", 1)]).is_err() && all(&session, &[contains("token", "t")]).is_err());
    }
}
