//! How PostgreSQL takes values and gives them, in its binary format.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::clock::Timestamp;
use crate::store::row::whole;
use crate::store::value::Value;
use doorward_contract::FieldType;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Microseconds from the Unix epoch to PostgreSQL's, 2000-01-01.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// The type as which a value of this kind is sent.
pub(super) fn sql_type(kind: FieldType) -> Type {
    match kind {
        FieldType::String => Type::TEXT,
        FieldType::Number | FieldType::Bigint => Type::INT8,
        FieldType::Boolean => Type::BOOL,
        FieldType::Date => Type::TIMESTAMPTZ,
        FieldType::Strings | FieldType::Numbers | FieldType::Json => Type::JSONB,
    }
}

/// A value that is sent. Its kind was checked when it was bound.
#[derive(Debug)]
pub(super) struct Bound<'a>(pub(super) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Outcome<IsNull> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Text(text) => out.put_slice(text.as_bytes()),
            Value::Integer(number) => out.put_i64(*number),
            Value::Boolean(is_true) => out.put_u8(u8::from(*is_true)),
            Value::Timestamp(at) => {
                let micros = at.0.checked_mul(1000).and_then(|micros| micros.checked_sub(EPOCH_MICROS));
                out.put_i64(micros.ok_or("the timestamp is out of range")?);
            }
            Value::Json(json) => {
                // jsonb starts with its format version.
                out.put_u8(1);
                serde_json::to_writer(out.writer(), json)?;
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    to_sql_checked!();
}

/// A value that was read.
pub(super) struct Cell(pub(super) Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(of: &Type, bytes: &'a [u8]) -> Outcome<Self> {
        read(of, bytes).map(Self)
    }

    fn from_sql_null(_: &Type) -> Outcome<Self> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn read(of: &Type, bytes: &[u8]) -> Outcome<Value> {
    Ok(match *of {
        Type::BOOL => Value::Boolean(bytes.first() == Some(&1)),
        Type::INT8 => Value::Integer(i64::from_be_bytes(bytes.try_into()?)),
        Type::INT2 => Value::Integer(i16::from_be_bytes(bytes.try_into()?).into()),
        Type::INT4 => Value::Integer(i32::from_be_bytes(bytes.try_into()?).into()),
        Type::FLOAT4 => whole(f32::from_be_bytes(bytes.try_into()?).into())?,
        Type::FLOAT8 => whole(f64::from_be_bytes(bytes.try_into()?))?,
        Type::NAME | Type::TEXT | Type::BPCHAR | Type::VARCHAR | Type::UNKNOWN => {
            Value::Text(std::str::from_utf8(bytes)?.to_owned())
        }
        Type::JSON => Value::Json(serde_json::from_slice(bytes)?),
        Type::JSONB => Value::Json(serde_json::from_slice(bytes.get(1..).unwrap_or_default())?),
        // Microseconds since 2000; sessions keep their time zone at UTC.
        Type::TIMESTAMP | Type::TIMESTAMPTZ => {
            let micros = i64::from_be_bytes(bytes.try_into()?).saturating_add(EPOCH_MICROS);
            Value::Timestamp(Timestamp(micros.div_euclid(1000)))
        }
        Type::UUID => Value::Text(uuid(u128::from_be_bytes(bytes.try_into()?))),
        _ => return Err(format!("a column has the unsupported type {}", of.name()).into()),
    })
}

/// The text of a uuid column: an existing database may use uuids as ids.
fn uuid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    let part = |range| hex.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}
