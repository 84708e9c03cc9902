//! Wrong answers in a row, counted over all challenges and kinds of codes, and the pause that follows too many.
//!
//! Who has an authenticator app is counted in the row that the reference has for it; who has only mail, or is signed in
//! already, in a counter. An answer is counted before it is looked at, so that many at once are worth no more than one
//! after the other.

use std::cmp::Ordering;

use crate::caller::Caller;
use crate::enrolment::{self, Enrolment};
use crate::errors::LOCKED;
use crate::options::{AccountLockout, Options};
use doorward_sdk::prelude::*;

/// Who is signed in has passed both factors already, and may err so many times as often.
const SIGNED_IN: u64 = 10;

/// The count that an answer falls under.
pub struct Lockout<'a> {
    options: &'a AccountLockout,
    most: u64,
    whose: Whose<'a>,
}

enum Whose<'a> {
    Row(&'a Enrolment),
    Counter(String),
}

impl<'a> Lockout<'a> {
    pub fn of(options: &'a Options, caller: &Caller, row: Option<&'a Enrolment>) -> Lockout<'a> {
        let id = caller.user().id();
        let whose = match (caller, row) {
            (Caller::Challenged(_), Some(row)) => Whose::Row(row),
            (Caller::Challenged(_), None) => Whose::Counter(format!("sign-in:{id}")),
            (Caller::SignedIn(_), _) => Whose::Counter(format!("signed-in:{id}")),
        };
        let options = &options.account_lockout;
        let times = if matches!(caller, Caller::SignedIn(_)) { SIGNED_IN } else { 1 };
        Lockout { options, most: options.max_failed_attempts.saturating_mul(times), whose }
    }

    /// Refuses while the pause lasts. One that is over is taken away.
    pub fn refuse_locked(&self) -> Result<()> {
        if !self.options.enabled {
            return Ok(());
        }
        match &self.whose {
            Whose::Counter(key) if counters::peek(key)? >= self.most => Err(LOCKED.into()),
            Whose::Counter(_) => Ok(()),
            Whose::Row(row) => match &row.locked_until {
                None => Ok(()),
                Some(until) if is_future(until) => Err(LOCKED.into()),
                Some(until) => enrolment::unlock(&row.id, Some(until)),
            },
        }
    }

    /// Counts one answer, before it is looked at.
    pub fn count(&self) -> Result<()> {
        if !self.options.enabled {
            return Ok(());
        }
        let count = match &self.whose {
            Whose::Counter(key) => counters::hit(key, self.options.duration_seconds)?,
            Whose::Row(row) => enrolment::count(&row.id)?,
        };
        if let Whose::Row(row) = &self.whose {
            match count.cmp(&self.most) {
                Ordering::Less => {}
                // Taken away again when this answer turns out to be right.
                Ordering::Equal => enrolment::lock(&row.id, self.options.duration_seconds)?,
                // The operator lowered the limit below what was counted.
                Ordering::Greater if row.failures() > self.most => {
                    enrolment::lock(&row.id, self.options.duration_seconds)?;
                }
                // Not looked at, so neither right nor wrong: many right answers at once must not end in a pause.
                Ordering::Greater => enrolment::uncount(&row.id, self.most)?,
            }
        }
        if count > self.most { Err(LOCKED.into()) } else { Ok(()) }
    }

    /// A right answer ends the row of wrong ones.
    pub fn reset(&self) -> Result<()> {
        match &self.whose {
            _ if !self.options.enabled => Ok(()),
            Whose::Counter(key) => counters::reset(key),
            Whose::Row(row) => enrolment::unlock(&row.id, None),
        }
    }
}

fn is_future(moment: &str) -> bool {
    // ISO 8601 texts of UTC with milliseconds are in the order of their times.
    moment > clock::iso_text(clock::now_millis()).as_str()
}
