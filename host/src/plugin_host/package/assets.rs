//! Assets of a component: each is a custom section, `doorward:asset:` and its name, that holds the file and its compressed
//! form.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use doorward_contract::ASSET_SECTION;
use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::Payload;

use super::manifest::Manifest;
use super::sections;
use crate::crypto::{hex, sha256};
use crate::http::asset::{self, MOST_BYTES};

const MOST_FILES: usize = 256;
const MOST_BYTES_TOGETHER: usize = 4 << 20;
/// Before the compressed form stands its length.
const LENGTH_BYTES: usize = 4;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetFile {
    /// Its path below the folder.
    pub name: String,
    /// The file.
    pub plain: Bytes,
    /// Its compressed form, where that is smaller.
    pub gzip: Option<Bytes>,
}

/// The files of a folder, by name; none when there is no such folder.
///
/// # Errors
/// The first file that cannot be an asset, and why.
pub fn of_folder(folder: &Path) -> Result<Vec<AssetFile>, String> {
    let mut found = Vec::new();
    if folder.is_dir() {
        collect(folder, "", &mut found)?;
    }
    found.sort_by(|one: &AssetFile, other| one.name.cmp(&other.name));
    fault(&found).map_or(Ok(found), Err)
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<AssetFile>) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), found)?;
        } else {
            let plain = fs::read(entry.path()).map_err(unreadable)?;
            let gzip = asset::gzip(&plain).map(Bytes::from);
            found.push(AssetFile { name, plain: plain.into(), gzip });
        }
    }
    Ok(())
}

/// Puts the assets into a component.
pub(super) fn append(component: &mut Vec<u8>, assets: &[AssetFile]) {
    for AssetFile { name, plain, gzip } in assets {
        let gzip = gzip.as_deref().unwrap_or_default();
        let length = u32::try_from(gzip.len()).unwrap_or_default().to_le_bytes();
        let data = [&length[..], gzip, plain].concat();
        let section = CustomSection { name: Cow::Owned(format!("{ASSET_SECTION}{name}")), data: Cow::Owned(data) };
        section.append_to_component(component);
    }
}

/// The assets of a component: those that its manifest names, and no others.
///
/// # Errors
/// When one cannot be, or is not there, or there are too many.
pub(in crate::plugin_host) fn read(component: &[u8], manifest: &Manifest) -> Result<Vec<AssetFile>, String> {
    if manifest.assets.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for payload in sections::outer(component) {
        if let Payload::CustomSection(section) =
            payload.map_err(|error| format!("it is damaged: {}", error.message()))?
            && let Some(name) = section.name().strip_prefix(ASSET_SECTION)
        {
            found.push(of_section(name, section.data())?);
        }
    }
    if let Some(fault) = fault(&found) {
        return Err(fault);
    }
    let is_named = found.iter().map(|asset| &asset.name).eq(&manifest.assets);
    if is_named { Ok(found) } else { Err("its assets are not those that its manifest names".to_owned()) }
}

fn of_section(name: &str, data: &[u8]) -> Result<AssetFile, String> {
    let damaged = || format!("its asset `{name:.64}` is damaged");
    let (length, rest) = data.split_first_chunk::<LENGTH_BYTES>().ok_or_else(damaged)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| damaged())?;
    let (gzip, plain) = rest.split_at_checked(length).ok_or_else(damaged)?;
    let gzip = (!gzip.is_empty()).then(|| Bytes::copy_from_slice(gzip));
    Ok(AssetFile { name: name.to_owned(), plain: Bytes::copy_from_slice(plain), gzip })
}

fn fault(assets: &[AssetFile]) -> Option<String> {
    if let Some(asset) = assets.iter().find(|asset| !asset::is_name(&asset.name)) {
        return Some(format!(
            "its asset `{:.64}` cannot be served: names have `a-z 0-9 - _ .` and end in css, js, svg, png, webp, woff2, txt or json",
            asset.name
        ));
    }
    let size = |asset: &AssetFile| asset.plain.len().max(asset.gzip.as_ref().map_or(0, Bytes::len));
    if let Some(asset) = assets.iter().find(|asset| size(asset) > MOST_BYTES) {
        return Some(format!("its asset `{}` is larger than {} KiB", asset.name, MOST_BYTES >> 10));
    }
    if assets.len() > MOST_FILES || assets.iter().map(size).sum::<usize>() > MOST_BYTES_TOGETHER {
        return Some(format!("its assets are more than {MOST_FILES} or larger than {} MiB", MOST_BYTES_TOGETHER >> 20));
    }
    let is_twice = assets.windows(2).any(|pair| matches!(pair, [one, other] if one.name >= other.name));
    is_twice.then(|| "its assets are not sorted by name, each once".to_owned())
}

