//! Lists what a database has, column by column, and which model's it is. It changes nothing.

use super::columns::{Columns, fold};
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::open::Store;

/// A column that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surveyed {
    /// Its table, as the database names it.
    pub table: String,
    /// Its own name.
    pub column: String,
    /// Its type, as the database names it.
    pub kind: String,
    /// The model of its table; `None` for a table that nobody here knows.
    pub model: Option<String>,
    /// Whether the model has a field that it holds.
    pub is_known: bool,
}

impl Store {
    /// Every column of every table, in order of the tables' names.
    ///
    /// # Errors
    /// `Unavailable`, `Internal`.
    pub async fn survey(&self) -> Result<Vec<Surveyed>, StoreError> {
        let backend = self.backend();
        let found = Columns::find(self, backend).await?;
        let same = |a: &str, b: &str| fold(backend, a) == fold(backend, b);
        let mut all = Vec::new();
        for table in found.tables() {
            let model = self.schema().models().iter().find(|model| same(&model.table, table));
            all.extend(found.of(table).iter().map(|column| Surveyed {
                table: model.map_or(table, |model| model.table.as_str()).to_owned(),
                column: column.name.clone(),
                kind: column.kind.clone(),
                model: model.map(|model| model.name.clone()),
                is_known: model.is_some_and(|model| model.fields.iter().any(|field| same(&field.column, &column.name))),
            }));
        }
        Ok(all)
    }
}
