//! What texts look like.

/// Whether the text is a UUID.
pub fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = text.split('-').collect();
    let is_hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.len() == lengths.len()
        && parts.iter().all(is_hex)
        && parts.iter().zip(lengths).all(|(part, length)| part.len() == length)
}

/// Whether the text is the URL of a web server.
pub fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['@', '#', ' ', '\\']))
}
