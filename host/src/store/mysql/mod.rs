//! MySQL and MariaDB: what is their own of the connections, the values and the errors.

mod address;
mod connect;
mod errors;
mod link;
mod values;

use super::error::StoreError;
use super::options::StoreOptions;
use super::remote::Remote;

pub(super) use connect::Opener;

/// The pool of connections to MySQL or MariaDB.
pub(super) type Mysql = Remote<Opener>;

/// A pool for this URL.
pub(super) fn open(url: &str, options: &StoreOptions) -> Result<Mysql, StoreError> {
    Remote::new(Opener::new(url, options)?, options)
}
