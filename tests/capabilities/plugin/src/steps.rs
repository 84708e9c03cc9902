//! The steps by name, each with its arguments as JSON.

use doorward_sdk::prelude::*;
use doorward_sdk::query::Operator;

pub fn run(step: &Value) -> Result<Value> {
    let name = step[0].as_str().unwrap_or_default();
    let text = |index: usize| step[index].as_str().unwrap_or_default();
    let texts = |index: usize| -> Vec<String> {
        step[index].as_array().into_iter().flatten().filter_map(|item| Some(item.as_str()?.to_owned())).collect()
    };
    let user = |id: &str| users::find_by_id(id)?.ok_or_else(|| Error::new(404, "NO_USER", "no such user"));
    Ok(match name {
        "find" => json!(models::find::<Value>(text(1), query(step))?),
        "count" => json!(models::count(text(1), filter(&step[2]))?),
        "insert" => models::insert(text(1), &step[2])?,
        "update" => json!(models::update::<Value>(text(1), filter(&step[2]), &step[3])?),
        "delete" => json!(models::delete(text(1), filter(&step[2]))?),
        "consume" => json!(models::consume::<Value>(text(1), filter(&step[2]))?),
        "increment" => {
            let by = step[4].as_i64().unwrap_or(1);
            json!(models::increment::<Value>(text(1), filter(&step[2]), text(3), by)?)
        }
        "hit" => json!(counters::hit(text(1), step[2].as_u64().unwrap_or(60) as u32)?),
        "peek" => json!(counters::peek(text(1))?),
        "reset" => json!(counters::reset(text(1))?),
        "user" => json!(users::find_by_id(text(1))?),
        "user-by-own" => json!(users::find_by_own_field(text(1), text(2))?),
        "create-user" => json!(users::create(&step[1])?),
        "update-user" => json!(users::update(text(1), &step[2])?),
        "confirm" => json!(email_ownership::confirm(&user(text(1))?)?),
        "send-verification" => json!(email_ownership::send_verification(&user(text(1))?, Some("/after"))?),
        "verify" => json!(passwords::verify(step[1].as_str(), text(2))?),
        "verify-sign-in" => json!(passwords::verify_sign_in(text(1), step[2].as_str(), text(3))?),
        "has-password" => json!(passwords::exists(text(1))?),
        "session" => json!(sessions::current()?),
        "fresh" => json!(sessions::require_fresh()?.id()),
        "open" => json!(sessions::open(&user(text(1))?, "probe")?),
        "update-session" => json!(sessions::update_current(&step[1])?),
        "end-session" => json!(sessions::end_current()?),
        "find-sessions" => json!(browser_sessions::find(&texts(1))?),
        "resume" => json!(browser_sessions::resume(text(1), Some(true))?),
        "end-sessions" => json!(browser_sessions::end(&texts(1))?),
        "present" => json!(session_tokens::present(text(1), false)?),
        "account" => json!(accounts::find(text(1), text(2))?),
        "accounts" => json!(accounts::list_of_user(text(1))?),
        "link" => json!(accounts::create(text(1), &step[2])?),
        "provider-of" => json!(accounts::provider_of(text(1), text(2))?),
        "remember-account" => {
            let known = accounts::find("github", "7")?.filter(|account| account.id() == text(1));
            known.as_ref().map(accounts::remember).transpose()?;
            Value::Null
        }
        "remembered-account" => json!(accounts::remembered()?),
        "update-account" => json!(accounts::update(text(1), &step[2])?),
        "directory" => json!(user_directory::find(query(step))?),
        "directory-count" => json!(user_directory::count(filter(&step[2]))?),
        "set-password" => {
            json!(user_administration::set_password(text(1), text(2), step[3].as_bool().unwrap_or(false))?)
        }
        "delete-user" => json!(user_administration::delete(text(1))?),
        "sessions-of" => json!(session_administration::list_of_user(text(1))?),
        "end-session-of" => json!(session_administration::end(text(1))?),
        "end-all" => json!(session_administration::end_all(text(1))?),
        "impersonate" => {
            json!(session_administration::impersonate(
                &user(text(1))?,
                "probe",
                step[2].as_u64().unwrap_or(60),
                &step[3]
            )?)
        }
        "set-cookie" => {
            let attributes = cookies::Attributes { max_age_secs: None, http_only: true };
            json!(cookies::set_signed(text(1), text(2), attributes)?)
        }
        "list-cookies" => json!(cookies::list_signed(text(1))?),
        "put" => json!(verifications::create(text(1), text(2), 60)?),
        "replace" => json!(verifications::replace(text(1), text(2), text(3))?),
        "take" => json!(verifications::consume(text(1))?),
        "mail" => json!(mail::enqueue(text(1), text(2), &json!({}))?),
        "seal" => {
            let sealed = crypto::seal(text(1), text(3).as_bytes())?;
            json!(crypto::open(text(2), &sealed).and_then(|open| String::from_utf8(open).ok()))
        }
        "core-options" => json!(config::core_options::<Value>(text(1))?),
        other => json!({ "unknown step": other }),
    })
}

/// `[[field, operator, value], …]`
fn filter(conditions: &Value) -> Filter {
    conditions.as_array().into_iter().flatten().fold(Filter::all(), |filter, condition| {
        let field = condition[0].as_str().unwrap_or_default();
        filter.and(Filter::new(field, operator(condition[1].as_str().unwrap_or_default()), &condition[2]))
    })
}

/// `[name, model, conditions, {"by", "descending", "limit", "offset"}]`
fn query(step: &Value) -> Query {
    let (filter, more) = (filter(&step[2]), &step[3]);
    let mut query = Query::from(filter);
    if let Some(field) = more["by"].as_str() {
        query = query.ordered(field, more["descending"] == json!(true));
    }
    if let Some(limit) = more["limit"].as_u64() {
        query = query.limit(limit as u32);
    }
    if let Some(offset) = more["offset"].as_u64() {
        query = query.offset(offset as u32);
    }
    query
}

fn operator(name: &str) -> Operator {
    match name {
        "ne" => Operator::NotEqual,
        "lt" => Operator::Less,
        "lte" => Operator::LessOrEqual,
        "gt" => Operator::Greater,
        "gte" => Operator::GreaterOrEqual,
        "in" => Operator::OneOf,
        "not-in" => Operator::NotOneOf,
        "contains" => Operator::Contains,
        "starts" => Operator::StartsWith,
        "ends" => Operator::EndsWith,
        _ => Operator::Equal,
    }
}
