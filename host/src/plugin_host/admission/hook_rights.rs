//! What hooks may see and change on paths that are not the plugin's own: asked for by the manifest, granted by the operator.

use doorward_contract::{
    CallRule, ContributionRule, HookRight, LISTENS_GRANT, ListenRule, SECTION_GRANT, called_paths,
};

use crate::plugin_host::package::manifest::{Hook, Manifest};

/// Granted to every plugin: they reach nothing that belongs to anyone, or only what is granted path by path (`endpoints`).
const HARMLESS: [&str; 10] =
    ["config", "log", "clock", "crypto", "cache", "site", "endpoints", "permissions", "plugin-events", "bodies"];

/// The grant of a plugin that is asked about every sign-in.
const GATE: &str = "session-gate";
/// The grant of a plugin that adds to the claims of tokens.
const CLAIMS: &str = "token-claims";
/// The grant of the plugin that decides what users may do.
const DECIDER: &str = "permission-decider";

/// The grant of a plugin that draws pages with sections of others; also the capability that asks for them.
const SECTIONS: &str = "sections";
/// The grant of a plugin with jobs; also the capability that enqueues them.
const JOBS: &str = "jobs";
/// The grant of a plugin with pages.
const PAGES: &str = "pages";
/// The grant of a plugin whose scripts run in browsers.
pub(in crate::plugin_host) const PAGE_SCRIPTS: &str = "page-scripts";

/// What one call may see and change of the request and its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a right of its own")]
pub(in crate::plugin_host) struct Sight {
    pub(in crate::plugin_host) reads_request: bool,
    pub(in crate::plugin_host) reads_answer: bool,
    pub(in crate::plugin_host) changes_request: bool,
    pub(in crate::plugin_host) changes_answer: bool,
    pub(in crate::plugin_host) secrets: bool,
}

impl Sight {
    /// Of a plugin on its own paths.
    pub(in crate::plugin_host) const OWN: Self =
        Self { reads_request: true, reads_answer: true, changes_request: true, changes_answer: true, secrets: true };

    /// Of a hook with these grants.
    pub(in crate::plugin_host) fn granted(grants: &[String], pattern: &str) -> Self {
        let has = |right| grants.iter().any(|grant| covers(grant, right, pattern));
        Self {
            reads_request: has(HookRight::ReadsRequest),
            reads_answer: has(HookRight::ReadsAnswer),
            changes_request: has(HookRight::ChangesRequest),
            changes_answer: has(HookRight::ChangesAnswer),
            secrets: has(HookRight::Secrets),
        }
    }

    /// Whether a `before` hook may refuse the request: an answer in the endpoint's place, worded by the plugin.
    pub(in crate::plugin_host) fn may_refuse(self) -> bool {
        self.reads_request || self.changes_request || self.changes_answer
    }
}

/// The sight of each hook, in the manifest's order.
#[derive(Clone, Debug, Default)]
pub(in crate::plugin_host) struct Sights {
    before: Vec<Sight>,
    after: Vec<Sight>,
    /// Of the request for a token, in claims.
    pub(in crate::plugin_host) claims: Sight,
}

impl Sights {
    pub(in crate::plugin_host) fn of(manifest: &Manifest, grants: &[String]) -> Self {
        let sight = |hook: &Hook| match manifest.is_own_path(&hook.pattern) {
            true => Sight::OWN,
            false => Sight::granted(grants, &hook.pattern),
        };
        Self {
            before: manifest.before.iter().map(sight).collect(),
            after: manifest.after.iter().map(sight).collect(),
            claims: Sight::granted(grants, "/**"),
        }
    }

    /// Of a `before` hook; nothing for one that does not exist.
    pub(in crate::plugin_host) fn before(&self, index: u32) -> Sight {
        self.before.get(index as usize).copied().unwrap_or_default()
    }

    /// Of an `after` hook; nothing for one that does not exist.
    pub(in crate::plugin_host) fn after(&self, index: u32) -> Sight {
        self.after.get(index as usize).copied().unwrap_or_default()
    }
}

/// Whether a grant gives this right on all paths of a pattern: it names the pattern, or a folder that the pattern is in.
fn covers(grant: &str, right: HookRight, pattern: &str) -> bool {
    let Some((granted, granted_pattern)) = HookRight::parse(grant) else { return false };
    granted == right && contains(granted_pattern, pattern)
}

/// Whether a granted pattern is this one, or a folder that it is in.
fn contains(granted: &str, pattern: &str) -> bool {
    granted == pattern || granted.strip_suffix("**").is_some_and(|folder| pattern.starts_with(folder))
}

/// Whether every plugin may use this capability.
fn is_harmless(capability: &str) -> bool {
    HARMLESS.contains(&capability)
}

