//! The settings that a provider takes, as data.

/// A setting of one provider.
pub struct OptionRule {
    pub name: &'static str,
    pub kind: Kind,
    /// What stands for it in a template when the operator sets nothing; may be a template itself.
    pub default: Option<&'static str>,
    /// The server does not start without it.
    pub required: bool,
}

/// What a setting may be.
#[derive(Clone, Copy)]
pub enum Kind {
    Text,
    Flag,
    Number,
    /// Texts; in a template each has a comma before it.
    List,
    /// In hexadecimal, with hyphens.
    Uuid,
    /// A host name, with or without `https://` before it.
    Host,
    /// An `https://` URL; slashes at its end are dropped.
    Url,
    /// Names and texts.
    Table,
    /// One of these words, and what stands for it in a template.
    Choice(&'static [(&'static str, &'static str)]),
}

/// The methods of `token_endpoint_auth` that no keys are needed for.
pub const TOKEN_ENDPOINT_AUTH: &[(&str, &str)] =
    &[("client_secret_basic", ""), ("client_secret_post", ""), ("none", "")];

impl OptionRule {
    pub const fn new(name: &'static str, kind: Kind) -> OptionRule {
        OptionRule { name, kind, default: None, required: false }
    }

    pub const fn or(mut self, default: &'static str) -> OptionRule {
        self.default = Some(default);
        self
    }

    pub const fn required(mut self) -> OptionRule {
        self.required = true;
        self
    }
}
