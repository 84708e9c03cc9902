//! The measured table as a chapter of the book, with the machine and the commit that it is of.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::table::{Row, markdown};

/// Writes `docs/benchmarks.md`, as measured with these arguments.
pub fn write(rows: &[Row], arguments: &[String]) -> Outcome<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let told = |program: &str, arguments: &[&str]| -> Outcome<String> {
        let output = Command::new(program).args(arguments).current_dir(&root).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = told("git", &["rev-parse", "--short=12", "HEAD"])?;
    let date = told("git", &["show", "--no-patch", "--format=%cs", "HEAD"])?;
    let is_clean = told("git", &["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    let changed = if is_clean { "" } else { ", with changes" };
    let compiler = told("rustc", &["--version"])?;
    let kernel = told("uname", &["-sr"])?;
    let cores = std::thread::available_parallelism()?;
    let processor = fs::read_to_string("/proc/cpuinfo")?;
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processor = processor.map_or("unknown processor", |(_, name)| name);
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kib: u64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().split(' ').next()?.parse().ok())
        .unwrap_or(0);
    let text = format!(
        "# Benchmarks\n\n`cargo bench -- {}` wrote this chapter.\n\n\
         | | |\n|---|---|\n| commit | `{commit}`{changed}, {date} |\n| machine | {cores} cores of {processor}, {} GiB, {kernel} |\n\
         | compiler | {compiler}, release profile |\n\n\
         Load generator and server share the cores. Each number is the median of rounds in which the compared sides took turns, so\n\
         that what else the machine does falls on all of them. A budget that is missed is marked **over**.\n\n{}",
        arguments.join(" "),
        kib >> 20,
        markdown(rows)
    );
    Ok(fs::write(root.join("docs/benchmarks.md"), text)?)
}
