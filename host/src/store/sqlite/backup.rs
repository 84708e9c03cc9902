//! Copies of a SQLite database: made while a server writes, checked, and put in a database's place.

use std::fs;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};

use super::connection::make_private;

/// How long a copy waits for a server's writes, in milliseconds.
const WAIT_MS: u32 = 10_000;
/// Found problems that are told.
const TOLD: usize = 3;

/// Why there is no copy, or why it is not used. The text names the file.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BackupError(String);

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Writes a whole copy of the database `from` to the new file `to` and checks it. A server goes on meanwhile.
///
/// # Errors
/// When there is no database, the file is there already, the disk is full, or the copy is damaged; no file is left then.
pub fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    if !from.exists() {
        return Err(BackupError(format!("the database {} does not exist", from.display())));
    }
    if to.exists() {
        return Err(BackupError(format!("{} is there already, and a backup replaces nothing", to.display())));
    }
    let text = unicode(to)?;
    make_private(to).map_err(|error| BackupError(error.to_string()))?;
    let made = open(from).and_then(|mut connection| {
        let copied = sql_query("VACUUM INTO ?").bind::<Text, _>(text).execute(&mut connection);
        copied.map(drop).map_err(|error| BackupError(format!("{} cannot be written: {error}", to.display())))
    });
    let checked = made.and_then(|()| check(to)).and_then(|()| settle(to));
    if checked.is_err() {
        drop(fs::remove_file(to));
    }
    checked
}

/// Checks every page, index and reference of a database.
///
/// # Errors
/// What is wrong with it.
pub fn check(file: &Path) -> Result<(), BackupError> {
    let damaged = |what: &str| BackupError(format!("{} is no whole SQLite database: {what}", file.display()));
    if !file.exists() {
        return Err(BackupError(format!("{} does not exist", file.display())));
    }
    let mut connection = open(file)?;
    let lines = sql_query("SELECT integrity_check AS line FROM pragma_integrity_check").load(&mut connection);
    let lines: Vec<Line> = lines.map_err(|error| damaged(&error.to_string()))?;
    let problems: Vec<String> = lines.into_iter().map(|line| line.line).filter(|line| line != "ok").collect();
    if !problems.is_empty() {
        return Err(damaged(&problems.into_iter().take(TOLD).collect::<Vec<_>>().join("; ")));
    }
    let lost = sql_query("SELECT count(*) AS number FROM pragma_foreign_key_check").get_result(&mut connection);
    let lost: Number = lost.map_err(|error| damaged(&error.to_string()))?;
    match lost.number {
        0 => Ok(()),
        rows => Err(damaged(&format!("{rows} rows refer to rows that are not there"))),
    }
}

/// Puts a copy of `backup` in the place of the database `at`, whose table of users is called `users`. What was there is kept
/// beside it, and its new name is returned.
///
/// # Errors
/// When the backup is damaged or of something else, or when a server has the database open; nothing changes then.
pub fn restore(backup: &Path, at: &Path, users: &str) -> Result<Option<PathBuf>, BackupError> {
    check(backup)?;
    let mut connection = open(backup)?;
    let tables = sql_query("SELECT count(*) AS number FROM sqlite_master WHERE type = 'table' AND name = ?");
    let tables: Result<Number, _> = tables.bind::<Text, _>(users).get_result(&mut connection);
    if tables.map_or(0, |found| found.number) == 0 {
        return Err(BackupError(format!(
            "{} has no table `{users}`: it is a database of something else",
            backup.display()
        )));
    }
    drop(connection);
    let fresh = beside(at, "restored");
    drop(fs::remove_file(&fresh));
    copy(backup, &fresh)?;
    let put = take_off(at).and_then(|kept| {
        let cannot = |error: std::io::Error| BackupError(format!("{} cannot be written: {error}", at.display()));
        fs::rename(&fresh, at).map_err(cannot)?;
        settle(at)?;
        Ok(kept)
    });
    if put.is_err() {
        drop(fs::remove_file(&fresh));
    }
    put
}

/// Moves the database away, when nobody has it open.
fn take_off(at: &Path) -> Result<Option<PathBuf>, BackupError> {
    if !at.exists() {
        return Ok(None);
    }
    // Only who is alone with a database may end its write-ahead log.
    let is_used = || BackupError(format!("a server has {} open: stop it first", at.display()));
    let mut connection = open(at)?;
    connection.batch_execute("PRAGMA busy_timeout = 0").map_err(|_| is_used())?;
    connection.batch_execute("PRAGMA journal_mode = DELETE").map_err(|_| is_used())?;
    let mode = sql_query("SELECT journal_mode AS line FROM pragma_journal_mode").get_result(&mut connection);
    let mode: Line = mode.map_err(|_| is_used())?;
    if mode.line == "wal" {
        return Err(is_used());
    }
    drop(connection);
    let mut kept = beside(at, "before-restore");
    for number in 2_u32.. {
        if !kept.exists() {
            break;
        }
        kept = beside(at, &format!("before-restore-{number}"));
    }
    let cannot = |error: std::io::Error| BackupError(format!("{} cannot be moved away: {error}", at.display()));
    fs::rename(at, &kept).map_err(cannot)?;
    for side in ["-wal", "-shm"] {
        let mut name = at.as_os_str().to_owned();
        name.push(side);
        drop(fs::remove_file(name));
    }
    Ok(Some(kept))
}

fn beside(at: &Path, what: &str) -> PathBuf {
    let mut name = at.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    PathBuf::from(name)
}

/// Waits until the file and its name are on the disk.
fn settle(file: &Path) -> Result<(), BackupError> {
    let cannot = |error: std::io::Error| BackupError(format!("{} cannot be written: {error}", file.display()));
    fs::File::open(file).and_then(|file| file.sync_all()).map_err(cannot)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(cannot)
}

fn open(file: &Path) -> Result<SqliteConnection, BackupError> {
    let cannot = |why: String| BackupError(format!("{} cannot be opened: {why}", file.display()));
    let mut connection = SqliteConnection::establish(unicode(file)?).map_err(|error| cannot(error.to_string()))?;
    let wait = format!("PRAGMA busy_timeout = {WAIT_MS}; PRAGMA trusted_schema = OFF");
    connection.batch_execute(&wait).map_err(|error| cannot(error.to_string()))?;
    Ok(connection)
}

fn unicode(file: &Path) -> Result<&str, BackupError> {
    file.to_str().ok_or_else(|| BackupError(format!("{} is no Unicode text", file.display())))
}
