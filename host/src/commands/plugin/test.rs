//! `doorward plugin test`: an author's tests natively on the fake host, then the component in the real one.

use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use super::build::{BuildRequest, build_all_with_folders};
use super::cases;
use super::check::{CheckRequest, ScratchFolder, trial};
use crate::app::{App, open_store};
use crate::commands::CommandResult;
use crate::http::{Mount, Query, Request, Response};
use crate::plugin_host::Manifest;
use crate::server;

/// Tests the plugins of a folder.
///
/// # Errors
/// When a test fails, the code does not compile, the component is not accepted, or a route fails.
pub(super) fn test(request: &BuildRequest, options: &str) -> CommandResult {
    request.require_crate()?;
    say("running the tests natively");
    native_tests(request)?;
    let mut failed = Vec::new();
    for built in build_all_with_folders(request)? {
        say(&format!("trying {} in the real host", built.component.display()));
        try_out(&built.component, options)?;
        for file in cases::files(&built.folder)? {
            say(&format!("playing {}", file.display()));
            let folder = ScratchFolder::new()?;
            failed.extend(cases::play(&file, &built.component, &folder).err().map(|error| error.to_string()));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ").into()) }
}

fn native_tests(request: &BuildRequest) -> CommandResult {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["test", "--manifest-path"]).arg(request.folder.join("Cargo.toml"));
    let status = cargo.arg("--target-dir").arg(&request.target).status()?;
    if status.success() { Ok(()) } else { Err("the tests do not pass: see above".into()) }
}

/// Starts a server with the component alone and an empty database, and calls each route without a session.
fn try_out(component: &Path, options: &str) -> CommandResult {
    let folder = ScratchFolder::new()?;
    let (config, plugin) = trial(&folder, component, &CheckRequest { options, grants: None })?;
    server::block_on(async move {
        open_store(&config)?.migrate().await?;
        let app = App::start(config).await?;
        smoke(&app, &plugin.manifest).await
    })?
}

/// Whatever a route answers to a stranger, it must be an answer of its own.
async fn smoke(app: &App, manifest: &Manifest) -> CommandResult {
    let mut failed = Vec::new();
    let routes = manifest.routes.iter().map(|route| (Mount::Base, route.method.as_str(), route.path.as_str()));
    let pages = manifest.pages.iter().map(|page| (Mount::Root, "GET", page.path.as_str()));
    for (mount, method, path) in routes.chain(pages) {
        let mut request = Request::placeholder();
        request.id = "smoke".to_owned();
        request.mount = mount;
        request.method = method.to_owned();
        let parts = path.split('/').map(|part| if part.starts_with(':') { "x" } else { part });
        request.path = parts.collect::<Vec<_>>().join("/");
        request.query = Query::parse("");
        if method != "GET" {
            request.headers.push("content-type", "application/json");
            request.headers.push("origin", app.config.origin());
            request.raw_body = "{}".into();
        }
        let response = app.pipeline.answer(request).await;
        say(&format!("    {method} {path} → {}", response.status));
        if is_fault(&response) {
            failed.push(format!("{method} {path} answers {}", response.status));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ").into()) }
}

/// Whether the plugin itself failed. What it answers when another server is away is an answer.
fn is_fault(response: &Response) -> bool {
    let body: Json = serde_json::from_slice(&response.body).unwrap_or_default();
    let code = body.get("code").and_then(Json::as_str).unwrap_or_default();
    response.status >= 500 && matches!(code, "PLUGIN_ERROR" | "PLUGIN_TIMEOUT" | "INTERNAL_SERVER_ERROR" | "")
}

fn say(line: &str) {
    remark!("{line}");
}
