//! Takes out of a module what is there for JavaScript alone.
//!
//! Crates that support browsers export functions which describe themselves to a tool for JavaScript. Those exports keep code
//! alive that nothing in a plugin calls, and with it imports that no server has.

use walrus::{Module, ModuleConfig};

/// Prefixes of the names of those exports.
const EXPORTS: [&str; 2] = ["__wbindgen", "__externref"];

/// The module without exports for JavaScript and what only they reach. `None` when it has none: then it stays as it is, byte
/// for byte.
///
/// # Errors
/// When the module cannot be read.
pub(super) fn strip(module: &[u8]) -> Result<Option<Vec<u8>>, String> {
    if !EXPORTS.iter().any(|prefix| contains(module, prefix.as_bytes())) {
        return Ok(None);
    }
    let mut config = ModuleConfig::new();
    config.generate_producers_section(false);
    let mut module = config.parse(module).map_err(|error| format!("{error:#}"))?;
    let is_for_javascript = |name: &str| EXPORTS.iter().any(|prefix| name.starts_with(prefix));
    let exports: Vec<_> =
        module.exports.iter().filter(|export| is_for_javascript(&export.name)).map(walrus::Export::id).collect();
    if exports.is_empty() {
        return Ok(None);
    }
    for export in exports {
        module.exports.delete(export);
    }
    walrus::passes::gc::run(&mut module);
    refuse_imports(&module)?;
    Ok(Some(module.emit_wasm()))
}

/// What is still imported from JavaScript is called by the plugin's own code.
fn refuse_imports(module: &Module) -> Result<(), String> {
    let wanted = module.imports.iter().find(|import| import.module.starts_with("__wbindgen"));
    wanted.map_or(Ok(()), |import| {
        Err(format!(
            "it calls JavaScript (`{}` of `{}`): a crate reads the clock or randomness of a browser; hand it those of the SDK",
            import.name, import.module
        ))
    })
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
