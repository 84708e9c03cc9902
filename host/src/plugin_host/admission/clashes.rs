//! What belongs to the core or to another plugin is refused, from the manifests alone.

use std::collections::HashMap;

use doorward_contract::ErrorCode;

use super::candidate::Candidate;
use super::grant;
use crate::auth::verification;
use crate::cookie::Cookies;
use crate::mail::kind;
use crate::plugin_host::error::PluginError;
use crate::plugin_host::package::manifest::Manifest;
use crate::plugin_host::package::options::active;

/// What the core's own links and mails rest on is nobody else's.
pub(super) fn refuse_core_names(manifest: &Manifest) -> Result<(), PluginError> {
    let meets = |own: &str, prefix: &str| own.starts_with(prefix) || prefix.starts_with(own);
    let mut prefixes = manifest.verification_prefixes.iter();
    let prefix = prefixes.find(|prefix| verification::OF_CORE.iter().any(|own| meets(own, prefix)));
    let prefix = prefix.map(|prefix| format!("the verification prefix `{prefix}` belongs to the core"));
    let mail = manifest.mails.iter().find(|kind| kind::OF_CORE.contains(&kind.as_str()));
    let mail = mail.map(|kind| format!("the mail `{kind}` belongs to the core"));
    let code = manifest.errors.iter().find_map(|error| {
        let said = code_of_core(&error.code)?.message;
        let is_other = error.message != said;
        is_other.then(|| format!("the error code `{}` belongs to the core, which says \"{said}\"", error.code))
    });
    match prefix.or(mail).or(code) {
        Some(reason) => Err(PluginError::Manifest { plugin: manifest.id.clone(), reason }),
        None => Ok(()),
    }
}

/// What the core refuses with under this code. Whoever uses the code says the same.
fn code_of_core(code: &str) -> Option<&'static ErrorCode> {
    ErrorCode::OF_CORE.iter().find(|own| own.code == code)
}

