//! Components that the binary carries, and their machine code: one file, compressed, each with the hash of what it must be.
//!
//! The file begins with a line of JSON, the table of contents; the compressed parts follow, for each component first its
//! outline, which is all that most starts read, then itself, then its code.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use wasm_encoder::Encode;

use super::sections;
use crate::crypto::{hex, sha256};

/// What `build.rs` put into the binary; empty in a build without a bundle.
static OWN: &[u8] = include_bytes!(env!("BUNDLE_OF_COMPONENTS"));

/// What every component begins with.
const HEADER_BYTES: usize = 8;

/// Why a bundle, or a component of it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The table of contents does not fit what follows.
    #[error("the bundle of components is damaged, or another version made it")]
    Damaged,
    /// The bytes are not those that were packed.
    #[error("the component of `{0}` in this binary, or its machine code, is not the one that was packed")]
    Changed(String),
}

/// A plugin in a bundle.
#[derive(Deserialize, Serialize)]
struct Packed {
    id: String,
    outline: Part,
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

/// A component that the binary carries. It is unpacked when it is needed.
#[derive(Debug)]
pub struct Carried {
    /// Its sections but for the code.
    pub outline: Vec<u8>,
    /// Of the whole component, in hex.
    pub sha256: String,
    /// Of the whole component.
    pub size_bytes: usize,
}

/// A bundle of plugins. The same plugins make the same bundle.
///
/// # Errors
/// When one cannot be compressed.
pub fn pack(plugins: &[Unpacked]) -> std::io::Result<Vec<u8>> {
    let (mut contents, mut bodies) = (Vec::new(), Vec::new());
    for Unpacked { id, component, code } in plugins {
        let outline = add(&mut bodies, &outline(component))?;
        let [component, code] = [add(&mut bodies, component)?, add(&mut bodies, code)?];
        contents.push(Packed { id: id.clone(), outline, component, code });
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
pub fn find(id: &str) -> Result<Option<Carried>, BundleError> {
    find_by_id(OWN, id)
}

fn find_by_id(bundle: &[u8], id: &str) -> Result<Option<Carried>, BundleError> {
    let (contents, _) = contents(bundle)?;
    let Some(Packed { component: Part { sha256, size_bytes, .. }, .. }) =
        contents.into_iter().find(|packed| packed.id == id)
    else {
        return Ok(None);
    };
    let outline = find_in(bundle, |packed| (packed.id == id).then_some(&packed.outline))?;
    Ok(outline.map(|outline| Carried { outline, sha256, size_bytes }))
}

/// The component with this hash; `None` when the binary does not carry it.
///
/// # Errors
/// When the binary was damaged.
pub fn component_of(sha256: &str) -> Result<Option<Vec<u8>>, BundleError> {
    find_in(OWN, |packed| (packed.component.sha256 == sha256).then_some(&packed.component))
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
        for part in [&packed.outline, &packed.component, &packed.code] {
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

/// A component without its modules: what it is called, wants and offers, and its files.
fn outline(component: &[u8]) -> Vec<u8> {
    let mut outline = component.get(..HEADER_BYTES).unwrap_or_default().to_vec();
    let sections = sections::outer(component).map_while(Result::ok).filter_map(|payload| payload.as_section());
    for (id, range) in sections {
        if let (Ok(start), Ok(end)) = (usize::try_from(range.start), usize::try_from(range.end)) {
            outline.push(id);
            component.get(start..end).unwrap_or_default().encode(&mut outline);
        }
    }
    outline
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
    use wasmparser::{Parser, Payload};

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
    fn an_outline_says_what_the_component_says() {
        let component = wat::parse_str(
            r#"(component
                (core module (func (export "long") (result i32) i32.const 7))
                (component (core module))
                (import "asked" (func))
                (@custom "told" "its name"))"#,
        )
        .unwrap();
        let sections = |bytes: &[u8]| {
            let payloads = Parser::new(0).parse_all(bytes).map(Result::unwrap);
            let named = payloads.filter_map(|payload| match payload {
                Payload::CustomSection(section) => Some(format!("{} {:?}", section.name(), section.data())),
                Payload::ComponentImportSection(section) => {
                    Some(section.into_iter().next()?.unwrap().name.name.to_owned())
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => Some("code".to_owned()),
                _ => None,
            });
            named.collect::<Vec<_>>()
        };
        let outline = outline(&component);
        let (all, left) = (sections(&component), sections(&outline));
        assert_eq!(left, all.iter().filter(|name| *name != "code").cloned().collect::<Vec<_>>());
        assert_eq!(left.len(), 2, "{left:?}");
        assert!(all.len() > left.len() && outline.len() < component.len());
        let bundle = pack(&[plugin("a", component.clone(), b"code")]).unwrap();
        let Carried { outline: found, sha256: hash, size_bytes } = find_by_id(&bundle, "a").unwrap().unwrap();
        assert_eq!((found, hash, size_bytes), (outline, hex(&sha256(&component)), component.len()));
        assert!(find_by_id(&bundle, "b").unwrap().is_none());
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
