//! The binary itself in a folder of its own, and raw bytes over TCP.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a start or an answer may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// After so long without a byte, a connection that has brought an answer brings no other.
const SILENCE: Duration = Duration::from_millis(1500);

/// A running `doorward serve`; killed when dropped.
pub struct Binary {
    child: Child,
    folder: tempfile::TempDir,
    /// Where clients come.
    pub address: SocketAddr,
}

impl Binary {
    /// Serves with a SQLite database, passwords on, limits off, and `options`; the log is at `level`.
    pub fn start(options: &str, level: &str) -> Self {
        Self::run("serve", options, level)
    }

    /// As [`Binary::start`], with another command that serves, and quietly.
    pub fn start_with(command: &str, options: &str) -> Self {
        Self::run(command, options, "warn")
    }

    fn run(serving: &str, options: &str, level: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let base_url =
            if options.contains("base_url") { String::new() } else { format!("base_url = \"http://{address}\"") };
        let text = format!(
            "{base_url}\nsecret = \"red-team-secret-canary-0123456789-abcdef\"\nserver.address = \"{address}\"\n\
             database.url = \"sqlite://test.db\"\nemail_and_password.enabled = true\n\
             password_hashing = {{ memory_kib = 8192, iterations = 1, queue = 64 }}\nrate_limit.enabled = false\n{options}\n"
        );
        let config = folder.path().join("doorward.toml");
        fs::write(&config, text).unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let command = |name: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
            command.args([name, "--config"]).arg(&config).env("DOORWARD_LOG", level).env("NO_COLOR", "1");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.try_clone().unwrap());
            command
        };
        assert!(command("migrate").status().unwrap().success());
        let child = command(serving).spawn().unwrap();
        let server = Self { child, folder, address };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < PATIENCE, "{}", server.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Everything the server wrote to its log so far.
    pub fn log(&self) -> String {
        // Lines are written beside the requests: once nothing more comes, all are there.
        let read = || String::from_utf8_lossy(&fs::read(self.folder.path().join("log")).unwrap()).into_owned();
        let mut log = read();
        loop {
            std::thread::sleep(std::time::Duration::from_millis(200));
            match read() {
                now if now == log => return log,
                now => log = now,
            }
        }
    }

    /// Runs another command of the binary on the same configuration and returns what it printed.
    pub fn run_beside(&self, name: &str) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command.args([name, "--config"]).arg(self.folder.path().join("doorward.toml")).env("DOORWARD_LOG", "warn");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Asks it to end, as an orchestrator does.
    pub fn terminate(&self) {
        let done = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    /// Whether it ended well; waits for that.
    pub fn ended(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// The URL of the database.
    pub fn database_url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("test.db").display())
    }

    /// The bytes of the database's files.
    pub fn database(&self) -> Vec<u8> {
        let files = ["test.db", "test.db-wal"].map(|name| fs::read(self.folder.path().join(name)).unwrap_or_default());
        files.concat()
    }

    /// The largest resident memory so far, in KiB.
    pub fn peak_memory_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Sends bytes and reads until the server closes or, having said something, falls silent.
    pub fn talk(&self, bytes: &[u8]) -> Talk {
        self.talk_until(bytes, SILENCE)
    }

    /// As [`Binary::talk`]: once it has begun to answer, the server may be silent for so long.
    fn talk_until(&self, bytes: &[u8], silence: Duration) -> Talk {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // A server that refuses early may close while there is more to send.
        _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let mut block = [0; 4096];
        let is_closed = loop {
            match stream.read(&mut block) {
                Ok(0) => break true,
                Ok(length) => answer.extend_from_slice(&block[..length]),
                Err(error) => break error.kind() == std::io::ErrorKind::ConnectionReset,
            }
            stream.set_read_timeout(Some(silence)).unwrap();
        };
        Talk { text: String::from_utf8_lossy(&answer).into_owned(), is_closed }
    }

    /// A `POST` of JSON with the server's own origin and more header lines; the whole answer.
    pub fn post(&self, path: &str, headers: &str, body: &str) -> Talk {
        let origin = self.address;
        let request = format!(
            "POST /api/auth{path} HTTP/1.1\r\nhost: {origin}\r\norigin: http://{origin}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        self.talk_until(request.as_bytes(), PATIENCE)
    }

    /// A `GET` with more header lines; the whole answer.
    pub fn get(&self, path: &str, headers: &str) -> Talk {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\r\n", self.address);
        self.talk_until(request.as_bytes(), PATIENCE)
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// What came back on one connection.
#[derive(Debug)]
pub struct Talk {
    /// Everything, heads and bodies.
    pub text: String,
    /// Whether the server closed the connection.
    pub is_closed: bool,
}

impl Talk {
    /// The first status; 0 when nothing came.
    pub fn status(&self) -> u16 {
        self.text.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    /// How many answers came.
    pub fn answers(&self) -> usize {
        self.text.matches("HTTP/1.").count()
    }

    /// `name=value` of the cookie with this name.
    pub fn cookie(&self, name: &str) -> String {
        let line = self.text.lines().find(|line| line.starts_with("set-cookie: ") && line.contains(name)).unwrap();
        line.trim_start_matches("set-cookie: ").split(';').next().unwrap().to_owned()
    }
}

/// A port that was free a moment ago.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
