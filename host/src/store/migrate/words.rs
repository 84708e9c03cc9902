//! Cuts the text of a table of SQLite into words.

/// A word, a quoted name or text, or a sign.
pub(super) struct Word<'a> {
    pub at: usize,
    pub text: &'a str,
}

impl Word<'_> {
    /// Where it ends.
    pub(super) fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// Whether it is this keyword, which no name in quotes is.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.text.eq_ignore_ascii_case(keyword)
    }

    /// The name without its quotes.
    pub(super) fn name(&self) -> String {
        let inner = |quote: char| self.text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        let bare = self.text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        ['"', '`', '\''].into_iter().find_map(inner).or(bare).unwrap_or(self.text).to_owned()
    }
}

/// Words, quoted names and texts, and signs, each with its place; comments are left out.
pub(super) fn words(sql: &str) -> Vec<Word<'_>> {
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

/// The words between the table's own parentheses and no others, each with its place, and with the first word of the definition that
/// it is part of: a column's name, or what a constraint of the table begins with.
pub(super) fn defined<'a>(words: &'a [Word<'a>]) -> impl Iterator<Item = (usize, &'a Word<'a>, &'a Word<'a>)> {
    let (mut depth, mut first) = (0usize, None);
    words.iter().enumerate().filter_map(move |(place, word)| {
        match word.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 1 => first = None,
            _ if depth == 1 => return Some((place, word, *first.get_or_insert(word))),
            _ => {}
        }
        None
    })
}

/// The text without the spaces at its end. The end of a line stays: a comment may stand before it.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_end_matches([' ', '\t'])
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
