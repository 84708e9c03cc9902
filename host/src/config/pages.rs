//! `[pages]`: where pages of plugins stand, and what an operator says of their look.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::{Config, accent};
use crate::crypto::{from_base64, hex, sha256};
use crate::http::asset::{self, Asset};

/// The segment below which assets stand.
pub const ASSETS: &str = "/_assets";
/// Templates that are read.
const MOST_TEMPLATES: usize = 64;
/// Largest template.
const LONGEST_TEMPLATE: u64 = 64 << 10;

/// `[pages]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pages {
    /// Pages stand below it; empty means at the server's root.
    pub path: String,
    /// A sign-in page elsewhere, instead of a plugin's: a path of this server, or an address of a trusted origin.
    pub sign_in: Option<String>,
    /// What pages call the application; `app_name` when absent.
    pub name: Option<String>,
    /// The accent as `#rrggbb`.
    pub accent: Option<String>,
    /// The radius of corners, in pixels.
    pub radius: Option<u8>,
    /// Languages that are offered, the first one for who asks for none of them: `["en", "de"]`.
    pub languages: Vec<String>,
    /// A picture that is shown above forms: the path of an SVG, PNG or WebP file.
    pub logo: Option<String>,
    /// Styles that come after those of the pages: the path of a CSS file.
    pub css: Option<String>,
    /// A folder with texts that plugins read in place of their own templates.
    pub templates: Option<String>,
}

/// What `[pages]` names files for, read once.
#[derive(Debug, Default)]
pub struct SiteFiles {
    /// The logo and the styles.
    pub assets: Vec<Asset>,
    /// Texts by name.
    pub templates: BTreeMap<String, String>,
    /// What pages show of the brand.
    pub brand: Map<String, Json>,
}

/// Whether a text is a path of plain segments.
pub(super) fn is_path(text: &str) -> bool {
    let is_segment = |part: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        !part.is_empty() && part.bytes().all(is_letter)
    };
    text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_segment))
}

impl Pages {
    /// What cannot be, and what to write instead.
    pub(super) fn problem(&self, base_path: &str) -> Option<String> {
        if !self.path.is_empty() && !is_path(&self.path) {
            return Some(format!("pages.path = \"{}\" is no path. Write \"/pages\", or \"\" for the root", self.path));
        }
        if self.path == base_path || self.path.starts_with(&format!("{base_path}/")) {
            return Some(format!(
                "pages.path lies below base_path \"{base_path}\", where the API is. Write \"/pages\""
            ));
        }
        if self.accent.as_deref().is_some_and(|accent| !is_colour(accent)) {
            return Some("pages.accent is no colour. Write \"#1f5eff\"".to_owned());
        }
        let is_place =
            |text: &str| text.starts_with('/') || text.starts_with("https://") || text.starts_with("http://");
        if self.sign_in.as_deref().is_some_and(|place| !is_place(place)) {
            return Some("pages.sign_in is neither a path nor an address. Write \"/login\"".to_owned());
        }
        let is_language =
            |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let language = self.languages.iter().find(|text| !is_language(text));
        language.map(|text| format!("pages.languages: \"{text}\" is no language. Write \"en\" or \"pt-BR\""))
    }

    /// Reads the files that it names.
    ///
    /// # Errors
    /// Which one cannot be used, and why.
    pub fn files(&self, config: &Config) -> Result<SiteFiles, String> {
        let mut files = SiteFiles::default();
        let mut brand = Map::new();
        brand.insert("name".to_owned(), json!(self.name.as_ref().unwrap_or(&config.app_name)));
        brand.insert("accent".to_owned(), json!(self.accent));
        brand.insert("radius".to_owned(), json!(self.radius));
        brand.insert("languages".to_owned(), json!(self.languages));
        for (option, file, ends) in [("logo", &self.logo, &["svg", "png", "webp"][..]), ("css", &self.css, &["css"])] {
            let asset = file.as_ref().map(|file| match picture(file) {
                Some((end, bytes)) if ends.contains(&end) => {
                    self.served(&format!("{option}.{end}"), bytes).ok_or_else(|| format!("pages.{option} has no type"))
                }
                _ => self.asset(option, &config.resolve(file), ends),
            });
            let asset = asset.transpose()?;
            brand.insert(option.to_owned(), json!(asset.as_ref().map(|asset| &asset.path)));
            files.assets.extend(asset);
        }
        let theme = accent::stylesheet(self.accent.as_deref(), self.radius);
        let theme = theme.and_then(|sheet| self.served("theme.css", sheet.into_bytes()));
        brand.insert("theme".to_owned(), json!(theme.as_ref().map(|asset| &asset.path)));
        files.assets.extend(theme);
        if let Some(folder) = &self.templates {
            files.templates =
                templates(&config.resolve(folder)).map_err(|fault| format!("pages.templates: {fault}"))?;
        }
        brand.insert("templates".to_owned(), json!(files.templates.keys().collect::<Vec<_>>()));
        files.brand = brand;
        Ok(files)
    }

