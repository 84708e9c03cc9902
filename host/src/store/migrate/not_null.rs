//! Takes `NOT NULL` out of a column in the text of a table of SQLite.

use super::words::{defined, trimmed, words};

/// The text of `CREATE TABLE` with this column nullable; `None` when it is not found, or has no `NOT NULL`.
pub(super) fn without_not_null(sql: &str, column: &str) -> Option<String> {
    let words = words(sql);
    let mut own = defined(&words).filter(|(_, _, first)| first.name().eq_ignore_ascii_case(column)).skip(1);
    let (place, not, _) = own.find(|(_, word, _)| word.is("not"))?;
    let null = words.get(place + 1).filter(|next| next.is("null"))?;
    let (before, after) = (sql.get(..not.at)?, sql.get(null.end()..)?);
    Some(format!("{}{after}", trimmed(before)))
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
