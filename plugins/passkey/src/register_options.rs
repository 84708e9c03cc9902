//! `GET /passkey/generate-register-options`: what the browser needs to make a passkey.

use crate::challenge::Challenge;
use crate::errors::RESOLVE_USER_REQUIRED;
use crate::options::{Options, Preference};
use crate::passkey::{Descriptor, Passkey};
use doorward_sdk::prelude::*;

const TIMEOUT_MILLIS: u32 = 60_000;
/// EdDSA, ES256 and RS256, the best first.
const ALGORITHMS: [i32; 3] = [-8, -7, -257];
const HANDLE_ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const HANDLE_LENGTH: u32 = 32;

pub struct Register {
    attachment: Option<String>,
    name: Option<String>,
    context: Option<String>,
}

impl Input for Register {
    fn read(fields: &mut Fields<'_>) -> Self {
        Register {
            attachment: fields.optional_choice("authenticatorAttachment", &["platform", "cross-platform"]),
            name: fields.optional("name"),
            context: fields.optional("context"),
        }
    }
}

pub fn register_options(_request: &Request, input: Register) -> Result<Response> {
    let options: Options = config::options()?;
    let user = registering_user(&options)?;
    let exclude: Vec<Descriptor> = Passkey::of_user(&user.id())?.iter().map(Passkey::descriptor).collect();
    let challenge = Challenge::registration(&user, input.context)?;
    challenge.begin(&options)?;
    // A handle of its own for each passkey: it tells nobody whose it is.
    let handle = crypto::random_string(HANDLE_LENGTH, HANDLE_ALPHABET)?;
    Response::json(&json!({
        "challenge": challenge.challenge,
        "rp": { "name": options.rp_name(), "id": options.relying_party().id },
        "user": {
            "id": crypto::base64url(handle.as_bytes()),
            "name": input.name.unwrap_or_else(|| user.email()),
            "displayName": user.email(),
        },
        "pubKeyCredParams": ALGORITHMS.map(|algorithm| json!({ "alg": algorithm, "type": "public-key" })),
        "timeout": TIMEOUT_MILLIS,
        "attestation": "none",
        "excludeCredentials": exclude,
        "authenticatorSelection": selection(&options, input.attachment)?,
        "extensions": { "credProps": true },
        "hints": [],
    }))
}

/// Who registers. Without `registration.require_session` the session need not be fresh.
pub fn registering_user(options: &Options) -> Result<users::User> {
    if options.registration.require_session {
        return Ok(sessions::require_fresh()?.user);
    }
    Ok(sessions::current()?.ok_or(RESOLVE_USER_REQUIRED)?.user)
}

fn selection(options: &Options, asked: Option<String>) -> Result<Value> {
    let wanted = &options.authenticator_selection;
    let mut selection = json!({ "residentKey": wanted.resident_key, "userVerification": wanted.user_verification });
    let attachment = match asked {
        Some(asked) => Some(Value::String(asked)),
        None => wanted.authenticator_attachment.map(serde_json::to_value).transpose()?,
    };
    if let Some(attachment) = attachment {
        selection["authenticatorAttachment"] = attachment;
    }
    selection["requireResidentKey"] = json!(wanted.resident_key == Preference::Required);
    Ok(selection)
}
