//! `doorward plugin build`: one call of cargo for all plugins of a folder, then a component of each module that changed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use super::toolchain::Toolchain;
use crate::commands::CommandResult;
use crate::config::folder_beside_binary;
use crate::crypto::{hex, sha256};
use crate::files::write_whole;
use crate::plugin_host::package::{assets, component};

/// Small, deterministic code, whatever the crate's own profile says.
const PROFILE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3"),
    ("CARGO_PROFILE_RELEASE_LTO", "true"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_STRIP", "debuginfo"),
];

type CommandError = Box<dyn std::error::Error + Send + Sync>;

/// What to build.
#[derive(Clone, Debug)]
pub struct BuildRequest {
    /// A crate, or a workspace of crates.
    pub folder: PathBuf,
    /// Where the components go: `<out>/<id>.wasm`.
    pub out: PathBuf,
    /// Where cargo works. One for all plugins, so that the SDK and its dependencies are compiled once.
    pub target: PathBuf,
}

impl BuildRequest {
    /// The folder's Cargo.toml.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn require_crate(&self) -> Result<PathBuf, CommandError> {
        let manifest = self.folder.join("Cargo.toml");
        if manifest.is_file() {
            return Ok(manifest);
        }
        let advice = "name the folder of a plugin's crate, or make one with `doorward plugin new NAME`";
        Err(format!("{} is not there: {advice}", manifest.display()).into())
    }
}

/// Builds the plugins of a folder. What is up to date is left as it is.
///
/// # Errors
/// When there is no compiler for WebAssembly, the code does not compile, or a module is no plugin.
pub fn build(request: &BuildRequest) -> CommandResult {
    build_all(request).map(|_| ())
}

/// A component that was built, and the folder of its crate.
pub(super) struct Built {
    pub(super) component: PathBuf,
    pub(super) folder: PathBuf,
}

/// As [`build`]; returns the components.
pub(super) fn build_all(request: &BuildRequest) -> Result<Vec<PathBuf>, CommandError> {
    Ok(build_all_with_folders(request)?.into_iter().map(|built| built.component).collect())
}

/// As [`build_all`], with the folders of the crates.
pub(super) fn build_all_with_folders(request: &BuildRequest) -> Result<Vec<Built>, CommandError> {
    let manifest = request.require_crate()?;
    let toolchain = Toolchain::find()?;
    say(&format!("compiling the plugins of {}", request.folder.display()));
    let modules = compile(&manifest, &request.target, &toolchain)?;
    if modules.is_empty() {
        return Err(
            format!("{} makes no module: add `crate-type = [\"cdylib\"]` to its [lib]", manifest.display()).into()
        );
    }
    fs::create_dir_all(&request.out)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let made = modules.into_iter().map(|module| {
        let component = runtime.block_on(make_component(&module, &request.out))?;
        Ok(Built { component, folder: module.folder })
    });
    made.collect()
}

/// Copies components to the folder beside this binary. Where it may not write, it says so and leaves it at that.
///
/// # Errors
/// When a component cannot be read.
pub(super) fn put_beside_binary(components: &[PathBuf]) -> CommandResult {
    let Some(folder) = folder_beside_binary() else { return Ok(()) };
    for component in components {
        let Some(name) = component.file_name() else { continue };
        let bytes = fs::read(component)?;
        if let Err(error) = put(&folder.join(name), &bytes) {
            say(&format!("nothing was put into {}: {error}", folder.display()));
            return Ok(());
        }
    }
    Ok(())
}

/// Writes a file as a whole, unless it is that already.
fn put(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if fs::read(file).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    write_whole(file, &[bytes])
}

/// A module that cargo made, and the folder of its crate.
struct Module {
    file: PathBuf,
    folder: PathBuf,
}

/// Runs cargo and returns the modules that it made or found up to date.
fn compile(manifest: &Path, target: &Path, toolchain: &Toolchain) -> Result<Vec<Module>, CommandError> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--message-format=json-render-diagnostics", "--manifest-path"]).arg(manifest);
    cargo.arg("--target-dir").arg(target).envs(PROFILE).env_remove("RUSTFLAGS");
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", remapped_paths(manifest, toolchain)?);
    toolchain.configure(&mut cargo);
    let mut running = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut modules = Vec::new();
    if let Some(output) = running.stdout.take() {
        for line in BufReader::new(output).lines() {
            modules.extend(module_of(&serde_json::from_str(&line?).unwrap_or_default()));
        }
    }
    if running.wait()?.success() { Ok(modules) } else { Err("the plugins do not compile: see above".into()) }
}

