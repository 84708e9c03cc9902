//! The reference on Node beside Doorward, both with the core alone on SQLite; where Node and its packages are there.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::cost::micros_per_request;
use crate::doorward::{Doorward, Extras, sign_in_at, signed_up_at};
use crate::load::{closed_loop, get};
use crate::process::{Process, free_port};
use crate::table::{Budget, Row};
use crate::{Length, Outcome, progress};

const SIGN_INS_AT_ONCE: usize = 8;

/// What a session check, a sign-in, and memory cost at both.
pub fn rows(length: Length) -> Outcome<Vec<Row>> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
    if !tests.join("node_modules/better-auth").exists() || Command::new("node").arg("--version").output().is_err() {
        let why = "needs Node.js, and `npm ci` in tests/";
        return Ok(vec![Row::not_measured("beside the reference on Node", why, Budget::at_least(1.0))]);
    }
    progress("the reference on Node");
    let (folder, port) = (tempfile::tempdir()?, free_port()?);
    let mut command = Command::new("node");
    command.arg(tests.join("bench/reference.mjs")).arg(port.to_string()).arg(folder.path().join("reference.db"));
    let node = Process::start(command, port, "/api/auth/ok")?;
    let doorward = Doorward::start(Extras::None, None)?;
    let (own_cookie, cookie) = (doorward.sign_up()?, signed_up_at(port)?);
    let check = crate::load::Target { port, requests: vec![get("/api/auth/get-session", Some(&cookie))], status: 200 };
    let sides = [(&doorward.process, doorward.get_session(&own_cookie)), (&node, check)];
    let [own, theirs] = micros_per_request(&sides, length)?;
    let mut rows = vec![Row::figure(
        "CPU per get-session, beside the reference on Node",
        format!("{own:.0} µs"),
        format!("reference {theirs:.0} µs, {:.1} times as much", theirs / own),
    )];
    let rate = |target| Outcome::Ok(closed_loop(&target, SIGN_INS_AT_ONCE, length.0 * 2)?.per_sec());
    let (own, theirs) = (rate(doorward.sign_in())?, rate(sign_in_at(port))?);
    rows.push(Row::figure(
        "sign-ins/s, beside the reference on Node",
        format!("{own:.1}/s, argon2id"),
        format!("reference {theirs:.1}/s, scrypt"),
    ));
    std::thread::sleep(Duration::from_millis(500));
    rows.push(Row::figure(
        "memory after that, beside the reference on Node",
        format!("{:.0} MB", doorward.process.memory_mb()?),
        format!("reference {:.0} MB", node.memory_mb()?),
    ));
    Ok(rows)
}
