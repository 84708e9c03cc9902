//! Who brought a model or a field.

use std::fmt;

/// Who brought a model or a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Owner {
    /// The host.
    Core,
    /// The operator's configuration.
    Config,
    /// The plugin with this id.
    Plugin(String),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core => f.write_str("the core"),
            Self::Config => f.write_str("the configuration"),
            Self::Plugin(id) => write!(f, "the plugin {id}"),
        }
    }
}
