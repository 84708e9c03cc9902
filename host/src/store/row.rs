//! A row, and how SQLite binds values to a statement and reads them from a row.

use diesel::deserialize::{self, QueryableByName};
use diesel::row::{Field, NamedRow, Row as GetField};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::sqlite::{Sqlite, SqliteType, SqliteValue};

use super::value::Value;

/// A row as the database returned it: values have the type of their storage, not yet that of their field.
pub type Row = Vec<Value>;

/// The wrapper under which diesel reads a `Row`.
pub(super) struct Loaded(pub(super) Row);

/// Binds the value in SQLite, where values have types and columns do not.
fn write_sqlite<'b>(value: &'b Value, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
    match value {
        Value::Null => return Ok(IsNull::Yes),
        Value::Text(text) => out.set_value(text.as_str()),
        Value::Integer(number) => out.set_value(*number),
        Value::Boolean(is_true) => out.set_value(i32::from(*is_true)),
        Value::Timestamp(at) => out.set_value(at.to_iso()),
        Value::Json(json) => out.set_value(json.to_string()),
    }
    Ok(IsNull::No)
}

macro_rules! values {
    ($($sql_type:ty),*) => {$(
        impl ToSql<$sql_type, Sqlite> for Value {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                write_sqlite(self, out)
            }
        }
    )*};
}

values!(Text, BigInt, Bool);

impl QueryableByName<Sqlite> for Loaded {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let cell = |index| match GetField::get(row, index) {
            Some(field) => field.value().map_or(Ok(Value::Null), read_sqlite),
            None => Ok(Value::Null),
        };
        (0..row.field_count()).map(cell).collect::<deserialize::Result<Row>>().map(Self)
    }
}

fn read_sqlite(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Value> {
    Ok(match value.value_type() {
        None => Value::Null,
        Some(SqliteType::Text) => Value::Text(value.read_text().to_owned()),
        Some(SqliteType::Double) => whole(value.read_double())?,
        Some(SqliteType::Binary) => return Err("a column holds bytes".into()),
        Some(_) => Value::Integer(value.read_long()),
    })
}

/// A whole number that a JavaScript driver stored as a floating-point number.
pub(super) fn whole(number: f64) -> deserialize::Result<Value> {
    #[expect(clippy::cast_possible_truncation, reason = "the range and the fraction are checked")]
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Ok(Value::Integer(number as i64))
    } else {
        Err("a column holds a fraction".into())
    }
}
