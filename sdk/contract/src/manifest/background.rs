//! What a plugin does beside requests: its jobs, the events that it emits for other plugins, and those that it hears of.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::field::FieldRule;
use super::{Manifest, is_id};

/// What the grant of a listener begins with; the event follows.
pub const LISTENS_GRANT: &str = "listens:";

/// The shortest period of a schedule, in seconds.
const SHORTEST_PERIOD: u64 = 10;
/// The longest.
const LONGEST_PERIOD: u64 = 366 * 86_400;

/// A job: work that the server runs by a schedule, or when the plugin enqueues it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub struct JobRule<S = &'static str> {
    /// In lower case with hyphens.
    pub name: S,
    /// The period of its schedule: `30s`, `15m`, `1h`, `7d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<S>,
}

/// An event that a plugin emits for others.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub struct EmitRule<S = &'static str> {
    /// In lower case with hyphens; others hear of it as `plugin:name`.
    pub name: S,
    /// What it tells.
    pub fields: Vec<FieldRule<S>>,
    /// Names of those fields that are told only to who is granted the secrets too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<S>,
}

/// An event of another plugin that a plugin hears of.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub struct ListenRule<S = &'static str> {
    /// The other plugin and the event's name, with a colon between them.
    pub event: S,
    /// What it expects to be told. Other fields are left out.
    pub fields: Vec<FieldRule<S>>,
    /// Whether it is told the secret fields too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secrets: bool,
}

impl<S> JobRule<S> {
    /// A job without a schedule.
    pub const fn new(name: S) -> Self {
        Self { name, every: None }
    }
}

impl<S> EmitRule<S> {
    /// An event that tells nothing but that it happened.
    pub const fn new(name: S) -> Self {
        Self { name, fields: Vec::new(), secrets: Vec::new() }
    }
}

impl<S> ListenRule<S> {
    /// Hears that the event happened.
    pub const fn new(event: S) -> Self {
        Self { event, fields: Vec::new(), secrets: false }
    }
}

impl<S: AsRef<str>> JobRule<S> {
    /// The period of its schedule.
    pub fn period_secs(&self) -> Option<u64> {
        self.every.as_ref().and_then(|every| period_secs(every.as_ref()))
    }

    fn fault(&self) -> Option<String> {
        let name = self.name.as_ref();
        if !is_id(name) {
            return Some(format!("the job `{name}`: a name has lower case letters, digits and hyphens"));
        }
        let every = self.every.as_ref().map(AsRef::as_ref).filter(|every| period_secs(every).is_none())?;
        Some(format!("the job `{name}` cannot run every `{every}`: write `30s`, `15m`, `1h` or `7d`, from 10s to 366d"))
    }
}

impl<S: AsRef<str>> EmitRule<S> {
    /// Why this is no payload of the event; none when it is one.
    pub fn payload_fault(&self, payload: &Map<String, Value>, is_date: impl Fn(&str) -> bool) -> Option<String> {
        let names: Vec<&str> = self.fields.iter().map(|field| field.name.as_ref()).collect();
        let unknown = payload.keys().find(|name| !names.contains(&name.as_str()));
        unknown
            .map(|name| format!("the event `{}` has no field `{name}`", self.name.as_ref()))
            .or_else(|| fields_fault(self.name.as_ref(), &self.fields, payload, is_date))
    }
}

impl<S: AsRef<str>> ListenRule<S> {
    /// The grants that it asks for.
    pub fn grants(&self) -> Vec<String> {
        let event = self.event.as_ref();
        let secrets = self.secrets.then(|| format!("{LISTENS_GRANT}{event}:secrets"));
        [format!("{LISTENS_GRANT}{event}")].into_iter().chain(secrets).collect()
    }

    /// What a listener is told of a payload: the fields that it expects, without `secrets` unless it asks for them.
    pub fn told(&self, mut payload: Map<String, Value>, secrets: &[impl AsRef<str>]) -> Map<String, Value> {
        payload.retain(|name, _| {
            let is_wanted = self.fields.iter().any(|field| field.name.as_ref() == name);
            is_wanted && (self.secrets || !secrets.iter().any(|secret| secret.as_ref() == name))
        });
        payload
    }

    /// Why the payload is not what the listener expects; none when it is.
    pub fn payload_fault(&self, payload: &Map<String, Value>, is_date: impl Fn(&str) -> bool) -> Option<String> {
        fields_fault(self.event.as_ref(), &self.fields, payload, is_date)
    }
}

fn fields_fault<S: AsRef<str>>(
    event: &str,
    fields: &[FieldRule<S>],
    payload: &Map<String, Value>,
    is_date: impl Fn(&str) -> bool,
) -> Option<String> {
    fields.iter().find_map(|field| {
        let name = field.name.as_ref();
        match payload.get(name).filter(|value| !value.is_null()) {
            None => field.required.then(|| format!("the event `{event}` lacks the field `{name}`")),
            Some(value) if field.kind.holds(value, &is_date) => None,
            Some(_) => Some(format!("the field `{name}` of the event `{event}` is no {}", field.kind.name())),
        }
    })
}

/// The seconds of a period such as `15m`; none when it is none, or too short or too long.
pub fn period_secs(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number = text.get(..text.len() - 1).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let secs = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (SHORTEST_PERIOD..=LONGEST_PERIOD).contains(&secs).then_some(secs)
}

