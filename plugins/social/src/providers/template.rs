//! Texts with `{name}` in them.

/// Puts the value of each name in its place; none when one has none.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(&value(name)?);
        rest = behind;
    }
    filled.push_str(rest);
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_and_what_is_unknown_is_told() {
        let value = |name: &str| (name == "a").then(|| "x".to_owned());
        assert_eq!(fill("1{a}2{a}", value).as_deref(), Some("1x2x"));
        assert_eq!(fill("{b}", value), None);
        assert_eq!(fill("plain {", value).as_deref(), Some("plain {"));
    }
}
