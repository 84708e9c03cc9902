//! `GET /admin/list-users`: searches, filters, sorts and pages.

use crate::caller::Caller;
use crate::errors::MAY_NOT_LIST;
use crate::fields::Any;
use crate::js_number;
use doorward_sdk::invalid_option;
use doorward_sdk::prelude::*;
use doorward_sdk::query::Operator;

/// Page length when none is asked for.
const USUAL_LIMIT: u32 = 100;
/// Longest page.
const MOST: u32 = 1000;
const OPERATORS: [&str; 11] =
    ["eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in", "contains", "starts_with", "ends_with"];

pub struct ListUsers {
    search: Option<Comparison>,
    filter: Option<Comparison>,
    sort: Option<Sort>,
    limit: Option<Value>,
    offset: Option<Value>,
    after: Option<String>,
}

struct Comparison {
    field: String,
    operator: String,
    value: Value,
}

struct Sort {
    field: String,
    descending: bool,
}

impl Input for ListUsers {
    fn read(fields: &mut Fields<'_>) -> Self {
        let search_value: Option<String> = fields.optional("searchValue");
        let search_field = one_of(fields, "searchField", &["email", "name"]);
        let search_operator = one_of(fields, "searchOperator", &["contains", "starts_with", "ends_with"]);
        let (limit, offset) = (number(fields, "limit"), number(fields, "offset"));
        let after: Option<String> = fields.optional("after");
        let sort_by: Option<String> = fields.optional("sortBy");
        let direction = one_of(fields, "sortDirection", &["asc", "desc"]);
        let filter_field: Option<String> = fields.optional("filterField");
        let filter_value: Option<Any> = fields.optional("filterValue");
        let filter_operator = one_of(fields, "filterOperator", &OPERATORS);
        for (name, is_given) in [("sortBy", sort_by.is_some()), ("offset", offset.is_some())] {
            if is_given && after.is_some() {
                fields.issue(name, "Cannot stand beside after: such pages are in the order of ids");
            }
        }
        let comparison = |field: Option<String>, operator: Option<String>, usual: &str, value| Comparison {
            field: field.filter(|field| !field.is_empty()).map_or_else(|| "email".to_owned(), named),
            operator: operator.unwrap_or_else(|| usual.to_owned()),
            value,
        };
        ListUsers {
            search: search_value
                .filter(|value| !value.is_empty())
                .map(|value| comparison(search_field, search_operator, "contains", Value::from(value))),
            filter: filter_value.map(|Any(value)| comparison(filter_field, filter_operator, "eq", value)),
            sort: sort_by
                .filter(|field| !field.is_empty())
                .map(|field| Sort { field: named(field), descending: direction.as_deref() == Some("desc") }),
            limit,
            offset,
            after,
        }
    }
}

/// The field that is meant: `_id` is the id, as it is called in some databases.
fn named(field: String) -> String {
    if field == "_id" { "id".to_owned() } else { field }
}

fn one_of(fields: &mut Fields<'_>, name: &str, allowed: &[&str]) -> Option<String> {
    let Any(given) = fields.optional(name)?;
    match given {
        Value::String(given) if allowed.contains(&given.as_str()) => Some(given),
        _ => {
            fields.issue(name, &invalid_option(allowed));
            None
        }
    }
}

fn number(fields: &mut Fields<'_>, name: &str) -> Option<Value> {
    let Any(given) = fields.optional(name)?;
    if !given.is_string() {
        fields.issue(name, "Invalid input");
    }
    Some(given)
}

/// Answers the page, its length and place as they were asked for, and how many there are in all. A field that cannot be
/// compared so, or that does not exist, finds nobody. With `after`, the page begins behind that id, in the order of ids: a
/// page of many users costs what one of few does.
pub fn list_users(_request: &Request, input: ListUsers) -> Result<Response> {
    Caller::who_may("user", "list", MAY_NOT_LIST)?;
    match page(input) {
        Err(Error::Host(HostError::Invalid(_))) => Response::json(&json!({ "users": [], "total": 0 })),
        page => Response::json(&page?),
    }
}

fn page(input: ListUsers) -> Result<Value> {
    let (limit, offset) = (whole(input.limit.as_ref())?, whole(input.offset.as_ref())?);
    let limit = limit.map(|limit| limit.min(MOST));
    let comparisons = [input.search, input.filter].into_iter().flatten().map(Comparison::into_filter);
    let filter = comparisons.collect::<Result<Vec<_>>>()?.into_iter().fold(Filter::all(), Filter::and);
    let total = user_directory::count(filter.clone())?;
    let by_key = input.after.is_some();
    let filter = match input.after.filter(|id| !id.is_empty()) {
        Some(id) => filter.and(Filter::new("id", Operator::Greater, id)),
        None => filter,
    };
    let usual = if by_key { "id" } else { "createdAt" };
    let sort = input.sort.unwrap_or(Sort { field: usual.to_owned(), descending: false });
    let query = Query::from(filter).ordered(&sort.field, sort.descending).limit(limit.unwrap_or(USUAL_LIMIT));
    let users = user_directory::find(match offset {
        Some(offset) => query.offset(offset),
        None => query,
    })?;
    let mut answer = json!({ "users": users, "total": total });
    for (name, number) in [("limit", limit), ("offset", offset)] {
        if let Some(number) = number {
            answer[name] = Value::from(number);
        }
    }
    Ok(answer)
}

