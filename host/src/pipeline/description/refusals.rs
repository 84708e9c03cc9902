//! With what an operation refuses: by status for all alike, and by code where the endpoint says so.

use std::collections::BTreeSet;

use doorward_contract::{ApiNote, ErrorCode, VALIDATION_ERROR};
use serde_json::{Map, Value as Json, json};

use crate::error::Code;

/// Statuses with which a request is refused, whatever it asks for: the name of the response, and what it means.
const ANY: [(u16, &str, &str); 12] = [
    (400, "BadRequest", "Something in the request is missing or wrong"),
    (401, "Unauthorized", "Nobody is signed in, or the credentials are wrong"),
    (403, "Forbidden", "The caller may not do this, or comes from an origin that is not trusted"),
    (404, "NotFound", "There is no such thing"),
    (409, "Conflict", "Something else was in the way"),
    (422, "Unprocessable", "The request cannot be carried out as it stands"),
    (429, "TooManyRequests", "Too many requests; `X-Retry-After` says when to try again"),
    (500, "ServerError", "The server failed"),
    (502, "BadGateway", "Another server failed"),
    (503, "Busy", "The server is busy, or its database is away; try again"),
    (504, "TooLate", "A plugin took too long"),
    (413, "TooLarge", "The body is too large"),
];

/// Those that only a request with a body meets.
const OF_BODIES: [(u16, &str, &str); 3] = [
    (405, "SwitchedOff", "An option switches this method off"),
    (408, "Slow", "The body came too slowly"),
    (415, "MediaType", "The body has another type than is read"),
];

/// What stands before every endpoint of operators refuses with these; no hook and no script does.
const BEFORE_OPERATORS: [ErrorCode; 9] = [
    ErrorCode::new(400, "BAD_REQUEST", ""),
    ErrorCode::new(400, VALIDATION_ERROR, ""),
    Code::UNAUTHORIZED,
    Code::INVALID_ORIGIN,
    Code::MISSING_OR_NULL_ORIGIN,
    Code::NOT_ALLOWED_WHILE_IMPERSONATING,
    Code::PERMISSION_REQUIRED,
    Code::NOT_FOUND,
    ErrorCode::new(409, "CONFLICT", ""),
];

/// The responses that operations refer to.
pub(super) fn all() -> Json {
    let named = ANY.iter().chain(&OF_BODIES).map(|(_, name, meaning)| {
        let code = json!({ "type": "string" });
        ((*name).to_owned(), response(meaning, &code))
    });
    named.collect::<Map<_, _>>().into()
}

/// Everything that an operation refuses with, by status. Where nothing else can refuse (`is_alone`), the codes of a status
/// are all that there are.
pub(super) fn of(note: &ApiNote, has_body: bool, is_alone: bool) -> Vec<(String, Json)> {
    let known = ANY.iter().chain(OF_BODIES.iter().filter(|_| has_body));
    let shared = known.clone().map(|(status, name, meaning)| {
        let own = with_codes(note, *status, meaning, is_alone);
        let told = own.unwrap_or_else(|| json!({ "$ref": format!("#/components/responses/{name}") }));
        (status.to_string(), told)
    });
    let is_known = |status: &u16| known.clone().any(|(known, ..)| known == status);
    let others: BTreeSet<u16> = note.refusals.iter().map(|refusal| refusal.status).collect();
    let others = others.into_iter().filter(|status| !is_known(status)).filter_map(|status| {
        let told = with_codes(note, status, "The endpoint refuses", is_alone)?;
        Some((status.to_string(), told))
    });
    shared.chain(others).collect()
}

/// The response of a status for which the endpoint has codes of its own.
fn with_codes(note: &ApiNote, status: u16, meaning: &str, is_alone: bool) -> Option<Json> {
    let own: Vec<_> = note.refusals.iter().filter(|refusal| refusal.status == status).collect();
    if own.is_empty() {
        return None;
    }
    let mut codes: Vec<&str> = own.iter().map(|refusal| refusal.code.as_str()).collect();
    let lines = own.iter().map(|refusal| match refusal.message.as_str() {
        "" => format!("`{}`", refusal.code),
        message => format!("`{}`: {}", refusal.code, message.trim_end_matches('.')),
    });
    let meaning = std::iter::once(meaning.to_owned()).chain(lines).collect::<Vec<_>>().join(". ");
    let code = if is_alone {
        let before = BEFORE_OPERATORS.iter().filter(|refusal| refusal.status == status).map(|refusal| refusal.code);
        codes.extend(before.filter(|code| !own.iter().any(|refusal| refusal.code == *code)));
        json!({ "type": "string", "enum": codes })
    } else {
        json!({ "type": "string", "examples": codes })
    };
    Some(response(&meaning, &code))
}

fn response(meaning: &str, code: &Json) -> Json {
    let body = json!({ "type": "object", "properties": { "message": { "type": "string" }, "code": code } });
    json!({ "description": meaning, "content": { "application/json": { "schema": body } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_at_their_status() {
        let note = ApiNote::new("Drops a job").refusing(&[Code::JOB_NOT_FOUND]);
        let told = |is_alone| Map::from_iter(of(&note, true, is_alone));
        let code = |told: &Map<String, Json>| {
            told["404"].pointer("/content/application~1json/schema/properties/code").cloned().unwrap_or_default()
        };
        assert_eq!(code(&told(true)), json!({ "type": "string", "enum": ["JOB_NOT_FOUND", "NOT_FOUND"] }));
        assert_eq!(code(&told(false)), json!({ "type": "string", "examples": ["JOB_NOT_FOUND"] }));
        let meaning = "There is no such thing. `JOB_NOT_FOUND`: No such job waits or has failed";
        assert_eq!(told(true)["404"]["description"], meaning);
        assert_eq!(told(true)["400"], json!({ "$ref": "#/components/responses/BadRequest" }));
        let note = ApiNote::new("Sells").refusing(&[ErrorCode::new(402, "NO_MONEY", "Pay first")]);
        let told = Map::from_iter(of(&note, true, false));
        assert_eq!(told["402"]["description"], "The endpoint refuses. `NO_MONEY`: Pay first");
    }

    #[test]
    fn every_code_of_the_core_has_a_status_that_is_told() {
        for code in Code::OF_CORE {
            assert!(ANY.iter().chain(&OF_BODIES).any(|(status, ..)| *status == code.status), "{}", code.code);
        }
    }
}
