//! Reads the numbers of an RSA key out of its PKCS #8 form.
//!
//! Source: RFC 5208 §5 and RFC 8017 appendix A.1.2.

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// The numbers n, e, d, p, q, dp, dq and qi, without leading zeroes.
pub(super) fn rsa_numbers(pkcs8: &[u8]) -> Option<[&[u8]; 8]> {
    let mut outer = Reader(Reader(pkcs8).value(SEQUENCE)?);
    outer.value(INTEGER)?;
    outer.value(SEQUENCE)?;
    let mut key = Reader(Reader(outer.value(OCTET_STRING)?).value(SEQUENCE)?);
    key.value(INTEGER)?;
    let mut numbers: [&[u8]; 8] = [&[]; 8];
    for number in &mut numbers {
        let value = key.value(INTEGER)?;
        *number = value.strip_prefix(&[0]).unwrap_or(value);
    }
    Some(numbers)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The content of the next value, which must have this tag.
    fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        let rest = self.0.strip_prefix(&[tag])?;
        let (length, rest) = match rest.split_first()? {
            (short @ 0..=0x7f, rest) => (usize::from(*short), rest),
            (0x81, [length, rest @ ..]) => (usize::from(*length), rest),
            (0x82, [high, low, rest @ ..]) => (usize::from(u16::from_be_bytes([*high, *low])), rest),
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(value)
    }
}
