//! Signs in whoever a provider vouches for: finds, links or creates the user and opens a session.

use crate::identity::Identity;
use crate::options::AccountOptions;
use doorward_sdk::accounts::Account;
use doorward_sdk::prelude::*;
use doorward_sdk::sessions::Session;
use doorward_sdk::users::User;

/// What a request allows and wants.
pub struct Wish<'a> {
    /// Where a mail that proves the address leads.
    pub callback_url: Option<&'a str>,
    pub request_sign_up: bool,
    /// Whether the provider's `override_user_info_on_sign_in` counts: it does where the user was at the provider.
    pub may_override: bool,
}

/// Who signs in.
pub enum Admission {
    User {
        user: User,
        is_new: bool,
    },
    /// Nobody, and why: `account not linked`.
    Refused(&'static str),
}

/// The user who signs in with this identity.
///
/// # Errors
/// What a hook or a rule of the core refuses, and when the store is away.
pub fn admit(identity: &Identity<'_>, email: &str, wish: &Wish<'_>) -> Result<Admission> {
    let rules = AccountOptions::read()?;
    let found = accounts::find(&identity.client.id, &identity.profile.id)?;
    let admission = match found {
        Some(account) => match users::find_by_id(account.user_id())? {
            Some(user) => Admission::User { user: returning(identity, user, &account, &rules)?, is_new: false },
            None => {
                log::error("an account at a provider belongs to a user who is gone: repair it");
                return Ok(Admission::Refused("unable to link account"));
            }
        },
        None => match users::find_by_email(email)? {
            Some(user) => link_implicitly(identity, user, &rules)?,
            None => sign_up(identity, email, wish)?,
        },
    };
    let Admission::User { user, is_new } = admission else { return Ok(admission) };
    let user = match wish.may_override && identity.client.settings.override_user_info_on_sign_in && !is_new {
        true => overridden(identity, user, email)?,
        false => user,
    };
    proven_enough(identity, user, is_new, wish)
}

/// Opens the session.
///
/// # Errors
/// What a session gate says.
pub fn open(identity: &Identity<'_>, user: &User) -> Result<Session> {
    sessions::open_as_chosen(user, &identity.client.id)
}

/// Somebody who signed in with this account before.
fn returning(identity: &Identity<'_>, user: User, account: &Account, rules: &AccountOptions) -> Result<User> {
    let fresh = identity.fresh_tokens();
    transactions::run(|| {
        if rules.update_account_on_sign_in && !fresh.is_empty() {
            accounts::update(account.id(), &Value::Object(fresh.clone()))?;
        }
        accounts::remember(account)?;
        if identity.vouches_for(&user) && !user.is_email_verified() {
            return users::update(&user.id(), &json!({ "emailVerified": true }));
        }
        Ok(user.clone())
    })
}

/// Somebody with the same address, who never used this account.
fn link_implicitly(identity: &Identity<'_>, user: User, rules: &AccountOptions) -> Result<Admission> {
    let linking = &rules.account_linking;
    let is_own = user.is_email_verified() || !linking.require_local_email_verified;
    if !identity.may_be_linked(linking) || linking.disable_implicit_linking || !is_own {
        return Ok(Admission::Refused("account not linked"));
    }
    let linked = transactions::run(|| {
        // Whoever signed up with the address without proving it may have been someone else.
        let must_prove = !user.is_email_verified() && identity.vouches_for(&user);
        let user = if must_prove { email_ownership::confirm(&user)? } else { user.clone() };
        let account = accounts::create(&user.id(), &identity.new_account())?;
        accounts::remember(&account)?;
        match linking.update_user_info_on_link {
            true => users::update(&user.id(), &identity.user_fields()?.into()),
            false => Ok(user),
        }
    });
    match linked {
        Ok(user) => Ok(Admission::User { user, is_new: false }),
        Err(Error::Host(HostError::Conflict(_))) => Ok(Admission::Refused("unable to link account")),
        Err(error) => Err(error),
    }
}

fn sign_up(identity: &Identity<'_>, email: &str, wish: &Wish<'_>) -> Result<Admission> {
    let settings = &identity.client.settings;
    if settings.disable_sign_up || (settings.disable_implicit_sign_up && !wish.request_sign_up) {
        return Ok(Admission::Refused("signup disabled"));
    }
    let mut fields = identity.user_fields()?;
    fields.entry("name").or_insert_with(|| "".into());
    fields.insert("email".to_owned(), email.into());
    fields.insert("emailVerified".to_owned(), identity.profile.email_verified.into());
    let created = transactions::run(|| {
        let user = users::create(&Value::Object(fields.clone()))?;
        let account = accounts::create(&user.id(), &identity.new_account())?;
        accounts::remember(&account)?;
        Ok(user)
    });
    match created {
        Ok(user) => Ok(Admission::User { user, is_new: true }),
        Err(Error::Host(HostError::Conflict(field) | HostError::Invalid(field))) => {
            log::warn(&format!("no user could be made of a provider's profile: {field}"));
            Ok(Admission::Refused("unable to create user"))
        }
        Err(error) => Err(error),
    }
}

/// The provider's word about the user replaces what was there.
fn overridden(identity: &Identity<'_>, user: User, email: &str) -> Result<User> {
    let mut fields = identity.user_fields()?;
    let is_same = email == user.email();
    let is_verified = identity.profile.email_verified || (is_same && user.is_email_verified());
    fields.insert("email".to_owned(), email.into());
    fields.insert("emailVerified".to_owned(), is_verified.into());
    match users::update(&user.id(), &fields.into()) {
        Ok(changed) => Ok(changed),
        Err(Error::Host(HostError::Conflict(_) | HostError::Invalid(_))) => {
            log::warn("a user keeps the old fields: those of the provider cannot be stored");
            Ok(user)
        }
        Err(error) => Err(error),
    }
}

/// Refuses users whose address is not verified, where the provider's settings ask for that.
fn proven_enough(identity: &Identity<'_>, user: User, is_new: bool, wish: &Wish<'_>) -> Result<Admission> {
    let is_required = identity.client.settings.require_email_verification;
    if user.is_email_verified() {
        return Ok(Admission::User { user, is_new });
    }
    let section: Value = config::core_options("email_verification")?;
    let asked = |name: &str| section.get(name).and_then(Value::as_bool);
    let sends = match is_new {
        true => asked("send_on_sign_up").unwrap_or(is_required),
        false => is_required && asked("send_on_sign_in") == Some(true),
    };
    if sends && config::sends_mail() && asked("send_verification_email") != Some(false) {
        email_ownership::send_verification(&user, wish.callback_url)?;
    }
    Ok(if is_required { Admission::Refused("email_not_verified") } else { Admission::User { user, is_new } })
}

#[cfg(test)]
mod tests {
    use crate::plugin;
    use crate::testing::{counts, world};
    use doorward_sdk::fake::{self, RawRequest};
    use doorward_sdk::prelude::*;

