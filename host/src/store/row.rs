//! How each backend binds values to a statement and reads them from a row.

use std::io::Write;

use diesel::deserialize::{self, QueryableByName};
use diesel::pg::{Pg, PgValue};
use diesel::row::{Field, NamedRow, Row as GetField};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Bool, Jsonb, Text, Timestamptz};
use diesel::sqlite::{Sqlite, SqliteType, SqliteValue};

use crate::clock::Timestamp;

use super::value::Value;

/// A row as the database returned it: values have the type of their storage, not yet that of their field.
pub type Row = Vec<Value>;

/// The wrapper under which diesel reads a `Row`.
pub(super) struct Loaded(pub(super) Row);

/// Microseconds from the Unix epoch to PostgreSQL's, 2000-01-01.
const PG_EPOCH_MICROS: i64 = 946_684_800_000_000;

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

/// Writes the value in PostgreSQL's binary format. Its kind was checked when it was bound.
fn write_pg(value: &Value, out: &mut Output<'_, '_, Pg>) -> serialize::Result {
    match value {
        Value::Null => return Ok(IsNull::Yes),
        Value::Text(text) => out.write_all(text.as_bytes())?,
        Value::Integer(number) => out.write_all(&number.to_be_bytes())?,
        Value::Boolean(is_true) => out.write_all(&[u8::from(*is_true)])?,
        Value::Timestamp(at) => {
            let micros = at.0.checked_mul(1000).and_then(|micros| micros.checked_sub(PG_EPOCH_MICROS));
            out.write_all(&micros.ok_or("the timestamp is out of range")?.to_be_bytes())?;
        }
        Value::Json(json) => {
            // jsonb starts with its format version.
            out.write_all(&[1])?;
            serde_json::to_writer(out, json)?;
        }
    }
    Ok(IsNull::No)
}

macro_rules! values {
    ($write:ident, $backend:ty: $($sql_type:ty),*) => {$(
        impl ToSql<$sql_type, $backend> for Value {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, $backend>) -> serialize::Result {
                $write(self, out)
            }
        }
    )*};
}

values!(write_sqlite, Sqlite: Text, BigInt, Bool);
values!(write_pg, Pg: Text, BigInt, Bool, Timestamptz, Jsonb);

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

impl QueryableByName<Pg> for Loaded {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        let cell = |index| match GetField::get(row, index) {
            Some(field) => field.value().map_or(Ok(Value::Null), |value| read_pg(&value)),
            None => Ok(Value::Null),
        };
        (0..row.field_count()).map(cell).collect::<deserialize::Result<Row>>().map(Self)
    }
}

fn read_pg(value: &PgValue<'_>) -> deserialize::Result<Value> {
    let bytes = value.as_bytes();
    Ok(match value.get_oid().get() {
        16 => Value::Boolean(bytes.first() == Some(&1)),
        20 => Value::Integer(i64::from_be_bytes(bytes.try_into()?)),
        21 => Value::Integer(i16::from_be_bytes(bytes.try_into()?).into()),
        23 => Value::Integer(i32::from_be_bytes(bytes.try_into()?).into()),
        700 => whole(f32::from_be_bytes(bytes.try_into()?).into())?,
        701 => whole(f64::from_be_bytes(bytes.try_into()?))?,
        // name, text, bpchar, varchar, unknown
        19 | 25 | 1042 | 1043 | 705 => Value::Text(std::str::from_utf8(bytes)?.to_owned()),
        114 => Value::Json(serde_json::from_slice(bytes)?),
        3802 => Value::Json(serde_json::from_slice(bytes.get(1..).unwrap_or_default())?),
        // timestamp and timestamptz: microseconds since 2000; connections keep their time zone at UTC.
        1114 | 1184 => {
            let micros = i64::from_be_bytes(bytes.try_into()?).saturating_add(PG_EPOCH_MICROS);
            Value::Timestamp(Timestamp(micros.div_euclid(1000)))
        }
        2950 => Value::Text(uuid(u128::from_be_bytes(bytes.try_into()?))),
        oid => return Err(format!("a column has the unsupported type {oid}").into()),
    })
}

/// The text of a uuid column: an existing database may use uuids as ids.
fn uuid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    let part = |range| hex.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

/// A whole number that a JavaScript driver stored as a floating-point number.
fn whole(number: f64) -> deserialize::Result<Value> {
    #[expect(clippy::cast_possible_truncation, reason = "the range and the fraction are checked")]
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Ok(Value::Integer(number as i64))
    } else {
        Err("a column holds a fraction".into())
    }
}
