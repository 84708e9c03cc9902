//! A throw-away Redis of a test's own, which it may kill.

use std::path::Path;
use std::process::Command;

/// A running server. Dropping it removes it.
pub struct Redis {
    folder: String,
    /// Its URL.
    pub url: String,
}

impl Redis {
    /// Starts one that keeps what it acknowledged.
    pub fn start() -> Self {
        Self::begin("start")
    }

    /// Starts a cluster of one node.
    pub fn start_cluster() -> Self {
        Self::begin("cluster")
    }

    fn begin(how: &str) -> Self {
        let printed = run_script(&[how]);
        let (folder, url) = printed.trim().split_once('\n').unwrap();
        Self { folder: folder.to_owned(), url: url.to_owned() }
    }

    /// Starts a sentinel before it and returns the sentinel's URL.
    pub fn sentinel(&self) -> String {
        run_script(&["sentinel", &self.folder]).trim().to_owned()
    }

    /// Restarts it with TLS alone.
    pub fn use_tls(&self, certificate: &Path, key: &Path) {
        run_script(&["tls", &self.folder, certificate.to_str().unwrap(), key.to_str().unwrap()]);
    }

    /// Kills it.
    pub fn halt(&self) {
        run_script(&["halt", &self.folder]);
    }

    /// Starts it again where it was.
    pub fn resume(&self) {
        run_script(&["resume", &self.folder]);
    }

    /// Runs a command as another program would.
    pub fn run<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(self.url.replace("redis-cluster", "redis")).unwrap();
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]).query(&mut client.get_connection().unwrap()).unwrap()
    }

    /// All keys, without the prefix, in order; `*` stands for what is random.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.run(&["KEYS", "*"]);
        keys.sort();
        keys.iter().map(|key| key.strip_prefix("better-auth:").unwrap().to_owned()).collect()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        run_script(&["stop", &self.folder]);
    }
}

fn run_script(arguments: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/redis");
    let output = Command::new(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
