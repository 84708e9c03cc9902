//! How MySQL and MariaDB take values and give them, in their binary format.

use mysql_async::Value as Wire;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::clock::Timestamp;
use crate::store::error::StoreError;
use crate::store::row::whole;
use crate::store::value::Value;

const NANOS_PER_MS: i128 = 1_000_000;

/// The value as it is sent. Times are UTC, which is the sessions' time zone.
pub(super) fn write(value: &Value) -> Result<Wire, StoreError> {
    Ok(match value {
        Value::Null => Wire::NULL,
        Value::Text(text) => Wire::Bytes(text.clone().into_bytes()),
        Value::Integer(number) => Wire::Int(*number),
        Value::Boolean(is_true) => Wire::Int((*is_true).into()),
        Value::Json(json) => Wire::Bytes(json.to_string().into_bytes()),
        Value::Timestamp(at) => write_time(*at).ok_or_else(|| StoreError::invalid("a date", "is out of range"))?,
    })
}

fn write_time(at: Timestamp) -> Option<Wire> {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * NANOS_PER_MS).ok()?;
    let year = u16::try_from(at.year()).ok().filter(|year| (1..=9999).contains(year))?;
    Some(Wire::Date(year, at.month().into(), at.day(), at.hour(), at.minute(), at.second(), at.microsecond()))
}

/// A value that was read.
pub(super) fn read(value: Wire) -> Result<Value, StoreError> {
    Ok(match value {
        Wire::NULL => Value::Null,
        Wire::Bytes(bytes) => Value::Text(String::from_utf8(bytes).map_err(|_| unreadable())?),
        Wire::Int(number) => Value::Integer(number),
        Wire::UInt(number) => Value::Integer(i64::try_from(number).map_err(|_| unreadable())?),
        Wire::Float(number) => whole(number.into()).map_err(|_| unreadable())?,
        Wire::Double(number) => whole(number).map_err(|_| unreadable())?,
        Wire::Date(year, month, day, hour, minute, second, micros) => {
            let time = read_time((year, month, day), (hour, minute, second, micros));
            Value::Timestamp(time.ok_or_else(unreadable)?)
        }
        Wire::Time(..) => return Err(unreadable()),
    })
}

fn read_time(
    (year, month, day): (u16, u8, u8),
    (hour, minute, second, micros): (u8, u8, u8, u32),
) -> Option<Timestamp> {
    let date = Date::from_calendar_date(year.into(), Month::try_from(month).ok()?, day).ok()?;
    let time = Time::from_hms_micro(hour, minute, second, micros).ok()?;
    let nanos = PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp_nanos();
    i64::try_from(nanos.div_euclid(NANOS_PER_MS)).ok().map(Timestamp)
}

fn unreadable() -> StoreError {
    StoreError::internal("a column holds bytes, a fraction or a time that no field can have")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_to_the_millisecond() {
        for ms in [0, -1, 1_795_336_883_051, 253_402_300_799_999, -62_135_596_800_000] {
            let wire = write(&Value::Timestamp(Timestamp(ms))).unwrap();
            assert_eq!(read(wire).unwrap(), Value::Timestamp(Timestamp(ms)), "{ms}");
        }
        for ms in [i64::MAX, i64::MIN, 253_402_300_800_000] {
            assert!(write(&Value::Timestamp(Timestamp(ms))).is_err(), "{ms}");
        }
        // What some versions of MySQL store for an empty date.
        assert!(read(Wire::Date(0, 0, 0, 0, 0, 0, 0)).is_err());
    }
}
