//! Plays recorded audit events to a script, and tells what it would have done: JSON lines, as the server logs them.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::case::Case;
use super::observe::Bench;
use super::ports::CasePorts;
use super::{CasesError, House};
use crate::config::{Config, HookConfig};
use crate::hooks::error::HookError;
use crate::hooks::language::engine;
use crate::hooks::script;

/// What the server's own events do not hold of a request. Of its user, they know the id.
const UNKNOWN: [&str; 10] = [
    "body",
    "query",
    "headers",
    "proxy_headers",
    "params",
    "cookies",
    "session",
    "sessions",
    "accounts",
    "is_old_password",
];

/// What became of the events.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Events that met a hook of the script.
    pub events: usize,
    /// What would have been refused or answered otherwise, a line each.
    pub refused: Vec<String>,
    /// Lines that are no JSON: whatever else was written where the log is.
    pub passed_over: usize,
    /// What cannot be told, because the script asks for what no event holds, a line each.
    pub unclear: Vec<String>,
}

/// Plays the events in `recorded` to the script at `path`, in order, with the clock of each event. `method_of` tells the
/// method of a path, for the events name none. A sign-in that was done is played to the gate too; of its user, the event
/// knows the id alone.
///
/// # Errors
/// When the file cannot be read or has no event, or the script cannot be used.
pub fn replay(
    hook: &HookConfig,
    path: &Path,
    recorded: &Path,
    config: &Config,
    method_of: impl Fn(&str) -> Option<String>,
) -> Result<Replayed, CasesError> {
    let file = recorded.display().to_string();
    let text =
        std::fs::read_to_string(recorded).map_err(|source| CasesError::Unreadable { file: file.clone(), source })?;
    let ports = CasePorts::new(&hook.file);
    let mut engine = engine::sandboxed(&ports.engine_ports());
    let hooks = script::load(&mut engine, hook, path).map_err(|error: HookError| CasesError::Script(error))?;
    let house = House::of(config);
    let bench = Bench { engine: &engine, hooks: &hooks, rules: house.rules(config), ports: &ports };
    let mut replayed = Replayed::default();
    let (mut has_event, mut no_event) = (false, None);
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let malformed = |message: String| CasesError::Malformed { file: format!("{file}:{number}"), message };
        let Ok(line) = serde_json::from_str::<Json>(line) else {
            replayed.passed_over += 1;
            no_event.get_or_insert_with(|| {
                malformed("this is no JSON. The server writes JSON with [log] format = \"json\"".to_owned())
            });
            continue;
        };
        let Some(event) = Event::of(&line, &method_of) else { continue };
        has_event = true;
        for case in event.cases().map_err(|error| malformed(error.to_string()))? {
            let seen = bench.observe(case).map_err(malformed)?;
            replayed.add(&event, number, &seen);
        }
    }
    match no_event {
        Some(error) if !has_event => Err(error),
        _ => Ok(replayed),
    }
}

impl Replayed {
    fn add(&mut self, event: &Event, number: usize, seen: &Json) {
        if seen.get("untouched").is_some() {
            return;
        }
        self.events += 1;
        let place = format!("line {number}: {} {} {}", event.text("timestamp"), event.method, event.path);
        let part = |name: &str| seen.get(name).map(|part| format!("{place}: {name} {part}"));
        if let Some(error) = part("error") {
            self.unclear.push(error);
        } else if let Some(end) = ["reject", "respond", "redirect", "challenge"].into_iter().find_map(part) {
            self.refused.push(end);
        }
    }
}

/// One recorded event.
struct Event<'a> {
    line: &'a Json,
    method: String,
    path: String,
}

impl<'a> Event<'a> {
    /// The event of a line, unless it is another line of the log.
    fn of(line: &'a Json, method_of: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let mut event = Self { line, method: String::new(), path: String::new() };
        let path = event.text("path");
        // The log quotes what a client chose.
        event.path = serde_json::from_str(&path).unwrap_or(path);
        let is_event = event.part("event").is_some() && event.path.starts_with('/');
        let own = event.part("method").and_then(Json::as_str).map(str::to_owned);
        event.method = own.or_else(|| method_of(&event.path)).unwrap_or_else(|| "POST".into());
        is_event.then_some(event)
    }

    /// A part of the event: of the line itself, or of its `fields`.
    fn part(&self, name: &str) -> Option<&Json> {
        self.line.get("fields").and_then(|fields| fields.get(name)).or_else(|| self.line.get(name))
    }

    /// Whether a log that somebody made richer has this part; the server's own `session` is an id.
    fn is_held(&self, name: &str) -> bool {
        self.part(name).is_some_and(|part| name != "session" || part.is_object())
    }

    fn text(&self, name: &str) -> String {
        self.part(name).and_then(Json::as_str).unwrap_or_default().to_owned()
    }

    /// The request, and after a sign-in that was done, the question to the gate.
    fn cases(&self) -> Result<Vec<Case>, serde_json::Error> {
        let opened = self.text("event") == "sign-in" && self.text("outcome") == "done";
        let moments = ["before"].into_iter().chain(opened.then_some("gate"));
        let unrecorded: Vec<&str> = UNKNOWN.into_iter().filter(|name| !self.is_held(name)).collect();
        let case = |moment| Ok(serde_json::from_value::<Case>(self.case(moment))?.without(&unrecorded));
        moments.map(case).collect()
    }

    fn case(&self, moment: &str) -> Json {
        let quoted = self.text("user_agent");
        let user_agent: String = serde_json::from_str(&quoted).unwrap_or(quoted);
        let mut headers = self.part("headers").and_then(Json::as_object).cloned().unwrap_or_default();
        headers.entry("user-agent").or_insert(user_agent.into());
        let user = match self.part("user") {
            Some(Json::String(id)) => json!({ "id": id }),
            Some(user @ Json::Object(_)) => user.clone(),
            _ => Json::Null,
        };
        let mut case = Map::from_iter([
            ("name".to_owned(), "an event".into()),
            ("moment".to_owned(), moment.into()),
            ("method".to_owned(), self.method.as_str().into()),
            ("path".to_owned(), self.path.as_str().into()),
            ("headers".to_owned(), Json::Object(headers)),
            ("counters".to_owned(), Json::Null),
            ("expect".to_owned(), Json::Null),
        ]);
        let given = [
            ("now", self.part("timestamp").cloned()),
            ("client_address", self.part("client").cloned().filter(|client| client.as_str() != Some(""))),
            ("sign_in_method", self.part("how").cloned()),
            ("query", self.part("query").cloned()),
            ("body", self.part("body").cloned()),
            ("user", (!user.is_null()).then_some(user)),
        ];
        case.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Json::Object(case)
    }
}
