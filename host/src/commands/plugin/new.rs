//! `doorward plugin new`: a folder with a working plugin, its tests and a server to try it with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::commands::CommandResult;

/// The files of a new plugin; `{{id}}` and `{{sdk}}` stand for its name and where the SDK comes from.
const FILES: [(&str, &str); 6] = [
    ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
    ("src/lib.rs", include_str!("template/src/lib.rs")),
    ("README.md", include_str!("template/README.md")),
    ("{{id}}.cases.toml", include_str!("template/cases.toml")),
    ("doorward.toml", include_str!("template/doorward.toml")),
    (".gitignore", include_str!("template/gitignore.txt")),
];

/// Version of the SDK that belongs to this server.
const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Makes the folder `path`, whose last part is the plugin's id.
///
/// # Errors
/// When the name is no id, the folder exists already, or a file cannot be written.
pub(super) fn new(path: &Path, sdk: Option<&str>) -> CommandResult {
    let id = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_id = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !id.starts_with(|first: char| first.is_ascii_lowercase()) || !id.bytes().all(is_id) {
        return Err(format!("`{id}` is no name of a plugin: use lower case letters, digits and hyphens").into());
    }
    if path.exists() {
        return Err(format!("{} exists already: choose another name", path.display()).into());
    }
    let is_from_registry = sdk.is_none() && !sdk_beside().join("Cargo.toml").is_file();
    let sdk = dependency(sdk)?;
    for (name, text) in FILES {
        let file = path.join(name.replace("{{id}}", id));
        fs::create_dir_all(file.parent().unwrap_or(path))?;
        fs::write(&file, text.replace("{{id}}", id).replace("{{sdk}}", &sdk))?;
    }
    if is_from_registry && !can_resolve(path) {
        remark!(
            "the SDK cannot be reached: Cargo.toml asks the registry for `doorward-sdk = {sdk}`. Write where it is instead, \
             with `doorward plugin new NAME --sdk FOLDER` or `--sdk https://…`"
        );
    }
    print(&format!(
        "{path} is a working plugin. Next:\n    cd {path}\n    doorward plugin test    # its tests, natively and in the real host\n    doorward dev            # serves http://localhost:3000/api/auth/{id}/hello\nThen: sdk/TUTORIAL.md leads to an upgrade, and plugins/samples has more to begin from (invite-codes, account-activity,\nwaitlist, breached-passwords). Both are in Doorward's source.",
        path = path.display()
    ));
    Ok(())
}

/// Where the SDK comes from, as the value in Cargo.toml. Without a choice, the SDK beside the source of this binary, or the
/// one in the registry.
fn dependency(chosen: Option<&str>) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let beside = sdk_beside();
    match chosen {
        Some(url) if url.contains("://") => Ok(format!("{{ git = {} }}", quoted(url))),
        Some(folder) if !folder.is_empty() && Path::new(folder).join("Cargo.toml").is_file() => {
            Ok(in_folder(Path::new(folder))?)
        }
        Some(version) if is_version(version) => Ok(quoted(version)),
        Some(other) => {
            let is_one =
                "is no folder with the SDK's Cargo.toml, no URL of a git repository (https://…) and no version (1.2)";
            Err(format!("--sdk: `{other}` {is_one}").into())
        }
        None if beside.join("Cargo.toml").is_file() => Ok(in_folder(&beside)?),
        None => Ok(quoted(SDK_VERSION)),
    }
}

/// The SDK beside the source of this binary.
fn sdk_beside() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk")
}

/// Whether cargo finds every dependency of the crate in this folder.
fn can_resolve(folder: &Path) -> bool {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.arg("generate-lockfile").arg("--manifest-path").arg(folder.join("Cargo.toml"));
    let done = cargo.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}

/// Whether the text is a version, or the beginning of one.
fn is_version(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_digit()) && text.bytes().all(is_part)
}

fn in_folder(folder: &Path) -> Result<String, std::io::Error> {
    let folder: PathBuf = fs::canonicalize(folder)?;
    Ok(format!("{{ path = {} }}", quoted(&folder.to_string_lossy())))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn print(text: &str) {
    tell!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_is_a_path_a_repository_or_a_version() {
        assert_eq!(dependency(Some("1.2")).unwrap(), "\"1.2\"");
        assert_eq!(
            dependency(Some("https://example.com/doorward")).unwrap(),
            "{ git = \"https://example.com/doorward\" }"
        );
        let folder = env!("CARGO_MANIFEST_DIR");
        assert_eq!(dependency(Some(folder)).unwrap(), format!("{{ path = \"{folder}\" }}"));
        for neither in ["./nowhere", "", "sdk", "1.2/x"] {
            assert!(dependency(Some(neither)).unwrap_err().to_string().contains("--sdk"), "{neither}");
        }
        assert!(dependency(None).unwrap().ends_with("/sdk\" }"));
    }

    #[test]
    fn a_name_is_an_id_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["", "Hello", "my_plugin", "1st", "a/..", "ä"] {
            assert!(new(&folder.path().join(name), None).is_err(), "{name}");
        }
        let path = folder.path().join("my-plugin");
        new(&path, None).unwrap();
        assert!(fs::read_to_string(path.join("src/lib.rs")).unwrap().contains("Route::get(\"/my-plugin/hello\""));
        assert!(new(&path, None).unwrap_err().to_string().contains("exists already"));
    }
}
