//! What the compiler tells an author whose declaration is wrong: what it should be instead.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The SDK as cargo just built it for this test, beside which it lies.
fn sdk() -> PathBuf {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_sdk = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libdoorward_sdk-") && name.ends_with(".rlib")
    };
    files.filter(is_sdk).max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap()
}

/// What the compiler says of a plugin's source.
fn compile(name: &str, source: &str) -> Result<(), String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (sdk, file) = (sdk(), folder.join(format!("{name}.rs")));
    std::fs::write(&file, format!("#![allow(dead_code)]\nuse doorward_sdk::prelude::*;\n{source}")).unwrap();
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "--color", "never"]);
    rustc.arg("--extern").arg(format!("doorward_sdk={}", sdk.display()));
    rustc.arg("-L").arg(format!("dependency={}", sdk.parent().unwrap().display())).arg("--out-dir").arg(&folder);
    let output = rustc.arg(&file).stdin(Stdio::null()).output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

#[track_caller]
fn says(name: &str, source: &str, parts: &[&str]) {
    let said = compile(name, source).expect_err("it compiles");
    for part in parts {
        assert!(said.contains(part), "{name}: `{part}` is not in:\n{said}");
    }
}

#[test]
fn a_right_plugin_compiles() {
    let source = "doorward_sdk::plugin!(plugin);
        fn plugin() -> Plugin { Plugin::new(\"a\", \"1.0.0\").route(Route::get(\"/a\", a)) }
        fn a(_: &Request, (): ()) -> Result<Response> { Ok(Response::empty(200)) }";
    assert_eq!(compile("right", source), Ok(()));
}

#[test]
fn an_input_that_is_none_says_how_it_becomes_one() {
    let source = "struct Seat { number: f64 }
        fn take(_: &Request, seat: Seat) -> Result<Response> { Response::json(&seat.number) }
        fn route() -> Route { Route::post(\"/a\", take) }";
    let parts = ["`Seat` cannot be the input of a handler", "impl Input for Seat { fn read(fields: &mut Fields<'_>)"];
    says("input", source, &parts);
}

#[test]
fn a_field_of_another_type_says_which_there_are() {
    let source = "struct Seat { number: u8 }
        impl Input for Seat {
            fn read(fields: &mut Fields<'_>) -> Self { Seat { number: fields.required(\"number\") } }
        }";
    says("field", source, &["`u8` is no type of a field", "`f64`", "fields.any(name)"]);
}

#[test]
fn a_handler_of_another_form_is_told_the_form() {
    let form = "fn(&'a doorward_sdk::Request<'b>, _)";
    let source = "fn a(_: &Request) -> Result<Response> { Ok(Response::empty(200)) }
        fn route() -> Route { Route::get(\"/a\", a) }";
    says("arguments", source, &[form, "incorrect number of function parameters"]);
    let source = "fn a(_: &Request, (): ()) -> Response { Response::empty(200) }
        fn route() -> Route { Route::get(\"/a\", a) }";
    says("answer", source, &["-> Result<doorward_sdk::Response, doorward_sdk::Error>"]);
    let source = "fn plugin() -> Plugin { Plugin::new(\"a\", \"1\").before(\"/a\", |_| Ok(())) }";
    says("hook", source, &["expected `Flow`, found `()`"]);
}

#[test]
fn a_declaration_of_another_form_is_seen_natively() {
    let source = "doorward_sdk::plugin!(plugin);
        fn plugin() -> Route { Route::get(\"/a\", |_, ()| Ok(Response::empty(200))) }";
    says("declaration", source, &["expected fn pointer `fn() -> Plugin`"]);
}
