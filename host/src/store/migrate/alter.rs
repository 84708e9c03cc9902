//! Changes of a column that each database has its own way for: nullable, shorter, gone.

use super::Backend;
use super::columns::{is_true, text};
use super::not_null::without_not_null;
use super::place::Place;
use crate::store::error::StoreError;
use crate::store::row::Row;
use crate::store::statement::Builder;
use crate::store::transaction::Transaction;
use crate::store::value::Value;
use crate::store::{Database, FieldType};

/// Lets the column be null.
///
/// # Errors
/// Those of the database.
pub(super) async fn relax(transaction: &Transaction, backend: Backend, place: &Place) -> Result<(), StoreError> {
    match backend {
        Backend::Sqlite => relax_sqlite(transaction, place).await,
        Backend::Postgres => {
            run(transaction, alter(place).sql(" ALTER COLUMN ").name(&place.column).sql(" DROP NOT NULL")).await
        }
        Backend::Mysql => {
            let kind = mysql_type(transaction, place).await?;
            run(transaction, alter(place).sql(" MODIFY ").name(&place.column).sql(&format!(" {kind} NULL"))).await
        }
    }
}

/// MySQL: gives the column the type of texts that an index takes.
///
/// # Errors
/// When a text is longer, and those of the database.
pub(super) async fn shorten(transaction: &Transaction, place: &Place) -> Result<(), StoreError> {
    let longer = format!("SELECT 1 FROM \"{}\" WHERE CHAR_LENGTH(\"{}\") > 255 LIMIT 1", place.table, place.column);
    if !transaction.run(Builder::read(&longer).build()?).await?.is_empty() {
        return Err(StoreError::Unmigratable(format!(
            "{}.{} holds texts of more than 255 characters, and MySQL has no index for those. Shorten them first",
            place.table, place.column
        )));
    }
    run(transaction, alter(place).sql(" MODIFY ").name(&place.column).sql(" varchar(255) NULL")).await
}

/// Removes the column with its indexes. On SQLite, a column that was declared unique stays, without a value.
///
/// # Errors
/// Those of the database.
pub(super) async fn drop_column(transaction: &Transaction, backend: Backend, place: &Place) -> Result<(), StoreError> {
    match backend {
        Backend::Postgres => {}
        Backend::Mysql => drop_keys(transaction, place).await?,
        Backend::Sqlite => {
            if !drop_indexes(transaction, place).await? {
                relax_sqlite(transaction, place).await?;
                let mut out = Builder::write("UPDATE ");
                out.name(&place.table).sql(" SET ").name(&place.column).sql(" = NULL").unlimited();
                return run(transaction, &mut out).await;
            }
        }
    }
    run(transaction, alter(place).sql(" DROP COLUMN ").name(&place.column)).await
}

fn alter(place: &Place) -> Builder {
    let mut out = Builder::write("ALTER TABLE ");
    out.name(&place.table).unlimited();
    out
}

pub(super) async fn run(transaction: &Transaction, out: &mut Builder) -> Result<(), StoreError> {
    let statement = std::mem::replace(out, Builder::write("")).build()?;
    transaction.run(statement).await.map(drop)
}

pub(super) async fn rows(transaction: &Transaction, sql: &str, binds: [&str; 2]) -> Result<Vec<Row>, StoreError> {
    let [first, second] = binds;
    let mut parts = sql.splitn(3, '?');
    let mut out = Builder::read(parts.next().unwrap_or_default());
    for (bind, part) in [first, second].into_iter().zip(parts) {
        out.bind(FieldType::String, bind.into()).sql(part);
    }
    transaction.run(out.build()?).await
}

/// The whole type of the column, its collation included.
async fn mysql_type(transaction: &Transaction, place: &Place) -> Result<String, StoreError> {
    const TYPE: &str = "SELECT CAST(CONCAT(column_type, \
         COALESCE(CONCAT(' CHARACTER SET ', character_set_name, ' COLLATE ', collation_name), '')) AS CHAR) \
         FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ?";
    let found = rows(transaction, TYPE, [&place.table, &place.column]).await?;
    found.first().map(|row| text(row, 0)).ok_or_else(|| StoreError::internal("reading the type of a column"))
}