/// Two plugins cannot own one thing.
pub(super) fn refuse_clashes(candidates: &[Candidate<'_>], cookies: &Cookies) -> Result<(), PluginError> {
    let mut owners: HashMap<String, &str> = HashMap::new();
    for Candidate { manifest, options, .. } in candidates {
        let id = manifest.id.as_str();
        let fields = active(manifest, &manifest.user_fields, options);
        let fields = fields.map(|field| format!("field user.{}", field.name));
        let session_fields = active(manifest, &manifest.session_fields, options);
        let fields = fields.chain(session_fields.map(|field| format!("field session.{}", field.name)));
        // Databases fold the case of names.
        let tables = manifest.tables.iter().map(|table| format!("table {}", table.name.to_ascii_lowercase()));
        let functions = manifest.functions.iter().map(|function| format!("function {}", function.name));
        let own_codes = manifest.errors.iter().filter(|error| code_of_core(&error.code).is_none());
        let codes = own_codes.map(|error| format!("error code {}", error.code));
        let slots = manifest.slots.iter().map(|slot| format!("slot {slot}"));
        let sign_in = manifest.pages.iter().filter(|page| page.signs_in).map(|_| "sign-in page".to_owned());
        let claims = fields.chain(tables).chain(functions).chain(codes).chain(slots).chain(sign_in);
        let decision = manifest.decides_permissions.then(|| "decision on permissions".to_owned());
        let claims = claims.chain(decision).chain([format!("id {id}")]);
        for claim in claims {
            if let Some(other) = owners.insert(claim.clone(), id) {
                let reason = format!("the {claim} is claimed by the plugin `{other}` too: remove one of them");
                return Err(PluginError::Manifest { plugin: id.to_owned(), reason });
            }
        }
    }
    refuse_shared_cookies(candidates, cookies)?;
    refuse_shared_prefixes(candidates)
}

/// Names are compared as the browser sees them: after options and with the server's prefix.
fn refuse_shared_cookies(candidates: &[Candidate<'_>], cookies: &Cookies) -> Result<(), PluginError> {
    let patterns = |candidate: &Candidate<'_>| {
        let id = candidate.manifest.id.clone();
        let own = grant::cookie_patterns(&candidate.manifest, &candidate.options, cookies);
        own.into_iter().map(move |pattern| (pattern, id.clone())).collect::<Vec<_>>()
    };
    let all: Vec<_> = candidates.iter().flat_map(patterns).collect();
    for (pattern, plugin) in &all {
        let other = all.iter().find(|(other, owner)| owner != plugin && other.meets(pattern));
        if let Some((_, other)) = other {
            let reason = format!("the cookie `{pattern}` is claimed by the plugin `{other}` too: remove one of them");
            return Err(PluginError::Manifest { plugin: plugin.clone(), reason });
        }
    }
    Ok(())
}

fn refuse_shared_prefixes(candidates: &[Candidate<'_>]) -> Result<(), PluginError> {
    let owned = |candidate: &Candidate<'_>| {
        let id = candidate.manifest.id.clone();
        candidate
            .manifest
            .verification_prefixes
            .iter()
            .map(move |prefix| (prefix.clone(), id.clone()))
            .collect::<Vec<_>>()
    };
    let all: Vec<(String, String)> = candidates.iter().flat_map(owned).collect();
    for (prefix, plugin) in &all {
        let other = all.iter().find(|(other, owner)| owner != plugin && other.starts_with(prefix.as_str()));
        if let Some((_, other)) = other {
            let reason = format!("the verification prefix `{prefix}` is claimed by the plugin `{other}` too");
            return Err(PluginError::Manifest { plugin: plugin.clone(), reason });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, Value as Json};

    use super::super::trust::Provenance;
    use super::*;
    use crate::config::{Config, PluginConfig};
    use crate::plugin_host::package::file::Component;
    use crate::plugin_host::package::manifest::declared;

    #[test]
    fn cookies_are_compared_as_browsers_see_them() {
        let text = "secret = \"wire-contract-secret-0123456789-abcdefghijklmnop\"";
        let cookies = Cookies::new(&Config::parse(text, std::path::Path::new("."), &BTreeMap::new()).unwrap());
        let entry: PluginConfig = toml::from_str("id = \"x\"").unwrap();
        let candidate = |id: &str, rule: &str, own_name: &str| {
            let options = Map::from_iter([("cookie_name".to_owned(), Json::from(own_name))]);
            let manifest = declared(id, &format!(r#","cookies":[{{{rule}}}]"#));
            let provenance = Provenance { sha256: String::new(), is_pinned: false, signed_by: None };
            let component = Component::Read(Vec::new());
            Candidate { entry: &entry, component, manifest, assets: Vec::new(), options, provenance }
        };
        let prefixed = r#""name":"seen""#;
        let by_option = r#""name":"mine","is_literal":true,"name_option":"cookie_name""#;
        for (rule, own_name, clashes) in [
            (prefixed, "", true),
            (r#""name":"SEEN""#, "", true),
            (r#""name":"better-auth.seen","is_literal":true"#, "", true),
            (by_option, "__Secure-better-auth.seen", true),
            (by_option, "other", false),
            (r#""name":"se","is_prefix":true"#, "", true),
            (r#""name":"seen-","is_prefix":true"#, "", false),
        ] {
            let both = [candidate("a", prefixed, ""), candidate("b", rule, own_name)];
            assert_eq!(refuse_clashes(&both, &cookies).is_err(), clashes, "{rule} {own_name}");
        }
        let prefix = |id, name: &str| candidate(id, &format!(r#""name":"{name}","is_prefix":true"#), "");
        assert!(refuse_clashes(&[prefix("a", "device-"), prefix("b", "dev")], &cookies).is_err());
        assert!(refuse_clashes(&[prefix("a", "device-"), prefix("b", "trust-")], &cookies).is_ok());
    }

    #[test]
    fn what_belongs_to_the_core_is_refused() {
        let fault = |part: &str, name: &str| {
            refuse_core_names(&declared("x", &format!(r#","{part}":["{name}"]"#))).err().map(|error| error.to_string())
        };
        for prefix in
            ["reset-password:", "reset-", "reset-password:abc-", "delete-account-", "old-passwords:", "delete-"]
        {
            assert!(fault("verification_prefixes", prefix).unwrap().contains("belongs to the core"), "{prefix}");
        }
        for kind in ["verify-email", "reset-password", "change-email", "delete-account", "existing-user", "nothing"] {
            assert!(fault("mails", kind).unwrap().contains("belongs to the core"), "{kind}");
        }
        assert_eq!(fault("verification_prefixes", "reset-code:"), None);
        assert_eq!(fault("mails", "welcome"), None);
    }
}
