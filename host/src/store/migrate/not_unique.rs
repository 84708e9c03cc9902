//! Takes `UNIQUE` out of the text of a table of SQLite.

use super::words::{Word, defined, trimmed, words};

/// The text of `CREATE TABLE` in which these columns, alone or together, need not be unique; `None` when nothing says that
/// they must.
pub(super) fn without_unique(sql: &str, columns: &[&str]) -> Option<String> {
    let words = words(sql);
    let mut left = String::new();
    let mut after = 0;
    for (first, last) in constraints(&words, columns) {
        left.push_str(trimmed(sql.get(after..words.get(first)?.at)?));
        after = words.get(last)?.end();
    }
    (after > 0).then(|| left + sql.get(after..).unwrap_or_default())
}

/// The first and the last word of what makes the columns unique.
fn constraints(words: &[Word<'_>], columns: &[&str]) -> Vec<(usize, usize)> {
    let unique = defined(words).filter(|(_, word, _)| word.is("unique"));
    let found = unique.filter_map(|(place, word, first)| {
        let listed = listed(words.get(place + 1..).unwrap_or_default());
        let is_it = match &listed {
            Some((names, _)) => is_same(names, columns),
            None => word.at != first.at && is_same(&[first.name()], columns),
        };
        let last = listed.as_ref().map_or(place, |(_, length)| place + length);
        is_it.then(|| whole(words, place, last, listed.is_some()))
    });
    found.collect()
}

/// The constraint with its name, with what happens at a conflict and, for one of the table, with the comma before it.
fn whole(words: &[Word<'_>], first: usize, last: usize, is_of_table: bool) -> (usize, usize) {
    let is = |place: usize, keyword: &str| words.get(place).is_some_and(|word| word.is(keyword));
    let is_before = |first: usize, places: usize, keyword: &str| first >= places && is(first - places, keyword);
    let first = if is_before(first, 2, "constraint") { first - 2 } else { first };
    let first = if is_of_table && is_before(first, 1, ",") { first - 1 } else { first };
    let last = if is(last + 1, "on") && is(last + 2, "conflict") { last + 3 } else { last };
    (first, last)
}

/// The columns between the parentheses with which `words` begin, and how many words those are.
fn listed(words: &[Word<'_>]) -> Option<(Vec<String>, usize)> {
    let length = words.iter().position(|word| word.text == ")")? + 1;
    let inner = words.get(..length)?;
    let starts = inner.windows(2).enumerate().filter(|(place, pair)| match pair {
        [before, _] => before.text == if *place == 0 { "(" } else { "," },
        _ => false,
    });
    let names: Vec<String> = starts.filter_map(|(_, pair)| pair.get(1).map(Word::name)).collect();
    (inner.first()?.text == "(").then_some((names, length))
}

/// Whether they are the same columns, in any order.
fn is_same(names: &[String], columns: &[&str]) -> bool {
    let has = |name: &String| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    names.len() == columns.len() && names.iter().all(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_may_repeat() {
        let sql = r#"create table "note" ("id" text primary key, "code" text not null unique, n integer Unique ON conflict ignore default 3)"#;
        assert_eq!(
            without_unique(sql, &["CODE"]).unwrap(),
            r#"create table "note" ("id" text primary key, "code" text not null, n integer Unique ON conflict ignore default 3)"#
        );
        assert_eq!(
            without_unique(sql, &["n"]).unwrap(),
            r#"create table "note" ("id" text primary key, "code" text not null unique, n integer default 3)"#
        );
        let named =
            "create table t (a text constraint one unique not null references t (b), b text, unique (b), c int)";
        assert_eq!(
            without_unique(named, &["a"]).unwrap(),
            "create table t (a text not null references t (b), b text, unique (b), c int)"
        );
        assert_eq!(
            without_unique(named, &["b"]).unwrap(),
            "create table t (a text constraint one unique not null references t (b), b text, c int)"
        );
        let commented = "create table t (a text -- the first\n unique not null, b text)";
        assert_eq!(
            without_unique(commented, &["a"]).unwrap(),
            "create table t (a text -- the first\n not null, b text)"
        );
    }

    #[test]
    fn several_may_repeat_together() {
        let sql = "create table t (a text, [b c] decimal(10, 2), constraint \"two\" unique (a collate nocase desc, `b c`) on conflict abort, \
                   unique (a), check (a <> 'unique'))";
        let left = "create table t (a text, [b c] decimal(10, 2), unique (a), check (a <> 'unique'))";
        assert_eq!(without_unique(sql, &["b c", "a"]).unwrap(), left);
        assert_eq!(
            without_unique("create table t (a text unique, b text, unique (a)) strict", &["a"]).unwrap(),
            "create table t (a text, b text) strict",
            "whatever says it twice"
        );
    }

    #[test]
    fn what_only_looks_so_stays() {
        for (sql, columns) in [
            ("create table t (a text, b text unique)", &["a"][..]),
            ("create table t (a text primary key, b text, unique (a, b))", &["a"]),
            ("create table t (a text unique, b text unique)", &["a", "b"]),
            ("create table t (a text default 'x unique', b text)", &["a"]),
            ("create table t (a text /* unique */, b text)", &["a"]),
            ("create table t (\"unique\" text, b text)", &["unique"]),
            ("create table t (a text, unique (b))", &["unique"]),
            ("create table t (a text check (a in (unique)))", &["a"]),
        ] {
            assert_eq!(without_unique(sql, columns), None, "{sql}");
        }
        assert_eq!(
            without_unique("create table t (\"unique\" text unique, b text)", &["unique"]).unwrap(),
            "create table t (\"unique\" text, b text)"
        );
    }
}