/// MySQL drops no column that a foreign key rests on.
async fn drop_keys(transaction: &Transaction, place: &Place) -> Result<(), StoreError> {
    const KEYS: &str = "SELECT DISTINCT CAST(constraint_name AS CHAR) FROM information_schema.key_column_usage \
         WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL AND table_name = ? AND column_name = ?";
    for key in rows(transaction, KEYS, [&place.table, &place.column]).await? {
        run(transaction, alter(place).sql(" DROP FOREIGN KEY ").name(&text(&key, 0))).await?;
    }
    Ok(())
}

/// SQLite drops no column that an index rests on. False when one is part of the table itself.
async fn drop_indexes(transaction: &Transaction, place: &Place) -> Result<bool, StoreError> {
    const INDEXES: &str = "SELECT l.name, l.origin <> 'c' FROM pragma_index_list(?) l \
         WHERE EXISTS (SELECT 1 FROM pragma_index_info(l.name) i WHERE lower(i.name) = lower(?))";
    let found = rows(transaction, INDEXES, [&place.table, &place.column]).await?;
    if found.iter().any(|row| is_true(row, 1)) {
        return Ok(false);
    }
    for index in found {
        run(transaction, Builder::write("DROP INDEX ").name(&text(&index, 0)).unlimited()).await?;
    }
    Ok(true)
}

/// SQLite has no statement for it: the text of the table is changed, as its manual describes for constraints that do not
/// change how rows are stored. Source: section 8 of its page on ALTER TABLE.
async fn relax_sqlite(transaction: &Transaction, place: &Place) -> Result<(), StoreError> {
    let unreadable = || {
        StoreError::Unmigratable(format!(
            "{}.{} is NOT NULL in a table that Doorward cannot change. Make the column nullable by hand",
            place.table, place.column
        ))
    };
    let old = table_text(transaction, &place.table).await?.ok_or_else(unreadable)?;
    let new = without_not_null(&old, &place.column).ok_or_else(unreadable)?;
    let mut out = Builder::write("UPDATE sqlite_master SET sql = ");
    out.bind(FieldType::String, new.as_str().into()).sql(" WHERE type = 'table' AND lower(name) = lower(");
    out.bind(FieldType::String, place.table.as_str().into()).sql(")").unlimited();
    rewrite(transaction, vec![out]).await?;
    const LEFT: &str = "SELECT 1 FROM pragma_table_info(?) WHERE lower(name) = lower(?) AND \"notnull\" = 0";
    let is_relaxed = !rows(transaction, LEFT, [&place.table, &place.column]).await?.is_empty();
    if is_relaxed { Ok(()) } else { Err(unreadable()) }
}

/// SQLite: the text that has made the table.
pub(super) async fn table_text(transaction: &Transaction, table: &str) -> Result<Option<String>, StoreError> {
    const TABLE: &str = "SELECT sql FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?) AND '' = ?";
    let found = rows(transaction, TABLE, [table, ""]).await?;
    Ok(found.first().map(|row| text(row, 0)))
}

/// SQLite: makes these changes of its own table of tables, which every connection reads again after that.
pub(super) async fn rewrite(transaction: &Transaction, changes: Vec<Builder>) -> Result<(), StoreError> {
    let version = transaction.run(Builder::write("PRAGMA schema_version").build()?).await?;
    let Some(Value::Integer(version)) = version.first().and_then(|row| row.first()) else {
        return Err(StoreError::internal("reading the version of a schema"));
    };
    run(transaction, Builder::write("PRAGMA writable_schema = ON").unlimited()).await?;
    let mut changed = Ok(());
    for mut change in changes {
        if changed.is_ok() {
            changed = run(transaction, &mut change).await;
        }
    }
    // The connection lives longer than a transaction that has failed.
    let mut off = Builder::write("PRAGMA writable_schema = OFF").undo();
    let closed = run(transaction, off.unlimited()).await;
    changed.and(closed)?;
    run(transaction, Builder::write(&format!("PRAGMA schema_version = {}", version + 1)).unlimited()).await
}
