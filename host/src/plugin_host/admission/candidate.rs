//! A plugin that was read and may be loaded.

use serde_json::{Map, Value as Json};

use super::trust::Provenance;
use crate::config::PluginConfig;
use crate::plugin_host::package::assets::AssetFile;
use crate::plugin_host::package::file::Component;
use crate::plugin_host::package::manifest::Manifest;

/// What was read of a plugin, and its checked options.
pub(super) struct Candidate<'a> {
    pub(super) entry: &'a PluginConfig,
    pub(super) component: Component,
    pub(super) manifest: Manifest,
    pub(super) assets: Vec<AssetFile>,
    pub(super) options: Map<String, Json>,
    pub(super) provenance: Provenance,
}