/// The module in one of cargo's messages.
fn module_of(message: &Json) -> Option<Module> {
    let is_plugin = message.pointer("/target/kind")?.as_array()?.iter().any(|kind| kind == "cdylib");
    let files = message.get("filenames").filter(|_| is_plugin)?.as_array()?;
    let mut files = files.iter().filter_map(Json::as_str).map(PathBuf::from);
    let file = files.find(|file| file.extension().is_some_and(|end| end == "wasm"))?;
    let folder = Path::new(message.get("manifest_path")?.as_str()?).parent()?.to_owned();
    Some(Module { file, folder })
}

/// The same source makes the same bytes on every machine and in every folder.
///
/// The workspace's own crates have relative paths already; crates that lie elsewhere, the registry's and the compiler's do
/// not.
fn remapped_paths(manifest: &Path, toolchain: &Toolchain) -> Result<String, CommandError> {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    let registry = cargo_home.or_else(home).map(|home| (home, "/cargo".to_owned()));
    let compiler = toolchain.sysroot().map(|root| (root, "/rust".to_owned()));
    let remap = |(from, to): (PathBuf, String)| format!("--remap-path-prefix={}={to}", from.display());
    let elsewhere = crates_elsewhere(manifest)?.into_iter().map(|(name, folder)| (folder, format!("/crates/{name}")));
    Ok(elsewhere.chain(registry).chain(compiler).map(remap).collect::<Vec<_>>().join(" "))
}

/// Names and folders of the crates that are dependencies by path and lie outside of the workspace: the SDK, above all.
fn crates_elsewhere(manifest: &Path) -> Result<Vec<(String, PathBuf)>, CommandError> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = cargo
        .args(["metadata", "--format-version=1", "--manifest-path"])
        .arg(manifest)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{} cannot be read: see above", manifest.display()).into());
    }
    let metadata: Json = serde_json::from_slice(&output.stdout)?;
    let root = metadata.get("workspace_root").and_then(Json::as_str).unwrap_or_default();
    let packages = metadata.get("packages").and_then(Json::as_array).into_iter().flatten();
    let elsewhere = packages.filter(|package| package.get("source").is_none_or(Json::is_null)).filter_map(|package| {
        let name = package.get("name")?.as_str()?;
        let folder = Path::new(package.get("manifest_path")?.as_str()?).parent()?;
        (!folder.starts_with(root)).then(|| (name.to_owned(), folder.to_owned()))
    });
    Ok(elsewhere.collect())
}

/// Writes `<out>/<id>.wasm`, unless it was made of this very module and these assets.
async fn make_component(module: &Module, out: &Path) -> Result<PathBuf, CommandError> {
    let Module { file: module, folder } = module;
    let bytes = fs::read(module)?;
    let folder = folder.join("assets");
    let assets = assets::of_folder(&folder).map_err(|fault| format!("{}: {fault}", folder.display()))?;
    let stamp = module.with_extension("stamp");
    let made_of = format!("{} {} {}", env!("CARGO_PKG_VERSION"), hex(&sha256(&bytes)), assets::hash(&assets));
    if let Some(file) = up_to_date(&stamp, &made_of, out) {
        say(&format!("{} is up to date", file.display()));
        return Ok(file);
    }
    let (component, manifest) = component::from_module(&bytes, &assets, &module.display().to_string()).await?;
    let file = out.join(format!("{}.wasm", manifest.id));
    put(&file, &component)?;
    let hash = hex(&sha256(&component));
    fs::write(&stamp, format!("{made_of}\n{}\n{hash}\n", manifest.id))?;
    say(&format!("{}  {} KiB  sha256 {hash}", file.display(), component.len() / 1024));
    Ok(file)
}

/// The component that the stamp tells of, when it is there unchanged and was made of the same module.
fn up_to_date(stamp: &Path, made_of: &str, out: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(stamp).ok()?;
    let mut lines = text.lines();
    let (source, id, hash) = (lines.next()?, lines.next()?, lines.next()?);
    let file = out.join(format!("{id}.wasm"));
    let found = fs::read(&file).ok()?;
    (source == made_of && hex(&sha256(&found)) == hash).then_some(file)
}

fn say(line: &str) {
    remark!("{line}");
}
