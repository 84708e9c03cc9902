//! Headers as scripts read and set them: a map whose names match in any case.

use rhai::{Array, Dynamic, Engine, Map};

/// Names in small letters, and their values.
#[derive(Clone, Debug, Default)]
pub struct HeaderMap(pub Map);

impl HeaderMap {
    fn get(&self, name: &str) -> Dynamic {
        self.0.get(name.to_ascii_lowercase().as_str()).cloned().unwrap_or_default()
    }

    fn set(&mut self, name: &str, value: Dynamic) {
        self.0.insert(name.to_ascii_lowercase().into(), value);
    }
}

/// Gives scripts what they do with maps. A name after a point is looked up as one in brackets is.
pub fn register(engine: &mut Engine) {
    engine.register_type_with_name::<HeaderMap>("headers");
    engine.register_indexer_get(|headers: &mut HeaderMap, name: &str| headers.get(name));
    engine.register_indexer_set(|headers: &mut HeaderMap, name: &str, value: Dynamic| headers.set(name, value));
    engine.register_fn("get", |headers: &mut HeaderMap, name: &str| headers.get(name));
    engine.register_fn("set", |headers: &mut HeaderMap, name: &str, value: Dynamic| headers.set(name, value));
    engine.register_fn("contains", |headers: &mut HeaderMap, name: &str| {
        headers.0.contains_key(name.to_ascii_lowercase().as_str())
    });
    engine.register_fn("remove", |headers: &mut HeaderMap, name: &str| {
        headers.0.remove(name.to_ascii_lowercase().as_str()).unwrap_or_default()
    });
    engine.register_fn("keys", |headers: &mut HeaderMap| {
        headers.0.keys().map(|name| name.as_str().into()).collect::<Array>()
    });
    engine.register_fn("values", |headers: &mut HeaderMap| headers.0.values().cloned().collect::<Array>());
    engine.register_fn("len", |headers: &mut HeaderMap| i64::try_from(headers.0.len()).unwrap_or(i64::MAX));
    engine.register_fn("is_empty", |headers: &mut HeaderMap| headers.0.is_empty());
    engine.register_fn("to_map", |headers: &mut HeaderMap| headers.0.clone());
}
