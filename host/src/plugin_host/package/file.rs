//! Reads a plugin's file once: size, trust, manifest. What was checked is what is loaded.

use std::borrow::Cow;
use std::fs;
use std::io::Read;
use std::path::Path;

use super::assets::{self, AssetFile};
use super::bundle::{self, BundleError, Carried};
use super::manifest::{self, Manifest};
use crate::clock::Clock;
use crate::config::{Config, PluginConfig, nearest};
use crate::crypto::{hex, sha256};
use crate::plugin_host::admission::grant::official_ids;
use crate::plugin_host::admission::trust::{self, Claim, Provenance};
use crate::plugin_host::error::PluginError;

/// Largest component that is read.
const MOST_BYTES: u64 = 64 << 20;

/// A plugin as it was read, trusted and of the right name; nothing of it has run.
#[derive(Debug)]
pub struct PluginFile {
    /// The component.
    pub component: Component,
    /// What it declares.
    pub manifest: Manifest,
    /// The files that it serves.
    pub assets: Vec<AssetFile>,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// A component that was found.
#[derive(Debug)]
pub enum Component {
    /// In a file, as it was read.
    Read(Vec<u8>),
    /// In the binary.
    Carried(Carried),
}

impl Component {
    /// All its bytes.
    ///
    /// # Errors
    /// When the binary was damaged.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>, BundleError> {
        match self {
            Self::Read(bytes) => Ok(bytes.into()),
            Self::Carried(Carried { sha256, .. }) => {
                bundle::component_of(sha256)?.map(Cow::Owned).ok_or(BundleError::Damaged)
            }
        }
    }

    /// How large it is.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Read(bytes) => bytes.len(),
            Self::Carried(carried) => carried.size_bytes,
        }
    }

    /// What it says of itself: its sections, with or without its code.
    fn outline(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Carried(carried) => &carried.outline,
        }
    }

    /// SHA-256 in hex.
    fn sha256(&self) -> String {
        match self {
            Self::Read(bytes) => hex(&sha256(bytes)),
            Self::Carried(carried) => carried.sha256.clone(),
        }
    }
}

/// Reads the plugin of an entry of the configuration.
///
/// # Errors
/// When it is missing, too large, no plugin, another one, or not trusted.
pub fn read(config: &Config, entry: &PluginConfig, clock: &dyn Clock) -> Result<PluginFile, PluginError> {
    let path = config.component_path(entry);
    let (component, shown) = match carried(config, entry, &path)? {
        Some(carried) => (Component::Carried(carried), format!("the component of `{}` in this binary", entry.id)),
        None => (Component::Read(read_file(config, entry, &path)?), path.display().to_string()),
    };
    let manifest = manifest::read(component.outline(), &shown)?;
    if manifest.id != entry.id {
        let reason = format!("{shown} calls itself `{}`", manifest.id);
        return Err(PluginError::Manifest { plugin: entry.id.clone(), reason });
    }
    let assets = assets::read(component.outline(), &manifest)
        .map_err(|reason| PluginError::Manifest { plugin: entry.id.clone(), reason })?;
    let claim = Claim { file: &path, sha256: component.sha256(), version: &manifest.version };
    let provenance = trust::verify(&config.plugin_trust, entry, claim, clock.now())?;
    Ok(PluginFile { component, manifest, assets, provenance })
}

/// Whether there is a component of the entry: a file, or what the binary carries.
pub fn is_there(config: &Config, entry: &PluginConfig) -> bool {
    let path = config.component_path(entry);
    path.is_file() || carried(config, entry, &path).is_ok_and(|carried| carried.is_some())
}

/// The component that the binary carries, for an entry that names no file, where no folder has one.
fn carried(config: &Config, entry: &PluginConfig, path: &Path) -> Result<Option<Carried>, PluginError> {
    if entry.path.is_some() || config.plugin_folder.is_some() || path.is_file() {
        return Ok(None);
    }
    let damaged = |error: BundleError| PluginError::NotAPlugin {
        plugin: entry.id.clone(),
        reason: format!("{error}: install the binary again"),
    };
    bundle::find(&entry.id).map_err(damaged)
}

fn read_file(config: &Config, entry: &PluginConfig, path: &Path) -> Result<Vec<u8>, PluginError> {
    let places = config.component_places(entry);
    if places.len() > 1 && !path.is_file() {
        let places = places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ");
        let known = nearest(&entry.id, official_ids()).filter(|known| *known != entry.id);
        let meant = known.map(|known| format!(" (did you mean `{known}`?)")).unwrap_or_default();
        return Err(PluginError::Missing { plugin: entry.id.clone(), meant, places });
    }
    let file_error = |source| PluginError::File { path: path.display().to_string(), source };
    let file = fs::File::open(path).map_err(file_error)?;
    let size_bytes = file.metadata().map_err(file_error)?.len().min(MOST_BYTES);
    // One more, so that its end is found without more room.
    let mut component = Vec::with_capacity(usize::try_from(size_bytes).unwrap_or_default() + 1);
    file.take(MOST_BYTES + 1).read_to_end(&mut component).map_err(file_error)?;
    if component.len() as u64 > MOST_BYTES {
        let reason = format!("it is larger than {} MiB", MOST_BYTES >> 20);
        return Err(PluginError::NotAPlugin { plugin: entry.id.clone(), reason });
    }
    Ok(component)
}
