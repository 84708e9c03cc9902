//! The password that is asked for before a second factor is changed or shown.

use crate::errors::INVALID_PASSWORD;
use crate::options::Options;
use doorward_sdk::prelude::*;
use doorward_sdk::users::User;

/// Reads `password`: it must be there unless the operator has users without one.
pub fn read(fields: &mut Fields<'_>) -> Option<String> {
    let is_optional = config::options().is_ok_and(|options: Options| options.allow_passwordless);
    if is_optional { fields.optional("password") } else { Some(fields.required("password")) }
}

/// Checks that the user in front of us knows the password.
pub fn check(options: &Options, user: &User, given: Option<&str>) -> Result<()> {
    if options.allow_passwordless && !passwords::exists(&user.id())? {
        return Ok(());
    }
    match given.filter(|given| !given.is_empty()) {
        Some(given) if passwords::verify(Some(&user.id()), given)? => Ok(()),
        _ => Err(INVALID_PASSWORD.into()),
    }
}
