//! One connection to MySQL or MariaDB: runs statements, and reads back what they would return elsewhere.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Params, Row as WireRow, Value as Wire};

use super::errors;
use super::values::{read, write};
use crate::store::error::StoreError;
use crate::store::remote::{Failure, Link, Remedy, Step};
use crate::store::returning::{Returning, Verb};
use crate::store::row::Row;
use crate::store::statement::{RowLock, Statement};
use crate::store::value::Value;

/// What a server says to who lacks a right.
const ACCESS_DENIED: u16 = 1227;

/// One connection.
pub(in crate::store) struct MysqlLink {
    conn: Conn,
    is_in_transaction: bool,
}

/// A statement in the words of this database.
struct Words<'a> {
    returning: &'a Returning,
    /// The statement up to its condition, and the condition.
    head: String,
    condition: String,
    of_head: Vec<Wire>,
    of_condition: Vec<Wire>,
}

impl MysqlLink {
    /// A connection whose session is set up.
    pub(super) fn new(conn: Conn) -> Self {
        Self { conn, is_in_transaction: false }
    }

    async fn query(&mut self, statement: &Statement) -> Result<Vec<Row>, Failure> {
        let values = statement.binds().map(|(_, value)| write(value)).collect::<Result<Vec<Wire>, _>>();
        let values = values.map_err(unfit)?;
        let mut sql = statement.text(|sql, _| sql.push('?'));
        let Some(returning) = statement.returning() else {
            if statement.lock() != RowLock::None {
                sql.push_str(" FOR UPDATE");
            }
            let is_command = statement.is_write() && values.is_empty() && statement.lock() == RowLock::None;
            return if is_command { self.command(&sql).await } else { self.rows(&sql, values, "").await };
        };
        let mut of_head = values;
        let of_condition = of_head.split_off(returning.condition_binds.min(of_head.len()));
        let part = |from: usize, to: usize| sql.get(from..to).unwrap_or_default().to_owned();
        let head = part(0, returning.condition_at);
        let condition = part(returning.condition_at, returning.at);
        let words = Words { returning, head, condition, of_head, of_condition };
        if self.is_in_transaction || returning.columns.is_empty() {
            return self.write(words).await;
        }
        // What is changed and what is read back must be the same rows.
        self.step(Step::Begin).await?;
        match self.write(words).await {
            Ok(rows) => self.step(Step::Commit).await.map(|()| rows),
            Err(failure) => {
                if failure.remedy.keeps_link() {
                    self.step(Step::Rollback).await?;
                }
                Err(failure)
            }
        }
    }

    /// Runs a statement that changes rows, and returns these as they are now, or as they were when it deletes them.
    async fn write(&mut self, words: Words<'_>) -> Result<Vec<Row>, Failure> {
        let Words { returning, head, condition, of_head, of_condition } = words;
        let table = &returning.table;
        let name = quoted(table);
        let id = returning.columns.first().map(|id| quoted(id)).unwrap_or_default();
        let columns = || returning.columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ");
        if returning.columns.is_empty() {
            let changed = self.change(&format!("{head}{condition}"), [of_head, of_condition].concat(), table).await?;
            return Ok((0..changed).map(|_| vec![Value::Integer(1)]).collect());
        }
        match returning.verb {
            Verb::Insert => {
                let given = of_head.first().cloned().unwrap_or(Wire::NULL);
                self.change(&head, of_head, table).await?;
                let counted = self.conn.last_insert_id().filter(|_| returning.counts_id);
                let own = counted.map_or(given, Wire::from);
                let sql = format!("SELECT {} FROM {name} WHERE {id} = ?", columns());
                self.rows(&sql, vec![own], table).await
            }
            Verb::Update => {
                let sql = format!("SELECT {id} FROM {name}{condition} ORDER BY {id} FOR UPDATE");
                let found = self.rows(&sql, of_condition, table).await?;
                let ids = ids_of(&found)?;
                if ids.is_empty() {
                    return Ok(Vec::new());
                }
                let chosen = format!(" WHERE {id} IN ({})", places(ids.len()));
                self.change(&format!("{head}{chosen}"), [of_head, ids.clone()].concat(), table).await?;
                self.rows(&format!("SELECT {} FROM {name}{chosen}", columns()), ids, table).await
            }
            Verb::Delete => {
                let sql = format!("SELECT {} FROM {name}{condition} ORDER BY {id} FOR UPDATE", columns());
                let found = self.rows(&sql, of_condition, table).await?;
                let ids = ids_of(&found)?;
                if !ids.is_empty() {
                    let sql = format!("{head} WHERE {id} IN ({})", places(ids.len()));
                    self.change(&sql, [of_head, ids].concat(), table).await?;
                }
                Ok(found)
            }
        }
    }

