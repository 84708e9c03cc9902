//! Semantic versions, as far as one must know which of two is older.

use std::cmp::Ordering;

/// `major.minor.patch`, and what stands behind a hyphen; what stands behind `+` does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plugin_host) struct Version {
    numbers: [u64; 3],
    /// `alpha.1`; none is the release itself, which is newer.
    pre_release: Option<Vec<Part>>,
}

/// A number is older than a word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Word(String),
}

impl Version {
    /// None when the text is no such version.
    pub(in crate::plugin_host) fn parse(text: &str) -> Option<Self> {
        let text = text.split('+').next()?;
        let (numbers, pre_release) = match text.split_once('-') {
            Some((numbers, rest)) => (numbers, Some(rest)),
            None => (text, None),
        };
        let numbers: Vec<u64> = numbers.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        let part = |part: &str| part.parse().map_or_else(|_| Part::Word(part.to_owned()), Part::Number);
        let pre_release = pre_release.map(|rest| rest.split('.').map(part).collect());
        Some(Self { numbers: numbers.try_into().ok()?, pre_release })
    }
}

impl Version {
    /// Versions of one major understand each other.
    pub(in crate::plugin_host) const fn major(&self) -> u64 {
        let [major, _, _] = self.numbers;
        major
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let of_pre_release = || match (&self.pre_release, &other.pre_release) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(own), Some(other)) => own.cmp(other),
        };
        self.numbers.cmp(&other.numbers).then_with(of_pre_release)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_the_standard_does() {
        let ordered =
            ["0.9.9", "1.0.0-1", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.10.0"];
        let versions: Vec<Version> = ordered.iter().map(|text| Version::parse(text).unwrap()).collect();
        assert!(versions.is_sorted_by(|a, b| a < b));
        assert_eq!(Version::parse("1.0.0+a"), Version::parse("1.0.0+b"));
        for text in ["", "1", "1.2", "1.2.3.4", "a.b.c", "1.-2.3"] {
            assert!(Version::parse(text).is_none(), "{text}");
        }
    }
}