    fn asset(&self, option: &str, file: &Path, ends: &[&str]) -> Result<Asset, String> {
        let shown = file.display();
        let end = file.extension().and_then(|end| end.to_str()).filter(|end| ends.contains(end));
        let end = end.ok_or_else(|| format!("pages.{option}: {shown} does not end in {}", ends.join(" or ")))?;
        let bytes = fs::read(file).map_err(|error| format!("pages.{option}: {shown} cannot be read: {error}"))?;
        if bytes.len() > asset::MOST_BYTES {
            return Err(format!("pages.{option}: {shown} is larger than {} KiB", asset::MOST_BYTES >> 10));
        }
        self.served(&format!("{option}.{end}"), bytes).ok_or_else(|| format!("pages.{option}: {shown} has no type"))
    }

    /// An asset of the site, under its hash.
    fn served(&self, name: &str, bytes: Vec<u8>) -> Option<Asset> {
        let hash = hex(&sha256(&bytes));
        let packed = asset::gzip(&bytes).map(Into::into);
        // No plugin has this id.
        let path = format!("{}{ASSETS}/_site/{}/{name}", self.path, hash.get(..16).unwrap_or_default());
        Asset::new(path, bytes.into(), packed)
    }
}

/// Whether a text is a colour, as `#rrggbb`.
pub(super) fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A picture that stands in the option itself: the end of its name and its bytes, of `data:image/png;base64,…`.
pub(super) fn picture(text: &str) -> Option<(&'static str, Vec<u8>)> {
    let (kind, data) = text.strip_prefix("data:image/")?.split_once(";base64,")?;
    let end = [("svg+xml", "svg"), ("png", "png"), ("webp", "webp")].into_iter().find(|(known, _)| *known == kind)?.1;
    Some((end, from_base64(data)?))
}

/// The texts of a folder by the names of their files.
fn templates(folder: &Path) -> Result<BTreeMap<String, String>, String> {
    let unreadable = |path: &Path, error: &std::io::Error| format!("{} cannot be read: {error}", path.display());
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        let path = entry.path();
        let facts = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        if !facts.is_file() {
            continue;
        }
        if facts.len() > LONGEST_TEMPLATE || found.len() == MOST_TEMPLATES {
            let most = LONGEST_TEMPLATE >> 10;
            return Err(format!("{}: at most {MOST_TEMPLATES} files of {most} KiB are read", path.display()));
        }
        let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        found.insert(entry.file_name().to_string_lossy().into_owned(), text);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Option<String> {
        toml::from_str::<Pages>(text).unwrap().problem("/api/auth")
    }

    #[test]
    fn what_cannot_be_is_said() {
        for fits in ["", "path = \"/a/b-c\"", "accent = \"#1F5eff\"", "sign_in = \"/login\"", "languages = [\"pt-BR\"]"]
        {
            assert_eq!(problem(fits), None, "{fits}");
        }
        for (text, part) in [
            ("path = \"/\"", "is no path"),
            ("path = \"pages\"", "is no path"),
            ("path = \"/a/../b\"", "is no path"),
            ("path = \"/a b\"", "is no path"),
            ("path = \"/api/auth\"", "below base_path"),
            ("path = \"/api/auth/pages\"", "below base_path"),
            ("accent = \"red\"", "is no colour"),
            ("accent = \"#1f5eff; }\"", "is no colour"),
            ("sign_in = \"login\"", "neither a path"),
            ("languages = [\"\"]", "is no language"),
        ] {
            assert!(problem(text).unwrap().contains(part), "{text}");
        }
    }

    #[test]
    fn files_are_served_under_their_hash() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { folder: folder.path().to_owned(), ..Config::default() };
        let read = |text: &str| toml::from_str::<Pages>(text).unwrap().files(&config);
        assert!(read("css = \"own.css\"").unwrap_err().contains("own.css cannot be read"));
        fs::write(folder.path().join("own.css"), "body { margin: 0 }").unwrap();
        fs::write(folder.path().join("own.html"), "<p>").unwrap();
        let files = read("path = \"/p\"\ncss = \"own.css\"\nname = \"Acme\"\ntemplates = \".\"").unwrap();
        assert!(files.assets[0].path.starts_with("/p/_assets/_site/") && files.assets[0].path.ends_with("/css.css"));
        assert_eq!(files.brand["css"], json!(files.assets[0].path));
        assert_eq!((&files.brand["name"], &files.brand["logo"]), (&json!("Acme"), &Json::Null));
        assert_eq!(files.templates["own.html"], "<p>");
        let themed = read("accent = \"#7c3aed\"").unwrap();
        assert!(files.brand["theme"].is_null() && themed.brand["theme"].as_str().unwrap().ends_with("/theme.css"));
        assert!(read("logo = \"own.html\"").unwrap_err().contains("does not end in svg or png or webp"));
    }
}
