//! Looks whether the chain of the audit log is whole.

use super::append::{BROKEN, Head};
use super::chain::{Fault, Keys};
use crate::store::core_models::AUDIT;
use crate::store::{Models, Sort, Store, StoreError, gt, gte, lt, lte};

/// Rows that are read at once.
const BATCH: u32 = 500;
/// Findings that are named.
const MOST_FINDINGS: usize = 100;

/// Something that is not as the server wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The number of the row; none for the head.
    pub seq: Option<i64>,
    /// What is wrong, in words.
    pub text: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Rows that were looked at.
    pub rows: u64,
    /// The first and the last of them.
    pub range: Option<(i64, i64)>,
    /// What is wrong, in order; at most a hundred.
    pub findings: Vec<Finding>,
}

impl Verified {
    fn find(&mut self, seq: Option<i64>, text: impl Into<String>) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(Finding { seq, text: text.into() });
        }
    }
}

/// Looks at every row, from the oldest on. Rows that are written meanwhile are not looked at.
///
/// # Errors
/// As `Models`.
pub async fn verify(store: &Store, keys: &Keys) -> Result<Verified, StoreError> {
    let mut verified = Verified::default();
    let Some(head) = Head::read(store, keys).await? else {
        if let Some(row) = store.find_many(AUDIT, &[], None, Some(1), None).await?.pop() {
            verified.find(row.integer("seq"), "it was inserted by hand, or the head of the chain was removed");
        }
        return Ok(verified);
    };
    if !head.is_sound {
        verified.find(None, "the head of the chain was changed, or its secret is not in the configuration any more");
    }
    walk(store, keys, &head, &mut verified).await?;
    outside(store, keys, &mut verified).await?;
    Ok(verified)
}

/// The rows between the chain's beginning and its end.
async fn walk(store: &Store, keys: &Keys, head: &Head, verified: &mut Verified) -> Result<(), StoreError> {
    let (mut next, mut before) = (head.first, Some(head.anchor.clone()));
    while next <= head.last {
        let filters = [gte("seq", next), lte("seq", head.last)];
        let rows = store.find_many(AUDIT, &filters, Some(Sort::ascending("seq")), Some(BATCH), None).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let seq = row.integer("seq").unwrap_or(0);
            if seq > next && !was_cleaned(store, keys, seq).await? {
                verified.find(Some(next), missing(next, seq - 1));
                before = None;
            } else if seq > next {
                before = None;
            }
            // What follows a gap cannot be judged: it is authenticated with the row that is not there.
            let judged = before.as_deref().map_or(Ok(()), |before| keys.verify(before, &row));
            match judged {
                Ok(()) => {}
                Err(Fault::Changed) => verified.find(Some(seq), "it was changed or inserted by hand"),
                Err(Fault::UnknownKey) => {
                    verified.find(
                        Some(seq),
                        "its secret is not in the configuration any more, so that nobody can judge it",
                    );
                }
            }
            if row.text("event") == BROKEN {
                verified.find(Some(seq), "before it, the head of the chain was changed by hand");
            }
            before = Some(row.text("mac").to_owned());
            verified.rows += 1;
            verified.range = Some((verified.range.map_or(seq, |(first, _)| first), seq));
            next = seq + 1;
        }
    }
    if next <= head.last {
        verified.find(Some(next), missing(next, head.last));
    } else if before.as_ref().is_some_and(|last| *last != head.tip) && head.first <= head.last {
        verified.find(Some(head.last), "it is not the row with which the chain ended");
    }
    Ok(())
}

/// Whether the clean-up removed what stood before this row, after the walk began.
async fn was_cleaned(store: &Store, keys: &Keys, seq: i64) -> Result<bool, StoreError> {
    Ok(Head::read(store, keys).await?.is_some_and(|head| head.is_sound && head.first == seq))
}

/// Rows before the beginning and behind the end.
async fn outside(store: &Store, keys: &Keys, verified: &mut Verified) -> Result<(), StoreError> {
    let Some(head) = Head::read(store, keys).await? else { return Ok(()) };
    for filter in [lt("seq", head.first), gt("seq", head.last)] {
        // Another node may add a row between the two looks.
        for row in store.find_many(AUDIT, &[filter], Some(Sort::ascending("seq")), Some(BATCH), None).await? {
            let seq = row.integer("seq").unwrap_or(0);
            let is_inside = Head::read(store, keys).await?.is_some_and(|head| (head.first..=head.last).contains(&seq));
            if !is_inside {
                verified.find(Some(seq), "it was inserted by hand: the chain does not reach it");
            }
        }
    }
    Ok(())
}

fn missing(from: i64, to: i64) -> String {
    if from == to { "it was removed".to_owned() } else { format!("it and those up to {to} were removed") }
}
