//! One row's change, before it is written.

use crate::store::{Record, StoreError, Value};

/// What happens to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Create,
    /// It changes.
    Update,
    /// It is removed, or redeemed.
    Delete,
}

/// One row's change, before it is written.
#[derive(Clone, Debug)]
pub struct Change {
    pub(super) action: Action,
    pub(super) row: Record,
    pub(super) values: Vec<(String, Value)>,
}

impl Change {
    /// What is about to happen.
    pub fn action(&self) -> Action {
        self.action
    }

    /// `user`, `session`, `account` or `verification`.
    pub fn model(&self) -> &str {
        &self.row.model().name
    }

    /// The new row, or the row as it is now when it is updated or deleted.
    pub fn row(&self) -> &Record {
        &self.row
    }

    /// What an update sets; empty for other changes.
    pub fn values(&self) -> &[(String, Value)] {
        &self.values
    }

    /// Sets a field of what will be written.
    ///
    /// # Errors
    /// `InvalidInput` when there is no such field, the value is of another kind, the row is being deleted, or the id of
    /// an existing row would change.
    pub fn set(&mut self, field: &str, value: impl Into<Value>) -> Result<(), StoreError> {
        let refused = |problem| StoreError::InvalidInput { field: field.to_owned(), problem };
        match self.action {
            Action::Create => self.row.set(field, value),
            Action::Delete => Err(refused("cannot be set on a row that is deleted")),
            Action::Update if field == "id" => Err(refused("cannot be changed")),
            Action::Update => {
                // A copy of the row checks name and kind as a new row would.
                let mut checked = self.row.clone();
                checked.set(field, value)?;
                let value = checked.get(field).clone();
                match self.values.iter_mut().find(|(name, _)| name == field) {
                    Some((_, slot)) => *slot = value,
                    None => self.values.push((field.to_owned(), value)),
                }
                Ok(())
            }
        }
    }
}
