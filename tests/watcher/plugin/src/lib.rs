//! A plugin that takes part in changes, claims and the application's own functions; a user's name says how.

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

fn plugin() -> Plugin {
    Plugin::new("watcher", "0.1.0")
        .user_field(FieldRule::new("nickname", FieldType::String).input())
        .verifications("watcher:")
        .table(Table::new("watched").field(FieldRule::new("name", FieldType::String).unique()))
        .event(Event::before("user", Action::Create, before_sign_up))
        .event(Event::after("user", Action::Create, after_sign_up))
        .event(Event::before("user", Action::Update, before_update))
        .event(Event::after("user", Action::Update, after_update))
        .event(Event::after("account", Action::Create, note))
        .event(Event::after("session", Action::Create, note))
        .event(Event::after("session", Action::Delete, note))
        .event(Event::after("verification", Action::Create, note_foreign))
        .claims(|_, user, _| {
            if user["name"] == "no token" {
                return Err(Error::new(403, "NO_TOKEN", "No token for you"));
            }
            if user["name"] == "trap token" {
                panic!("in claims");
            }
            let added = json!({ "sub": "someone else", "nickname": user["nickname"] });
            Ok(added.as_object().cloned().unwrap_or_default())
        })
        .route(Route::get("/watcher/claims", |_, ()| {
            let claims = json!({ "sub": "a", "exp": 1, "mine": true });
            Response::json(&claims::collect(claims.as_object().unwrap_or(&Map::new()))?)
        }))
        .route(Route::get("/watcher/twice", |_, ()| {
            transactions::run(|| {
                let sent = http::Request::get("https://example.com/").send();
                Response::json(&format!("{:?}", sent.err()))
            })
        }))
        .function(Function::new("echo", |request, input: Echo| {
            let session = request.session()?.map(|session| session["user"]["name"].clone());
            Response::json(&json!({
                "text": input.text, "query": request.query("q"), "header": request.header("x-h"), "name": session,
            }))
        }))
        .function(Function::new("refuse", |_, ()| Err(Error::new(409, "REFUSED", "No"))))
}

struct Echo {
    text: String,
}

impl Input for Echo {
    fn read(fields: &mut Fields<'_>) -> Echo {
        Echo { text: fields.required("text") }
    }
}

fn named(change: &Change<'_>) -> Result<String> {
    Ok(change.data()?.get("name").and_then(Value::as_str).unwrap_or_default().to_owned())
}

fn before_sign_up(change: &Change<'_>) -> Result<()> {
    match named(change)?.as_str() {
        "refused" => Err(Error::new(422, "NAME_TAKEN", "Choose another name")),
        "trap" => panic!("before a sign-up"),
        "forged" => change.set(&json!({ "emailVerified": true })),
        "wrong" => change.set(&json!({ "nickname": 7 })),
        name => change.set(&json!({ "nickname": name.to_uppercase() })),
    }
}

fn after_sign_up(change: &Change<'_>) -> Result<()> {
    note(change)?;
    match named(change)?.as_str() {
        "refused late" => Err(Error::new(422, "TOO_LATE", "Too late")),
        "trap late" => panic!("after a sign-up"),
        "clash late" => {
            let insert = || models::insert::<Value>("watched", &json!({ "name": "one" }));
            insert()?;
            insert().map(|_| ()).or_else(|error| panic!("two of one name: {error:?}"))
        }
        "endless" => loop {
            std::hint::black_box(0);
        },
        "set late" => change.set(&json!({ "nickname": "late" })),
        _ => Ok(()),
    }
}

fn before_update(change: &Change<'_>) -> Result<()> {
    note_as("before", change)
}

/// An update by this plugin is a change too.
fn after_update(change: &Change<'_>) -> Result<()> {
    let data = change.data()?;
    let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match text("nickname").as_str() {
        "forever" => users::update(&text("id"), &json!({ "nickname": "forever" })).map(|_| ()),
        "once" => users::update(&text("id"), &json!({ "nickname": "done" })).map(|_| ()),
        _ => Ok(()),
    }
}

fn note(change: &Change<'_>) -> Result<()> {
    note_as("after", change)
}

fn note_foreign(change: &Change<'_>) -> Result<()> {
    // What it writes here would be told to it again.
    if change.data()?.contains_key("identifier") { Ok(()) } else { note(change) }
}

/// Writes down what it sees, in the transaction of the change.
fn note_as(moment: &str, change: &Change<'_>) -> Result<()> {
    let action = match change.action() {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
    };
    let seen = json!({
        "data": change.data()?, "actor": change.actor(), "path": change.path(), "action": action,
    });
    verifications::create(&format!("watcher:{moment} {}", change.model()), &seen.to_string(), 3600)
}
