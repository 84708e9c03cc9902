//! Looks at values of options, whoever set them.

use serde_json::{Map, Value};

/// The operator's value of an option; a dot goes into a table.
pub fn chosen<'a>(options: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let mut parts = name.split('.');
    let first = options.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

/// Whether an option is true: by the operator, or else by its default.
pub fn is_on(name: &str, options: &Map<String, Value>, defaults: &Map<String, Value>) -> bool {
    chosen(options, name).or_else(|| chosen(defaults, name)) == Some(&Value::Bool(true))
}

/// Whether what needs the option `name` is there; what needs none always is.
pub(crate) fn is_on_if_named<S: AsRef<str>>(
    name: Option<&S>,
    options: &Map<String, Value>,
    defaults: &Map<String, Value>,
) -> bool {
    name.is_none_or(|name| is_on(name.as_ref(), options, defaults))
}
