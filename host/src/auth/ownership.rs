//! The one place that says what follows when somebody proves to own the address of a user.
//!
//! While an address is unproven, whoever signed up with it may be someone else, who waits for its owner with sessions, a
//! password, linked accounts and factors of their own:
//!
//! | proof of an unproven address | sessions | password, accounts, factors | address |
//! |---|---|---|---|
//! | signs in (mailed link or code, provider), no factor set up | end | go | proven |
//! | signs in, a factor is set up | end | stay; the factor is asked for | stays unproven |
//! | verifies the address | end, but for the browser's own | stay | proven |
//! | sets a password | end | the password is replaced | stays unproven |
//!
//! A proof of an address that was proven before changes nothing here.

use super::version::owner_of_factors;
use super::{Auth, AuthError, Happening, Scope, lifecycle, session, session_token};
use crate::store::user::lock_user;
use crate::store::{Field, Model, Models, User, Value, account, eq, user};

/// How the address was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof<'a> {
    /// By what signs in: a mailed link or code, or a provider that vouches for the address.
    SignIn,
    /// By the link that verifies the address.
    Verification {
        /// The token of the session in the browser that followed the link.
        own_session: Option<&'a str>,
    },
    /// By the link that sets a password.
    NewPassword,
}

/// What a proof comes to.
#[derive(Debug)]
pub enum Outcome {
    /// The address was proven before.
    Known(User),
    /// It is proven now, or (a new password) its owner is.
    Proven(User),
    /// A factor is set up: whoever is in front of us must show it before a session is opened.
    OwesFactor(User),
    /// There is no such user, or it has another address by now.
    Gone,
}

/// Takes note that somebody proved to own `email`, the address of the user `id`.
///
/// # Errors
/// When an observer refuses or the store fails.
pub async fn prove(
    auth: &Auth,
    scope: &Scope,
    (id, email): (&str, &str),
    proof: Proof<'_>,
) -> Result<Outcome, AuthError> {
    let unit = scope.begin(auth).await?;
    let found = lock_user(&*unit, id).await?.filter(|user| user.email() == email);
    let Some(user) = found else { return Ok(Outcome::Gone) };
    if user.email_verified() {
        return Ok(Outcome::Known(user));
    }
    let outcome = match proof {
        Proof::SignIn if has_factor(auth, &unit, &user).await? => {
            end_sessions(auth, &unit, id, None).await?;
            Outcome::OwesFactor(user)
        }
        Proof::SignIn => {
            end_sessions(auth, &unit, id, None).await?;
            let mirrors = remove_credentials(auth, &unit, id).await?;
            set_proven(auth, &unit, id, mirrors).await?
        }
        Proof::Verification { own_session } => {
            if auth.config.email_verification.end_other_sessions {
                end_sessions(auth, &unit, id, own_session).await?;
            }
            set_proven(auth, &unit, id, Vec::new()).await?
        }
        Proof::NewPassword => {
            if auth.config.email_verification.end_other_sessions {
                end_sessions(auth, &unit, id, None).await?;
            }
            Outcome::Proven(user)
        }
    };
    unit.commit().await?;
    Ok(outcome)
}

/// No version moves by it: the links that wait in the mailbox are the owner's.
async fn end_sessions(auth: &Auth, scope: &Scope, id: &str, except: Option<&str>) -> Result<u64, AuthError> {
    let mut filters = vec![eq("userId", id)];
    filters.extend(except.map(session_token::is_not));
    session::end_where(auth, scope, &filters).await
}

/// Removes the password, linked accounts and plugins' rows that sign in. Returns what the fields of the user that mirror
/// them are set to.
async fn remove_credentials(auth: &Auth, scope: &Scope, id: &str) -> Result<Vec<(String, Value)>, AuthError> {
    lifecycle::delete(auth, scope, account::MODEL, &[eq("userId", id)]).await?;
    let mut mirrors = Vec::new();
    for model in auth.schema().models() {
        for field in model.fields.iter().filter(|field| field.is_credential) {
            if model.name == user::MODEL {
                mirrors.push((field.name.clone(), field.default.clone().unwrap_or(Value::Null)));
            } else {
                lifecycle::delete(auth, scope, &model.name, &[eq(field.name.clone(), id)]).await?;
            }
        }
    }
    Ok(mirrors)
}

async fn set_proven(auth: &Auth, scope: &Scope, id: &str, mirrors: Vec<(String, Value)>) -> Result<Outcome, AuthError> {
    let mut values = vec![("emailVerified", true.into()), ("updatedAt", auth.now().into())];
    values.extend(mirrors.iter().map(|(name, value)| (name.as_str(), value.clone())));
    let proven = lifecycle::update(auth, scope, user::MODEL, &[eq("id", id)], &values).await?.pop();
    if proven.is_some() {
        scope.note_happening(Happening::EmailVerified, id);
    }
    Ok(proven.map_or(Outcome::Gone, |user| Outcome::Proven(User(user))))
}

/// Whether the user has set up a factor: a plugin's field of users says so, or, of a plugin without such a field, a row.
async fn has_factor(auth: &Auth, scope: &Scope, user: &User) -> Result<bool, AuthError> {
    let fields = || user.0.model().fields.iter().zip(user.0.values()).filter(|(field, _)| field.is_credential);
    if fields().any(|(field, value)| !value.is_null() && Some(value) != field.default.as_ref()) {
        return Ok(true);
    }
    let speaks_for = |model: &Model| fields().any(|(field, _)| field.owner == model.owner);
    for model in auth.schema().models().iter().filter(|model| !speaks_for(model)) {
        let Some(Field { name, .. }) = owner_of_factors(model) else { continue };
        if scope.count(&model.name, &[eq(name.clone(), user.id())]).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
