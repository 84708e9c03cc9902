//! A point within a transaction to which it can go back, so that a part of it is undone alone.

use super::Database;
use super::error::StoreError;
use super::statement::Builder;

/// A point within a transaction. One that is dropped stays until the transaction ends or goes back further.
pub struct Savepoint<'a> {
    db: &'a dyn Database,
    name: String,
}

impl<'a> Savepoint<'a> {
    /// Sets one at the present point of the transaction `db`. Those that are set within each other have different levels.
    ///
    /// # Errors
    /// When the transaction has failed or ended.
    pub async fn set(db: &'a dyn Database, level: usize) -> Result<Self, StoreError> {
        let savepoint = Self { db, name: format!("savepoint_{level}") };
        savepoint.run("SAVEPOINT").await?;
        Ok(savepoint)
    }

    /// Undoes everything since, also statements that failed: the transaction can be committed again.
    ///
    /// # Errors
    /// When the transaction has ended.
    pub async fn undo(self) -> Result<(), StoreError> {
        self.db.run(self.command("ROLLBACK TO SAVEPOINT").undo().build()?).await?;
        self.forget().await
    }

    /// Keeps everything since.
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
