//! Which names a role can have.

/// Longest name of a role, in bytes.
const MOST_BYTES: usize = 64;

/// Whether a role can have this name.
pub fn is_role_name(name: &str) -> bool {
    let may_be_in = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
    (1..=MOST_BYTES).contains(&name.len()) && name.bytes().all(may_be_in)
}