    fn user(is_verified: bool) {
        users::create(&json!({ "email": "ada@example.com", "emailVerified": is_verified, "name": "Own" }))
            .expect("user");
    }

    #[test]
    fn an_account_is_linked_only_where_both_sides_are_proven() {
        for (local, theirs, account, expected) in [
            (true, json!(true), json!({}), "/home"),
            (false, json!(true), json!({}), "/oops?error=account_not_linked"),
            (true, json!(false), json!({}), "/oops?error=account_not_linked"),
            (true, json!("false"), json!({}), "/oops?error=account_not_linked"),
            (true, json!("1"), json!({}), "/oops?error=account_not_linked"),
            (true, json!(1), json!({}), "/oops?error=account_not_linked"),
            (true, Value::Null, json!({}), "/oops?error=account_not_linked"),
            (true, Value::Null, json!({ "trusted_providers": ["wire"] }), "/home"),
            (false, json!(true), json!({ "trusted_providers": ["wire"] }), "/oops?error=account_not_linked"),
            (true, json!(true), json!({ "enabled": false }), "/oops?error=account_not_linked"),
            (true, json!(true), json!({ "disable_implicit_linking": true }), "/oops?error=account_not_linked"),
        ] {
            let mut provider = world(json!({}), json!({ "account_linking": account }));
            provider.claims["email_verified"] = theirs.clone();
            user(local);
            assert_eq!(provider.sign_in(json!({})), expected, "{local} {theirs} {account}");
            assert_eq!(counts()[2], usize::from(expected == "/home"));
            assert!(fake::with(|world| world.users.values().all(|user| user["name"] == json!("Own"))));
        }
    }

    #[test]
    fn who_signed_up_with_an_address_of_another_loses_it_to_the_one_who_proves_it() {
        let provider = world(json!({}), json!({ "account_linking": { "require_local_email_verified": false } }));
        user(false);
        let id = fake::with(|world| world.users.keys().next().cloned()).expect("user");
        fake::with(|world| world.passwords.insert(id.clone(), "theirs".to_owned()));
        assert_eq!(provider.sign_in(json!({})), "/home");
        assert!(fake::with(|world| world.users[&id]["emailVerified"] == json!(true)));
        assert!(fake::with(|world| world.passwords.is_empty()), "what nobody proved is gone");
    }

