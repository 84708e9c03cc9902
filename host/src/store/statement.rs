//! A statement: text and typed values, composed at run time so that the database can keep it prepared.

use std::fmt;
use std::sync::Arc;

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Text, Untyped};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl};

use super::Backend;
use super::error::StoreError;
use super::returning::{Returning, Verb};
use super::value::Value;
use crate::telemetry::{self, Attributes};
use doorward_contract::FieldType;

/// The fixed part of a statement. All its executions may share it.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// Text, each with the kind of the value that follows it.
    pieces: Vec<(String, FieldType)>,
    /// The text after the last value.
    rest: String,
    is_write: bool,
    is_cacheable: bool,
    /// True if it undoes earlier failures of its transaction.
    is_undo: bool,
    /// True if it may take as long as it wants.
    is_unlimited: bool,
    /// True if it reads one row, or one and its partner, by indexes that few rows share.
    is_point: bool,
    /// True if nearly every request runs it.
    is_frequent: bool,
    /// How it locks the rows that it reads.
    lock: RowLock,
    /// What it returns of the rows that it changes.
    returning: Option<Returning>,
}

/// How a statement locks the rows that it reads until its transaction ends. SQLite needs no lock, because a transaction
/// holds the only writer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RowLock {
    /// No lock.
    #[default]
    None,
    /// As an update locks: others can still insert rows that refer to these.
    Update,
    /// As a deletion locks: others cannot.
    Delete,
}

/// A statement with its values. `Debug` shows no values.
#[derive(Clone)]
pub struct Statement {
    shape: Arc<Shape>,
    binds: Vec<Value>,
}

impl Statement {
    /// A statement of a known shape, with one value per bind.
    pub(super) fn of(shape: &Arc<Shape>, binds: Vec<Value>) -> Self {
        Self { shape: Arc::clone(shape), binds }
    }

    /// Can it change the database?
    pub fn is_write(&self) -> bool {
        self.shape.is_write
    }

    /// True if it undoes earlier failures of its transaction.
    pub(super) fn is_undo(&self) -> bool {
        self.shape.is_undo
    }

    /// May it take as long as it wants?
    pub(super) fn is_unlimited(&self) -> bool {
        self.shape.is_unlimited
    }

    /// Is it done before a thread could be woken for it?
    pub(super) fn is_point(&self) -> bool {
        self.shape.is_point
    }

    /// Does nearly every request run it?
    pub(super) fn is_frequent(&self) -> bool {
        self.shape.is_frequent
    }

    /// May a connection keep it prepared?
    pub(super) fn is_cacheable(&self) -> bool {
        self.shape.is_cacheable
    }

    /// What it returns of the rows that it changes.
    pub(super) fn returning(&self) -> Option<&Returning> {
        self.shape.returning.as_ref()
    }

    /// How it locks the rows that it reads.
    pub(super) fn lock(&self) -> RowLock {
        self.shape.lock
    }

    /// Its text without the lock. `place` writes the place of the bind with this number, counted from 1.
    pub(super) fn text(&self, place: impl Fn(&mut String, usize)) -> String {
        let length = self.shape.pieces.iter().map(|(text, _)| text.len() + 4).sum::<usize>();
        let mut all = String::with_capacity(length + self.shape.rest.len() + 32);
        for (index, (text, _)) in self.shape.pieces.iter().enumerate() {
            all.push_str(text);
            place(&mut all, index + 1);
        }
        all.push_str(&self.shape.rest);
        all
    }

    /// What a span of it says, when the request is followed: its text, and no value.
    pub(super) fn about(&self, backend: Backend) -> Attributes {
        if !telemetry::is_followed() {
            return Attributes::new();
        }
        vec![backend.for_span(), ("db.query.text", format!("{self:?}"))]
    }

    /// Its values in order, each with the kind of its place.
    pub(super) fn binds(&self) -> impl ExactSizeIterator<Item = (FieldType, &Value)> {
        self.shape.pieces.iter().enumerate().map(|(index, (_, kind))| {
            // A statement has one value per place.
            (*kind, self.binds.get(index).unwrap_or(&Value::Null))
        })
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shape.pieces.iter().try_for_each(|(text, _)| write!(f, "{text}?"))?;
        f.write_str(&self.shape.rest)
    }
}

/// Writes a statement piece by piece.
pub(super) struct Builder {
    shape: Shape,
    binds: Vec<Value>,
    /// Where the condition begins, and how many values stand before it.
    condition: Option<(usize, usize)>,
}

impl Builder {
    /// A statement that only reads and may run on a reader.
    pub(super) fn read(sql: &str) -> Self {
        Self::start(false, sql)
    }

    /// A statement that writes, or must run in order with writes.
    pub(super) fn write(sql: &str) -> Self {
        Self::start(true, sql)
    }

    fn start(is_write: bool, sql: &str) -> Self {
        let shape = Shape { rest: sql.to_owned(), is_write, is_cacheable: true, ..Shape::default() };
        Self { shape, binds: Vec::new(), condition: None }
    }

    /// Adds text. The text must never contain input from a caller of the store.
    pub(super) fn sql(&mut self, sql: &str) -> &mut Self {
        self.shape.rest.push_str(sql);
        self
    }

