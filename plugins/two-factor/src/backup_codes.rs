//! Backup codes: drawn, kept in one column, and struck off when they are used.
//!
//! The reference keeps the JSON of an array of codes, encrypted or plain; both are read. By default this plugin encrypts the
//! JSON of hashes instead: who has the database and the server's secret still has no code.

use crate::options::{BackupCodeOptions, StoreBackupCodes};
use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Letters and digits before the hyphen.
const FIRST: usize = 5;

/// What the column holds, once it is open. It does not print itself.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum BackupCodes {
    Readable(Vec<String>),
    Hashed { sha256: Vec<String> },
}

/// New codes as their user gets them: `abcde-fghij`.
pub fn draw(options: &BackupCodeOptions) -> Result<Vec<String>> {
    let one = || {
        let drawn = crypto::random_string(options.length, ALPHABET)?;
        let (first, rest) = drawn.split_at_checked(FIRST).unwrap_or((&drawn, ""));
        Ok(format!("{first}-{rest}"))
    };
    (0..options.amount).map(|_| one()).collect()
}

impl BackupCodes {
    /// Opens the column. None when it was sealed with a secret that this server does not have, or is no such thing.
    pub fn open(column: &str) -> Result<Option<BackupCodes>> {
        let json = match column.starts_with(['[', '{']) {
            true => Some(column.to_owned()),
            false => sealing::open(column)?,
        };
        Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
    }

    /// How many are left.
    pub fn left(&self) -> usize {
        match self {
            BackupCodes::Readable(codes) => codes.len(),
            BackupCodes::Hashed { sha256 } => sha256.len(),
        }
    }

    /// The column as the operator wants it. Codes that were hashed before stay so.
    pub fn close(self, user_id: &str, how: StoreBackupCodes) -> Result<String> {
        let codes = match (self, how) {
            (BackupCodes::Readable(codes), StoreBackupCodes::Hashed) => {
                BackupCodes::Hashed { sha256: codes.iter().map(|code| hash(user_id, code)).collect() }
            }
            (codes, _) => codes,
        };
        let json = serde_json::to_string(&codes)?;
        match (&codes, how) {
            (BackupCodes::Readable(_), StoreBackupCodes::Plain) => Ok(json),
            _ => sealing::seal(&json),
        }
    }

    /// Those that are left when `code` is used; none when it is not among them. Looks at all of them in any case.
    pub fn without(self, user_id: &str, code: &str) -> Option<BackupCodes> {
        match self {
            BackupCodes::Readable(codes) => strike(codes, code).map(BackupCodes::Readable),
            BackupCodes::Hashed { sha256 } => {
                strike(sha256, &hash(user_id, code)).map(|sha256| BackupCodes::Hashed { sha256 })
            }
        }
    }
}

fn strike(codes: Vec<String>, wanted: &str) -> Option<Vec<String>> {
    let before = codes.len();
    let is_other = |code: &String| !crypto::constant_time_equal(code.as_bytes(), wanted.as_bytes());
    let left: Vec<String> = codes.into_iter().filter(is_other).collect();
    (left.len() < before).then_some(left)
}

fn hash(user_id: &str, code: &str) -> String {
    crypto::base64url(&crypto::sha256(format!("backup-code:{user_id}:{code}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake;

    const CODES: [&str; 3] = ["aaaaa-11111", "bbbbb-22222", "ccccc-33333"];

    fn readable() -> BackupCodes {
        BackupCodes::Readable(CODES.map(str::to_owned).to_vec())
    }

    #[test]
    fn codes_have_the_form_that_users_know() {
        fake::reset();
        let options = BackupCodeOptions { amount: 4, length: 6, ..BackupCodeOptions::default() };
        let codes = draw(&options).expect("codes");
        assert_eq!(codes.len(), 4);
        for code in &codes {
            assert!(code.len() == 7 && code.find('-') == Some(5), "{code}");
        }
    }

    #[test]
    fn a_code_is_struck_off_in_every_form() {
        for how in [StoreBackupCodes::Hashed, StoreBackupCodes::Encrypted, StoreBackupCodes::Plain] {
            fake::reset();
            let column = readable().close("user-1", how).expect("closed");
            assert_eq!(column.starts_with('['), how == StoreBackupCodes::Plain, "{how:?}");
            assert!(how != StoreBackupCodes::Hashed || !column.contains("bbbbb"), "{column}");
            let open = || BackupCodes::open(&column).expect("host").expect("codes");
            for wrong in ["bbbbb22222", "BBBBB-22222", "", "ddddd-44444"] {
                assert!(open().without("user-1", wrong).is_none(), "{how:?} {wrong}");
            }
            let left = open().without("user-1", "bbbbb-22222").expect("was there");
            let column = left.close("user-1", how).expect("closed");
            let left = BackupCodes::open(&column).expect("host").expect("codes");
            assert!(left.without("user-1", "bbbbb-22222").is_none(), "{how:?}");
            assert!(open().without("user-1", "ccccc-33333").is_some(), "{how:?}");
        }
    }

    #[test]
    fn what_the_reference_wrote_is_read_and_written_as_asked() {
        fake::reset();
        let column = sealing::seal(r#"["aaaaa-11111","bbbbb-22222"]"#).expect("sealed");
        let codes = BackupCodes::open(&column).expect("host").expect("codes");
        let left = codes.without("user-1", "aaaaa-11111").expect("was there");
        let column = left.close("user-1", StoreBackupCodes::Hashed).expect("closed");
        let left = BackupCodes::open(&column).expect("host").expect("codes");
        assert!(matches!(left, BackupCodes::Hashed { .. }));
        assert!(left.without("user-1", "bbbbb-22222").is_some());
    }

    #[test]
    fn a_hash_is_of_one_user() {
        fake::reset();
        let column = readable().close("user-1", StoreBackupCodes::Hashed).expect("closed");
        let codes = BackupCodes::open(&column).expect("host").expect("codes");
        assert!(codes.without("user-2", "aaaaa-11111").is_none());
    }

    #[test]
    fn what_is_no_column_of_codes_is_none() {
        fake::reset();
        for column in ["", "{}", "[1]", "no seal"] {
            assert!(BackupCodes::open(column).expect("host").is_none(), "{column}");
        }
    }
}
