//! Finds what a receiver asks for and can never get.

use super::kinds::KINDS;
use super::set::{EVENTS, event_uri};
use crate::config::{Config, kind_fits, nearest};

/// What is wrong with what the receivers ask for; none when each pattern and event can come.
pub(super) fn problem(config: &Config) -> Option<String> {
    let hooks = config.webhooks.iter().find_map(|hook| {
        let pattern = hook.events.iter().find(|pattern| !can_come(pattern))?;
        let near = nearest(pattern, KINDS.iter().map(|kind| kind.name));
        let hint = near.map_or_else(
            || ". `doorward webhooks kinds` lists them".to_owned(),
            |near| format!(": did you mean `{near}`?"),
        );
        Some(format!("webhooks, \"{}\": no event is of the kind \"{pattern}\"{hint}", hook.name))
    });
    hooks.or_else(|| {
        config.ssf.iter().flat_map(|ssf| &ssf.streams).find_map(|stream| {
            if stream.events.is_empty() {
                let usual = "Write events = [\"session-revoked\", \"credential-change\"]";
                return Some(format!("ssf.streams, \"{}\": events is empty. {usual}", stream.name));
            }
            let unknown = stream.events.iter().find(|event| event_uri(event).is_none())?;
            let known = EVENTS.map(|(name, _)| name).join(", ");
            Some(format!("ssf.streams, \"{}\": there is no event \"{unknown}\". There are {known}", stream.name))
        })
    })
}

fn can_come(pattern: &str) -> bool {
    pattern.starts_with("audit.") || pattern.starts_with('*') || KINDS.iter().any(|kind| kind_fits(pattern, kind.name))
}
