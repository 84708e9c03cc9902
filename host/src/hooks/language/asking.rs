//! What a script asks the server in the middle of a call: the call ends there, the server looks it up, and the call is made
//! again with what it learnt.
//!
//! So a call never waits. What else differs from one run to the next (time, randomness, counts, lines of the log) is kept in
//! the same journal, in order: the second run is the first one, a question further.

use rhai::{Dynamic, EvalAltResult, Position};
use serde_json::{Map, Value as Json};

use super::native::Native;
use crate::crypto::secret::Secret;

/// Most questions of one call.
pub const MAX_QUESTIONS: usize = 16;

/// Most passwords of them: each costs a hash.
const MAX_PASSWORDS: usize = 2;

/// Something that the server knows or does.
#[derive(Clone, Debug)]
pub enum Question {
    /// The value of a key.
    Value(Owner, String),
    /// Keeps a value under a key.
    SetValue(Owner, String, Json),
    /// Forgets a key.
    DeleteValue(Owner, String),
    /// Adds one to a count that all nodes share; without a window, only looks.
    Count(String, Option<u32>),
    /// Forgets such a count.
    ResetCount(String),
    /// Rows of a plugin's table whose fields have these values.
    Rows(String, Map<String, Json>),
    /// Whether this is the user's password.
    IsPassword(Secret<String>),
}

/// Whose values a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The script's own.
    Script,
    /// Of the user whom the call is about.
    User,
}

/// What the server answers; an error is the script's fault.
pub type Answer = Result<Json, String>;

enum Entry {
    Answer(Answer),
    Once(Dynamic),
}

/// What a call learnt so far, in order.
#[derive(Default)]
pub struct Journal {
    entries: Vec<Entry>,
    next: usize,
    asked: Option<Question>,
    passwords: usize,
    is_kept: bool,
}

impl Journal {
    /// A journal for a script that asks.
    pub fn kept() -> Self {
        Self { is_kept: true, ..Self::default() }
    }

    /// The question that ended the run; the journal is then ready for the next run.
    pub fn take_question(&mut self) -> Option<Question> {
        self.next = 0;
        self.asked.take()
    }

    /// Notes the answer to the last question.
    pub fn add(&mut self, answer: Answer) {
        self.entries.push(Entry::Answer(answer));
    }

    /// What an earlier run made of it, or what `work` makes of it now.
    pub fn once<T: Clone + Send + Sync + 'static>(&mut self, work: impl FnOnce() -> T) -> T {
        if let Some(Entry::Once(value)) = self.entries.get(self.next)
            && let Some(value) = value.clone().try_cast::<T>()
        {
            self.next += 1;
            return value;
        }
        let value = work();
        self.entries.push(Entry::Once(Dynamic::from(value.clone())));
        self.next += 1;
        value
    }

    /// The answer, if it is known; else the run is over.
    ///
    /// # Errors
    /// What is wrong with the question; what ends the run.
    pub fn ask(&mut self, question: Question) -> Native<Json> {
        if !self.is_kept {
            return Err("this is not known here: call it in a hook".into());
        }
        if let Some(Entry::Answer(answer)) = self.entries.get(self.next) {
            self.next += 1;
            return answer.clone().map_err(Into::into);
        }
        let questions = self.entries.iter().filter(|entry| matches!(entry, Entry::Answer(_))).count();
        if questions >= MAX_QUESTIONS {
            return Err(format!("a call can ask the server at most {MAX_QUESTIONS} things").into());
        }
        if matches!(question, Question::IsPassword(_)) {
            self.passwords += 1;
            if self.passwords > MAX_PASSWORDS {
                return Err(format!("verify_password: at most {MAX_PASSWORDS} times in a call").into());
            }
        }
        self.asked = Some(question);
        Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE)))
    }

    /// Whether there is a journal: the script may be run again.
    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Whether the run is over, since it waits for an answer.
    pub fn is_waiting(&self) -> bool {
        self.asked.is_some()
    }
}
