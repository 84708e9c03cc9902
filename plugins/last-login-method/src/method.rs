//! How a way to sign in is called.

use crate::options::Options;

/// The name of the way to sign in that `path` belongs to; none when it belongs to none.
pub fn of(path: &str, options: &Options) -> Option<String> {
    options.custom_resolve_method.get(path).cloned().or_else(|| built_in(path).map(str::to_owned))
}

fn built_in(path: &str) -> Option<&str> {
    if path.starts_with("/callback/") {
        return path.rsplit('/').next();
    }
    match path {
        "/one-tap/callback" => Some("google"),
        "/sign-in/email" | "/sign-up/email" => Some("email"),
        "/sign-in/email-otp" => Some("email-otp"),
        "/magic-link/verify" => Some("magic-link"),
        "/passkey/verify-authentication" => Some("passkey"),
        _ if path.contains("siwe") => Some("siwe"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_method_is_named_after_the_endpoint() {
        let mut options = Options::default();
        let cases = [
            ("/sign-in/email", Some("email")),
            ("/sign-up/email", Some("email")),
            ("/sign-in/email-otp", Some("email-otp")),
            ("/callback/google", Some("google")),
            ("/one-tap/callback", Some("google")),
            ("/magic-link/verify", Some("magic-link")),
            ("/passkey/verify-authentication", Some("passkey")),
            ("/siwe/verify", Some("siwe")),
            ("/sign-in/username", None),
            ("/update-user", None),
        ];
        for (path, method) in cases {
            assert_eq!(of(path, &options).as_deref(), method, "{path}");
        }
        options.custom_resolve_method.insert("/sign-in/username".to_owned(), "username".to_owned());
        assert_eq!(of("/sign-in/username", &options).as_deref(), Some("username"));
    }
}
