//! Puts the official components into the binary, when `DOORWARD_BUNDLE` names the file that `doorward plugin pack` wrote.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=DOORWARD_BUNDLE");
    println!("cargo::rerun-if-changed=build.rs");
    let bundle = match env::var_os("DOORWARD_BUNDLE").filter(|file| !file.is_empty()) {
        Some(file) => {
            let file = PathBuf::from(file);
            println!("cargo::rerun-if-changed={}", file.display());
            match fs::canonicalize(&file) {
                Ok(file) => file,
                Err(error) => {
                    println!(
                        "cargo::error=DOORWARD_BUNDLE: {}: {error}. Write it with `doorward plugin pack`",
                        file.display()
                    );
                    return;
                }
            }
        }
        None => {
            let empty = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("no-bundle");
            if let Err(error) = fs::write(&empty, b"") {
                println!("cargo::error={}: {error}", empty.display());
            }
            empty
        }
    };
    println!("cargo::rustc-env=BUNDLE_OF_COMPONENTS={}", bundle.display());
    // Machine code for plugins is made for what the server is built for.
    println!("cargo::rustc-env=TARGET_OF_BUILD={}", env::var("TARGET").unwrap_or_default());
}