/// A number of rows: what is none, and what is below one, was not asked for.
fn whole(given: Option<&Value>) -> Result<Option<u32>> {
    let number = given.and_then(Value::as_str).map_or(f64::NAN, js_number::parse);
    if number.is_nan() || number <= 0.0 {
        return Ok(None);
    }
    if number.fract() != 0.0 || number > f64::from(u32::MAX) {
        return Err(HostError::Invalid("no number of rows".to_owned()).into());
    }
    Ok(Some(number as u32))
}

impl Comparison {
    fn into_filter(self) -> Result<Filter> {
        let Comparison { field, operator, value } = self;
        let is_list = value.is_array();
        let (operator, takes_list) = match operator.as_str() {
            "eq" => (Operator::Equal, false),
            "ne" => (Operator::NotEqual, false),
            "lt" => (Operator::Less, false),
            "lte" => (Operator::LessOrEqual, false),
            "gt" => (Operator::Greater, false),
            "gte" => (Operator::GreaterOrEqual, false),
            "contains" => (Operator::Contains, false),
            "starts_with" => (Operator::StartsWith, false),
            "ends_with" => (Operator::EndsWith, false),
            "in" => (Operator::OneOf, true),
            // The one operator that takes a single value for a list of one.
            _ => return Ok(Filter::new(&field, Operator::NotOneOf, if is_list { value } else { json!([value]) })),
        };
        if is_list != takes_list {
            return Err(HostError::Invalid("a list where there is none, or none where there is one".to_owned()).into());
        }
        Ok(Filter::new(&field, operator, value))
    }
}

#[cfg(test)]
mod tests {
    use crate::plugin;
    use doorward_sdk::fake::{self, RawRequest};
    use doorward_sdk::prelude::*;
    use doorward_sdk::users::User;

    fn start() {
        fake::reset();
        for (name, role) in [("zoe", "admin"), ("yan", "user"), ("xim", "user")] {
            let email = format!("{name}@example.com");
            users::create(&json!({ "email": email, "name": name, "role": role })).expect("user");
        }
        let zoe: User = users::find_by_email("zoe@example.com").expect("store").expect("zoe");
        fake::sign_in(&zoe);
    }

    fn names(query: &[(&str, &str)]) -> Vec<String> {
        let response = RawRequest::get("/admin/list-users", query).send(&plugin()).expect("list");
        let users = response.body().expect("body")["users"].as_array().cloned().unwrap_or_default();
        users.iter().filter_map(|user| user["name"].as_str().map(str::to_owned)).collect()
    }

    #[test]
    fn queries_become_filters_orders_and_pages() {
        start();
        type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
        let cases: [Case; 13] = [
            (&[("after", ""), ("limit", "2")], &["zoe", "yan"]),
            (&[("after", "user-1"), ("filterField", "role"), ("filterValue", "user")], &["yan", "xim"]),
            (&[("filterField", "_id"), ("filterValue", "user-2")], &["yan"]),
            (&[("sortBy", "_id"), ("sortDirection", "desc"), ("limit", "1")], &["xim"]),
            (&[("searchValue", "AN@")], &["yan"]),
            (&[("searchValue", "an@")], &["yan"]),
            (&[("searchValue", "x"), ("searchField", "name"), ("searchOperator", "starts_with")], &["xim"]),
            (&[("filterField", "role"), ("filterValue", "user"), ("sortBy", "name")], &["xim", "yan"]),
            (
                &[("filterField", "name"), ("filterOperator", "not_in"), ("filterValue", "zoe"), ("sortBy", "name")],
                &["xim", "yan"],
            ),
            (&[("filterField", "name"), ("filterOperator", "in"), ("filterValue", "zoe")], &[]),
            (&[("sortBy", "name"), ("sortDirection", "desc"), ("limit", "1"), ("offset", "1")], &["yan"]),
            (&[("sortBy", "name"), ("limit", "2.5")], &[]),
            (&[("sortBy", "name"), ("limit", "-1")], &["xim", "yan", "zoe"]),
        ];
        for (query, expected) in cases {
            assert_eq!(names(query), expected, "{query:?}");
        }
    }

    #[test]
    fn every_fault_of_a_query_is_told() {
        start();
        let query = [("searchField", "role"), ("sortDirection", "up"), ("after", "user-1"), ("sortBy", "name")];
        let refusal = RawRequest::get("/admin/list-users", &query).send(&plugin()).expect_err("refused").refusal();
        assert_eq!(
            refusal.message.as_deref(),
            Some(
                "[query.searchField] Invalid option: expected one of \"email\"|\"name\"; \
                 [query.sortDirection] Invalid option: expected one of \"asc\"|\"desc\"; \
                 [query.sortBy] Cannot stand beside after: such pages are in the order of ids"
            )
        );
    }
}
