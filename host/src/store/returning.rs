//! What a statement that changes rows returns, for databases that have no `RETURNING`.

/// What a statement that changes rows returns.
#[derive(Clone, Debug)]
pub(super) struct Returning {
    /// What it does to them.
    pub verb: Verb,
    /// Their table.
    pub table: String,
    /// The columns that it returns; the first is the id. None means only how many rows were changed.
    pub columns: Vec<String>,
    /// Where its condition begins in its text, in which every value is `?`.
    pub condition_at: usize,
    /// How many values stand before the condition.
    pub condition_binds: usize,
    /// Where `RETURNING` begins in that text.
    pub at: usize,
    /// Whether the database counts the id of the row that is inserted.
    pub counts_id: bool,
}

/// What a statement does to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// It adds one.
    Insert,
    /// It changes them.
    Update,
    /// It removes them.
    Delete,
}