/// Whether the grants do for what a manifest asks for: the grant itself, or one that contains it.
pub(in crate::plugin_host) fn suffices(grants: &[String], asked: &str) -> bool {
    if let Some(pattern) = called_paths(asked) {
        return grants.iter().filter_map(|grant| called_paths(grant)).any(|granted| contains(granted, pattern));
    }
    match HookRight::parse(asked) {
        None => is_harmless(asked) || grants.iter().any(|grant| grant == asked),
        Some((HookRight::Observes, pattern)) => {
            let seeing = HookRight::ALL.into_iter().filter(|right| *right != HookRight::Secrets);
            seeing.into_iter().any(|right| grants.iter().any(|grant| covers(grant, right, pattern)))
        }
        Some((right, pattern)) => grants.iter().any(|grant| covers(grant, right, pattern)),
    }
}

/// Every grant that a manifest asks for beside the harmless ones, each once: capabilities, then what it does around
/// endpoints, sign-ins and tokens.
pub fn asked_grants(manifest: &Manifest) -> Vec<String> {
    let foreign = |hook: &&Hook| !manifest.is_own_path(&hook.pattern);
    let hooks = manifest.before.iter().chain(&manifest.after).filter(foreign).flat_map(Hook::asked_grants);
    let has_pages = !manifest.pages.is_empty();
    let runs_scripts = manifest.runs_page_scripts();
    let decides = manifest.decides_permissions;
    let roles = [(manifest.is_gate, GATE), (manifest.claims, CLAIMS), (decides, DECIDER)];
    let has_jobs = !manifest.jobs.is_empty();
    let roles = roles.into_iter().chain([(has_pages, PAGES), (runs_scripts, PAGE_SCRIPTS), (has_jobs, JOBS)]);
    let roles = roles.filter(|(is_asked, _)| *is_asked).map(|(_, name)| name.to_owned());
    let sections = manifest.contributions.iter().map(ContributionRule::grant);
    let calls = manifest.calls.iter().flat_map(CallRule::grants);
    let listens = manifest.listens.iter().flat_map(ListenRule::grants);
    let capabilities = manifest.capabilities.iter().filter(|name| !is_harmless(name)).cloned();
    let mut asked: Vec<String> = Vec::new();
    for grant in
        capabilities.chain(roles).chain(sections).chain(written_rows(manifest)).chain(calls).chain(listens).chain(hooks)
    {
        if !asked.contains(&grant) {
            asked.push(grant);
        }
    }
    asked
}

/// Who writes fields of the core in an event writes users and sessions, as by their capabilities.
fn written_rows(manifest: &Manifest) -> impl Iterator<Item = String> {
    let has = |names: [&str; 2]| manifest.capabilities.iter().any(|name| names.contains(&name.as_str()));
    let writes_users = !manifest.creates_user_with.is_empty() || !manifest.updates_user_fields.is_empty();
    let users = writes_users && !has(["users", "user-administration"]);
    let sessions = !manifest.writes_session_fields.is_empty() && !has(["sessions", "session-administration"]);
    [(users, "users"), (sessions, "sessions")]
        .into_iter()
        .filter(|(is_asked, _)| *is_asked)
        .map(|(_, name)| name.into())
}

/// What a grant means, in words that need no manual; `None` for a capability, whose name says it.
pub fn sentence(grant: &str) -> Option<String> {
    match grant {
        GATE => Some("is asked about every sign-in, and may refuse it or ask for another proof".to_owned()),
        CLAIMS => Some("adds to what tokens for other services say of a user".to_owned()),
        DECIDER => Some("decides who may manage this server: settings, plugins, keys, mail, the audit log".to_owned()),
        SECTIONS => Some("draws pages with parts of other plugins, and reads what they show".to_owned()),
        PAGES => Some("answers with pages of its own at this server's address, which people trust".to_owned()),
        PAGE_SCRIPTS => {
            let sentence = "runs scripts in the browsers of users: they act with everything the user is signed in to";
            Some(sentence.to_owned())
        }
        _ => match grant.strip_prefix(SECTION_GRANT) {
            Some(slot) => Some(format!("adds to the part {slot} of pages, and gets what people type there")),
            None => called_paths(grant)
                .map(calls)
                .or_else(|| grant.strip_prefix(LISTENS_GRANT).map(listens))
                .or_else(|| HookRight::parse(grant).map(|(right, pattern)| right.sentence(pattern))),
        },
    }
}

/// What any grant means, a capability too.
pub(in crate::plugin_host) fn meaning(grant: &str) -> String {
    sentence(grant).unwrap_or_else(|| {
        let words = match grant {
            "accounts" => "reads and changes accounts at other services",
            "browser-sessions" => "reads and ends several sessions of one browser",
            "claims" => "asks others for what tokens say of a user",
            "cookies" => "sets and reads cookies of its own",
            "counters" => "counts attempts",
            "email-ownership" => "mails links that verify an address, and marks it as verified",
            "http" => "sends requests to other servers that it names",
            JOBS => "runs work of its own beside requests, later and by schedule",
            "keys" => "makes keys and signs with them",
            "mail" => "sends mails of its own kinds",
            "models" => "stores rows in tables of its own",
            "passwords" => "compares passwords with those of users",
            "sealing" => "seals values with the server's secrets",
            "session-administration" => "lists, opens and ends sessions of any user",
            "session-tokens" => "takes and gives sessions by a token outside of cookies",
            "sessions" => "opens sessions, each through the gates",
            "transactions" => "does several changes at once",
            "user-administration" => "sets passwords of users and removes users",
            "user-directory" => "lists all users",
            "users" => "reads users, and writes the fields that it declares",
            "verifications" => "keeps values of its own that prove something once",
            "webauthn" => "verifies passkeys",
            other => other,
        };
        words.to_owned()
    })
}

