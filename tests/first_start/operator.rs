//! An operator at a terminal: a folder of their own, the built binary, and plain HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::hostile::official;

/// A folder outside of the repository.
pub struct Folder {
    folder: TempDir,
    binary: PathBuf,
    public: SocketAddr,
    management: SocketAddr,
}

/// A server that runs until this is dropped.
pub struct Running {
    process: Child,
    pub public: SocketAddr,
    pub management: SocketAddr,
}

/// What a client gets.
pub struct Answer {
    pub status: u16,
    pub length: Option<String>,
    pub kind: Option<String>,
    /// The first cookie that is set: `NAME=VALUE`.
    pub cookie: Option<String>,
    pub body: String,
}

impl Folder {
    pub fn new() -> Self {
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_doorward"));
        Self { folder: tempfile::tempdir().unwrap(), binary, public: free(), management: free() }
    }

    /// With a binary of its own in `bin`, and nothing beside it.
    pub fn installed() -> Self {
        let mut own = Self::new();
        let binary = own.path("bin/doorward");
        std::fs::create_dir(own.path("bin")).unwrap();
        if std::fs::hard_link(&own.binary, &binary).is_err() {
            std::fs::copy(&own.binary, &binary).unwrap();
        }
        own.binary = binary;
        own
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts the official components into a folder.
    pub fn install(&self, place: &str) {
        std::fs::create_dir_all(self.path(place)).unwrap();
        for component in std::fs::read_dir(official()).unwrap() {
            let component = component.unwrap();
            std::fs::copy(component.path(), self.path(place).join(component.file_name())).unwrap();
        }
    }

    /// The plugins that stand in the template as comments: id, and the lines without their marks.
    pub fn plugins_of_template(&self) -> Vec<(String, String)> {
        let template = include_str!("../../host/templates/doorward.toml");
        let entries = template.split("# [[plugins]]\n").skip(1);
        let unmarked =
            |entry: &str| entry.lines().map(|line| line.trim_start_matches("# ")).collect::<Vec<_>>().join("\n");
        let id = |entry: &str| entry.split('"').nth(1).unwrap().to_owned();
        entries.map(|entry| (id(entry), format!("[[plugins]]\n{}\n", unmarked(entry)))).collect()
    }

    /// Switches on every plugin as the template says it.
    pub fn switch_on_all(&self) {
        self.plugins_of_template().iter().for_each(|(_, entry)| self.append(entry));
    }

    pub fn append(&self, text: &str) {
        let text = text.replace("{management}", &self.management.to_string());
        let present = std::fs::read_to_string(self.path("doorward.toml")).unwrap();
        std::fs::write(self.path("doorward.toml"), format!("{present}{text}")).unwrap();
    }

    pub fn prepend(&self, text: &str) {
        let present = std::fs::read_to_string(self.path("doorward.toml")).unwrap();
        std::fs::write(self.path("doorward.toml"), format!("{text}{present}")).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(self.folder.path()).env("NO_COLOR", "1");
        command.env("GITHUB_CLIENT_SECRET", "a secret of the provider");
        command.env("DOORWARD_PASSWORD_HASHING__MEMORY_KIB", "64").env("DOORWARD_PASSWORD_HASHING__ITERATIONS", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What the command writes to both outputs, and whether it succeeds.
    pub fn run(&self, arguments: &[&str], input: &str) -> (bool, String, String) {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    pub fn succeed(&self, arguments: &[&str]) -> String {
        let (succeeded, stdout, stderr) = self.run(arguments, "");
        assert!(succeeded, "{arguments:?}: {stdout}{stderr}");
        stdout
    }

    /// The last line that the command leaves behind, when it fails.
    pub fn fail(&self, arguments: &[&str]) -> String {
        let (succeeded, stdout, stderr) = self.run(arguments, "");
        assert!(!succeeded, "{arguments:?}: {stdout}{stderr}");
        stderr
    }

    /// As [`Folder::fail`], for `serve` or `dev` on an address of this test's own.
    pub fn fail_to_serve(&self, command: &str) -> String {
        let mut command = self.command(&[command]);
        let output = command.env("DOORWARD_SERVER__ADDRESS", self.public.to_string()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    /// Starts `serve` or `dev` on addresses of this test's own, and waits until it answers.
    pub fn serve(&self, command: &str) -> Running {
        self.serve_logging_to(command, Stdio::null())
    }

    /// As [`Folder::serve`], with this as its standard error output.
    pub fn serve_logging_to(&self, command: &str, log: impl Into<Stdio>) -> Running {
        self.serve_saying_to(command, Stdio::null(), log.into())
    }

    /// As [`Folder::serve`], with these as its outputs.
    pub fn serve_saying_to(&self, command: &str, said: Stdio, log: Stdio) -> Running {
        let is_up = |server: &Running| answer(server, "GET", "/api/auth/ok", "").status == 200;
        self.serve_until((command, "http"), said, log, &is_up)
    }

    /// As [`Folder::serve`] with TLS, which `is_up` has to speak.
    pub fn serve_securely(&self, is_up: &dyn Fn(&Running) -> bool) -> Running {
        self.serve_until(("serve", "https"), Stdio::null(), Stdio::null(), is_up)
    }

    fn serve_until(
        &self,
        (command, scheme): (&str, &str),
        said: Stdio,
        log: Stdio,
        is_up: &dyn Fn(&Running) -> bool,
    ) -> Running {
        let mut command = self.command(&[command]);
        command.env("DOORWARD_SERVER__ADDRESS", self.public.to_string());
        command.env("DOORWARD_BASE_URL", format!("{scheme}://{}", self.public));
        command.stdout(said).stderr(log);
        let mut server =
            Running { process: command.spawn().unwrap(), public: self.public, management: self.management };
        for _ in 0..1200 {
            assert!(server.process.try_wait().unwrap().is_none(), "the server ended");
            if TcpStream::connect(self.public).is_ok() && is_up(&server) {
                return server;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("the server does not answer");
    }
}

impl Running {
    /// Lets it finish what it does, and waits for its end.
    pub fn stop(mut self) {
        self.signal("TERM");
        assert!(self.process.wait().unwrap().success());
    }

    pub fn signal(&self, name: &str) {
        let done = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    /// A value of `/metrics`.
    pub fn metric(&self, name: &str) -> Option<u64> {
        let text = exchange(self.management, "GET", "/metrics", "", "");
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// An address that nobody listened on a moment ago.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub fn answer(server: &Running, method: &str, path: &str, body: &str) -> Answer {
    answer_with(server, (method, path), "", body)
}

/// As [`answer`], with these lines of headers.
pub fn answer_with(server: &Running, (method, path): (&str, &str), headers: &str, body: &str) -> Answer {
    let text = exchange(server.public, method, path, headers, body);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let header = |name: &str| {
        let mut pairs = head.lines().filter_map(|line| line.split_once(": "));
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    let cookie = header("set-cookie").and_then(|line| Some(line.split(';').next()?.to_owned()));
    Answer { status, length: header("content-length"), kind: header("content-type"), cookie, body: body.to_owned() }
}

pub fn status_line(address: SocketAddr, method: &str, path: &str) -> String {
    exchange(address, method, path, "", "").lines().next().unwrap_or_default().to_owned()
}

fn exchange(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}{kind}content-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut text = Vec::new();
    // A server that starts may cut the connection.
    _ = stream.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}
