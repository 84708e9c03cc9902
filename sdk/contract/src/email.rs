//! The syntax of e-mail addresses that the server accepts.
//!
//! Source: `errors.md` of the wire contract, "E-mail syntax": the default pattern of the reference's validator.

/// Longest address: 64 characters, `@` and 255 more (RFC 3696). The reference has no limit.
const LONGEST: usize = 320;

/// Whether `text` is an address that the server takes: at most 320 characters, a local part of `A-Za-z0-9_'+-.`, then
/// dotted labels and a top level of letters.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// let lines = "ada@example.com\nbob\neve@example.org";
/// let addresses: Vec<&str> = lines.lines().filter(|line| doorward_sdk::is_email(line)).collect();
/// assert_eq!(addresses, ["ada@example.com", "eve@example.org"]);
/// ```
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    text.len() <= LONGEST && !text.starts_with('.') && !text.contains("..") && is_local_part(local) && is_domain(domain)
}

fn is_local_part(local: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'-');
    let may_end = local.bytes().next_back().is_some_and(is_plain);
    may_end && local.bytes().all(|byte| is_plain(byte) || matches!(byte, b'\'' | b'.'))
}

fn is_domain(domain: &str) -> bool {
    let Some((labels, top)) = domain.rsplit_once('.') else { return false };
    let is_top = top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_top && labels.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let starts_well = label.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    starts_well && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_and_refuses_as_recorded() {
        for good in ["ada@example.com", "a.b+c@sub.example.co.uk", "A_b-c@x-y.org", "o'k+@e.io"] {
            assert!(is_email(good), "{good}");
        }
        let bad = [
            "not-an-email",
            "a@b",
            "a b@example.com",
            "",
            "@example.com",
            "a@example..com",
            "ünï@example.com",
            " sp@example.com ",
            ".a@example.com",
            "a.@example.com",
            "a@-x.com",
            "a@x.c",
            "a@x.com,b@y.com",
            "a@x.com\r\nBcc: b@y.com",
            "a@[127.0.0.1]",
            "a@x.com.",
            "a@@x.com",
        ];
        for bad in bad {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_has_at_most_320_characters() {
        let of_length = |length: usize| format!("{}@example.com", "a".repeat(length - "@example.com".len()));
        assert!(is_email(&of_length(320)));
        assert!(!is_email(&of_length(321)));
    }
}
