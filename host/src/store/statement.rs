//! A statement that is put together at run time of text and typed values, made so that it can stay prepared.

use std::fmt;
use std::sync::Arc;

use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Jsonb, Text, Timestamptz, Untyped};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl};

use super::error::StoreError;
use super::value::FieldKind;
use super::value::Value;

/// The unchanging part of a statement, which may be shared by all its executions.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// Text, each with the kind of the value that follows it.
    pieces: Vec<(String, FieldKind)>,
    /// The text after the last value.
    rest: String,
    is_write: bool,
    is_cacheable: bool,
    /// Whether it takes back what failed in a transaction before.
    is_undo: bool,
    /// How long the rows that it reads stay as they are.
    lock: RowLock,
}

/// What keeps others from changing the rows that a statement reads, until its transaction ends. SQLite needs none: its
/// transactions hold the one writer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RowLock {
    /// Nothing.
    #[default]
    None,
    /// As an update would: rows that refer to these can still be made.
    Update,
    /// As a deletion would.
    Delete,
}

/// A statement with its values. `Debug` shows no values.
#[derive(Clone)]
pub struct Statement {
    shape: Arc<Shape>,
    binds: Vec<Value>,
}

impl Statement {
    /// A statement of a known shape with as many values as it has binds.
    pub(super) fn of(shape: &Arc<Shape>, binds: Vec<Value>) -> Self {
        Self { shape: Arc::clone(shape), binds }
    }

    /// May it change the database?
    pub fn is_write(&self) -> bool {
        self.shape.is_write
    }

    /// Whether it takes back what failed in a transaction before.
    pub(super) fn is_undo(&self) -> bool {
        self.shape.is_undo
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
}

impl Builder {
    /// A statement that only reads and may run on a reader.
    pub(super) fn read(sql: &str) -> Self {
        Self::start(false, sql)
    }

    /// A statement that writes, or must be seen in order with writes.
    pub(super) fn write(sql: &str) -> Self {
        Self::start(true, sql)
    }

    fn start(is_write: bool, sql: &str) -> Self {
        let shape = Shape { rest: sql.to_owned(), is_write, is_cacheable: true, ..Shape::default() };
        Self { shape, binds: Vec::new() }
    }

    /// Adds text, which must never hold anything a caller of the store chose.
    pub(super) fn sql(&mut self, sql: &str) -> &mut Self {
        self.shape.rest.push_str(sql);
        self
    }

    /// Adds the quoted name of a table or column. The schema lets no name in that holds a quote, and both databases
    /// quote alike, so the text is made once and not at each execution.
    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        self.sql("\"").sql(name).sql("\"")
    }

    /// Adds names with commas between them, each after `prefix` (an alias with its dot, or nothing).
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
    pub(super) fn bind(&mut self, kind: FieldKind, value: Value) -> &mut Self {
        self.binds.push(value);
        self.slot(kind)
    }

    /// Adds the place of a value that comes later.
    pub(super) fn slot(&mut self, kind: FieldKind) -> &mut Self {
        self.shape.pieces.push((std::mem::take(&mut self.shape.rest), kind));
        self
    }

    /// Marks a statement whose text depends on its input without bound, so that it does not fill the cache.
    pub(super) fn uncacheable(&mut self) -> &mut Self {
        self.shape.is_cacheable = false;
        self
    }

    /// Marks a statement that takes back what failed in a transaction before.
    pub(super) fn undo(mut self) -> Self {
        self.shape.is_undo = true;
        self
    }

    /// Keeps the rows that are read as they are until the transaction ends.
    pub(super) fn lock(&mut self, lock: RowLock) -> &mut Self {
        self.shape.lock = lock;
        self
    }

    /// The shape alone, for statements that are run often.
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

/// SQLite takes 32766 values, PostgreSQL 65535; a statement with so many would be a mistake anyway.
const MAX_BINDS: usize = 4096;

impl<DB> QueryFragment<DB> for Statement
where
    DB: Backend + Dialect,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.shape.is_cacheable {
            out.unsafe_to_cache_prepared();
        }
        let mut binds = self.binds.iter();
        for (text, kind) in &self.shape.pieces {
            out.push_sql(text);
            DB::bind(&mut out, *kind, binds.next().unwrap_or(&Value::Null))?;
        }
        out.push_sql(&self.shape.rest);
        out.push_sql(DB::lock(self.shape.lock));
        Ok(())
    }
}

/// What differs between the backends.
pub(super) trait Dialect: Backend {
    /// Adds a value of a kind to the statement.
    fn bind<'b>(out: &mut AstPass<'_, 'b, Self>, kind: FieldKind, value: &'b Value) -> QueryResult<()>;

    /// The end of a `SELECT` that locks its rows.
    fn lock(lock: RowLock) -> &'static str;
}

impl Dialect for Sqlite {
    fn bind<'b>(out: &mut AstPass<'_, 'b, Self>, kind: FieldKind, value: &'b Value) -> QueryResult<()> {
        match kind {
            FieldKind::Integer => out.push_bind_param::<BigInt, Value>(value),
            FieldKind::Boolean => out.push_bind_param::<Bool, Value>(value),
            FieldKind::Text | FieldKind::Timestamp | FieldKind::Json => out.push_bind_param::<Text, Value>(value),
        }
    }

    fn lock(_: RowLock) -> &'static str {
        ""
    }
}

impl Dialect for Pg {
    fn bind<'b>(out: &mut AstPass<'_, 'b, Self>, kind: FieldKind, value: &'b Value) -> QueryResult<()> {
        match kind {
            FieldKind::Text => out.push_bind_param::<Text, Value>(value),
            FieldKind::Integer => out.push_bind_param::<BigInt, Value>(value),
            FieldKind::Boolean => out.push_bind_param::<Bool, Value>(value),
            FieldKind::Timestamp => out.push_bind_param::<Timestamptz, Value>(value),
            FieldKind::Json => out.push_bind_param::<Jsonb, Value>(value),
        }
    }

    fn lock(lock: RowLock) -> &'static str {
        match lock {
            RowLock::None => "",
            // An insert of a row that refers to this one shares its key: `FOR UPDATE` would wait for it, and two transactions
            // that each made such a row would wait for each other.
            RowLock::Update => " FOR NO KEY UPDATE",
            RowLock::Delete => " FOR UPDATE",
        }
    }
}

impl QueryId for Statement {
    // The type does not tell one statement from another: the cache is keyed by the text.
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl<C> RunQueryDsl<C> for Statement {}
