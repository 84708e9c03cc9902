//! Links an account to a user who is signed in and asked for it.

use crate::errors;
use crate::identity::Identity;
use crate::options::AccountLinking;
use crate::providers::unique;
use crate::state::Link;
use crate::tokens;
use doorward_sdk::prelude::*;
use doorward_sdk::users::User;

/// Links the account of somebody who comes back from the provider. The error code when it may not be.
///
/// # Errors
/// When the store is away.
pub fn after_redirect(identity: &Identity<'_>, link: &Link, rules: &AccountLinking) -> Result<Option<String>> {
    let refused = |code: &str| Ok(Some(code.to_owned()));
    if !link.is_live()? || !identity.may_be_linked(rules) {
        return refused("unable_to_link_account");
    }
    if identity.email() != Some(link.email.to_ascii_lowercase()) && !rules.allow_different_emails {
        return refused("email_does_not_match");
    }
    let outcome = match accounts::find(&identity.client.id, &identity.profile.id)? {
        Some(account) if account.user_id() != link.user_id => {
            return refused("account_already_linked_to_different_user");
        }
        Some(account) => {
            let mut fields = identity.fresh_tokens();
            let stored = account.text("scope").unwrap_or_default();
            let scope = merged(stored, identity.tokens.scopes.as_deref().unwrap_or_default());
            if !scope.is_empty() {
                fields.insert("scope".to_owned(), scope.into());
            }
            accounts::update(account.id(), &fields.into())
        }
        None => accounts::create(&link.user_id, &identity.new_account()),
    };
    match outcome {
        Ok(_) => {}
        Err(Error::Host(HostError::Conflict(_))) => return refused("account_already_linked_to_different_user"),
        Err(Error::Host(HostError::Refused(ApiError { code: Some(code), .. }))) => return Ok(Some(code)),
        Err(error) => return Err(error),
    }
    take_profile(identity, &link.user_id, rules)?;
    Ok(None)
}

/// Links the account behind an ID token that `user` brought.
///
/// # Errors
/// `SOCIAL_ACCOUNT_ALREADY_LINKED`, `LINKING_NOT_ALLOWED`, `LINKING_DIFFERENT_EMAILS_NOT_ALLOWED`, `LINKING_FAILED`, and when
/// the store is away.
pub fn with_id_token(identity: &Identity<'_>, user: &User, rules: &AccountLinking) -> Result<()> {
    let email = identity.email().ok_or(errors::NO_EMAIL)?;
    match accounts::find(&identity.client.id, &identity.profile.id)? {
        Some(account) if account.user_id() == user.id() => {
            accounts::update(account.id(), &identity.fresh_tokens().into())?;
        }
        Some(_) => return Err(errors::ALREADY_LINKED.into()),
        None if !identity.may_be_linked(rules) => return Err(errors::LINKING_NOT_ALLOWED.into()),
        None if email != user.email() && !rules.allow_different_emails => {
            return Err(errors::OTHER_EMAIL.into());
        }
        None => match accounts::create(&user.id(), &identity.new_account()) {
            Ok(_) => {}
            Err(Error::Host(HostError::Conflict(_))) => return Err(errors::LINKING_FAILED.into()),
            Err(error) => return Err(error),
        },
    }
    take_profile(identity, &user.id(), rules)
}

/// Copies the profile to the user, where `update_user_info_on_link` says so. That it fails does not undo the link.
fn take_profile(identity: &Identity<'_>, user_id: &str, rules: &AccountLinking) -> Result<()> {
    if rules.update_user_info_on_link && users::update(user_id, &identity.user_fields()?.into()).is_err() {
        log::warn("a user keeps the old fields: those of the linked account cannot be stored");
    }
    Ok(())
}

/// Both lists of scopes, each scope once.
fn merged(stored: &str, fresh: &[String]) -> String {
    unique([&tokens::scopes(stored), fresh].concat()).join(",")
}

#[cfg(test)]
mod tests {
    use crate::plugin;
    use crate::testing::{Provider, come_back, counts, world};
    use doorward_sdk::fake::{self, RawRequest};
    use doorward_sdk::prelude::*;
    use doorward_sdk::users::User;

    fn member(email: &str) -> User {
        let user = users::create(&json!({ "email": email, "emailVerified": true, "name": "Own" })).expect("user");
        fake::sign_in(&user);
        user
    }

    fn link(provider: &Provider) -> String {
        let body = json!({ "provider": "wire", "callbackURL": "/settings", "errorCallbackURL": "/oops" });
        let state = provider.begin("/link-social", body);
        come_back("wire", &[("code", "c"), ("state", &state)])
    }

    #[test]
    fn a_member_links_an_account_and_no_session_is_opened() {
        let provider = world(json!({}), json!({}));
        let ada = member("ada@example.com");
        assert_eq!(link(&provider), "/settings");
        assert_eq!(link(&provider), "/settings", "again");
        assert_eq!(counts(), [1, 1, 0]);
        assert_eq!(fake::with(|world| world.accounts[0]["userId"].clone()), json!(ada.id()));
    }

    #[test]
    fn an_account_is_not_taken_from_another() {
        let linking = json!({ "account_linking": { "allow_different_emails": true } });
        let provider = world(json!({}), linking);
        member("ada@example.com");
        assert_eq!(link(&provider), "/settings");
        member("bob@example.com");
        assert_eq!(link(&provider), "/oops?error=account_already_linked_to_different_user");
        let token = json!({ "provider": "wire", "idToken": { "token": provider.token(json!({})) } });
        let refusal = RawRequest::post("/link-social", &token).send(&plugin()).expect_err("refused").refusal();
        assert_eq!((refusal.status, refusal.code.as_deref()), (409, Some("SOCIAL_ACCOUNT_ALREADY_LINKED")));
        assert_eq!(counts(), [2, 1, 0]);
    }

    #[test]
    fn a_session_that_ended_links_nothing() {
        let provider = world(json!({}), json!({}));
        member("ada@example.com");
        let body = json!({ "provider": "wire", "callbackURL": "/settings", "errorCallbackURL": "/oops" });
        let state = provider.begin("/link-social", body);
        fake::with(|world| world.live.clear());
        let end = come_back("wire", &[("code", "c"), ("state", &state)]);
        assert_eq!(end, "/oops?error=unable_to_link_account");
        assert_eq!(counts(), [1, 0, 0]);
    }

    #[test]
    fn other_and_unproven_addresses_are_refused_unless_allowed() {
        for (email, is_verified, linking, expected) in [
            ("bob@example.com", true, json!({}), "/oops?error=email_does_not_match"),
            ("bob@example.com", true, json!({ "allow_different_emails": true }), "/settings"),
            ("ada@example.com", false, json!({}), "/oops?error=unable_to_link_account"),
            ("ada@example.com", false, json!({ "trusted_providers": ["wire"] }), "/settings"),
            ("ada@example.com", true, json!({ "enabled": false }), "/oops?error=unable_to_link_account"),
        ] {
            let mut provider = world(json!({}), json!({ "account_linking": linking }));
            provider.claims["email_verified"] = json!(is_verified);
            member(email);
            assert_eq!(link(&provider), expected, "{email} {is_verified} {linking}");
        }
    }

    #[test]
    fn scopes_are_merged_once() {
        assert_eq!(super::merged("a, b", &["b".to_owned(), "c".to_owned()]), "a,b,c");
        assert_eq!(super::merged("", &[]), "");
    }
}
