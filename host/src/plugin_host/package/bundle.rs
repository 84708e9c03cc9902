//! Components that the binary carries: one file, compressed, each with the hash of what it must be.
//!
//! The file begins with a line of JSON, the table of contents; the compressed components follow.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::crypto::{hex, sha256};

/// What `build.rs` put into the binary; empty in a build without a bundle.
static OWN: &[u8] = include_bytes!(env!("BUNDLE_OF_COMPONENTS"));

/// Why a bundle, or a component of it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The table of contents does not fit what follows.
    #[error("the bundle of components is damaged")]
    Damaged,
    /// The bytes are not those that were packed.
    #[error("the component of `{0}` in this binary is not the one that was packed")]
    Changed(String),
}

/// A component in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Packed {
    /// The plugin.
    pub id: String,
    /// SHA-256 of the component, in hex.
    pub sha256: String,
    size_bytes: usize,
    packed_bytes: usize,
}

/// A bundle of components: ids and bytes. The same components make the same bundle.
///
/// # Errors
/// When a component cannot be compressed.
pub fn pack(components: &[(String, Vec<u8>)]) -> std::io::Result<Vec<u8>> {
    let (mut contents, mut bodies) = (Vec::new(), Vec::new());
    for (id, component) in components {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(component)?;
        let body = encoder.finish()?;
        let sha256 = hex(&sha256(component));
        contents.push(Packed { id: id.clone(), sha256, size_bytes: component.len(), packed_bytes: body.len() });
        bodies.extend(body);
    }
    let mut bundle = serde_json::to_vec(&contents)?;
    bundle.push(b'\n');
    bundle.extend(bodies);
    Ok(bundle)
}

/// What this binary carries.
///
/// # Errors
/// `Damaged`.
pub fn own() -> Result<Vec<Packed>, BundleError> {
    Ok(contents(OWN)?.0)
}

/// The component of a plugin that this binary carries; `None` when it carries none of that name.
///
/// # Errors
/// When the binary was damaged.
pub fn find(id: &str) -> Result<Option<Vec<u8>>, BundleError> {
    find_in(OWN, id)
}

fn contents(bundle: &[u8]) -> Result<(Vec<Packed>, &[u8]), BundleError> {
    if bundle.is_empty() {
        return Ok((Vec::new(), bundle));
    }
    let end = bundle.iter().position(|byte| *byte == b'\n').ok_or(BundleError::Damaged)?;
    let (head, rest) = bundle.split_at(end);
    let contents = serde_json::from_slice(head).map_err(|_| BundleError::Damaged)?;
    Ok((contents, rest.get(1..).unwrap_or_default()))
}

fn find_in(bundle: &[u8], id: &str) -> Result<Option<Vec<u8>>, BundleError> {
    let (contents, mut bodies) = contents(bundle)?;
    for packed in contents {
        let (body, rest) = bodies.split_at_checked(packed.packed_bytes).ok_or(BundleError::Damaged)?;
        if packed.id == id {
            return unpack(&packed, body).map(Some);
        }
        bodies = rest;
    }
    Ok(None)
}

fn unpack(packed: &Packed, body: &[u8]) -> Result<Vec<u8>, BundleError> {
    let changed = || BundleError::Changed(packed.id.clone());
    let mut component = Vec::with_capacity(packed.size_bytes);
    let limit = packed.size_bytes as u64 + 1;
    GzDecoder::new(body).take(limit).read_to_end(&mut component).map_err(|_| changed())?;
    if hex(&sha256(&component)) == packed.sha256 { Ok(component) } else { Err(changed()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle() -> Vec<u8> {
        pack(&[("a".to_owned(), b"first".repeat(99)), ("b".to_owned(), b"second".to_vec())]).unwrap()
    }

    #[test]
    fn what_was_packed_is_found() {
        let bundle = bundle();
        assert_eq!(find_in(&bundle, "a").unwrap().unwrap(), b"first".repeat(99));
        assert_eq!(find_in(&bundle, "b").unwrap().unwrap(), b"second");
        assert_eq!(find_in(&bundle, "c").unwrap(), None);
        assert_eq!(find_in(b"", "a").unwrap(), None);
        assert_eq!(contents(&bundle).unwrap().0.len(), 2);
        assert_eq!(bundle, super::tests::bundle());
    }

    #[test]
    fn what_was_damaged_is_refused() {
        let whole = bundle();
        assert!(matches!(find_in(&whole[..whole.len() - 1], "b"), Err(BundleError::Damaged)));
        assert!(matches!(find_in(b"no line", "a"), Err(BundleError::Damaged)));
        let text = String::from_utf8_lossy(&whole).into_owned();
        let hash = contents(&whole).unwrap().0[0].sha256.clone();
        let at = text.find(&hash).unwrap();
        let mut other = whole;
        other[at] = if other[at] == b'0' { b'1' } else { b'0' };
        assert!(matches!(find_in(&other, "a"), Err(BundleError::Changed(id)) if id == "a"));
        assert!(find_in(&other, "b").unwrap().is_some());
    }
}