    async fn rows(&mut self, sql: &str, values: Vec<Wire>, table: &str) -> Result<Vec<Row>, Failure> {
        let rows: Result<Vec<WireRow>, Error> = self.conn.exec(sql, positional(values)).await;
        let rows = rows.map_err(|error| errors::failure(&error, table))?;
        rows.into_iter()
            .map(|row| row.unwrap().into_iter().map(read).collect())
            .collect::<Result<_, _>>()
            .map_err(unfit)
    }

    /// Returns the number of changed rows.
    async fn change(&mut self, sql: &str, values: Vec<Wire>, table: &str) -> Result<u64, Failure> {
        let done = self.conn.exec_drop(sql, positional(values)).await;
        done.map_err(|error| errors::failure(&error, table))?;
        Ok(self.conn.affected_rows())
    }

    /// Runs what cannot be prepared: savepoints, settings and changes of tables.
    async fn command(&mut self, sql: &str) -> Result<Vec<Row>, Failure> {
        self.conn.query_drop(sql).await.map_err(|error| errors::failure(&error, ""))?;
        Ok(Vec::new())
    }
}

impl Link for MysqlLink {
    async fn run(&mut self, statement: &Statement) -> Result<Vec<Row>, Failure> {
        self.query(statement).await
    }

    async fn step(&mut self, step: Step) -> Result<(), Failure> {
        let sql = match step {
            Step::Begin => "START TRANSACTION",
            Step::Commit => "COMMIT",
            Step::Rollback => "ROLLBACK",
        };
        self.command(sql).await?;
        self.is_in_transaction = step == Step::Begin;
        Ok(())
    }

    async fn lag(&mut self) -> Result<Option<Duration>, Failure> {
        let asked: Result<Option<WireRow>, Error> = match self.conn.query_first("SHOW REPLICA STATUS").await {
            // Its name before MySQL 8.0.22 and MariaDB 10.5.1.
            Err(Error::Server(_)) => self.conn.query_first("SHOW SLAVE STATUS").await,
            asked => asked,
        };
        let asked = asked.map_err(|error| match error {
            Error::Server(told) if told.code == ACCESS_DENIED => {
                let why =
                    "its user may not ask how far it is behind: grant REPLICATION CLIENT, or SLAVE MONITOR on MariaDB";
                Failure::new(StoreError::Unavailable(why.to_owned()), Remedy::Nothing)
            }
            error => errors::failure(&error, ""),
        });
        let Some(row) = asked? else { return Ok(None) };
        // Null while it does not replicate.
        let seconds = ["Seconds_Behind_Master", "Seconds_Behind_Source"]
            .iter()
            .find_map(|name| row.get_opt::<Option<u64>, _>(*name)?.ok().flatten());
        Ok(seconds.map(Duration::from_secs))
    }

    fn is_open(&self) -> bool {
        !self.conn.is_disconnected()
    }
}

fn ids_of(rows: &[Row]) -> Result<Vec<Wire>, Failure> {
    let ids = rows.iter().map(|row| write(row.first().unwrap_or(&Value::Null)));
    ids.collect::<Result<_, _>>().map_err(unfit)
}

fn unfit(error: StoreError) -> Failure {
    Failure::new(error, Remedy::Nothing)
}

fn positional(values: Vec<Wire>) -> Params {
    if values.is_empty() { Params::Empty } else { Params::Positional(values) }
}

/// The session takes names as the standard quotes them, and no name has a quote.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn places(count: usize) -> String {
    vec!["?"; count].join(", ")
}
