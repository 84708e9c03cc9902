//! `POST /admin/has-permission`: whether the caller may do all that is asked for.

use crate::access::Permissions;
use crate::caller::Caller;
use crate::errors::bare;
use crate::options::Options;
use doorward_sdk::VALIDATION_ERROR;
use doorward_sdk::mismatch;
use doorward_sdk::prelude::*;

struct Question {
    user_id: Option<String>,
    role: Option<String>,
    /// None when they stand under the old name.
    permissions: Option<Permissions>,
}

/// What [`Question::read`] takes, for the description of the API.
pub fn schema() -> Value {
    let actions = json!({ "type": "object", "additionalProperties": schema::list(schema::text()) });
    json!({
        "type": "object",
        "properties": {
            "userId": schema::text(),
            "role": schema::text(),
            "permission": actions,
            "permissions": actions,
        },
        "oneOf": [{ "required": ["permission"] }, { "required": ["permissions"] }],
    })
}

/// Reads the body by hand: its faults are those of the body as a whole.
impl Question {
    fn read(body: Option<&Value>) -> Result<Question> {
        let mut issues = Vec::new();
        let fields = body.and_then(Value::as_object);
        if fields.is_none() {
            issues.push(format!("[body] {}", mismatch("object", body)));
        }
        let get = |name: &str| fields.and_then(|fields| fields.get(name));
        let role = get("role");
        if let Some(role) = role.filter(|role| !role.is_string()) {
            issues.push(format!("[body.role] {}", mismatch("string", Some(role))));
        }
        let permissions = get("permissions").and_then(to_permissions);
        match (&permissions, get("permission").and_then(to_permissions)) {
            (None, None) => issues.push("[body] Invalid input".to_owned()),
            (Some(_), Some(_)) => issues.push("[body] Invalid input: more than one option matched".to_owned()),
            _ => {}
        }
        if !issues.is_empty() {
            return Err(Error::new(400, VALIDATION_ERROR, issues.join("; ")));
        }
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        Ok(Question { user_id: text(get("userId")), role: text(role), permissions })
    }
}

/// The client's question, about itself.
pub fn has_permission(request: &Request, (): ()) -> Result<Response> {
    let question = Question::read(request.body().as_ref())?;
    let wanted = question.permissions.ok_or_else(none_passed)?;
    answer(Caller::get()?.may_all(&wanted))
}

/// The backend's question, about a user or a role. It may carry a user's session, which then counts.
pub fn user_has_permission(request: &Request, (): ()) -> Result<Response> {
    let question = Question::read(request.body().as_ref())?;
    let wanted = question.permissions.ok_or_else(none_passed)?;
    if sessions::current()?.is_some() {
        return answer(Caller::get()?.may_all(&wanted));
    }
    let options: Options = config::options()?;
    let user_id = question.user_id.unwrap_or_default();
    let role = question.role.filter(|role| !role.is_empty());
    if role.is_some() {
        return answer(options.may(&user_id, role.as_deref(), &wanted));
    }
    if user_id.is_empty() {
        return Err(bare(400, Some("user id or role is required")));
    }
    let user = users::find_by_id(&user_id)?.ok_or_else(|| bare(400, Some("user not found")))?;
    answer(options.may(&user_id, crate::caller::role_of(&user), &wanted))
}

fn none_passed() -> Error {
    bare(400, Some("invalid permission check. no permission(s) were passed."))
}

fn answer(success: bool) -> Result<Response> {
    Response::json(&json!({ "error": null, "success": success }))
}

fn to_permissions(value: &Value) -> Option<Permissions> {
    serde_json::from_value(value.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_as_the_reference_tells_them() {
        for (body, message) in [
            (json!({}), "[body] Invalid input"),
            (json!({ "permissions": { "user": "list" } }), "[body] Invalid input"),
            (json!({ "permissions": [] }), "[body] Invalid input"),
            (json!({ "permissions": {}, "permission": {} }), "[body] Invalid input: more than one option matched"),
            (json!({ "role": 5 }), "[body.role] Invalid input: expected string, received number; [body] Invalid input"),
            (json!([]), "[body] Invalid input: expected object, received array; [body] Invalid input"),
        ] {
            let refusal = Question::read(Some(&body)).err().expect("refused").refusal();
            assert_eq!((refusal.status, refusal.message.as_deref()), (400, Some(message)), "{body}");
        }
        let old = Question::read(Some(&json!({ "permission": { "user": ["list"] } }))).expect("read");
        assert!(old.permissions.is_none());
    }
}
