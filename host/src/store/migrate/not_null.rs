//! Takes `NOT NULL` out of a column in the text of a table of SQLite.

use super::words::{trimmed, words};

/// The text of `CREATE TABLE` with this column nullable; `None` when it is not found, or has no `NOT NULL`.
pub(super) fn without_not_null(sql: &str, column: &str) -> Option<String> {
    let words = words(sql);
    let mut depth = 0usize;
    let mut is_first = false;
    let mut is_column = false;
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        match word.text {
            "(" => {
                depth += 1;
                is_first = depth == 1;
                continue;
            }
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 1 => {
                (is_first, is_column) = (true, false);
                continue;
            }
            _ if is_first => is_column = word.name().eq_ignore_ascii_case(column),
            _ if is_column && depth == 1 && word.is("not") => {
                let null = words.peek().filter(|next| next.is("null"))?;
                let (before, after) = (sql.get(..word.at)?, sql.get(null.end()..)?);
                return Some(format!("{}{after}", trimmed(before)));
            }
            _ => {}
        }
        is_first = false;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_column_becomes_nullable() {
        let sql = r#"create table "note" ("id" text not null primary key, "code" text not null unique, "n" integer NOT  NULL)"#;
        assert_eq!(
            without_not_null(sql, "Code").unwrap(),
            r#"create table "note" ("id" text not null primary key, "code" text unique, "n" integer NOT  NULL)"#
        );
        assert_eq!(
            without_not_null(sql, "n").unwrap(),
            r#"create table "note" ("id" text not null primary key, "code" text not null unique, "n" integer)"#
        );
    }

    #[test]
    fn what_only_looks_so_stays() {
        for (sql, column) in [
            (r#"create table t ("a" text default 'b text not null', c text)"#, "b"),
            (r#"create table t ("a" text check (a is not null), c text)"#, "a"),
            (
                r#"create table t ("a" text, -- b text not null
                c text not null)"#,
                "a",
            ),
            ("create table t (a text)", "a"),
        ] {
            assert_eq!(without_not_null(sql, column), None, "{sql}");
        }
        let sql = "create table t (a decimal(10, 2) not null, [b c] text /* , x */ not null)";
        assert_eq!(
            without_not_null(sql, "a").unwrap(),
            "create table t (a decimal(10, 2), [b c] text /* , x */ not null)"
        );
        assert_eq!(
            without_not_null(sql, "b c").unwrap(),
            "create table t (a decimal(10, 2) not null, [b c] text /* , x */)"
        );
        let sql = "create table t (a text -- the first\n not null, b text)";
        assert_eq!(without_not_null(sql, "a").unwrap(), "create table t (a text -- the first\n, b text)");
    }
}
