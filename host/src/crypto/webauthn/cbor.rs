//! Reads the part of CBOR that authenticators write: definite lengths, no duplicate keys, nothing after the end.
//!
//! Source: RFC 8949; CTAP 2.1 §8 says which part.

/// Values inside values.
const DEEPEST: u8 = 8;
/// Members of one map, many times what an authenticator writes: each is compared with all before it.
const MOST_MEMBERS: u64 = 64;

/// One value, borrowed from the bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// A simple value or a float, of no interest here.
    Other,
}

impl<'a> Value<'a> {
    /// The one value that the bytes hold.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        match Self::first(bytes)? {
            (value, []) => Some(value),
            _ => None,
        }
    }

    /// The value at the beginning, and the bytes behind it.
    pub(super) fn first(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut reader = Reader(bytes);
        let value = reader.value(DEEPEST)?;
        Some((value, reader.0))
    }

    /// The member of a map with this key.
    pub(super) fn get(&self, key: &Value<'_>) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub(super) fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    /// The major type and the argument of the next value.
    fn head(&mut self) -> Option<(u8, u64)> {
        let first = *self.take(1)?.first()?;
        let argument = match first & 0x1f {
            small @ 0..=23 => u64::from(small),
            size @ 24..=27 => {
                self.take(1 << (size - 24))?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
            }
            _ => return None,
        };
        Some((first >> 5, argument))
    }

    fn value(&mut self, depth: u8) -> Option<Value<'a>> {
        let inner = depth.checked_sub(1)?;
        let (kind, argument) = self.head()?;
        Some(match kind {
            0 => Value::Integer(i64::try_from(argument).ok()?),
            1 => Value::Integer(-1 - i64::try_from(argument).ok()?),
            2 => Value::Bytes(self.take(argument)?),
            3 => Value::Text(std::str::from_utf8(self.take(argument)?).ok()?),
            // The elements are read before room is made for them, so a lie about their number costs nothing.
            4 => Value::Array((0..argument).map(|_| self.value(inner)).collect::<Option<_>>()?),
            5 => self.map(argument, inner)?,
            7 => Value::Other,
            _ => return None,
        })
    }

    fn map(&mut self, length: u64, depth: u8) -> Option<Value<'a>> {
        if length > MOST_MEMBERS {
            return None;
        }
        let mut members: Vec<(Value<'a>, Value<'a>)> = Vec::new();
        for _ in 0..length {
            let member = (self.value(depth)?, self.value(depth)?);
            if members.iter().any(|(name, _)| *name == member.0) {
                return None;
            }
            members.push(member);
        }
        Some(Value::Map(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_to_their_end() {
        let nested = Value::parse(b"\xa2\x01\x26\x63fmt\x82\x41\xff\x39\x01\x00").unwrap();
        assert_eq!(nested.get(&Value::Integer(1)).unwrap().integer(), Some(-7));
        let list = Value::Array(vec![Value::Bytes(&[0xff]), Value::Integer(-257)]);
        assert_eq!(nested.get(&Value::Text("fmt")), Some(&list));
        assert_eq!(Value::first(b"\x00\x01").unwrap(), (Value::Integer(0), &[1][..]));
    }

    #[test]
    fn a_map_has_few_members() {
        let map = |length: u8| {
            [&[0xb8, length][..], &(0..length).flat_map(|key| [0x18, key, 0]).collect::<Vec<_>>()].concat()
        };
        assert!(matches!(Value::parse(&map(64)), Some(Value::Map(members)) if members.len() == 64));
        assert_eq!(Value::parse(&map(65)), None);
    }

    #[test]
    fn malformed_bytes_are_none() {
        let deep = [&[0x81; 8][..], &[0]].concat();
        for bad in [
            &b""[..],
            b"\x00\x00",
            b"\x5f\x41\x00\xff",
            b"\x1c",
            b"\x42\x00",
            b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xa1\x01",
            b"\xa2\x01\x02\x01\x03",
            b"\x62\xff\xfe",
            b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xc0\x00",
            &deep,
        ] {
            assert_eq!(Value::parse(bad), None, "{bad:x?}");
        }
    }
}
