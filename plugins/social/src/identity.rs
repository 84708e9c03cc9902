//! Who a provider says somebody is, and what is kept of that in the account.

use crate::options::{AccountLinking, UserSection};
use crate::providers::{self, Client, Profile};
use crate::token_endpoint::Tokens;
use doorward_sdk::prelude::*;
use doorward_sdk::users::User;

/// A proven identity at a provider.
pub struct Identity<'a> {
    pub client: &'a Client,
    pub profile: Profile,
    pub tokens: Tokens,
}

impl<'a> Identity<'a> {
    /// The user behind the tokens of a code; none when the ID token is not right or nobody stands behind it. `form_user` is
    /// what the provider posted beside the code.
    ///
    /// # Errors
    /// When the host fails.
    pub fn of_code(
        client: &'a Client,
        tokens: Tokens,
        nonce: Option<&str>,
        form_user: Option<&Value>,
    ) -> Result<Option<Identity<'a>>> {
        let claims = match tokens.id_token.as_deref() {
            Some(token) => match client.claims_of_exchange(token, nonce)? {
                Some(claims) => Some(claims),
                None => return Ok(None),
            },
            None => None,
        };
        let profile = client.user_info(&providers::Tokens {
            access_token: tokens.access_token.as_deref(),
            claims: claims.as_ref(),
            answer: Some(&tokens.answer),
            form_user,
        })?;
        Ok(profile.map(|profile| Identity { client, profile, tokens }))
    }

    /// The user behind an ID token that a client brought and that was verified.
    ///
    /// # Errors
    /// When the host fails.
    pub fn of_id_token(
        client: &'a Client,
        claims: &Value,
        tokens: Tokens,
        form_user: Option<&Value>,
    ) -> Result<Option<Identity<'a>>> {
        let profile = client.user_info(&providers::Tokens {
            access_token: tokens.access_token.as_deref(),
            claims: Some(claims).filter(|claims| !claims.is_null()),
            answer: None,
            form_user,
        })?;
        Ok(profile.map(|profile| Identity { client, profile, tokens }))
    }

    /// The address as the core keeps it: only letters of ASCII become small, so that no other letter turns into one.
    pub fn email(&self) -> Option<String> {
        self.profile.email.as_ref().map(|email| email.to_ascii_lowercase()).filter(|email| !email.is_empty())
    }

    /// Whether the provider vouches for the address that `user` has.
    pub fn vouches_for(&self, user: &User) -> bool {
        self.profile.email_verified && self.email().is_some_and(|email| email == user.email())
    }

    /// Whether the account may be linked to somebody who is known already.
    pub fn may_be_linked(&self, rules: &AccountLinking) -> bool {
        rules.allows(&self.client.id, self.profile.email_verified)
    }

    /// The fields of a new account.
    pub fn new_account(&self) -> Value {
        let mut fields = self.fresh_tokens();
        fields.insert("providerId".to_owned(), self.client.id.clone().into());
        fields.insert("accountId".to_owned(), self.profile.id.clone().into());
        if let Some(scopes) = &self.tokens.scopes {
            fields.insert("scope".to_owned(), scopes.join(",").into());
        }
        fields.into()
    }

    /// The fields of an account that a new sign-in changes: those that the provider gave.
    pub fn fresh_tokens(&self) -> Map<String, Value> {
        self.tokens.fields()
    }

    /// The user's fields that the profile has beside the address: name, image and those that the operator added for clients
    /// to set.
    ///
    /// # Errors
    /// When the host fails.
    pub fn user_fields(&self) -> Result<Map<String, Value>> {
        let mut fields = Map::new();
        if let Some(name) = &self.profile.name {
            fields.insert("name".to_owned(), name.clone().into());
        }
        if let Some(image) = &self.profile.image {
            fields.insert("image".to_owned(), image.clone().into());
        }
        let section = UserSection::read()?;
        for (name, value) in &self.profile.extra {
            if section.may_set(name) {
                fields.insert(name.clone(), value.clone());
            }
        }
        Ok(fields)
    }
}

impl Tokens {
    /// Those that are there, as fields of an account.
    pub fn fields(&self) -> Map<String, Value> {
        let fields = [
            ("accessToken", &self.access_token),
            ("refreshToken", &self.refresh_token),
            ("idToken", &self.id_token),
            ("accessTokenExpiresAt", &self.access_token_expires_at),
            ("refreshTokenExpiresAt", &self.refresh_token_expires_at),
        ];
        let there = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into())));
        there.collect()
    }
}
