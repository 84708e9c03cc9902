//! The roles that someone wants to give: one name or several, each checked before any is stored.

use crate::errors::{NO_SUCH_ROLE, ROLE_TYPE};
use crate::options::Options;
use crate::role_name::is_role_name;
use doorward_sdk::prelude::*;

/// Most roles of one user.
const MOST_ROLES: usize = 32;

/// The roles as they are stored: names with commas between them.
///
/// Names are stored in one text, so a name that holds a comma would be two of them.
///
/// # Errors
/// `INVALID_ROLE_TYPE` for what is no text, `YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE` for a name that is not among
/// the operator's roles or that no role can have.
pub fn to_stored(given: &Value, options: &Options) -> Result<String> {
    let names = match given {
        Value::Array(names) => names.as_slice(),
        name => std::slice::from_ref(name),
    };
    if names.is_empty() || names.len() > MOST_ROLES {
        return Err(NO_SUCH_ROLE.into());
    }
    let names = names.iter().map(|name| name.as_str().ok_or(ROLE_TYPE)).collect::<std::result::Result<Vec<_>, _>>()?;
    if names.iter().all(|name| exists(name, options)) { Ok(names.join(",")) } else { Err(NO_SUCH_ROLE.into()) }
}

/// Without roles of the operator's own, the operator may let any name be one: it allows nothing. A known name in another
/// letter case is a mistake.
fn exists(name: &str, options: &Options) -> bool {
    let roles = options.roles();
    let is_mistaken = || roles.keys().any(|role| role.eq_ignore_ascii_case(name));
    roles.contains_key(name)
        || (options.allow_unknown_roles && !options.names_roles() && is_role_name(name) && !is_mistaken())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(given: Value, options: &str) -> Result<String, String> {
        let options: Options = serde_json::from_str(options).expect("options");
        to_stored(&given, &options).map_err(|error| error.refusal().code.unwrap_or_default())
    }

    #[test]
    fn names_are_checked_one_by_one() {
        let unknown = Err(NO_SUCH_ROLE.code().to_owned());
        assert_eq!(stored(json!("admin"), "{}"), Ok("admin".to_owned()));
        assert_eq!(stored(json!(["user", "admin"]), "{}"), Ok("user,admin".to_owned()));
        assert_eq!(stored(json!("wizard"), "{}"), unknown);
        let open = r#"{"allow_unknown_roles":true}"#;
        assert_eq!(stored(json!("wizard"), open), Ok("wizard".to_owned()));
        for given in [
            json!("admin,owner"),
            json!(["admin", ""]),
            json!(""),
            json!([]),
            json!(" admin"),
            json!("ADMIN"),
            json!("a\u{0}"),
            json!("x".repeat(65)),
            json!(vec!["user"; 10_000]),
        ] {
            assert_eq!(stored(given.clone(), "{}"), unknown, "{given}");
            assert_eq!(stored(given.clone(), open), unknown, "{given}");
        }
        for given in [json!(5), json!(null), json!({}), json!(["admin", 5]), json!([["admin"]])] {
            assert_eq!(stored(given.clone(), "{}"), Err("INVALID_ROLE_TYPE".to_owned()), "{given}");
        }
    }

    #[test]
    fn with_roles_of_their_own_operators_allow_no_others() {
        let options = r#"{"roles":{"owner":{}}}"#;
        assert_eq!(stored(json!("owner"), options), Ok("owner".to_owned()));
        for given in [json!("wizard"), json!("admin"), json!(["owner", "user"])] {
            assert!(stored(given.clone(), options).is_err(), "{given}");
        }
    }
}
