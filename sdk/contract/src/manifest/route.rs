//! Endpoints of a plugin, and functions for the application's own backend.

use serde::{Deserialize, Serialize};

use crate::api_note::ApiNote;

/// One endpoint.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
pub struct RouteRule<S = &'static str> {
    /// In capitals.
    pub method: S,
    /// Below the base path; `:name` matches one segment.
    pub path: S,
    /// Option that replaces the path; a dot goes into a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_option: Option<S>,
    /// Its origin is checked also without cookies.
    #[serde(default)]
    pub signs_in: bool,
    /// Takes forms beside JSON.
    #[serde(default)]
    pub accepts_form: bool,
    /// Query parameters that must hold trusted targets.
    #[serde(default)]
    pub redirect_params: Vec<S>,
    /// What the description of the API says of it; none of plugins whose SDK says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<ApiNote>,
}

impl<S> RouteRule<S> {
    /// An endpoint that takes JSON.
    pub const fn new(method: S, path: S) -> Self {
        Self {
            method,
            path,
            path_option: None,
            signs_in: false,
            accepts_form: false,
            redirect_params: Vec::new(),
            note: None,
        }
    }
}

/// One function for the application's own backend.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
pub struct FunctionRule<S = &'static str> {
    /// In lower case with hyphens.
    pub name: S,
    /// What the description of the API says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<ApiNote>,
}
