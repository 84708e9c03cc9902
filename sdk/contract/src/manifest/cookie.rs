//! Cookies that a plugin owns.

use serde::{Deserialize, Serialize};

/// A cookie that a plugin owns.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub struct CookieRule<S = &'static str> {
    /// The name, without the server's prefix unless it is literal.
    pub name: S,
    /// Whether the name is taken as it is.
    #[serde(default)]
    pub is_literal: bool,
    /// Whether names only begin so and end in data.
    #[serde(default)]
    pub is_prefix: bool,
    /// Option that replaces the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_option: Option<S>,
}

impl CookieRule {
    /// A cookie whose name gets the server's prefix, as the core's own have.
    pub const fn prefixed(name: &'static str) -> Self {
        Self { name, is_literal: false, is_prefix: false, name_option: None }
    }

    /// A cookie with exactly this name.
    pub const fn literal(name: &'static str) -> Self {
        Self { name, is_literal: true, is_prefix: false, name_option: None }
    }

    /// Every cookie whose name begins with this one and ends in data; see `cookies::list_signed`.
    pub const fn all_that_begin_so(mut self) -> Self {
        self.is_prefix = true;
        self
    }

    /// The operator's option `option` replaces the name.
    pub const fn or_option(mut self, option: &'static str) -> Self {
        self.name_option = Some(option);
        self
    }
}
