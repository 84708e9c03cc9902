//! Finds a Rust compiler that makes WebAssembly, and how it must be called.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TARGET: &str = "wasm32-unknown-unknown";
/// rustup waits long for a server that it cannot reach.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(120);

const NO_TOOLCHAIN: &str = "no Rust compiler here makes WebAssembly: run `rustup target add wasm32-unknown-unknown` (or \
     `rustup component add rust-src`), or on Debian and its kin `apt-get install rustc-web rust-web-src`";

/// A compiler for the target of plugins.
#[derive(Debug)]
pub(super) enum Toolchain {
    /// Has the target's standard library.
    Installed,
    /// Has only the standard library's source, which is compiled with the plugins.
    FromSource { rustc: PathBuf, linker: PathBuf },
}

impl Toolchain {
    /// The first that works; adds the target with rustup when nothing else does.
    ///
    /// # Errors
    /// A text that names the ways to get one.
    pub(super) fn find() -> Result<Self, String> {
        let default = PathBuf::from(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        if has_target(&default) {
            return Ok(Self::Installed);
        }
        let compilers = [default.clone(), PathBuf::from("/usr/bin/rustc")];
        let linker =
            compilers.iter().filter_map(|rustc| sysroot(rustc)).find_map(|root| linker_in(&root)).or_else(wasm_ld);
        if let Some(linker) = linker {
            let with_source = compilers.into_iter().find(|rustc| sysroot(rustc).is_some_and(|root| has_source(&root)));
            if let Some(rustc) = with_source {
                return Ok(Self::FromSource { rustc, linker });
            }
        }
        if add_target() && has_target(&default) { Ok(Self::Installed) } else { Err(NO_TOOLCHAIN.to_owned()) }
    }

    /// Prepares a call of cargo for the target.
    pub(super) fn configure(&self, cargo: &mut Command) {
        cargo.args(["--target", TARGET]);
        let Self::FromSource { rustc, linker } = self else { return };
        cargo.args(["-Zbuild-std=std,panic_abort"]);
        // The unstable flag above works with a stable compiler only so.
        cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", rustc);
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }

    /// Where the compiler's own sources lie, for paths that must not depend on the machine.
    pub(super) fn sysroot(&self) -> Option<PathBuf> {
        match self {
            Self::Installed => sysroot(Path::new("rustc")),
            Self::FromSource { rustc, .. } => sysroot(rustc),
        }
    }
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    let output = Command::new(rustc).args(["--print", "sysroot"]).stderr(Stdio::null()).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    (output.status.success()).then(|| PathBuf::from(path.trim()))
}

fn has_target(rustc: &Path) -> bool {
    sysroot(rustc).is_some_and(|root| root.join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

fn has_source(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib/src/rust/library/std").is_dir()
}

fn linker_in(sysroot: &Path) -> Option<PathBuf> {
    let hosts = std::fs::read_dir(sysroot.join("lib/rustlib")).ok()?.flatten();
    hosts.map(|host| host.path().join("bin/rust-lld")).find(|linker| linker.is_file())
}

fn wasm_ld() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .flat_map(|folder| ["rust-lld", "wasm-ld"].map(|name| folder.join(name)))
        .find(|file| file.is_file())
}

fn add_target() -> bool {
    let rustup = Command::new("rustup").args(["target", "add", TARGET]).stdin(Stdio::null()).spawn();
    let Ok(mut rustup) = rustup else { return false };
    let begun = Instant::now();
    while begun.elapsed() < DOWNLOAD_TIMEOUT {
        match rustup.try_wait() {
            Ok(None) => std::thread::sleep(Duration::from_millis(100)),
            Ok(Some(status)) => return status.success(),
            Err(_) => break,
        }
    }
    // It may have ended by itself just now; then there is nothing left to stop.
    drop(rustup.kill());
    false
}

#[cfg(test)]
mod tests {
    use super::NO_TOOLCHAIN;

    #[test]
    fn what_is_missing_is_said_in_one_line_with_the_command_that_brings_it() {
        assert_eq!(NO_TOOLCHAIN.lines().count(), 1);
        assert!(NO_TOOLCHAIN.contains("`rustup target add wasm32-unknown-unknown`"));
    }
}
