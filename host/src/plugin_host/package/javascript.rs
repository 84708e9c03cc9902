//! Takes out of a module what is there for JavaScript alone.
//!
//! Crates that support browsers export functions which describe themselves to a tool for JavaScript. Those exports keep code
//! alive that nothing in a plugin calls, and with it imports that no server has.

use walrus::{FunctionId, ImportKind, Module, ModuleConfig};

/// Prefixes of the names of those exports.
const EXPORTS: [&str; 3] = ["__wbindgen", "__wbg_", "__externref"];
/// What those functions say to that tool.
const SECTION: &str = "__wasm_bindgen_unstable";
/// Prefix of imports that handle JavaScript values; nothing reachable calls them after stripping.
const HANDLES: &str = "__wbindgen_";

/// The module without exports for JavaScript and what only they reach. `None` when it has none: then it stays as it is, byte
/// for byte.
///
/// # Errors
/// When the module cannot be read, or calls JavaScript by itself.
pub(in crate::plugin_host) fn strip(module: &[u8]) -> Result<Option<Vec<u8>>, String> {
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
    module.customs.remove_raw(SECTION);
    walrus::passes::gc::run(&mut module);
    for import in handles(&module)? {
        let trap = module.replace_imported_func(import, |(body, _)| {
            body.unreachable();
        });
        trap.map_err(|error| format!("{error:#}"))?;
    }
    walrus::passes::gc::run(&mut module);
    Ok(Some(module.emit_wasm()))
}

/// The imports that stay because the table of functions does not tell who uses it. A call of one ends the plugin's call.
fn handles(module: &Module) -> Result<Vec<FunctionId>, String> {
    let from_javascript = module.imports.iter().filter(|import| import.module.starts_with("__wbindgen"));
    let handle = |import: &walrus::Import| match import.kind {
        ImportKind::Function(function) if import.name.contains(HANDLES) => Ok(function),
        _ => Err(format!(
            "it calls JavaScript (`{}`): a crate reads the clock or randomness of a browser; hand it those of the SDK",
            import.name
        )),
    };
    from_javascript.map(handle).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use walrus::{FunctionBuilder, ValType};

    use super::*;

    /// A module with an export for JavaScript and one of its own; each calls the import that it names, if any.
    fn module(described: Option<&str>, own: Option<&str>) -> Vec<u8> {
        let mut module = Module::default();
        for (export, import) in [("__wbindgen_describe_x", described), ("own", own)] {
            let import = import.map(|name| {
                let ty = module.types.add(&[], &[]);
                module.add_import_func("__wbindgen_placeholder__", name, ty).0
            });
            let mut builder = FunctionBuilder::new(&mut module.types, &[], &[ValType::I32]);
            if let Some(import) = import {
                builder.func_body().call(import);
            }
            builder.func_body().i32_const(7);
            let function = builder.finish(vec![], &mut module.funcs);
            module.exports.add(export, function);
        }
        module.emit_wasm()
    }

    fn names(bytes: &[u8]) -> (Vec<String>, usize) {
        let module = Module::from_buffer(bytes).unwrap();
        (module.exports.iter().map(|export| export.name.clone()).collect(), module.imports.iter().count())
    }

    #[test]
    fn what_only_javascript_reaches_goes_with_its_imports() {
        let stripped = strip(&module(Some("__wbg_getRandomValues_1"), None)).unwrap().unwrap();
        assert_eq!(names(&stripped), (vec!["own".to_owned()], 0));
    }

    #[test]
    fn a_plugin_that_calls_javascript_itself_is_refused_and_a_handle_becomes_a_trap() {
        let refused = strip(&module(None, Some("__wbg_now_1"))).unwrap_err();
        assert!(refused.contains("`__wbg_now_1`"), "{refused}");
        let trapped = strip(&module(None, Some("__wbindgen_object_drop_ref"))).unwrap().unwrap();
        assert_eq!(names(&trapped), (vec!["own".to_owned()], 0));
    }

    #[test]
    fn a_module_without_them_stays_as_it_is() {
        let mut plain = Module::default();
        assert_eq!(strip(&plain.emit_wasm()), Ok(None));
    }
}
