//! Unique indexes of plugins' tables over what the manifest no longer calls unique, and how each of them goes.

use super::Backend;
use super::indexes::{Index, Origin, is_same};
use super::keys::Key;
use super::plan::{Change, Planner, Work, is_going};
use crate::store::error::StoreError;
use crate::store::model::{Field, Model};
use crate::store::owner::Owner;

/// A unique index that no declaration asks for.
pub(super) struct Repeat<'a> {
    model: &'a Model,
    index: Index,
    /// As the database has them.
    columns: Vec<String>,
}

impl<'a> Planner<'a> {
    /// Takes them out of what was found, so that whatever else needs an index gets one of its own. Those with a column that is
    /// no field are left alone, as are those with the id, which is unique by itself; but one that would keep a step from dropping
    /// its column goes first.
    pub(super) fn repeats(&mut self, steps: &[Change]) -> Vec<Repeat<'a>> {
        let mut all = Vec::new();
        for model in self.schema.models() {
            let model: &'a Model = model;
            let seen = Seen { backend: self.backend, steps, model };
            let gone = self.found.without(&model.table, |index| seen.loose_columns(index).is_some());
            all.extend(gone.into_iter().filter_map(|index| {
                let columns = seen.loose_columns(&index)?;
                Some(Repeat { model, index, columns })
            }));
        }
        all
    }

    /// What drops them.
    ///
    /// # Errors
    /// `Unmigratable` when a foreign key refers to what is unique.
    pub(super) fn loosened(&mut self, repeats: Vec<Repeat<'_>>, keys: &[Key]) -> Result<Vec<Change>, StoreError> {
        repeats.into_iter().map(|repeat| self.loosen(repeat, keys)).collect()
    }

    fn loosen(&mut self, repeat: Repeat<'_>, keys: &[Key]) -> Result<Change, StoreError> {
        let Repeat { model, index, columns } = repeat;
        let shown = columns.iter().map(|column| format!("{}.{column}", model.table)).collect::<Vec<_>>().join(", ");
        let (table, name) = (self.backend.quote(&model.table), self.backend.quote_found(&index.name));
        self.refuse_reference(&shown, &index, keys)?;
        let part = match columns.len() {
            1 => format!("{shown} as a column whose values may repeat"),
            _ => format!("{shown} as columns whose values may repeat together"),
        };
        let (text, work) = match (self.backend, index.origin) {
            (Backend::Sqlite, Origin::Constraint | Origin::Key) => {
                let text = format!("-- {part}: `unique` goes out of the text of the table {}", model.table);
                (text, Work::Loosen { table: model.table.clone(), columns })
            }
            (Backend::Mysql, _) => {
                let own = self.own_index(model, &index, keys).unwrap_or_default();
                sql(format!("alter table {table} {own}drop index {name}"))
            }
            (Backend::Postgres, Origin::Constraint) => sql(format!("alter table {table} drop constraint {name}")),
            (Backend::Sqlite | Backend::Postgres, _) => sql(format!("drop index {name}")),
        };
        Ok(Change { text, part, step: None, work })
    }

    /// Only what is unique can be referred to.
    fn refuse_reference(&self, shown: &str, index: &Index, keys: &[Key]) -> Result<(), StoreError> {
        let rests_on = |key: &&Key| {
            let to: Vec<&str> = key.to_columns.iter().map(String::as_str).collect();
            key.to == index.table
                && index.plain().is_some_and(|columns| is_same(&columns, &to))
                && !self.found.has_unique(&index.table, &to)
        };
        keys.iter().find(rests_on).map_or(Ok(()), |key| {
            Err(StoreError::Unmigratable(format!(
                "{shown} need not be unique any more, but {}.{} refers to it, which only a unique column allows: remove that \
                 foreign key by hand, or let the plugin declare it unique again",
                key.table,
                key.columns.join(", ")
            )))
        })
    }

    /// MySQL: a foreign key wants an index of its columns on both of its sides, and may have had none but this.
    fn own_index(&mut self, model: &Model, index: &Index, keys: &[Key]) -> Option<String> {
        let of_key = |key: &Key| {
            let from = (key.table == index.table).then(|| key.columns.clone());
            let to = (key.to == index.table).then(|| key.to_columns.clone());
            [from, to]
        };
        let wanted = keys.iter().flat_map(of_key).flatten().find(|columns| {
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            let is_made = |column: &str| {
                let gets_one = |field: &Field| field.column == column && (field.index || field.unique);
                columns.len() == 1 && model.fields.iter().any(gets_one)
            };
            let has_other = self.found.indexes(&index.table).iter().any(|other| other.begins_with(&columns));
            index.begins_with(&columns) && !has_other && !columns.iter().any(|column| is_made(column))
        })?;
        let mut name = format!("{}_{}_idx", model.table, wanted.join("_"));
        name.truncate(63);
        let added = wanted.iter().cloned().map(Some).collect();
        self.found.add(Index { name: name.clone(), columns: added, is_unique: false, ..index.clone() });
        let columns: Vec<String> = wanted.iter().map(|column| self.backend.quote(column)).collect();
        Some(format!("add index {} ({}), ", self.backend.quote(&name), columns.join(", ")))
    }
}

/// A table with the steps that are still to be done.
struct Seen<'a> {
    backend: Backend,
    steps: &'a [Change],
    model: &'a Model,
}

impl Seen<'_> {
    /// The columns of an index that no declaration asks for; `None` for any other.
    fn loose_columns(&self, index: &Index) -> Option<Vec<String>> {
        if !index.is_unique || !index.is_whole || index.origin == Origin::Key {
            return None;
        }
        let found = index.plain()?;
        let field = |column: &str| self.model.fields.iter().find(|field| self.backend.is_same(&field.column, column));
        let fields: Vec<&Field> = found.iter().filter_map(|column| field(column)).collect();
        if fields.len() < found.len() {
            return self.is_in_the_way(index, &found).then(|| found.into_iter().map(str::to_owned).collect());
        }
        if !matches!(self.model.owner, Owner::Plugin(_)) {
            return None;
        }
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        let is_group = |group: &Vec<String>| is_same(&group.iter().map(String::as_str).collect::<Vec<_>>(), &names);
        let is_wanted = matches!(fields.as_slice(), [field] if field.unique);
        let stays = is_wanted || names.contains(&"id") || self.model.unique.iter().any(is_group);
        (!stays).then(|| fields.iter().map(|field| field.column.clone()).collect())
    }

    /// Whether the database drops no column of this index, or makes those that are left unique, where a step drops one.
    fn is_in_the_way(&self, index: &Index, columns: &[&str]) -> bool {
        let is_kept = match self.backend {
            Backend::Sqlite => index.origin == Origin::Constraint,
            Backend::Mysql => columns.len() > 1,
            Backend::Postgres => false,
        };
        is_kept && columns.iter().any(|column| is_going(self.steps, self.backend, &self.model.table, column))
    }
}

fn sql(sql: String) -> (String, Work) {
    (sql.clone(), Work::Sql(sql))
}
