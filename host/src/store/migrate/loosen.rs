//! Takes `unique` out of a table of SQLite, whose index belongs to the text of the table.

use super::alter::{rewrite, rows, run, table_text};
use super::columns::{is_true, text};
use super::not_unique::without_unique;
use crate::store::error::StoreError;
use crate::store::statement::Builder;
use crate::store::transaction::Transaction;
use crate::store::{Database, FieldType};

/// What the index is called between the moment when it is no longer part of the table and the one when it is dropped.
const GONE: &str = "doorward_gone";

/// Lets values of these columns repeat, which the index keeps apart.
///
/// No row is written and no other table is looked at: the text of the table loses the constraint, and the index becomes one
/// that a statement has made, which can be dropped. Those of the table's other constraints are counted in the order of the
/// text, so that those behind it get the number before their own. At last SQLite itself compares the table with its
/// indexes.
///
/// Source: sections 2.6 and 2.6.2 of SQLite's page on its file format: both kinds of indexes are stored alike.
///
/// # Errors
/// `Unmigratable` when the table's text cannot be changed, and those of the database.
pub(super) async fn loosen(transaction: &Transaction, table: &str, columns: &[String]) -> Result<(), StoreError> {
    let stays = || {
        StoreError::Unmigratable(format!(
            "{table}.{} need not be unique any more, and Doorward cannot take `unique` out of the text of this table. Make the \
             table again by hand, without it",
            columns.join(&format!(", {table}."))
        ))
    };
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let old = table_text(transaction, table).await?.ok_or_else(stays)?;
    let new = without_unique(&old, &names).ok_or_else(stays)?;
    let own = own_indexes(transaction, table).await?;
    let index = own.iter().find(|index| is_over(index, &names)).ok_or_else(stays)?;
    let mut changes = vec![
        changed("sql", &new, "table", table),
        changed("sql", &created(table, &names), "index", &index.name),
        changed("name", GONE, "index", &index.name),
    ];
    let mut later: Vec<&Own> = own.iter().filter(|other| other.number > index.number).collect();
    later.sort_by_key(|other| other.number);
    for other in later {
        let name = other.name.trim_end_matches(|digit: char| digit.is_ascii_digit());
        changes.push(changed("name", &format!("{name}{}", other.number - 1), "index", &other.name));
    }
    rewrite(transaction, changes).await?;
    // What SQLite cannot read now is as it was after the rollback.
    run(transaction, Builder::write("DROP INDEX ").name(GONE).unlimited()).await.map_err(|_| stays())?;
    forget_figures(transaction, table).await?;
    let mut check = Builder::write(&format!("PRAGMA integrity_check(\"{table}\")"));
    check.unlimited();
    let checked = transaction.run(check.build()?).await?;
    if checked.first().is_some_and(|row| text(row, 0) == "ok") { Ok(()) } else { Err(stays()) }
}

/// An index of a constraint of the table.
#[derive(Default)]
struct Own {
    /// It ends with the number: `sqlite_autoindex_note_2`.
    name: String,
    number: u32,
    is_key: bool,
    columns: Vec<String>,
}

async fn own_indexes(transaction: &Transaction, table: &str) -> Result<Vec<Own>, StoreError> {
    const INDEXES: &str = "SELECT l.name, l.origin = 'pk', i.name FROM pragma_index_list(?) l, pragma_index_info(l.name) i \
         WHERE l.origin <> 'c' AND '' = ? ORDER BY l.name";
    let mut found: Vec<Own> = Vec::new();
    for row in rows(transaction, INDEXES, [table, ""]).await? {
        let name = text(&row, 0);
        if found.last().is_none_or(|last| last.name != name) {
            let number = name.rsplit_once('_').and_then(|(_, number)| number.parse().ok()).unwrap_or_default();
            found.push(Own { name, number, is_key: is_true(&row, 1), ..Own::default() });
        }
        found.last_mut().into_iter().for_each(|last| last.columns.push(text(&row, 2)));
    }
    Ok(found)
}

fn is_over(index: &Own, columns: &[&str]) -> bool {
    let has = |own: &String| columns.iter().any(|column| column.eq_ignore_ascii_case(own));
    !index.is_key && index.columns.len() == columns.len() && index.columns.iter().all(has)
}

fn created(table: &str, columns: &[&str]) -> String {
    format!("CREATE UNIQUE INDEX \"{GONE}\" ON \"{table}\" (\"{}\")", columns.join("\", \""))
}

fn changed(part: &str, to: &str, kind: &str, name: &str) -> Builder {
    let mut out = Builder::write(&format!("UPDATE sqlite_master SET {part} = "));
    out.bind(FieldType::String, to.into()).sql(&format!(" WHERE type = '{kind}' AND lower(name) = lower("));
    out.bind(FieldType::String, name.into()).sql(")").unlimited();
    out
}

/// What `ANALYZE` has counted goes by the names of indexes.
async fn forget_figures(transaction: &Transaction, table: &str) -> Result<(), StoreError> {
    const FIGURES: &str = "SELECT 1 FROM sqlite_master WHERE name = ? AND '' = ?";
    if rows(transaction, FIGURES, ["sqlite_stat1", ""]).await?.is_empty() {
        return Ok(());
    }
    let mut out = Builder::write("DELETE FROM sqlite_stat1 WHERE lower(tbl) = lower(");
    out.bind(FieldType::String, table.into()).sql(")").unlimited();
    run(transaction, &mut out).await
}