    /// Adds the quoted name of a table or column. The schema accepts no name with a quote, and both databases quote in
    /// the same way.
    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        self.sql("\"").sql(name).sql("\"")
    }

    /// Adds names, separated by commas, each after `prefix` (an alias with its dot, or nothing).
    pub(super) fn names<'a>(&mut self, prefix: &str, names: impl Iterator<Item = &'a str>) -> &mut Self {
        for (index, name) in names.enumerate() {
            if index > 0 {
                self.sql(", ");
            }
            self.sql(prefix).name(name);
        }
        self
    }

    /// Adds a value, which must fit the kind already.
    pub(super) fn bind(&mut self, kind: FieldType, value: Value) -> &mut Self {
        self.binds.push(value);
        self.slot(kind)
    }

    /// Adds the place of a value that comes later.
    pub(super) fn slot(&mut self, kind: FieldType) -> &mut Self {
        self.shape.pieces.push((std::mem::take(&mut self.shape.rest), kind));
        self
    }

    /// Marks where the condition of a statement that changes rows begins.
    pub(super) fn condition(&mut self) -> &mut Self {
        self.condition = Some((self.length(), self.shape.pieces.len()));
        self
    }

    /// Lets a statement that changes rows of `table` return these columns of them, the id first; without columns, one row
    /// for each of them.
    pub(super) fn returning<'a>(
        &mut self,
        verb: Verb,
        table: &str,
        columns: impl Iterator<Item = &'a str>,
    ) -> &mut Self {
        let at = self.length();
        let (condition_at, condition_binds) = self.condition.unwrap_or((at, self.shape.pieces.len()));
        let columns: Vec<String> = columns.map(str::to_owned).collect();
        self.sql(" RETURNING ");
        match columns.is_empty() {
            true => self.sql("1"),
            false => self.names("", columns.iter().map(String::as_str)),
        };
        let table = table.to_owned();
        self.shape.returning =
            Some(Returning { verb, table, columns, condition_at, condition_binds, at, counts_id: false });
        self
    }

    /// Says that the row is inserted without an id, which the database makes.
    pub(super) fn counts_id(&mut self) -> &mut Self {
        if let Some(returning) = &mut self.shape.returning {
            returning.counts_id = true;
        }
        self
    }

    /// The length of the text so far, each value counted as one character.
    fn length(&self) -> usize {
        self.shape.pieces.iter().map(|(text, _)| text.len() + 1).sum::<usize>() + self.shape.rest.len()
    }

    /// Keeps the statement out of the cache, because its text depends on its input without bound.
    pub(super) fn uncacheable(&mut self) -> &mut Self {
        self.shape.is_cacheable = false;
        self
    }

    /// Marks a statement that undoes earlier failures of its transaction.
    pub(super) fn undo(mut self) -> Self {
        self.shape.is_undo = true;
        self
    }

    /// Lets the statement take as long as it wants, and keeps it out of the cache.
    pub(super) fn unlimited(&mut self) -> &mut Self {
        self.shape.is_unlimited = true;
        self.uncacheable()
    }

    /// Says that the statement reads one row, or one and its partner, by indexes that few rows share.
    pub(super) fn point(&mut self) -> &mut Self {
        self.shape.is_point = true;
        self
    }

    /// Says that nearly every request runs the statement, which is a point.
    pub(super) fn frequent(&mut self) -> &mut Self {
        self.shape.is_frequent = true;
        self
    }

    /// Locks the rows that the statement reads.
    pub(super) fn lock(&mut self, lock: RowLock) -> &mut Self {
        self.shape.lock = lock;
        self
    }

    /// Only the shape, for statements that run often.
    pub(super) fn into_shape(self) -> Arc<Shape> {
        Arc::new(self.shape)
    }

    /// The finished statement.
    ///
    /// # Errors
    /// `InvalidInput` when it has more values than a database takes.
    pub(super) fn build(self) -> Result<Statement, StoreError> {
        if self.binds.len() > MAX_BINDS {
            return Err(StoreError::invalid("the statement", "has too many values"));
        }
        Ok(Statement { shape: Arc::new(self.shape), binds: self.binds })
    }
}

/// Maximum values of a statement. SQLite takes 32766 and PostgreSQL 65535; so many would be a mistake anyway.
const MAX_BINDS: usize = 4096;

impl QueryFragment<Sqlite> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        if !self.shape.is_cacheable {
            out.unsafe_to_cache_prepared();
        }
        let mut binds = self.binds.iter();
        for (text, kind) in &self.shape.pieces {
            out.push_sql(text);
            let value = binds.next().unwrap_or(&Value::Null);
            match kind {
                FieldType::Number | FieldType::Bigint => out.push_bind_param::<BigInt, Value>(value)?,
                FieldType::Boolean => out.push_bind_param::<Bool, Value>(value)?,
                FieldType::String | FieldType::Date | FieldType::Strings | FieldType::Numbers | FieldType::Json => {
                    out.push_bind_param::<Text, Value>(value)?;
                }
            }
        }
        out.push_sql(&self.shape.rest);
        Ok(())
    }
}

impl QueryId for Statement {
    // The type does not identify a statement: the text is the key of the cache.
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl<C> RunQueryDsl<C> for Statement {}
