//! A column that a migration changes, and what it is filled with.

use crate::store::FieldType;
use crate::store::model::Model;
use crate::store::value::Value;

/// A column.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub table: String,
    pub column: String,
    /// The column of the rows' ids.
    pub id: String,
}

impl Place {
    /// A column of the model's table.
    pub(super) fn of(model: &Model, column: String) -> Self {
        Self { table: model.table.clone(), column, id: column_of(model, "id") }
    }

    /// Its name with that of its table.
    pub(super) fn shown(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }
}

/// Where values come from.
pub(super) enum Fill {
    /// From another column.
    From(String),
    /// Every row gets this one.
    With(FieldType, Value),
}

/// The column of a field, which may be one that is no longer declared.
pub(super) fn column_of(model: &Model, field: &str) -> String {
    model.field(field).map_or(field, |field| field.column.as_str()).to_owned()
}
