//! Which hooks run on a path: patterns compiled once, so that a path that no hook wants costs next to nothing.

use std::collections::HashMap;

use crate::exchange::PathPattern;

/// Patterns with what belongs to each.
#[derive(Debug)]
pub(in crate::plugin_host) struct PatternTable<T> {
    exact: HashMap<String, Vec<usize>>,
    /// By their first segment; the empty one stands for any.
    wild: HashMap<String, Vec<(PathPattern, usize)>>,
    values: Vec<T>,
}

impl<T> PatternTable<T> {
    /// A table of patterns in the order in which they are to match.
    pub(in crate::plugin_host) fn new(entries: impl IntoIterator<Item = (String, T)>) -> Self {
        let mut table = Self { exact: HashMap::new(), wild: HashMap::new(), values: Vec::new() };
        for (pattern, value) in entries {
            let index = table.values.len();
            table.values.push(value);
            if pattern.contains(['*', ':']) {
                let first = Some(first_segment(&pattern)).filter(|first| !first.starts_with(['*', ':']));
                let alike = table.wild.entry(first.unwrap_or_default().to_owned()).or_default();
                alike.push((PathPattern::new(&pattern), index));
            } else {
                table.exact.entry(pattern).or_default().push(index);
            }
        }
        table
    }

    /// What belongs to the patterns that match `path`, in the order of the table. Empty without an allocation.
    pub(in crate::plugin_host) fn matches(&self, path: &str) -> Vec<&T> {
        let exact = self.exact.get(path).map(Vec::as_slice).unwrap_or_default();
        let first = Some(first_segment(path)).filter(|first| !first.is_empty());
        let likely = [Some(""), first].into_iter().flatten().filter_map(|first| self.wild.get(first)).flatten();
        let wild = likely.filter(|(pattern, _)| pattern.matches(path)).map(|(_, index)| *index);
        let mut found: Vec<usize> = exact.iter().copied().chain(wild).collect();
        found.sort_unstable();
        found.into_iter().filter_map(|index| self.values.get(index)).collect()
    }
}

fn first_segment(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path).split('/').next().unwrap_or_default()
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
        let entries = [("/:area/list", 1), ("/admin/**", 2), ("/*", 3), ("/", 4), ("/admin/:what", 5)];
        let table = PatternTable::new(entries.map(|(pattern, value)| (pattern.to_owned(), value)));
        assert_eq!(table.matches("/admin/list"), [&1, &2, &5]);
        assert_eq!(table.matches("/admin"), [&3]);
        assert_eq!(table.matches("/"), [&4]);
        assert!(PatternTable::new([("/a".to_owned(), ())]).matches("/b").is_empty());
    }
}
