//! The words of a script with their lines, comments left out: enough to find what it reads, without compiling it.

use std::iter::Peekable;
use std::str::Chars;

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// A name or a keyword.
    Name(String),
    /// A text, without its quotes; escapes stay as they are written.
    Text(String),
    /// A number.
    Number,
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Signs of several letters come before their beginnings.
const SIGNS: [&str; 30] = [
    "==", "!=", "<=", ">=", "?.", "=>", "||", "&&", "??", "(", ")", "[", "]", "{", "}", ",", ";", ".", "|", "<", ">",
    "=", "!", "+", "-", "*", "/", "%", "#", ":",
];

/// All words in order, each with its line. What is no script gives words all the same.
pub fn words(text: &str) -> Vec<(Word, usize)> {
    let mut reader = Reader { rest: text.chars().peekable(), line: 1, words: Vec::new() };
    reader.read(false);
    reader.words
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
    words: Vec<(Word, usize)>,
}

impl Reader<'_> {
    /// Reads to the end, or to the bracket that closes what stands in a text.
    fn read(&mut self, is_within_text: bool) {
        let mut depth = 0_usize;
        while let Some(letter) = self.rest.peek().copied() {
            if is_within_text && letter == '}' && depth == 0 {
                self.take();
                return;
            }
            match letter {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            let line = self.line;
            if letter == '`' {
                self.template();
            } else if let Some(word) = self.word(letter) {
                self.words.push((word, line));
            }
        }
    }

    /// A text with values in it, `a ${b}`: as if it were written `"a " + (b) + ""`.
    fn template(&mut self) {
        self.take();
        let (mut text, mut line) = (String::new(), self.line);
        while self.rest.peek().is_some() {
            if self.follows("${") {
                self.skip(2);
                self.words.push((Word::Text(std::mem::take(&mut text)), line));
                self.words.extend(["+", "("].map(|sign| (Word::Sign(sign), self.line)));
                self.read(true);
                self.words.extend([")", "+"].map(|sign| (Word::Sign(sign), self.line)));
                line = self.line;
                continue;
            }
            match self.take() {
                None | Some('`') => break,
                Some(letter) => text.push(letter),
            }
        }
        self.words.push((Word::Text(text), line));
    }

    fn take(&mut self) -> Option<char> {
        let letter = self.rest.next();
        self.line += usize::from(letter == Some('\n'));
        letter
    }

    fn follows(&self, text: &str) -> bool {
        let mut rest = self.rest.clone();
        text.chars().all(|letter| rest.next() == Some(letter))
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.take();
        }
    }

    fn word(&mut self, letter: char) -> Option<Word> {
        if self.follows("//") {
            while self.rest.peek().is_some_and(|letter| *letter != '\n') {
                self.take();
            }
            return None;
        }
        if self.follows("/*") {
            self.comment();
            return None;
        }
        if let Some(hashes) = self.raw_text() {
            return Some(Word::Text(self.raw(hashes)));
        }
        match letter {
            '"' | '\'' => Some(Word::Text(self.text(letter))),
            letter if letter.is_alphabetic() || letter == '_' => Some(Word::Name(self.run())),
            letter if letter.is_ascii_digit() => {
                self.number();
                Some(Word::Number)
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| self.follows(sign));
                self.skip(sign.map_or(1, str::len));
                sign.map(Word::Sign)
            }
        }
    }

    /// A comment, with those inside of it.
    fn comment(&mut self) {
        let mut depth = 0_usize;
        while self.rest.peek().is_some() {
            if self.follows("/*") {
                depth += 1;
                self.skip(2);
            } else if self.follows("*/") {
                depth -= 1;
                self.skip(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.take();
            }
        }
    }

    fn text(&mut self, quote: char) -> String {
        self.take();
        let mut text = String::new();
        while let Some(letter) = self.take() {
            if letter == quote {
                break;
            }
            text.push(letter);
            if letter == '\\' {
                text.extend(self.take());
            }
        }
        text
    }

    /// How many `#` stand before a raw text that begins here, such as `#"…"#`.
    fn raw_text(&self) -> Option<usize> {
        let hashes = self.rest.clone().take_while(|letter| *letter == '#').count();
        (hashes > 0 && self.rest.clone().nth(hashes) == Some('"')).then_some(hashes)
    }

    /// A raw text, in which nothing is escaped: it ends with a quote and as many `#` as it began with.
    fn raw(&mut self, hashes: usize) -> String {
        self.skip(hashes + 1);
        let end = format!("\"{}", "#".repeat(hashes));
        let mut text = String::new();
        while !self.follows(&end) {
            match self.take() {
                Some(letter) => text.push(letter),
                None => return text,
            }
        }
        self.skip(end.len());
        text
    }

    fn run(&mut self) -> String {
        let mut name = String::new();
        while let Some(letter) = self.rest.next_if(|letter| letter.is_alphanumeric() || *letter == '_') {
            name.push(letter);
        }
        name
    }

    /// A number; `1..5` is two of them.
    fn number(&mut self) {
        self.run();
        let mut after = self.rest.clone();
        if after.next() == Some('.') && after.next().is_some_and(|digit| digit.is_ascii_digit()) {
            self.take();
            self.run();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_hide_what_is_in_them() {
        let script = "a // ctx.b \"\n/* ctx.c /* \" */ */ \"x // \\\" y\" 'z' `q` 1.5 0..3 ctx?.d != ()";
        let seen: Vec<Word> = words(script).into_iter().map(|(word, _)| word).collect();
        let (name, text) = (|name: &str| Word::Name(name.into()), |text: &str| Word::Text(text.into()));
        assert_eq!(
            seen,
            [
                name("a"),
                text("x // \\\" y"),
                text("z"),
                text("q"),
                Word::Number,
                Word::Number,
                Word::Sign("."),
                Word::Sign("."),
                Word::Number,
                name("ctx"),
                Word::Sign("?."),
                name("d"),
                Word::Sign("!="),
                Word::Sign("("),
                Word::Sign(")"),
            ]
        );
        assert_eq!(words(script)[1].1, 2);
        assert_eq!(words("##\"a\"# \\\n\"## b"), [(text("a\"# \\\n"), 1), (name("b"), 2)]);
    }

    #[test]
    fn what_stands_in_a_text_is_read() {
        let seen: Vec<Word> = words("`a ${b(`${c}`)} d`.e").into_iter().map(|(word, _)| word).collect();
        let (name, text) = (|name: &str| Word::Name(name.into()), |text: &str| Word::Text(text.into()));
        let (plus, open, close) = (Word::Sign("+"), Word::Sign("("), Word::Sign(")"));
        let inner = [text(""), plus.clone(), open.clone(), name("c"), close.clone(), plus.clone(), text("")];
        let outer = [text("a "), plus.clone(), open.clone(), name("b"), open];
        let end = [close.clone(), close, plus, text(" d"), Word::Sign("."), name("e")];
        assert_eq!(seen, outer.into_iter().chain(inner).chain(end).collect::<Vec<_>>());
    }

    #[test]
    fn what_never_ends_ends_with_the_text() {
        for text in ["/* /* */", "\"abc", "#\"abc\"", "`abc", "'", "\\", "\"\\"] {
            assert!(words(text).len() <= 1, "{text}");
        }
    }
}
