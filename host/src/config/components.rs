//! Where the components of plugins are looked for: in the operator's folder, or beside the configuration and the binary.

use std::path::{Path, PathBuf};

use super::{Config, PluginConfig};

/// Where plugins that are built from source go, seen from the configuration file.
const BUILT: &str = "plugins/dist";

impl Config {
    /// The file of a plugin's component: the first place where there is one, else the first place.
    pub fn component_path(&self, plugin: &PluginConfig) -> PathBuf {
        let mut places = self.component_places(plugin).into_iter();
        let Some(first) = places.next() else { return PathBuf::new() };
        if first.is_file() {
            return first;
        }
        places.find(|place| place.is_file()).unwrap_or(first)
    }

    /// The files that may be a plugin's component, the first that is there counts: its `path`, or its id in
    /// `plugin_folder`. Without that option it is looked for in `plugins/dist`, then beside the binary.
    pub fn component_places(&self, plugin: &PluginConfig) -> Vec<PathBuf> {
        if let Some(path) = &plugin.path {
            return vec![self.resolve(path)];
        }
        let beside = if self.plugin_folder.is_some() { Vec::new() } else { folders_of_binary() };
        let folders = [self.built_folder()].into_iter().chain(beside);
        folders.map(|folder| folder.join(format!("{}.wasm", plugin.id))).collect()
    }

    /// Where the components of plugins go that are built from source beside the configuration.
    pub fn built_folder(&self) -> PathBuf {
        self.resolve(self.plugin_folder.as_deref().unwrap_or(BUILT))
    }
}

/// The folder of components that lies beside the running binary; `doorward plugin build --all` fills it.
pub fn folder_beside_binary() -> Option<PathBuf> {
    folders_of_binary().into_iter().next()
}

/// Where an installation keeps the official components: `plugins` beside the binary, or `share/doorward/plugins` beside
/// the folder of the binary.
fn folders_of_binary() -> Vec<PathBuf> {
    let binary = std::env::current_exe().ok();
    let Some(folder) = binary.as_deref().and_then(Path::parent) else { return Vec::new() };
    let share = folder.parent().map(|root| root.join("share/doorward/plugins"));
    [folder.join("plugins")].into_iter().chain(share).collect()
}
