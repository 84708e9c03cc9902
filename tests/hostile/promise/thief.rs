//! A thief in the making: a component of `tests/hostile/thief` under a manifest, with orders and grants of the case.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use super::super::{build_once, components, root};
use crate::fixture::Fixture;
use crate::store::Place;

/// What servers without limits on requests have.
pub const UNLIMITED: &str = "rate_limit.enabled = false\n";

/// The folder of all components of `tests/hostile/thief`, built once.
fn built() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let out = root().join("target/hostile-thieves");
        build_once(&root().join("tests/hostile/thief"), &out);
        out
    });
    &BUILT
}

/// One thief: what it declares, and what it does.
#[derive(Clone)]
pub struct Thief {
    kind: &'static str,
    changes: Map<String, Json>,
    orders: String,
    /// The beginning of the paths of its own routes.
    home: &'static str,
}

impl Thief {
    /// The thief that imports `kind`, or nothing (`bare`): so far it has routes alone.
    pub fn new(kind: &'static str) -> Self {
        let none = ["before", "after", "events"].map(|name| (name.to_owned(), json!([])));
        let mut changes = Map::from_iter(none);
        changes.extend([("is_gate".to_owned(), json!(false)), ("claims".to_owned(), json!(false))]);
        Self { kind, changes, orders: String::new(), home: "/thief/" }
    }

    /// Its id is `id`, and its routes begin with `home`.
    pub fn named(mut self, id: &str, home: &'static str) -> Self {
        self.home = home;
        self.with("id", json!(id))
    }

    /// Changes a part of the manifest.
    pub fn with(mut self, part: &str, value: Json) -> Self {
        self.changes.insert(part.to_owned(), value);
        self
    }

    /// Another line of its entry.
    pub fn set(mut self, line: &str) -> Self {
        self.orders += &format!("{line}\n");
        self
    }

    /// What it does at a moment: `before`, `after`, `gate`, `event` or `claims`.
    pub fn order(self, moment: &str, deeds: Json) -> Self {
        // The escapes of JSON are those of TOML.
        self.set(&format!("{moment} = {}", Json::from(deeds.to_string())))
    }

    /// Does this before the endpoints of a pattern.
    pub fn before(self, pattern: &str, deeds: Json) -> Self {
        self.with("before", json!([{ "pattern": pattern }])).order("before", deeds)
    }

    /// Does this after the endpoints of a pattern.
    pub fn after(self, pattern: &str, deeds: Json) -> Self {
        self.with("after", json!([{ "pattern": pattern }])).order("after", deeds)
    }

    /// Does this before and after these changes of rows; its events are before and after in turn.
    pub fn events(self, changes: &[(&str, &str)], deeds: Json) -> Self {
        let both = |(model, action): &(&str, &str)| {
            ["before", "after"].map(|moment| json!({ "model": model, "action": action, "moment": moment }))
        };
        let events: Vec<Json> = changes.iter().flat_map(both).collect();
        self.with("events", json!(events)).order("event", deeds)
    }

    /// Writes the component into `folder`; returns the lines that load it with these grants.
    pub fn entry(&self, folder: &Path, grants: &[&str]) -> String {
        let component = std::fs::read(built().join(format!("thief-{}.wasm", self.kind))).unwrap();
        let mut id = String::new();
        let component = components::redeclared(component, |manifest| {
            manifest.extend(self.changes.clone());
            for route in manifest["routes"].as_array_mut().unwrap() {
                let path = route["path"].as_str().unwrap().replacen("/thief/", self.home, 1);
                route["path"] = path.into();
            }
            id = manifest["id"].as_str().unwrap().to_owned();
        });
        let file = folder.join(format!("{id}.wasm"));
        std::fs::write(&file, component).unwrap();
        super::super::entry(&id, &file, &format!("grants = {}\n{}", json!(grants), self.orders))
    }

    /// A server with these options and the thief, or why there is none.
    pub async fn start(&self, place: &Place, grants: &[&str], options: &str) -> Result<Fixture, String> {
        super::super::keep_log();
        let folder = tempfile::tempdir().unwrap();
        Fixture::try_start(place, &format!("{options}\n{}", self.entry(folder.path(), grants))).await
    }

    /// A server that took it in.
    pub async fn loaded(&self, place: &Place, grants: &[&str], options: &str) -> Fixture {
        let options = format!("{UNLIMITED}{options}");
        self.start(place, grants, &options).await.unwrap_or_else(|error| panic!("{grants:?}: {error}"))
    }

    /// A server that took it in; none when it was refused with a line that says what to grant.
    pub async fn tried(&self, place: &Place, grants: &[&str], options: &str) -> Option<Fixture> {
        match self.start(place, grants, &format!("{UNLIMITED}{options}")).await {
            Ok(server) => Some(server),
            Err(error) => {
                assert!(error.contains("grants = ["), "{grants:?}: {error}");
                None
            }
        }
    }

    /// What is wrong when it is to be refused with all of `parts` named: that it was taken in, or what the error lacks.
    pub async fn fault(&self, place: &Place, grants: &[&str], parts: &[&str]) -> Option<String> {
        let about = format!("{} with {grants:?}", self.orders.trim());
        match self.start(place, grants, UNLIMITED).await {
            Ok(_) => Some(format!("{about} was loaded, and should be refused with {parts:?}")),
            Err(error) => {
                let missing: Vec<_> = parts.iter().filter(|part| !error.contains(**part)).collect();
                (!missing.is_empty()).then(|| format!("{about}: {missing:?} not in: {error}"))
            }
        }
    }

    /// Sees that no server takes it in, and that all of `parts` are named.
    pub async fn refused(&self, place: &Place, grants: &[&str], parts: &[&str]) {
        let fault = self.fault(place, grants, parts).await;
        assert!(fault.is_none(), "{}", fault.unwrap_or_default());
    }
}

/// What thieves noted so far.
pub async fn loot(server: &Fixture) -> String {
    let answer = server.get("/thief/loot", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

/// Has a thief do one deed, and returns what came of it: `{"ok": …}` or `{"error": …}`.
pub async fn act(server: &Fixture, home: &str, deed: Json) -> Json {
    let answer = server.post(&format!("{home}act"), &json!([deed])).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()[0].clone()
}

/// The body of a sign-up with an address and a password of its own.
pub fn someone(name: &str) -> Json {
    let (email, password) = (email(name), format!("correct horse of {name}"));
    json!({ "name": format!("Name of {name}"), "email": email, "password": password })
}

/// The address of [`someone`].
pub fn email(name: &str) -> String {
    format!("{name}@example.com")
}
