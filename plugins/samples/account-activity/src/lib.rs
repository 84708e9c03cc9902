//! Account activity: keeps what happened to an account, shows it to its owner, and tells them of sign-ins from a new address.

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

doorward_sdk::plugin!(plugin);

const TABLE: &str = "accountActivity";
const NEW_ADDRESS: &str = "activity-new-address";
const DAY_MILLIS: u64 = 86_400_000;

/// What operators may set.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    keep_days: u64,
    /// Whether a sign-in from an address that was not seen before is told by mail.
    tell_of_new_addresses: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { keep_days: 90, tell_of_new_addresses: true }
    }
}

/// A row of the table, as its owner sees it.
#[derive(Serialize, Deserialize)]
struct Activity {
    what: String,
    address: Option<String>,
    at: String,
}

pub fn plugin() -> Plugin {
    Plugin::new("account-activity", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .table(
            Table::new(TABLE)
                .field(FieldRule::new("userId", FieldType::String).required().indexed().references("user"))
                .field(FieldRule::new("what", FieldType::String).required())
                .field(FieldRule::new("address", FieldType::String))
                .field(FieldRule::new("at", FieldType::Date).required().indexed()),
        )
        .mail(NEW_ADDRESS)
        .event(Event::after("user", Action::Create, |change| note(change, "id", "account made")))
        .event(Event::after("session", Action::Create, signed_in))
        .event(Event::after("account", Action::Create, |change| note(change, "userId", "way in added")))
        .event(Event::after("account", Action::Update, |change| note(change, "userId", "way in changed")))
        .event(Event::after("account", Action::Delete, |change| note(change, "userId", "way in removed")))
        .route(Route::get("/account-activity/list", list))
        .route(Route::get("/account-activity/export", export))
        .function(Function::new("account-activity-of", |_, input: Of| rows_of(&input.user_id, 0)))
}

/// `?page=2`, ten rows each.
struct Page {
    page: u32,
}

impl Input for Page {
    fn read(fields: &mut Fields<'_>) -> Self {
        let page = fields.optional("page").and_then(|text: String| text.parse().ok());
        Page { page: page.unwrap_or(1).clamp(1, 1000) }
    }
}

/// What the application's backend asks for.
struct Of {
    user_id: String,
}

impl Input for Of {
    fn read(fields: &mut Fields<'_>) -> Self {
        Of { user_id: fields.required("userId") }
    }
}

fn list(_: &Request, input: Page) -> Result<Response> {
    rows_of(&sessions::require()?.user.id(), (input.page - 1) * 10)
}

fn rows_of(user_id: &str, offset: u32) -> Result<Response> {
    let rows: Vec<Activity> = models::find(TABLE, newest(user_id).limit(10).offset(offset))?;
    Response::json(&json!({ "activity": rows, "total": models::count(TABLE, eq("userId", user_id))? }))
}

/// All of it as a file for a spreadsheet.
fn export(_: &Request, (): ()) -> Result<Response> {
    let rows: Vec<Activity> = models::find(TABLE, newest(&sessions::require()?.user.id()).limit(1000))?;
    let lines = rows.iter().map(|row| format!("{},{},{}\r\n", row.at, row.what, row.address.as_deref().unwrap_or("")));
    let csv = format!("at,what,address\r\n{}", lines.collect::<String>());
    Ok(Response::bytes("text/csv; charset=utf-8", csv)
        .header("content-disposition", "attachment; filename=\"activity.csv\""))
}

fn newest(user_id: &str) -> Query {
    eq("userId", user_id).newest_first("at")
}

fn signed_in(change: &Change) -> Result<()> {
    let options: Options = config::options()?;
    let session = change.data()?;
    let user_id = session.get("userId").and_then(Value::as_str).unwrap_or_default();
    let sign_ins = || eq("userId", user_id).and(eq("what", "signed in"));
    let address = change.client_address();
    let is_first = models::count(TABLE, sign_ins())? == 0;
    let is_new = !is_first && models::count(TABLE, sign_ins().and(eq("address", &address)))? == 0;
    if is_new && options.tell_of_new_addresses {
        let user = users::find_by_id(user_id)?.ok_or_else(Error::internal)?;
        // The mail leaves when the sign-in is committed, and never without it.
        mail::enqueue(NEW_ADDRESS, &user.email(), &json!({ "address": address }))?;
    }
    note(change, "userId", "signed in")
}

/// Part of the transaction of the change: it is noted if it happens, and only then.
fn note(change: &Change, owner: &str, what: &str) -> Result<()> {
    let options: Options = config::options()?;
    let row = change.data()?;
    let Some(user_id) = row.get(owner).and_then(Value::as_str) else { return Ok(()) };
    // An account that goes with its user leaves nothing behind to note.
    if users::find_by_id(user_id)?.is_none() {
        return Ok(());
    }
    let (now, day) = (clock::now_millis(), DAY_MILLIS);
    models::delete(
        TABLE,
        eq("userId", user_id).and(lt("at", clock::iso_text(now.saturating_sub(options.keep_days * day)))),
    )?;
    let noted =
        json!({ "userId": user_id, "what": what, "address": change.client_address(), "at": clock::iso_text(now) });
    models::insert::<Activity>(TABLE, &noted).map(|_| ())
}
