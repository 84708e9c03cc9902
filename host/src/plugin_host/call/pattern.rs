//! Which hooks run on a path: patterns compiled once, so that a path that no hook wants costs next to nothing.

use std::collections::HashMap;

use crate::exchange::PathPattern;

/// Patterns with what belongs to each.
#[derive(Debug)]
pub(in crate::plugin_host) struct PatternTable<T> {
    exact: HashMap<String, Vec<usize>>,
    wild: Vec<(PathPattern, usize)>,
    values: Vec<T>,
}

impl<T> PatternTable<T> {
    /// A table of patterns in the order in which they are to match.
    pub(in crate::plugin_host) fn new(entries: impl IntoIterator<Item = (String, T)>) -> Self {
        let mut table = Self { exact: HashMap::new(), wild: Vec::new(), values: Vec::new() };
        for (pattern, value) in entries {
            let index = table.values.len();
            table.values.push(value);
            if pattern.contains(['*', ':']) {
                table.wild.push((PathPattern::new(&pattern), index));
            } else {
                table.exact.entry(pattern).or_default().push(index);
            }
        }
        table
    }

    /// What belongs to the patterns that match `path`, in the order of the table. Empty without an allocation.
    pub(in crate::plugin_host) fn matches(&self, path: &str) -> Vec<&T> {
        let exact = self.exact.get(path).map(Vec::as_slice).unwrap_or_default();
        let wild = self.wild.iter().filter(|(pattern, _)| pattern.matches(path)).map(|(_, index)| *index);
        let mut found: Vec<usize> = exact.iter().copied().chain(wild).collect();
        found.sort_unstable();
        found.into_iter().filter_map(|index| self.values.get(index)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_come_in_the_order_of_the_table() {
        let entries = [("/**", 1), ("/a/b", 2), ("/a/*", 3), ("/a/b", 4)];
        let table = PatternTable::new(entries.map(|(pattern, value)| (pattern.to_owned(), value)));
        assert_eq!(table.matches("/a/b"), [&1, &2, &3, &4]);
        assert_eq!(table.matches("/c"), [&1]);
        assert!(PatternTable::new([("/a".to_owned(), ())]).matches("/b").is_empty());
    }
}