/// What stands in the addresses of the assets; another text as soon as one of them changes.
pub fn hash(assets: &[AssetFile]) -> String {
    let mut all = Vec::new();
    for asset in assets {
        all.extend_from_slice(asset.name.as_bytes());
        all.push(0);
        all.extend_from_slice(&sha256(&asset.plain));
    }
    let hash = hex(&sha256(&all));
    hash.get(..16).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_host::package::manifest::declared;

    fn file(name: &str, text: &str) -> AssetFile {
        AssetFile { name: name.to_owned(), plain: Bytes::copy_from_slice(text.as_bytes()), gzip: None }
    }

    fn component(assets: &[AssetFile]) -> Vec<u8> {
        let mut component = wasm_encoder::Component::new().finish();
        append(&mut component, assets);
        component
    }

    fn read_back(assets: &[AssetFile], named: &[&str]) -> Result<Vec<AssetFile>, String> {
        read(&component(assets), &declared("x", &format!(r#","assets":{}"#, serde_json::json!(named))))
    }

    #[test]
    fn what_was_put_in_is_read() {
        let packed = AssetFile { gzip: Some(Bytes::from_static(b"packed")), ..file("b.css", "plain") };
        let assets = [file("a/app.js", ""), packed];
        assert_eq!(read_back(&assets, &["a/app.js", "b.css"]).unwrap(), assets);
        assert_ne!(hash(&assets), hash(&[file("a/app.js", "x"), file("b.css", "plain")]));
        assert_eq!(read_back(&assets, &[]).unwrap(), []);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let large = "x".repeat(MOST_BYTES + 1);
        let many: Vec<AssetFile> = (0..300).map(|number| file(&format!("{number:03}.txt"), "")).collect();
        let heavy: Vec<AssetFile> = (0..5).map(|number| file(&format!("{number}.txt"), &large[1..])).collect();
        let names = |assets: &[AssetFile]| assets.iter().map(|asset| asset.name.clone()).collect::<Vec<_>>();
        for (assets, part) in [
            (vec![file("../x.css", "")], "cannot be served"),
            (vec![file("x.html", "")], "cannot be served"),
            (vec![file("x.css", &large)], "larger than 1024 KiB"),
            (many, "more than 256"),
            (heavy, "larger than 4 MiB"),
            (vec![file("b.css", ""), file("a.css", "")], "sorted"),
            (vec![file("a.css", ""), file("a.css", "x")], "each once"),
        ] {
            let named = names(&assets);
            let named: Vec<&str> = named.iter().map(String::as_str).collect();
            let fault = read_back(&assets, &named).unwrap_err();
            assert!(fault.contains(part), "{fault}");
        }
        assert!(read_back(&[file("a.css", "")], &["b.css"]).unwrap_err().contains("names"));
        let mut cut = wasm_encoder::Component::new().finish();
        CustomSection { name: "doorward:asset:a.css".into(), data: Cow::Borrowed(&[9, 0, 0, 0, 1]) }
            .append_to_component(&mut cut);
        assert!(read(&cut, &declared("x", r#","assets":["a.css"]"#)).unwrap_err().contains("damaged"));
    }

    #[test]
    fn a_folder_becomes_assets() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(of_folder(&folder.path().join("none")).unwrap(), []);
        fs::create_dir(folder.path().join("js")).unwrap();
        fs::write(folder.path().join("js/app.js"), "go();\n".repeat(100)).unwrap();
        fs::write(folder.path().join("a.css"), "a{}").unwrap();
        let assets = of_folder(folder.path()).unwrap();
        let shown: Vec<_> = assets.iter().map(|asset| (asset.name.as_str(), asset.gzip.is_some())).collect();
        assert_eq!(shown, [("a.css", false), ("js/app.js", true)]);
        fs::write(folder.path().join("page.html"), "").unwrap();
        assert!(of_folder(folder.path()).unwrap_err().contains("page.html"));
    }
}
