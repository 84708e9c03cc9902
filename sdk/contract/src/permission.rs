//! What permissions are called: a resource and an action, as in the statements of an access control.

/// The resource and the action of a text such as `settings.manage`; `None` when it is no permission.
pub fn permission_parts(text: &str) -> Option<(&str, &str)> {
    let is_word = |word: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:".contains(&byte);
        !word.is_empty() && word.len() <= 64 && word.bytes().all(is_letter)
    };
    text.split_once('.').filter(|(resource, action)| is_word(resource) && is_word(action))
}

/// Whether a text is a permission.
pub fn is_permission(text: &str) -> bool {
    permission_parts(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_a_resource_and_an_action() {
        assert_eq!(permission_parts("settings.manage"), Some(("settings", "manage")));
        assert_eq!(permission_parts("user.set-role"), Some(("user", "set-role")));
        for text in ["", "settings", ".manage", "settings.", "a.b.c", "a b.c", "a.*", "settings/manage"] {
            assert!(!is_permission(text), "{text}");
        }
    }
}
