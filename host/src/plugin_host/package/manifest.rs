//! Reads what a plugin declares from a custom section of its component, without running anything.

use doorward_contract::{MANIFEST_SECTION, MANIFEST_VERSION};
use wasmparser::Payload;

use super::contract;
use super::sections;
use crate::clock::Timestamp;
use crate::plugin_host::error::PluginError;

/// A plugin's declaration.
pub type Manifest = doorward_contract::Manifest<String>;
/// One field that it adds to users or sessions, or of a table.
pub type FieldRule = doorward_contract::FieldRule<String>;
/// A table of its own.
pub type Table = doorward_contract::Table<String>;
/// One cookie.
pub type CookieRule = doorward_contract::CookieRule<String>;
/// One part in changes of rows.
pub type EventRule = doorward_contract::EventRule<String>;
/// One hook.
pub type Hook = doorward_contract::On<String>;
/// One section for a page of another plugin.
pub type ContributionRule = doorward_contract::ContributionRule<String>;
/// One page.
pub type PageRule = doorward_contract::PageRule<String>;
/// One event that it emits for other plugins.
pub type EmitRule = doorward_contract::EmitRule<String>;
/// One event of another plugin that it hears of.
pub type ListenRule = doorward_contract::ListenRule<String>;
/// What must be so for a hook to run.
pub type Condition = doorward_contract::Condition<String>;

/// Reads the manifest of a component. `file` is for messages.
///
/// # Errors
/// When the bytes are no component, have no manifest or two, or one that this server does not read.
pub fn read(component: &[u8], file: &str) -> Result<Manifest, PluginError> {
    let not = |reason: String| PluginError::NotAPlugin { plugin: file.to_owned(), reason };
    if !component.starts_with(b"\0asm") {
        return Err(not("it is no WebAssembly. Build it with `doorward plugin build`".to_owned()));
    }
    let (mut found, mut names) = (Vec::new(), Vec::new());
    for payload in sections::outer(component) {
        match payload.map_err(|error| not(format!("it is damaged: {}", error.message())))? {
            Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => found.push(section.data()),
            Payload::ComponentImportSection(section) => {
                names.extend(section.into_iter().flatten().map(|import| import.name.name.to_owned()));
            }
            Payload::ComponentExportSection(section) => {
                names.extend(section.into_iter().flatten().map(|export| export.name.name.to_owned()));
            }
            _ => {}
        }
    }
    if let Some(fault) = contract::fault(names.iter().map(String::as_str), found.first().copied()) {
        return Err(not(fault));
    }
    match found[..] {
        [json] => parse(json, file),
        [] => Err(not("it has no manifest. Build it with `doorward plugin build`".to_owned())),
        _ => Err(not("it has two manifests".to_owned())),
    }
}

/// Reads the manifest's JSON text. `file` is for messages.
///
/// # Errors
/// When it is unreadable, newer than this server, or names things that cannot be named so.
pub fn parse(json: &[u8], file: &str) -> Result<Manifest, PluginError> {
    let not = |reason: String| PluginError::NotAPlugin { plugin: file.to_owned(), reason };
    let manifest: Manifest =
        serde_json::from_slice(json).map_err(|error| not(format!("its manifest is unreadable: {error}")))?;
    if manifest.manifest_version > MANIFEST_VERSION {
        let reason = format!(
            "its manifest has version {}, and this server reads {MANIFEST_VERSION}: update the server",
            manifest.manifest_version
        );
        return Err(not(reason));
    }
    match manifest.fault(|text| Timestamp::parse_iso(text).is_some()) {
        Some(reason) => Err(PluginError::Manifest { plugin: manifest.id.clone(), reason }),
        None => Ok(manifest),
    }
}

/// For tests: the manifest of a plugin with this id, and with what else `json` declares (`,"name":value` each).
#[cfg(test)]
pub(in crate::plugin_host) fn declared(id: &str, json: &str) -> Manifest {
    let text = format!(r#"{{"manifest_version":1,"id":"{id}","version":"1","sdk_version":"1"{json}}}"#);
    parse(text.as_bytes(), "x").unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Manifest, String> {
        let text = format!(r#"{{"manifest_version":1,"id":"x","version":"1","sdk_version":"1"{json}}}"#);
        super::parse(text.as_bytes(), "x.wasm").map_err(|error| error.to_string())
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(parse("").is_ok());
        assert!(parse(r#","session_fields":[{"name":"a","type":"date","default":"2026-11-22T08:41:23Z"}]"#).is_ok());
        for (json, part) in [
            (r#","mails":1"#, "unreadable"),
            (r#","events":[{"model":"user","action":"drop","moment":"before"}]"#, "unreadable"),
            (r#","session_fields":[{"name":"a","type":"date","default":"soon"}]"#, "session.a has another type"),
        ] {
            let error = parse(json).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let newer = br#"{"manifest_version":2,"id":"x","version":"1","sdk_version":"9"}"#;
        assert!(super::parse(newer, "x.wasm").unwrap_err().to_string().contains("update the server"));
    }

    #[test]
    fn no_component_no_plugin() {
        for (bytes, part) in [(&b"\0asm"[..], "it is damaged"), (b"abc", "no WebAssembly"), (b"", "no WebAssembly")] {
            let error = read(bytes, "x.wasm").unwrap_err().to_string();
            assert!(error.starts_with("x.wasm: not a plugin: ") && error.contains(part), "{error}");
        }
        let empty = wasm_encoder::Component::new().finish();
        assert!(read(&empty, "x.wasm").unwrap_err().to_string().contains("no manifest"));
    }
}
