//! How PostgreSQL takes values and gives them.

use std::error::Error;
use std::net::IpAddr;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::clock::Timestamp;
use crate::store::row::whole;
use crate::store::value::Value;
use doorward_contract::FieldType;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const TOO_LARGE: &str = "a column holds a number that is too large";
const DAY_MS: i64 = 86_400_000;

/// Microseconds from the Unix epoch to PostgreSQL's, 2000-01-01.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// The type as which a value of this kind is sent. Texts and JSON have none: they become what the column is, which in a
/// database of another server may be uuid, an enum or citext.
pub(super) fn sql_type(kind: FieldType) -> Type {
    match kind {
        FieldType::String | FieldType::Strings | FieldType::Numbers | FieldType::Json => Type::UNKNOWN,
        FieldType::Number | FieldType::Bigint => Type::INT8,
        FieldType::Boolean => Type::BOOL,
        FieldType::Date => Type::TIMESTAMPTZ,
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
            Value::Json(json) => serde_json::to_writer(out.writer(), json)?,
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        match self.0 {
            Value::Text(_) | Value::Json(_) => Format::Text,
            Value::Null | Value::Integer(_) | Value::Boolean(_) | Value::Timestamp(_) => Format::Binary,
        }
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
        Type::NUMERIC => Value::Integer(numeric(bytes)?),
        Type::DATE => {
            let days = i64::from(i32::from_be_bytes(bytes.try_into()?));
            Value::Timestamp(Timestamp(days * DAY_MS + EPOCH_MICROS / 1000))
        }
        Type::INET | Type::CIDR => Value::Text(address(bytes)?),
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY => {
            Value::Json(serde_json::to_value(Vec::<Option<String>>::from_sql(of, bytes)?)?)
        }
        _ if matches!(of.kind(), Kind::Enum(_)) || of.name() == "citext" => {
            Value::Text(std::str::from_utf8(bytes)?.to_owned())
        }
        _ => {
            return match of.kind() {
                Kind::Domain(base) => read(base, bytes),
                _ => Err(format!("a column has the unsupported type {}", of.name()).into()),
            };
        }
    })
}

/// A whole number: a count of digits, the weight of the first, a sign, a scale, then the digits in base 10,000.
fn numeric(bytes: &[u8]) -> Outcome<i64> {
    let mut words = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(u16::from_be_bytes);
    let mut head = || words.next().ok_or("a column holds half a number");
    let (count, weight, sign, _) = (head()?, head()?, head()?, head()?);
    let weight = i16::from_be_bytes(weight.to_be_bytes());
    let mut number: i64 = 0;
    for (place, digit) in words.take(count.into()).enumerate() {
        if i64::try_from(place)? > i64::from(weight) && digit != 0 {
            return Err("a column holds a fraction".into());
        }
        number = number.checked_mul(10_000).and_then(|number| number.checked_add(digit.into())).ok_or(TOO_LARGE)?;
    }
    // Zeros at either end of the point are not sent, or are.
    for _ in i64::from(count)..=i64::from(weight) {
        number = number.checked_mul(10_000).ok_or(TOO_LARGE)?;
    }
    for _ in (i64::from(weight) + 1)..i64::from(count) {
        number /= 10_000;
    }
    match sign {
        0 => Ok(number),
        0x4000 => Ok(-number),
        _ => Err("a column holds no number".into()),
    }
}

/// The text of a network address: family, length of the network, two more bytes, the address.
fn address(bytes: &[u8]) -> Outcome<String> {
    let (Some((head, address)), Some(&length)) = (bytes.split_at_checked(4), bytes.get(1)) else {
        return Err("a column holds half an address".into());
    };
    let (address, longest) = match head.first() {
        Some(2) => (IpAddr::from(<[u8; 4]>::try_from(address)?), 32),
        _ => (IpAddr::from(<[u8; 16]>::try_from(address)?), 128),
    };
    Ok(if length == longest { address.to_string() } else { format!("{address}/{length}") })
}

/// The text of a uuid column: an existing database may use uuids as ids.
fn uuid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    let part = |range| hex.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_of_any_precision_are_read() {
        let bytes = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>();
        for (words, number) in [
            (&[0, 0, 0, 0][..], 0),
            (&[1, 0, 0, 0, 42], 42),
            (&[1, 1, 0x4000, 0, 3], -30_000),
            (&[2, 1, 0, 2, 12, 3456], 123_456),
            (&[3, 1, 0, 2, 1, 2, 0], 10_002),
        ] {
            assert_eq!(numeric(&bytes(words)).unwrap(), number, "{words:?}");
        }
        for words in [&[2, 0, 0, 2, 1, 5000][..], &[1, 0, 0xC000, 0, 1], &[1, 9, 0, 0, 1], &[1, 0]] {
            assert!(numeric(&bytes(words)).is_err(), "{words:?}");
        }
    }

    #[test]
    fn addresses_are_written_as_usual() {
        assert_eq!(address(&[2, 32, 0, 4, 127, 0, 0, 1]).unwrap(), "127.0.0.1");
        assert_eq!(address(&[2, 8, 0, 4, 10, 0, 0, 0]).unwrap(), "10.0.0.0/8");
        let long = [&[3, 128, 0, 16][..], &[0; 15], &[1]].concat();
        assert_eq!(address(&long).unwrap(), "::1");
        assert!(address(&[2, 32]).is_err());
    }
}
