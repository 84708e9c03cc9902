//! Names on their way into the database: validated, normalised, and taken by one user only.

use crate::errors::{IMMUTABLE, INVALID, INVALID_DISPLAY, TAKEN, TOO_LONG, TOO_SHORT};
use crate::options::{Fault, Options};
use doorward_sdk::prelude::*;

/// The field of the name that signs in.
pub const NAME: &str = "username";
/// The field of the name that people see.
pub const DISPLAY: &str = "displayUsername";

const SIGN_UP: &str = "/sign-up/email";
const UPDATE: &str = "/update-user";

/// The refusal of a name, with another status where the endpoint has one.
pub fn refusal(fault: Fault) -> ErrorCode {
    match fault {
        Fault::TooShort => TOO_SHORT,
        Fault::TooLong => TOO_LONG,
        Fault::Invalid => INVALID,
    }
}

/// The user who has this name, in whatever form it was typed.
pub fn holder(name: &str, options: &Options) -> Result<Option<users::User>> {
    users::find_by_own_field(NAME, &options.normal(name))
}

/// Before a sign-up: a display name that can be one becomes the name, and a name the display name.
pub fn before_sign_up(request: &Request) -> Result<Flow> {
    let Some(Value::Object(mut body)) = request.body() else { return Ok(Flow::Proceed) };
    let options: Options = config::options()?;
    let before = body.len();
    if let (Some(Value::String(display)), None) = (body.get(DISPLAY), body.get(NAME))
        && options.fault(display).is_none()
    {
        body.insert(NAME.to_owned(), Value::from(display.as_str()));
    }
    if let Some(Value::String(name)) = body.get(NAME) {
        require_valid(name, &options)?;
        if holder(name, &options)?.is_some() {
            return Err(TAKEN.into());
        }
    }
    require_display(&body, &options)?;
    if let (Some(Value::String(name)), true) = (body.get(NAME), options.display_username)
        && !name.is_empty()
        && body.get(DISPLAY).is_none_or(is_empty)
    {
        let display = Value::from(name.as_str());
        body.insert(DISPLAY.to_owned(), display);
    }
    if body.len() != before || body.get(DISPLAY).is_some() {
        request.set_body(&Value::Object(body))?;
    }
    Ok(Flow::Proceed)
}

/// Before a user changes themselves.
pub fn before_update(request: &Request) -> Result<Flow> {
    let Some(Value::Object(body)) = request.body() else { return Ok(Flow::Proceed) };
    let options: Options = config::options()?;
    if let Some(Value::String(name)) = body.get(NAME) {
        require_valid(name, &options)?;
        let session = request.session()?;
        let own = |field: &str| session.as_ref()?.get("user")?.get(field)?.as_str().map(str::to_owned);
        let current = own(NAME).filter(|current| !current.is_empty());
        if options.immutable_username && current.is_some_and(|current| current != options.normal(name)) {
            return Err(IMMUTABLE.into());
        }
        if holder(name, &options)?.is_some_and(|holder| Some(holder.id()) != own("id")) {
            return Err(TAKEN.into());
        }
    }
    require_display(&body, &options)?;
    Ok(Flow::Proceed)
}

/// An event: a new user's names are stored in their normal form, whoever makes the user.
pub fn on_create(change: &Change) -> Result<()> {
    let options: Options = config::options()?;
    let data = change.data()?;
    let (name, display) = (text(&data, NAME), text(&data, DISPLAY));
    if let Some(name) = name {
        if !is_checked(change) {
            check(name, &data, &options)?;
        }
        change.set(&json!({ NAME: options.normal(name) }))?;
    }
    match display.map(|display| options.normal_display(display)).or_else(|| name.map(str::to_owned)) {
        Some(display) if options.display_username => change.set(&json!({ DISPLAY: display })),
        _ => Ok(()),
    }
}

/// An event: a user's new names are stored in their normal form, whoever changes them.
pub fn on_update(change: &Change) -> Result<()> {
    let data = change.data()?;
    let (name, display) = (text(&data, NAME), text(&data, DISPLAY));
    if name.is_none() && display.is_none() {
        return Ok(());
    }
    let options: Options = config::options()?;
    if let Some(name) = name {
        // A name that someone has is this user's own, which stays as it is, or refused where it is stored.
        if !is_checked(change) {
            if holder(name, &options)?.is_none() {
                require_valid(name, &options)?;
            }
            require_display(&data, &options)?;
        }
        change.set(&json!({ NAME: options.normal(name) }))?;
    }
    match display {
        Some(display) if options.display_username => change.set(&json!({ DISPLAY: options.normal_display(display) })),
        _ => Ok(()),
    }
}

/// The hooks before these endpoints looked at the names already.
fn is_checked(change: &Change) -> bool {
    change.path().is_some_and(|path| path == SIGN_UP || path == UPDATE)
}

fn check(name: &str, data: &Map<String, Value>, options: &Options) -> Result<()> {
    require_valid(name, options)?;
    if holder(name, options)?.is_some() {
        return Err(TAKEN.into());
    }
    require_display(data, options)
}

fn require_valid(name: &str, options: &Options) -> Result<()> {
    options.fault(name).map_or(Ok(()), |fault| Err(refusal(fault).into()))
}

fn require_display(fields: &Map<String, Value>, options: &Options) -> Result<()> {
    match fields.get(DISPLAY) {
        Some(Value::String(display)) if options.display_username && !options.allows_display(display) => {
            Err(INVALID_DISPLAY.into())
        }
        _ => Ok(()),
    }
}

fn text<'a>(data: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    data.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("") || *value == Value::Bool(false) || value.as_f64() == Some(0.0)
}
