//! Public keys of the right form whose signatures anybody can make.

/// Encodings of the points of Ed25519 whose order divides 8, without the sign of x: for such a key, one signature holds for
/// many messages. The last two write a coordinate that is no number of the field.
const SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/// Whether an encoded point of Ed25519 has a small order.
pub(super) fn has_small_order(point: &[u8]) -> bool {
    let mut y = point.to_vec();
    if let Some(last) = y.last_mut() {
        *last &= 0x7f;
    }
    SMALL_ORDER.contains(&super::hex(&y).as_str())
}

/// Whether a public exponent of RSA, big-endian, is 1, even or absent: with 1, a message is its own signature.
pub(super) fn is_weak_exponent(exponent: &[u8]) -> bool {
    let digits: Vec<u8> = exponent.iter().copied().skip_while(|byte| *byte == 0).collect();
    digits.last().is_none_or(|last| last % 2 == 0) || digits == [1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_small_order_are_known_with_either_sign() {
        for text in SMALL_ORDER {
            let byte = |index: usize| u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).unwrap();
            let mut point: Vec<u8> = (0..32).map(byte).collect();
            assert!(has_small_order(&point), "{text}");
            point[31] |= 0x80;
            assert!(has_small_order(&point), "{text}");
            point[5] ^= 1;
            assert!(!has_small_order(&point), "{text}");
        }
    }

    #[test]
    fn usual_exponents_are_not_weak() {
        for (exponent, is_weak) in [
            (&[1, 0, 1][..], false),
            (&[3], false),
            (&[0, 0, 3], false),
            (&[1], true),
            (&[0, 1], true),
            (&[], true),
            (&[0], true),
            (&[2], true),
        ] {
            assert_eq!(is_weak_exponent(exponent), is_weak, "{exponent:?}");
        }
    }
}