    #[test]
    fn sign_up_is_as_the_provider_is_set_up() {
        let refused = "/oops?error=signup_disabled";
        for (settings, body, expected) in [
            (json!({ "disable_sign_up": true }), json!({ "requestSignUp": true }), refused),
            (json!({ "disable_implicit_sign_up": true }), json!({}), refused),
            (json!({ "disable_implicit_sign_up": true }), json!({ "requestSignUp": true }), "/home"),
        ] {
            let provider = world(settings, json!({}));
            assert_eq!(provider.sign_in(body), expected);
            let made = usize::from(expected == "/home");
            assert_eq!(counts(), [made, made, made]);
        }
    }

    #[test]
    fn an_address_that_must_be_proven_is_asked_for_by_mail() {
        let mut provider = world(json!({ "require_email_verification": true }), json!({}));
        provider.claims["email_verified"] = json!(false);
        assert_eq!(provider.sign_in(json!({})), "/oops?error=email_not_verified");
        assert_eq!(counts(), [1, 1, 0]);
        assert_eq!(fake::with(|world| world.mails.len()), 1);
    }

    #[test]
    fn the_provider_replaces_what_was_there_where_the_operator_says_so() {
        let mut provider = world(json!({ "override_user_info_on_sign_in": true }), json!({}));
        provider.sign_in(json!({}));
        provider.claims["name"] = json!("Countess");
        provider.sign_in(json!({}));
        assert!(fake::with(|world| world.users.values().all(|user| user["name"] == json!("Countess"))));
    }

    #[test]
    fn tokens_are_renewed_unless_the_operator_keeps_the_old() {
        for (account, expected) in [(json!({}), "at-1"), (json!({ "update_account_on_sign_in": false }), "old")] {
            let provider = world(json!({}), account);
            provider.sign_in(json!({}));
            fake::with(|world| world.accounts[0].insert("accessToken".to_owned(), json!("old")));
            provider.sign_in(json!({}));
            assert_eq!(fake::with(|world| world.accounts[0]["accessToken"].clone()), json!(expected));
        }
    }

    #[test]
    fn fields_of_the_profile_are_those_that_clients_may_set() {
        let settings = json!({ "map_profile_to_user": { "plan": "plan", "role": "role", "hidden": "plan" } });
        let mut provider = world(settings, json!({}));
        let fields = json!({ "plan": { "type": "string" }, "hidden": { "type": "string", "input": false } });
        fake::with(|world| world.core_options.insert("user".to_owned(), json!({ "additional_fields": fields })));
        provider.claims["plan"] = json!("pro");
        provider.claims["role"] = json!("admin");
        provider.sign_in(json!({}));
        let user = fake::with(|world| world.users.values().next().cloned()).expect("user");
        assert_eq!(user["plan"], json!("pro"));
        assert!(user.get("role").is_none() && user.get("hidden").is_none());
    }

    #[test]
    fn an_id_token_signs_in_when_everything_about_it_is_right() {
        let provider = world(json!({}), json!({}));
        let sign_in = |token: Value| {
            RawRequest::post("/sign-in/social", &json!({ "provider": "wire", "idToken": token })).send(&plugin())
        };
        let used = json!({ "token": provider.token(json!({})), "accessToken": "at" });
        let answer = sign_in(used.clone()).expect("signed in");
        assert_eq!(fake::body(&answer)["user"]["email"], json!("ada@example.com"));
        let refusal = sign_in(used).expect_err("used before").refusal();
        assert_eq!(refusal.code.as_deref(), Some("INVALID_TOKEN"));
        for (more, nonce) in [
            (json!({ "aud": "x" }), json!(null)),
            (json!({ "aud": [] }), json!(null)),
            (json!({ "iss": "x" }), json!(null)),
            (json!({ "exp": 1 }), json!(null)),
            (json!({ "nonce": "a" }), json!("b")),
            (json!({}), json!("b")),
        ] {
            let mut token = json!({ "token": provider.token(more.clone()) });
            if nonce.is_string() {
                token["nonce"] = nonce;
            }
            let refusal = sign_in(token).expect_err("refused").refusal();
            assert_eq!((refusal.status, refusal.code.as_deref()), (401, Some("INVALID_TOKEN")), "{more}");
        }
        assert_eq!(counts(), [1, 1, 1]);
        fake::answer_http(&crate::testing::url("/jwks"), 503, "");
        fake::with(|world| world.cached.retain(|name, _| !name.starts_with("keys")));
        let refusal = sign_in(json!({ "token": provider.token(json!({})) })).expect_err("refused").refusal();
        assert_eq!(refusal.status, 401, "without the keys");
    }
}
