//! PostgreSQL: what is its own of the connections, the values and the errors.

mod address;
mod connect;
mod errors;
mod link;
mod tls;
mod values;

use super::error::StoreError;
use super::options::StoreOptions;
use super::remote::Remote;

pub(super) use connect::Opener;

/// The pool of connections to PostgreSQL.
pub(super) type Postgres = Remote<Opener>;

/// A pool for this URL.
pub(super) fn open(url: &str, options: &StoreOptions) -> Result<Postgres, StoreError> {
    Remote::new(Opener::new(url, options)?, options)
}
