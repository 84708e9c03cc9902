//! The `doorward` binary: reads the arguments, starts the log, runs the command.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use doorward::commands::{self, Cli, terminal};
use doorward::log;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let started = log::filter(std::env::var(log::VARIABLE).ok().as_deref()).and_then(|filter| {
        let started = log::start(filter, std::io::stderr().is_terminal());
        started.map_err(|error| format!("the log cannot be started: {error}"))
    });
    if let Err(error) = started {
        terminal::remark(format_args!("doorward: {error}"));
        return ExitCode::FAILURE;
    }
    let done = commands::run(cli);
    if let Err(error) = &done {
        report(error.as_ref());
    }
    log::flush();
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The last word of a failed command.
fn report(error: &dyn std::error::Error) {
    if log::is_json() {
        tracing::error!("{error}");
        return;
    }
    log::flush();
    terminal::remark(format_args!("doorward: {error}"));
}