fn listens(event: &str) -> String {
    let (event, what) = match event.strip_suffix(":secrets") {
        Some(event) => (event, "is told the secrets in"),
        None => (event, "hears of"),
    };
    let (plugin, name) = event.split_once(':').unwrap_or((event, ""));
    format!("{what} every event {name} of the plugin {plugin}")
}

fn calls(pattern: &str) -> String {
    let what = if pattern == "/**" { "any endpoint" } else { pattern };
    format!("calls {what} with all that whoever makes the request may do there")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_host::package::manifest::declared;

    fn manifest(json: &str) -> Manifest {
        declared("x", json)
    }

    fn do_for(grants: &[&str], asked: &str) -> bool {
        suffices(&grants.iter().map(ToString::to_string).collect::<Vec<_>>(), asked)
    }

    #[test]
    fn a_right_is_granted_for_its_paths_alone() {
        assert!(do_for(&["observes:/a"], "observes:/a"));
        assert!(do_for(&["reads-answer:/a"], "observes:/a"), "it contains the least");
        assert!(do_for(&["observes:/**"], "observes:/a/b") && do_for(&["observes:/a/**"], "observes:/a/b"));
        for (grants, asked) in [
            (vec!["observes:/a"], "observes:/**"),
            (vec!["observes:/a/**"], "observes:/**"),
            (vec!["observes:/a/**"], "observes:/ab"),
            (vec!["observes:/a/*"], "observes:/a/b"),
            (vec!["observes:/a"], "reads-request:/a"),
            (vec!["secrets:/a"], "observes:/a"),
            (vec!["observes", "reads-request"], "observes:/a"),
        ] {
            assert!(!do_for(&grants, asked), "{grants:?} {asked}");
        }
    }

    #[test]
    fn calls_are_granted_for_their_paths_alone() {
        assert!(do_for(&["calls:/a/b"], "calls:/a/b") && do_for(&["calls:/a/**"], "calls:/a/b"));
        for (grants, asked) in [
            (vec!["calls:/a"], "calls:/b"),
            (vec!["calls:/a"], "calls:/**"),
            (vec!["observes:/**", "endpoints"], "calls:/a"),
            (vec!["calls:/**"], "observes:/a"),
        ] {
            assert!(!do_for(&grants, asked), "{grants:?} {asked}");
        }
        let asks = asked_grants(&manifest(r#","calls":[{"pattern":"/a"},{"pattern":"/b","secrets":true}]"#));
        assert_eq!(asks, ["calls:/a", "calls:/b", "secrets:/b"]);
        assert!(sentence("calls:/a").unwrap().starts_with("calls /a with all that whoever"));
    }

    #[test]
    fn events_of_others_are_granted_by_name() {
        let asks = asked_grants(&manifest(
            r#","jobs":[{"name":"a","every":"1h"}],"listens":[{"event":"b:c","fields":[]},{"event":"b:d","fields":[],"secrets":true}]"#,
        ));
        assert_eq!(asks, ["jobs", "listens:b:c", "listens:b:d", "listens:b:d:secrets"]);
        assert!(do_for(&["listens:b:c"], "listens:b:c"));
        for (grants, asked) in [
            (vec!["listens:b:c:secrets"], "listens:b:c"),
            (vec!["listens:b:c"], "listens:b:c:secrets"),
            (vec![], "jobs"),
        ] {
            assert!(!do_for(&grants, asked), "{grants:?} {asked}");
        }
        assert_eq!(sentence("listens:b:c").unwrap(), "hears of every event c of the plugin b");
        assert_eq!(sentence("listens:b:c:secrets").unwrap(), "is told the secrets in every event c of the plugin b");
    }

    #[test]
    fn hooks_on_other_paths_are_asked_for() {
        let asks = |json: &str| asked_grants(&manifest(json));
        let own = r#","routes":[{"method":"GET","path":"/x/a"},{"method":"GET","path":"/:b/c"}],"before":"#;
        assert_eq!(asks(&format!(r#"{own}[{{"pattern":"/x/a"}}]"#)), [""; 0]);
        assert_eq!(asks(&format!(r#"{own}[{{"pattern":"/:b/c"}}]"#)), ["observes:/:b/c"]);
        let more = r#","after":[{"pattern":"/b","rights":["reads-answer","secrets"]}],"is_gate":true,"claims":true"#;
        let expected = ["session-gate", "token-claims", "observes:/b", "reads-answer:/b", "secrets:/b"];
        assert_eq!(asks(more), expected);
        assert_eq!(
            asks(r#","updates_user_fields":["name"],"writes_session_fields":["expiresAt"]"#),
            ["users", "sessions"]
        );
    }
}
