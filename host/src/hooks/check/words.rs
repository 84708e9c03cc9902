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
    let mut reader = Reader { rest: text.chars().peekable(), line: 1 };
    let mut words = Vec::new();
    while let Some(letter) = reader.rest.peek().copied() {
        let line = reader.line;
        if let Some(word) = reader.word(letter) {
            words.push((word, line));
        }
    }
    words
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

impl Reader<'_> {
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
        match letter {
            '"' | '`' | '\'' => Some(Word::Text(self.text(letter))),
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
            if letter == '\\' && quote != '`' {
                text.extend(self.take());
            }
        }
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
    }

    #[test]
    fn what_never_ends_ends_with_the_text() {
        for text in ["/* /* */", "\"abc", "`abc", "'", "\\", "\"\\"] {
            assert!(words(text).len() <= 1, "{text}");
        }
    }
}
