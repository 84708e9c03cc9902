//! Components that the binary carries, and their machine code: one file, compressed, each with the hash of what it must be.
//!
//! The file begins with a line of JSON, the table of contents; the compressed parts follow, for each component first itself,
//! then its code.

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
    #[error("the component of `{0}` in this binary, or its machine code, is not the one that was packed")]
    Changed(String),
}

/// A plugin in a bundle.
#[derive(Deserialize, Serialize)]
struct Packed {
    id: String,
    component: Part,
    code: Part,
}

/// Where compressed bytes lie in a bundle, and what they must be.
#[derive(Deserialize, Serialize)]
struct Part {
    sha256: String,
    size_bytes: usize,
    packed_bytes: usize,
}

/// A plugin that goes into a bundle.
pub struct Unpacked {
    /// Its name.
    pub id: String,
    /// The component.
    pub component: Vec<u8>,
    /// Its machine code.
    pub code: Vec<u8>,
}

/// A bundle of plugins. The same plugins make the same bundle.
///
/// # Errors
/// When one cannot be compressed.
pub fn pack(plugins: &[Unpacked]) -> std::io::Result<Vec<u8>> {
    let (mut contents, mut bodies) = (Vec::new(), Vec::new());
    for Unpacked { id, component, code } in plugins {
        let [component, code] = [add(&mut bodies, component)?, add(&mut bodies, code)?];
        contents.push(Packed { id: id.clone(), component, code });
    }
    let mut bundle = serde_json::to_vec(&contents)?;
    bundle.push(b'\n');
    bundle.extend(bodies);
    Ok(bundle)
}

fn add(bodies: &mut Vec<u8>, bytes: &[u8]) -> std::io::Result<Part> {
    let before = bodies.len();
    let mut encoder = GzEncoder::new(&mut *bodies, Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()?;
    Ok(Part { sha256: hex(&sha256(bytes)), size_bytes: bytes.len(), packed_bytes: bodies.len() - before })
}

/// The component of a plugin that this binary carries; `None` when it carries none of that name.
///
/// # Errors
/// When the binary was damaged.
pub fn find(id: &str) -> Result<Option<Vec<u8>>, BundleError> {
    find_in(OWN, |packed| (packed.id == id).then_some(&packed.component))
}

/// The machine code of a component with this hash; `None` when the binary does not carry it.
///
/// # Errors
/// When the binary was damaged.
pub fn code_of(sha256: &str) -> Result<Option<Vec<u8>>, BundleError> {
    find_in(OWN, |packed| (packed.component.sha256 == sha256).then_some(&packed.code))
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

/// The first part that `wanted` names.
fn find_in(bundle: &[u8], wanted: impl Fn(&Packed) -> Option<&Part>) -> Result<Option<Vec<u8>>, BundleError> {
    let (contents, mut bodies) = contents(bundle)?;
    for packed in &contents {
        let wanted = wanted(packed);
        for part in [&packed.component, &packed.code] {
            let (body, rest) = bodies.split_at_checked(part.packed_bytes).ok_or(BundleError::Damaged)?;
            if wanted.is_some_and(|wanted| std::ptr::eq(wanted, part)) {
                let bytes = unpack(part, body).ok_or_else(|| BundleError::Changed(packed.id.clone()))?;
                return Ok(Some(bytes));
            }
            bodies = rest;
        }
    }
    Ok(None)
}

/// The bytes of a part; `None` when they are not those that were packed.
fn unpack(part: &Part, body: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(part.size_bytes);
    let limit = part.size_bytes as u64 + 1;
    GzDecoder::new(body).take(limit).read_to_end(&mut bytes).ok()?;
    (hex(&sha256(&bytes)) == part.sha256).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(id: &str, component: Vec<u8>, code: &[u8]) -> Unpacked {
        Unpacked { id: id.to_owned(), component, code: code.to_vec() }
    }

    fn bundle() -> Vec<u8> {
        pack(&[plugin("a", b"first".repeat(99), b"its code"), plugin("b", b"second".to_vec(), b"its own")]).unwrap()
    }

    fn component(bundle: &[u8], id: &str) -> Result<Option<Vec<u8>>, BundleError> {
        find_in(bundle, |packed| (packed.id == id).then_some(&packed.component))
    }

    #[test]
    fn what_was_packed_is_found() {
        let bundle = bundle();
        assert_eq!(component(&bundle, "a").unwrap().unwrap(), b"first".repeat(99));
        assert_eq!(component(&bundle, "b").unwrap().unwrap(), b"second");
        assert_eq!(component(&bundle, "c").unwrap(), None);
        assert_eq!(component(b"", "a").unwrap(), None);
        let hash = hex(&sha256(b"second"));
        let code = find_in(&bundle, |packed| (packed.component.sha256 == hash).then_some(&packed.code));
        assert_eq!(code.unwrap().unwrap(), b"its own");
        assert_eq!(contents(&bundle).unwrap().0.len(), 2);
        assert_eq!(bundle, super::tests::bundle());
    }

    #[test]
    fn what_was_damaged_is_refused() {
        let whole = bundle();
        let code = |bundle: &[u8], id: &str| find_in(bundle, |packed| (packed.id == id).then_some(&packed.code));
        assert!(matches!(code(&whole[..whole.len() - 1], "b"), Err(BundleError::Damaged)));
        assert!(matches!(component(b"no line", "a"), Err(BundleError::Damaged)));
        let text = String::from_utf8_lossy(&whole).into_owned();
        for (hash, find) in
            [(&contents(&whole).unwrap().0[0].component, true), (&contents(&whole).unwrap().0[0].code, false)]
        {
            let at = text.find(&hash.sha256).unwrap();
            let mut other = whole.clone();
            other[at] = if other[at] == b'0' { b'1' } else { b'0' };
            let found = if find { component(&other, "a") } else { code(&other, "a") };
            assert!(matches!(found, Err(BundleError::Changed(id)) if id == "a"));
            assert!(component(&other, "b").unwrap().is_some());
        }
    }
}
