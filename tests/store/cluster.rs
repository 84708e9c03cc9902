//! A throw-away PostgreSQL cluster of a test's own, which it may kill.

use std::path::Path;
use std::process::Command;

use doorward::store::Backend;

use super::Place;

/// A running cluster. Dropping it removes it.
pub struct Cluster {
    folder: String,
    /// Its one database.
    pub place: Place,
}

impl Cluster {
    /// Makes and starts one.
    pub fn start() -> Self {
        Self::of(&run_script(&["start"]))
    }

    /// Makes and starts another one, which holds what this one has and follows it.
    pub fn standby(&self) -> Self {
        Self::of(&run_script(&["standby", &self.folder]))
    }

    fn of(printed: &str) -> Self {
        let (folder, url) = printed.trim().split_once('\n').unwrap();
        Self { folder: folder.to_owned(), place: Place { backend: Backend::Postgres, url: url.to_owned() } }
    }

    /// Kills it; nothing is lost that was committed.
    pub fn halt(&self) {
        run_script(&["halt", &self.folder]);
    }

    /// Kills it with SIGKILL.
    pub fn kill(&self) {
        run_script(&["kill", &self.folder]);
    }

    /// Makes a standby a primary.
    pub fn promote(&self) {
        run_script(&["promote", &self.folder]);
    }

    /// Starts it again where it was.
    pub fn resume(&self) {
        run_script(&["resume", &self.folder]);
    }

    /// Restarts it with TLS.
    pub fn use_tls(&self, certificate: &Path, key: &Path) {
        run_script(&["tls", &self.folder, certificate.to_str().unwrap(), key.to_str().unwrap()]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        run_script(&["stop", &self.folder]);
    }
}

fn run_script(arguments: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/postgres");
    let output = Command::new(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
