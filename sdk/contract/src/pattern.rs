//! Patterns of paths, for hooks and limits.

/// A compiled path pattern: `*` stands for one segment, a last `**` for all that follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    /// What every path that matches begins with: most do not, and are told apart by one look.
    head: String,
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
        let pattern = pattern.trim_start_matches('/');
        let segments: Vec<Segment> = pattern.split('/').map(segment).collect();
        let texts = segments.iter().map_while(|segment| match segment {
            Segment::Text(text) => Some(text.as_str()),
            Segment::One | Segment::Rest => None,
        });
        Self { head: texts.collect::<Vec<_>>().join("/"), segments }
    }

    /// Whether `path` matches.
    pub fn matches(&self, path: &str) -> bool {
        let path = path.strip_prefix('/').unwrap_or(path);
        if !path.starts_with(&self.head) {
            return false;
        }
        let mut parts = path.split('/');
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

    /// Whether there is a path that both match.
    pub fn meets(&self, other: &Self) -> bool {
        let (mut mine, mut others) = (self.segments.iter(), other.segments.iter());
        loop {
            match (mine.next(), others.next()) {
                (None, None) => return true,
                (Some(Segment::Rest), Some(_)) | (Some(_), Some(Segment::Rest)) => return true,
                (Some(Segment::Text(text)), Some(Segment::Text(other))) if text != other => return false,
                (Some(Segment::Text(text)), Some(Segment::One)) | (Some(Segment::One), Some(Segment::Text(text)))
                    if text.is_empty() =>
                {
                    return false;
                }
                (Some(_), Some(_)) => {}
                (None, Some(_)) | (Some(_), None) => return false,
            }
        }
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

    #[test]
    fn patterns_meet_where_one_path_matches_both() {
        for (one, other, expected) in [
            ("/sign-in/email", "/sign-in/email", true),
            ("/sign-in/email", "/sign-in/:way", true),
            ("/:area/email", "/sign-in/:way", true),
            ("/:any", "/ok", true),
            ("/:any", "/sign-in/email", false),
            ("/sign-in/:way", "/sign-up/:way", false),
            ("/sign-in/", "/sign-in/:way", false),
            ("/admin/**", "/admin/users/:id", true),
            ("/admin/**", "/admin", false),
            ("/**", "/:any", true),
        ] {
            let (one, other) = (PathPattern::new(one), PathPattern::new(other));
            assert_eq!((one.meets(&other), other.meets(&one)), (expected, expected), "{one:?} {other:?}");
        }
    }
}
