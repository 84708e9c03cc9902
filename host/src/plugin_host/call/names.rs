//! What the calls of a plugin are called in the log: by the path, the change or the name that its author wrote.

use doorward_contract::{EventAction, EventMoment};

use crate::plugin_host::package::manifest::{EventRule, Manifest};

/// One call of a plugin, by its index in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plugin_host) enum CallOf {
    Check,
    Route(u32),
    /// A chunk of a route's answer.
    Chunk(u32),
    Function(u32),
    Page(u32),
    Section(u32),
    Before(u32),
    After(u32),
    Event(u32),
    Gate,
    Claims,
    Permission,
    Job(u32),
    Heard(u32),
}

/// The names of all calls of one plugin.
#[derive(Debug, Default)]
pub(in crate::plugin_host) struct CallNames {
    routes: Vec<String>,
    chunks: Vec<String>,
    functions: Vec<String>,
    pages: Vec<String>,
    sections: Vec<String>,
    before: Vec<String>,
    after: Vec<String>,
    events: Vec<String>,
    jobs: Vec<String>,
    heard: Vec<String>,
}

impl CallNames {
    pub(in crate::plugin_host) fn of(manifest: &Manifest) -> Self {
        Self {
            routes: manifest.routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect(),
            chunks: manifest.routes.iter().map(|route| format!("chunk of {} {}", route.method, route.path)).collect(),
            functions: manifest.functions.iter().map(|function| format!("function {}", function.name)).collect(),
            pages: manifest.pages.iter().map(|page| format!("page {}", page.path)).collect(),
            sections: manifest.contributions.iter().map(|rule| format!("section for {}", rule.slot)).collect(),
            before: manifest.before.iter().map(|hook| format!("hook before {}", hook.pattern)).collect(),
            after: manifest.after.iter().map(|hook| format!("hook after {}", hook.pattern)).collect(),
            events: manifest.events.iter().map(event).collect(),
            jobs: manifest.jobs.iter().map(|job| format!("job {}", job.name)).collect(),
            heard: manifest.listens.iter().map(|rule| format!("listener to {}", rule.event)).collect(),
        }
    }

    /// The name of a call.
    pub(in crate::plugin_host) fn name(&self, call: CallOf) -> &str {
        let (names, index) = match call {
            CallOf::Check => return "check of options",
            CallOf::Gate => return "session gate",
            CallOf::Claims => return "token claims",
            CallOf::Permission => return "permission",
            CallOf::Route(index) => (&self.routes, index),
            CallOf::Chunk(index) => (&self.chunks, index),
            CallOf::Function(index) => (&self.functions, index),
            CallOf::Page(index) => (&self.pages, index),
            CallOf::Section(index) => (&self.sections, index),
            CallOf::Before(index) => (&self.before, index),
            CallOf::After(index) => (&self.after, index),
            CallOf::Event(index) => (&self.events, index),
            CallOf::Job(index) => (&self.jobs, index),
            CallOf::Heard(index) => (&self.heard, index),
        };
        names.get(index as usize).map_or("a call", String::as_str)
    }
}

/// The name of an event: `event before user.create`.
pub fn event(rule: &EventRule) -> String {
    let moment = match rule.moment {
        EventMoment::Before => "before",
        EventMoment::After => "after",
    };
    let action = match rule.action {
        EventAction::Create => "create",
        EventAction::Update => "update",
        EventAction::Delete => "delete",
    };
    format!("event {moment} {}.{action}", rule.model)
}

/// The kind of a job, in its row.
pub(in crate::plugin_host) fn job_kind(plugin: &str, name: &str) -> String {
    format!("job:{plugin}:{name}")
}

/// The kind of an event that a plugin hears of.
pub(in crate::plugin_host) fn event_kind(listener: &str, event: &str) -> String {
    format!("event:{listener}:{event}")
}

/// The kind of a plugin's requests to other servers.
pub(in crate::plugin_host) fn http_kind(plugin: &str) -> String {
    format!("http:{plugin}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_host::package::manifest::declared;

    #[test]
    fn calls_have_the_names_that_the_author_wrote() {
        let names = CallNames::of(&declared(
            "x",
            r#","routes":[{"method":"POST","path":"/a"}],"before":[{"pattern":"/b"}],"events":[{"model":"user","action":"create","moment":"after"}]"#,
        ));
        for (call, expected) in [
            (CallOf::Route(0), "POST /a"),
            (CallOf::Before(0), "hook before /b"),
            (CallOf::Event(0), "event after user.create"),
            (CallOf::After(7), "a call"),
            (CallOf::Gate, "session gate"),
        ] {
            assert_eq!(names.name(call), expected);
        }
    }
}
