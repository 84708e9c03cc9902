//! Generated from `wit/`: the raw types and calls that the rest of this crate wraps.

wit_bindgen::generate!({
    path: "wit",
    world: "plugin",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "doorward_sdk::bindings",
});
