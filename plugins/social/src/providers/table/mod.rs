//! The table of providers.

mod apple;
mod github;
mod google;

use super::provider::Provider;

pub const ALL: &[Provider] = &[apple::APPLE, github::GITHUB, google::GOOGLE];
