//! Makes a plugin's component of a compiled module: typed imports and exports, and the manifest in a custom section.

use std::borrow::Cow;

use doorward_contract::MANIFEST_SECTION;
use wasm_encoder::{ComponentSection, CustomSection};
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Store};

use super::assets::{self, AssetFile};
use super::javascript;
use super::manifest::{self, Manifest};
use super::prepare;
use super::version::Version;
use crate::config::PluginConfig;
use crate::plugin_host::bindings::exports::doorward::plugin::lifecycle;
use crate::plugin_host::error::PluginError;

/// The package whose interfaces plugins import.
const PACKAGE: &str = "doorward:plugin/";
/// The interface that tells a plugin its options.
const CONFIG: &str = "doorward:plugin/config@";
/// Time that `describe` may take, in ticks of its own engine.
const DESCRIBE_TICKS: u64 = 100;

/// A component with its manifest and assets, from the core module that the compiler made. `file` is for messages.
///
/// # Errors
/// When the module does not follow the contract, or its manifest is refused.
pub async fn from_module(module: &[u8], assets: &[AssetFile], file: &str) -> Result<(Vec<u8>, Manifest), PluginError> {
    let not_a_plugin = |reason| PluginError::NotAPlugin { plugin: file.to_owned(), reason };
    if !exports_a_plugin(module).map_err(|error| not_a_plugin(error.to_string()))? {
        let reason =
            "it exports none: write `doorward_sdk::plugin!(plugin);` in src/lib.rs, where `fn plugin() -> Plugin` is";
        return Err(not_a_plugin(reason.to_owned()));
    }
    let refused = |error| not_a_plugin(format!("{error:#}"));
    let stripped = javascript::strip(module).map_err(not_a_plugin)?;
    let module = stripped.as_deref().unwrap_or(module);
    let prepared = prepare::prepared(module);
    let prepared = prepared.map_err(|error| not_a_plugin(format!("what it does at build fails: {error:#}")))?;
    let module = prepared.as_deref().unwrap_or(module);
    let mut encoder = wit_component::ComponentEncoder::default();
    let component = encoder.validate(true).module(module).and_then(|encoder| encoder.encode()).map_err(refused)?;
    with_manifest(component, assets, file).await
}

/// A component with the manifest that it describes itself by, in an instance without options whose every other import is a
/// trap.
///
/// # Errors
/// When it does not describe itself, or its manifest is refused.
pub async fn with_manifest(
    mut component: Vec<u8>,
    assets: &[AssetFile],
    file: &str,
) -> Result<(Vec<u8>, Manifest), PluginError> {
    let (json, capabilities) = describe(&component).await.map_err(|error| PluginError::Engine {
        plugin: file.to_owned(),
        reason: format!("it does not describe itself: {error:#}"),
    })?;
    let mut manifest = manifest::parse(json.as_bytes(), file)?;
    if Version::parse(&manifest.version).is_none() {
        let reason = format!("the version `{}` is none like `1.0.0`: see `Plugin::new`", manifest.version);
        return Err(PluginError::Manifest { plugin: manifest.id, reason });
    }
    if let Some(name) = manifest.options.keys().find(|name| PluginConfig::KEYS.contains(&name.as_str())) {
        let reason = format!("the option `{name}` has the name of a key that every [[plugins]] entry has: rename it");
        return Err(PluginError::Manifest { plugin: manifest.id, reason });
    }
    manifest.capabilities = capabilities;
    manifest.assets = assets.iter().map(|asset| asset.name.clone()).collect();
    assets::append(&mut component, assets);
    append_manifest(&mut component, &manifest);
    Ok((component, manifest))
}

fn exports_a_plugin(module: &[u8]) -> Result<bool, wasmparser::BinaryReaderError> {
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        if let wasmparser::Payload::ExportSection(exports) = payload? {
            for export in exports {
                if export?.name.starts_with("doorward:plugin/lifecycle@") {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// Names of the interfaces that the component imports, without those that only carry types; `other:package/name` in full
/// when it is not one of this server's.
pub(in crate::plugin_host) fn imported_capabilities(engine: &Engine, component: &Component) -> Vec<String> {
    let ty = component.component_type();
    let names = ty.imports(engine).map(|(name, _)| {
        let own = name.strip_prefix(PACKAGE).and_then(|rest| rest.split_once('@'));
        own.map_or_else(|| name.to_owned(), |(interface, _)| interface.to_owned())
    });
    names.filter(|name| name != "types").collect()
}

fn append_manifest(component: &mut Vec<u8>, manifest: &Manifest) {
    let json = serde_json::to_vec(manifest).unwrap_or_default();
    let section = CustomSection { name: Cow::Borrowed(MANIFEST_SECTION), data: Cow::Owned(json) };
    section.append_to_component(component);
}

async fn describe(component: &[u8]) -> wasmtime::Result<(String, Vec<String>)> {
    let mut config = Config::new();
    config.epoch_interruption(true).concurrency_support(false);
    let engine = Engine::new(&config)?;
    let component = Component::new(&engine, component)?;
    let mut linker: Linker<()> = Linker::new(&engine);
    let imports = component.component_type();
    if let Some((config, _)) = imports.imports(&engine).find(|(name, _)| name.starts_with(CONFIG)) {
        // What an endpoint reads may depend on options: here, those that nobody set.
        linker.instance(config)?.func_wrap("options", |_, ()| Ok(("{}".to_owned(),)))?;
    }
    linker.define_unknown_imports_as_traps(&component)?;
    let pre = linker.instantiate_pre(&component)?;
    let indices = lifecycle::GuestIndices::new(&pre)?;
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(DESCRIBE_TICKS);
    let ticking = tokio::spawn({
        let engine = engine.clone();
        async move {
            loop {
                tokio::time::sleep(std::time::Duration::from_millis(crate::plugin_host::engine::TICK_MS)).await;
                engine.increment_epoch();
            }
        }
    });
    let instance = pre.instantiate_async(&mut store).await?;
    let json = indices.load(&mut store, &instance)?.call_describe(&mut store).await;
    ticking.abort();
    Ok((json?, imported_capabilities(&engine, &component)))
}
