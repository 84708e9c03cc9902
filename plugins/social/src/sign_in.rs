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
    User { user: User, is_new: bool },
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
    let is_same = email == user.email().to_lowercase();
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
