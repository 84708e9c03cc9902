//! Savepoints: undo a part of a transaction.

use super::Database;
use super::error::StoreError;
use super::statement::Builder;

/// A savepoint. If it is dropped, it stays until the transaction ends or rolls back to an earlier one.
pub struct Savepoint<'a> {
    db: &'a dyn Database,
    name: String,
}

impl<'a> Savepoint<'a> {
    /// Sets a savepoint now in the transaction `db`. Nested savepoints need different levels.
    ///
    /// # Errors
    /// When the transaction has failed or ended.
    pub async fn set(db: &'a dyn Database, level: usize) -> Result<Self, StoreError> {
        let savepoint = Self::at(db, level);
        savepoint.run("SAVEPOINT").await?;
        Ok(savepoint)
    }

    /// The savepoint of this level in the transaction `db`, which was set before.
    pub fn at(db: &'a dyn Database, level: usize) -> Self {
        Self { db, name: format!("savepoint_{level}") }
    }

    /// Undoes everything since the savepoint, failed statements too. The transaction can be committed again.
    ///
    /// # Errors
    /// When the transaction has ended.
    pub async fn undo(self) -> Result<(), StoreError> {
        self.db.run(self.command("ROLLBACK TO SAVEPOINT").undo().build()?).await?;
        self.forget().await
    }

    /// Keeps everything since the savepoint.
    ///
    /// # Errors
    /// When the transaction has failed or ended.
    pub async fn forget(self) -> Result<(), StoreError> {
        self.run("RELEASE SAVEPOINT").await
    }

    async fn run(&self, command: &str) -> Result<(), StoreError> {
        self.db.run(self.command(command).build()?).await.map(drop)
    }

    fn command(&self, command: &str) -> Builder {
        Builder::write(&format!("{command} {}", self.name))
    }
}