/// What a manifest declares of this that cannot be.
pub(super) fn fault<S: AsRef<str>>(manifest: &Manifest<S>, is_date: impl Fn(&str) -> bool) -> Option<String> {
    manifest
        .jobs
        .iter()
        .find_map(JobRule::fault)
        .or_else(|| twice("job", manifest.jobs.iter().map(|job| job.name.as_ref())))
        .or_else(|| twice("event", manifest.emits.iter().map(|event| event.name.as_ref())))
        .or_else(|| twice("listener to", manifest.listens.iter().map(|rule| rule.event.as_ref())))
        .or_else(|| manifest.emits.iter().find_map(emit_fault))
        .or_else(|| manifest.listens.iter().find_map(|rule| listen_fault(rule, manifest.id.as_ref())))
        .or_else(|| {
            let emitted = manifest.emits.iter().flat_map(|event| event.fields.iter().map(|field| (&event.name, field)));
            let heard = manifest.listens.iter().flat_map(|rule| rule.fields.iter().map(|field| (&rule.event, field)));
            emitted.chain(heard).find_map(|(event, field)| field.fault(event.as_ref(), &is_date))
        })
}

fn twice<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if seen.contains(&name) {
            return Some(format!("it declares the {what} `{name}` twice"));
        }
        seen.push(name);
    }
    None
}

fn emit_fault<S: AsRef<str>>(rule: &EmitRule<S>) -> Option<String> {
    let name = rule.name.as_ref();
    if !is_id(name) {
        return Some(format!("the event `{name}`: a name has lower case letters, digits and hyphens"));
    }
    let is_field = |secret: &&S| rule.fields.iter().any(|field| field.name.as_ref() == secret.as_ref());
    let secret = rule.secrets.iter().find(|secret| !is_field(secret))?;
    Some(format!("the secret `{}` of the event `{name}` is none of its fields", secret.as_ref()))
}

fn listen_fault<S: AsRef<str>>(rule: &ListenRule<S>, own_id: &str) -> Option<String> {
    let event = rule.event.as_ref();
    match event.split_once(':') {
        Some((plugin, name)) if is_id(plugin) && is_id(name) => {
            (plugin == own_id).then(|| format!("it listens to `{event}`, which is its own event"))
        }
        _ => Some(format!("`{event}` is no event of a plugin: write `plugin-id:event`")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::FieldType;

    #[test]
    fn a_period_is_a_number_and_a_unit() {
        for (text, secs) in [
            ("10s", Some(10)),
            ("15m", Some(900)),
            ("1h", Some(3600)),
            ("366d", Some(31_622_400)),
            ("9s", None),
            ("367d", None),
            ("1w", None),
            ("h", None),
            ("", None),
            ("+1h", None),
            ("1.5h", None),
            ("99999999999999999999d", None),
            ("1µ", None),
        ] {
            assert_eq!(period_secs(text), secs, "{text}");
        }
    }

    #[test]
    fn a_payload_has_the_fields_that_are_declared() {
        let mut emits = EmitRule::new("redeemed");
        emits.fields =
            vec![FieldRule::new("code", FieldType::String).required(), FieldRule::new("uses", FieldType::Number)];
        let fault = |payload: Value| emits.payload_fault(payload.as_object().unwrap(), |_| true);
        assert_eq!(fault(json!({ "code": "a", "uses": 1 })), None);
        assert_eq!(fault(json!({ "code": "a", "uses": null })), None);
        assert!(fault(json!({})).unwrap().contains("lacks the field `code`"));
        assert!(fault(json!({ "code": 7 })).unwrap().contains("`code` of the event `redeemed` is no string"));
        assert!(fault(json!({ "code": "a", "x": 1 })).unwrap().contains("has no field `x`"));
    }

    #[test]
    fn a_secret_is_told_to_who_asks_for_it() {
        let mut listens = ListenRule::new("invites:redeemed");
        listens.fields =
            vec![FieldRule::new("code", FieldType::String), FieldRule::new("user", FieldType::String).required()];
        let payload = || json!({ "code": "a", "user": "u", "more": 1 }).as_object().unwrap().clone();
        assert_eq!(Value::Object(listens.told(payload(), &["code"])), json!({ "user": "u" }));
        assert_eq!(listens.grants(), ["listens:invites:redeemed"]);
        listens.secrets = true;
        assert_eq!(Value::Object(listens.told(payload(), &["code"])), json!({ "code": "a", "user": "u" }));
        assert_eq!(listens.grants(), ["listens:invites:redeemed", "listens:invites:redeemed:secrets"]);
        assert!(listens.payload_fault(&Map::new(), |_| true).unwrap().contains("lacks the field `user`"));
    }

    #[test]
    fn what_cannot_be_is_named() {
        let fault = |change: fn(&mut Manifest)| {
            let mut manifest = Manifest::new("x", "1", "1");
            change(&mut manifest);
            manifest.fault(|_| true)
        };
        assert_eq!(fault(|manifest| manifest.jobs.push(JobRule { name: "a", every: Some("1h") })), None);
        type Case = (fn(&mut Manifest), &'static str);
        let cases: [Case; 6] = [
            (|manifest| manifest.jobs.push(JobRule::new("A b")), "the job `A b`"),
            (|manifest| manifest.jobs.push(JobRule { name: "a", every: Some("1s") }), "cannot run every `1s`"),
            (|manifest| manifest.jobs = vec![JobRule::new("a"), JobRule::new("a")], "the job `a` twice"),
            (
                |manifest| manifest.emits.push(EmitRule { name: "a", fields: Vec::new(), secrets: vec!["b"] }),
                "the secret `b`",
            ),
            (|manifest| manifest.listens.push(ListenRule::new("a")), "write `plugin-id:event`"),
            (|manifest| manifest.listens.push(ListenRule::new("x:a")), "which is its own event"),
        ];
        for (change, part) in cases {
            let fault = fault(change).unwrap_or_default();
            assert!(fault.contains(part), "{fault}: {part}");
        }
    }
}
