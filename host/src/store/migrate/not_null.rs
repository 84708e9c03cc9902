//! Takes `NOT NULL` out of a column in the text of a table of SQLite.

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
            not if is_column && depth == 1 && not.eq_ignore_ascii_case("not") => {
                let null = words.peek().filter(|next| next.text.eq_ignore_ascii_case("null"))?;
                let (before, after) = (sql.get(..word.at)?, sql.get(null.at + null.text.len()..)?);
                return Some(format!("{}{after}", before.trim_end()));
            }
            _ => {}
        }
        is_first = false;
    }
    None
}

struct Word<'a> {
    at: usize,
    text: &'a str,
}

impl Word<'_> {
    /// The name without its quotes.
    fn name(&self) -> String {
        let inner = |quote: char| self.text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        let bare = self.text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        ['"', '`', '\''].into_iter().find_map(inner).or(bare).unwrap_or(self.text).to_owned()
    }
}

/// Words, quoted names and texts, and signs, each with its place; comments are left out.
fn words(sql: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let length = length(rest);
        let text = rest.get(..length).unwrap_or(rest);
        if !text.starts_with(char::is_whitespace) && !text.starts_with("--") && !text.starts_with("/*") {
            words.push(Word { at, text });
        }
        at += length.max(1);
    }
    words
}

/// The length of what `rest` begins with.
fn length(rest: &str) -> usize {
    let until = |end: &str, from: usize| {
        rest.get(from..).and_then(|inner| inner.find(end)).map_or(rest.len(), |found| from + found + end.len())
    };
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    match rest.chars().next() {
        Some(quote @ ('"' | '`' | '\'')) => until(&quote.to_string(), 1),
        Some('[') => until("]", 1),
        Some('-') if rest.starts_with("--") => until("\n", 2),
        Some('/') if rest.starts_with("/*") => until("*/", 2),
        Some(letter) if is_part(letter) => rest.find(|letter| !is_part(letter)).unwrap_or(rest.len()),
        Some(letter) => letter.len_utf8(),
        None => 0,
    }
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
    }
}
