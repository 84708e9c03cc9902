//! Patterns of paths, for hooks and limits.

/// A compiled path pattern: `*` stands for one segment, a last `**` for all that follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Text(String),
    One,
    Rest,
}

impl PathPattern {
    /// Compiles `pattern`; a segment `:name` is the same as `*`.
    pub fn new(pattern: &str) -> Self {
        let segment = |text: &str| match text {
            "**" => Segment::Rest,
            "*" => Segment::One,
            name if name.starts_with(':') => Segment::One,
            text => Segment::Text(text.to_owned()),
        };
        Self { segments: pattern.trim_start_matches('/').split('/').map(segment).collect() }
    }

    /// Whether `path` matches.
    pub fn matches(&self, path: &str) -> bool {
        let mut parts = path.strip_prefix('/').unwrap_or(path).split('/');
        for segment in &self.segments {
            match (segment, parts.next()) {
                (Segment::Rest, Some(_)) => return true,
                (Segment::One, Some(part)) if !part.is_empty() => {}
                (Segment::Text(text), Some(part)) if part == text => {}
                _ => return false,
            }
        }
        parts.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths() {
        for (pattern, path, expected) in [
            ("/sign-in/email", "/sign-in/email", true),
            ("/sign-in/email", "/sign-in/email/", false),
            ("/sign-in/*", "/sign-in/email", true),
            ("/sign-in/*", "/sign-in", false),
            ("/sign-in/*", "/sign-in/", false),
            ("/sign-in/*", "/sign-in/a/b", false),
            ("/admin/**", "/admin/a/b", true),
            ("/admin/**", "/admin", false),
            ("/**", "/anything", true),
            ("/reset-password/:token", "/reset-password/abc", true),
            ("/sign-in/*", "/SIGN-IN/email", false),
        ] {
            assert_eq!(PathPattern::new(pattern).matches(path), expected, "{pattern} {path}");
        }
    }
}
