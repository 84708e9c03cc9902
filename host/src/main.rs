//! The `doorward` binary: reads the arguments, starts the log, runs the command.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use doorward::commands::{self, Cli, terminal};
use doorward::log;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("DOORWARD_LOG").unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    if let Err(error) = log::start(filter, std::io::stderr().is_terminal()) {
        terminal::remark(format_args!("doorward: the log cannot be started: {error}"));
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
