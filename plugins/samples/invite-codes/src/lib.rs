//! Invitation codes: who is signed in makes codes, and each code lets as many people sign up as it has places.

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

doorward_sdk::plugin!(plugin);

const TABLE: &str = "inviteCode";
/// No letter that looks like another.
const ALPHABET: &str = "ABCDEFGHJKMNPQRSTVWXYZ23456789";
const DAY_MILLIS: u64 = 86_400_000;

const WRONG_CODE: ErrorCode =
    ErrorCode::new(403, "INVITE_CODE_NEEDED", "Sign-up needs an invitation code that is still open");
const TOO_MANY: ErrorCode = ErrorCode::new(409, "INVITE_CODES_USED_UP", "You have made as many codes as you may");

/// What operators may set.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How many people one code lets in.
    places: u32,
    lifetime_days: u64,
    codes_per_user: u64,
    /// Addresses that need no code: somebody has to be the first.
    free: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options { places: 1, lifetime_days: 30, codes_per_user: 5, free: Vec::new() }
    }
}

/// A row of the table.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Code {
    code: String,
    owner_id: String,
    places_left: u32,
    places_in_all: u32,
    expires_at: String,
}

pub fn plugin() -> Plugin {
    Plugin::new("invite-codes", env!("CARGO_PKG_VERSION"))
        .options_without(|options: &Options| {
            (!(1..=10_000).contains(&options.places)).then(|| "`places` is 1 to 10000".to_owned())
        })
        .table(
            Table::new(TABLE)
                .field(FieldRule::new("code", FieldType::String).required().unique())
                .field(FieldRule::new("ownerId", FieldType::String).required().indexed().references("user"))
                .field(FieldRule::new("placesLeft", FieldType::Number).required())
                .field(FieldRule::new("placesInAll", FieldType::Number).default_value(1))
                .field(FieldRule::new("expiresAt", FieldType::Date).required()),
        )
        // Up to 0.1, the places that are left were called `places`, nobody knew how many there had been, and users had `invite`.
        .step(Step::rename("0.2: places is placesLeft", TABLE, "places", "placesLeft"))
        .step(Step::rename("0.2: invite is inviteCode", "user", "invite", "inviteCode"))
        .backfill("0.2: placesInAll", TABLE, places_in_all)
        // Clients send it with `/sign-up/email`; nobody gets it back.
        .user_field(FieldRule::new("inviteCode", FieldType::String).input().hidden())
        .secret("inviteCode")
        .secret("codes")
        .error(WRONG_CODE)
        .error(TOO_MANY)
        .rate_limit(RateRule::new("/invite-codes/create", 10, 60))
        .route(Route::post("/invite-codes/create", create))
        .route(Route::get("/invite-codes/list", list))
        .event(Event::before("user", Action::Create, admit))
}

fn create(_: &Request, (): ()) -> Result<Response> {
    let owner = sessions::require()?.user.id();
    let options: Options = config::options()?;
    if models::count(TABLE, eq("ownerId", &owner).and(gt("expiresAt", now(0))))? >= options.codes_per_user {
        return Err(TOO_MANY.into());
    }
    let code: Code = models::insert(
        TABLE,
        &Code {
            code: crypto::random_string(10, ALPHABET)?,
            owner_id: owner,
            places_left: options.places,
            places_in_all: options.places,
            expires_at: now(options.lifetime_days),
        },
    )?;
    Ok(Response::json(&code)?.status(201))
}

fn list(_: &Request, (): ()) -> Result<Response> {
    let owner = sessions::require()?.user.id();
    let codes: Vec<Code> = models::find(TABLE, eq("ownerId", owner).newest_first("expiresAt"))?;
    Response::json(&json!({ "codes": codes }))
}

/// Part of the transaction that makes the user: a place is taken with the sign-up, or neither happens.
fn admit(change: &Change) -> Result<()> {
    let user = change.data()?;
    let text = |field: &str| user.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let options: Options = config::options()?;
    if options.free.iter().any(|free| free.eq_ignore_ascii_case(&text("email"))) {
        return Ok(());
    }
    let code = text("inviteCode").trim().to_ascii_uppercase();
    // One atomic step: of many who come at once, as many get in as there are places.
    let is_open = eq("code", code).and(gt("placesLeft", 0)).and(gt("expiresAt", now(0)));
    match models::increment::<Code>(TABLE, is_open, "placesLeft", -1)? {
        Some(_) => Ok(()),
        None => Err(WRONG_CODE.into()),
    }
}

/// An old code had at least the places that are left, and one.
fn places_in_all(row: &Value) -> Result<Map<String, Value>> {
    let left = row["placesLeft"].as_u64().unwrap_or_default();
    Ok(Map::from_iter([("placesInAll".to_owned(), left.max(1).into())]))
}

fn now(days_later: u64) -> String {
    clock::iso_text(clock::now_millis() + days_later * DAY_MILLIS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake::{self, RawChange, RawRequest};

    #[test]
    fn a_code_has_places_and_an_end() {
        fake::reset();
        fake::with(|world| world.options = json!({ "places": 2 }).to_string());
        let ada = users::create(&json!({ "email": "ada@example.com" })).expect("user");
        fake::sign_in(&ada);
        let made = RawRequest::new("POST", "/invite-codes/create").send(&plugin()).expect("made");
        let code = fake::body(&made)["code"].as_str().expect("code").to_lowercase();
        fake::sign_out();
        let join = || {
            let user = json!({ "email": "bob@example.com", "inviteCode": code });
            RawChange::new("user", Action::Create, &user).run_before(&plugin()).is_ok()
        };
        assert!(join());
        fake::pass_secs(31 * 86_400);
        assert!(!join(), "too late");
    }
}
