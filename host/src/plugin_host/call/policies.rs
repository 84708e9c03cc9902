//! What the operator wants when a hook fails: read from `on_failure`, one policy for each hook of the manifest.

use crate::config::{FailurePolicy, OnFailure};
use crate::plugin_host::error::PluginError;
use crate::plugin_host::package::manifest::{Hook, Manifest};

/// What a policy may be for, beside the pattern of a hook.
const MOMENTS: [&str; 5] = ["before", "after", "gate", "events", "claims"];

/// A policy for each hook, in the manifest's order.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::plugin_host) struct Policies {
    pub(in crate::plugin_host) before: Vec<FailurePolicy>,
    pub(in crate::plugin_host) after: Vec<FailurePolicy>,
    pub(in crate::plugin_host) gate: FailurePolicy,
    pub(in crate::plugin_host) events: FailurePolicy,
    pub(in crate::plugin_host) claims: FailurePolicy,
}

impl Policies {
    /// The policies of a plugin.
    ///
    /// # Errors
    /// `Option` for a name that is no hook of this plugin.
    pub(in crate::plugin_host) fn of(manifest: &Manifest, wanted: &OnFailure) -> Result<Self, PluginError> {
        if let OnFailure::Each(each) = wanted {
            let is_hook = |name: &str| manifest.before.iter().chain(&manifest.after).any(|hook| hook.pattern == name);
            if let Some(name) = each.keys().find(|name| !is_moment(manifest, name) && !is_hook(name)) {
                let reason =
                    format!("`on_failure` names `{name}`, which this plugin does not have; {}", known(manifest));
                return Err(PluginError::Option { plugin: manifest.id.clone(), reason });
            }
        }
        let of_hooks = |moment: &str, hooks: &[Hook]| hooks.iter().map(|hook| policy(wanted, moment, hook)).collect();
        let named = |moment: &str| match wanted {
            OnFailure::Hooks(_) => FailurePolicy::Closed,
            OnFailure::Each(each) => each.get(moment).copied().unwrap_or_default(),
        };
        let policies = Self {
            before: of_hooks("before", &manifest.before),
            after: of_hooks("after", &manifest.after),
            gate: named("gate"),
            events: named("events"),
            claims: named("claims"),
        };
        policies.refuse_open_guards(manifest)?;
        Ok(policies)
    }

    /// What guards an endpoint or a sign-in never stands open: whoever makes it fail would be let in.
    fn refuse_open_guards(&self, manifest: &Manifest) -> Result<(), PluginError> {
        let hook = (0..).zip(&self.before).find(|(_, policy)| **policy == FailurePolicy::Open);
        let hook = hook.and_then(|(index, _): (usize, _)| manifest.before.get(index));
        let guard = match (hook, self.gate) {
            (Some(hook), _) => format!("the hook before `{}`", hook.pattern),
            (None, FailurePolicy::Open) if manifest.is_gate => "its session gate".to_owned(),
            _ => return Ok(()),
        };
        let reason = format!(
            "`on_failure` would open {guard}, which guards: whoever makes it fail would pass. Open other moments by name: \
             `on_failure = {{ after = \"open\" }}`"
        );
        Err(PluginError::Option { plugin: manifest.id.clone(), reason })
    }
}

/// What `on_failure` may name.
fn known(manifest: &Manifest) -> String {
    let mut names: Vec<&str> = Vec::new();
    for hook in manifest.before.iter().chain(&manifest.after) {
        if !names.contains(&hook.pattern.as_str()) {
            names.push(&hook.pattern);
        }
    }
    names.extend(MOMENTS.into_iter().filter(|moment| is_moment(manifest, moment)));
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "it has no hooks".to_owned() } else { format!("it has {}", names.join(", ")) }
}

fn is_moment(manifest: &Manifest, name: &str) -> bool {
    match name {
        "before" => !manifest.before.is_empty(),
        "after" => !manifest.after.is_empty(),
        "gate" => manifest.is_gate,
        "events" => !manifest.events.is_empty(),
        "claims" => manifest.claims,
        _ => false,
    }
}

fn policy(wanted: &OnFailure, moment: &str, hook: &Hook) -> FailurePolicy {
    match wanted {
        OnFailure::Hooks(policy) => *policy,
        OnFailure::Each(each) => each.get(&hook.pattern).or_else(|| each.get(moment)).copied().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_host::package::manifest;

    #[test]
    fn what_is_not_a_hook_opens_only_when_it_is_named() {
        use FailurePolicy::{Closed, Open};
        let json = r#"{"manifest_version":1,"id":"x","version":"1","sdk_version":"1","is_gate":true,"claims":true,
            "before":[{"pattern":"/a"},{"pattern":"/b"}],"after":[{"pattern":"/a"}]}"#;
        let manifest = manifest::parse(json.as_bytes(), "x").unwrap();
        let of = |text: &str| {
            let wanted: toml::Table = text.parse().unwrap();
            let policies = Policies::of(&manifest, &wanted["on_failure"].clone().try_into().unwrap());
            let open = |found: &Policies| [found.gate, found.events, found.claims].map(|policy| policy == Open);
            policies.map(|found| (open(&found), found.before, found.after)).map_err(|error| error.to_string())
        };
        for guards in ["\"open\"", "{ before = \"open\" }", "{ \"/b\" = \"open\" }", "{ gate = \"open\" }"] {
            let fault = of(&format!("on_failure = {guards}")).unwrap_err();
            assert!(fault.contains("which guards") && fault.contains("{ after = \"open\" }"), "{guards}: {fault}");
        }
        let each = of("on_failure = { after = \"open\", events = \"closed\" }");
        assert!(each.is_err(), "it has no events");
        let after = of("on_failure = { after = \"open\", before = \"closed\" }").unwrap();
        assert_eq!(after, ([false; 3], vec![Closed, Closed], vec![Open]));
        let claims = of("on_failure = { claims = \"open\" }").unwrap();
        assert_eq!(claims, ([false, false, true], vec![Closed, Closed], vec![Closed]));
        for none in ["/c", "events"] {
            let fault = of(&format!("on_failure = {{ {none:?} = \"open\" }}")).unwrap_err();
            assert!(fault.contains("it has `/a`, `/b`, `before`, `after`, `gate`, `claims`"), "{fault}");
        }
    }
}
