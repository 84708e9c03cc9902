//! Who a provider's user is, as data.

use doorward_sdk::{Result, http};
use serde_json::Value;

/// Looks at an answer about a user; it may ask more and completes it. None: there is no user.
pub type Look = fn(&dyn Visit, Value) -> Result<Option<Seen>>;

/// What the exchange of a code, or a client's ID token, brought.
#[derive(Default)]
pub struct Tokens<'a> {
    pub access_token: Option<&'a str>,
    /// Of an ID token that came from the token endpoint or was verified.
    pub claims: Option<&'a Value>,
    /// The whole answer of the token endpoint.
    pub answer: Option<&'a Value>,
    /// The form field `user` of the callback.
    pub form_user: Option<&'a Value>,
}

/// One question about a user, for the providers that need more than data.
pub trait Visit {
    /// What is known so far.
    fn tokens(&self) -> &Tokens<'_>;

    /// Whether the claims of the ID token are looked at.
    fn is_id_token(&self) -> bool;

    /// Whether the provider's ID tokens can be verified.
    fn has_keys(&self) -> bool;

    /// The operator's answer to an option of yes and no.
    fn flag(&self, option: &str) -> Option<bool>;

    /// The operator's text for an option.
    fn text(&self, option: &str) -> Option<String>;

    /// A setting, with its default, as templates see it.
    fn value(&self, name: &str) -> Option<String>;

    /// The ids of this server's apps at the provider, the main one first.
    fn client_ids(&self) -> Vec<&str>;

    /// The secret of the app.
    fn client_secret(&self) -> Option<&str>;

    /// The provider's answer, where the profile is in it.
    ///
    /// # Errors
    /// When the plugin's own host fails.
    fn ask(&self, ask: &Ask) -> Result<Option<Value>>;

    /// The JSON object that answers with 2xx.
    ///
    /// # Errors
    /// When the plugin's own host fails.
    fn send(&self, url: &str, request: http::Request) -> Result<Option<Value>>;
}

/// Who the user is.
pub struct User {
    /// Asked one after the other until one knows.
    pub sources: &'static [Source],
    /// The stable id: the first of these paths that has something. Empty: `sub` of OpenID Connect, `id` of anything else.
    pub id: &'static [&'static str],
    pub email: &'static [Pick],
    pub email_verified: Verified,
    pub name: &'static [Pick],
    pub image: &'static [Pick],
    /// More fields of the user: its name, and where the value is.
    pub extra: &'static [(&'static str, &'static str)],
    /// `<id>@<this>.placeholder.invalid` where the provider says no address.
    pub placeholder: Option<&'static str>,
    /// What must hold, or there is no user.
    pub rules: &'static [Rule],
    /// Without an address there is no user.
    pub needs_email: bool,
    /// What no data says.
    pub visit: Option<Look>,
}

/// An answer about the user that was looked at.
pub struct Seen {
    pub raw: Value,
    /// In place of what `raw` says about it.
    pub email_verified: Option<bool>,
}

/// Where the user's data is.
pub enum Source {
    /// The claims of the ID token, when all of these are among them.
    IdToken(&'static [&'static str]),
    Answer(Ask),
}

/// A request with the access token.
pub struct Ask {
    pub method: Method,
    /// `{access_token}` may stand in it.
    pub url: &'static str,
    /// The word before the token in `Authorization`; none when the token travels otherwise.
    pub scheme: Option<&'static str>,
    pub headers: &'static [(&'static str, &'static str)],
    /// Where in the answer the profile is; empty when it is all of it.
    pub root: &'static str,
    /// What is set in an answer that succeeded; empty when the status says it.
    pub success: &'static str,
}

/// How it is asked.
pub enum Method {
    Get,
    Post,
    /// Names and templates.
    Form(&'static [(&'static str, &'static str)]),
    Json(&'static str),
}

/// A text of the profile.
pub enum Pick {
    /// What is at this path: `data.user.name`.
    At(&'static str),
    /// Those that are there, with a space between them.
    Words(&'static [&'static str]),
    /// What is at this path, up to this character.
    Before(&'static str, char),
}

/// Whether the provider vouches for the address.
pub enum Verified {
    Never,
    /// True at this path, and nothing else that is like it.
    Flag(&'static str),
    /// True or, as this provider documents it, the text `true`.
    FlagOrText(&'static str),
    /// True or, as this provider documents it, the number 1.
    FlagOrOne(&'static str),
    /// True at each of these paths.
    Flags(&'static [&'static str]),
    /// True or the text at the path; without one, the address is in one of the lists.
    FlagOrListed(&'static str, &'static [&'static str]),
}

/// What must hold for a profile.
pub enum Rule {
    /// This text is at this path.
    Is(&'static str, &'static str),
    /// True, a number but 0, or text is there.
    Set(&'static str),
    /// Nothing of that is there.
    NotSet(&'static str),
    /// The `sub` of the ID token, when there is one, is at the first of these paths that has something.
    Subject(&'static [&'static str]),
}

impl User {
    /// The fields of OpenID Connect, whose address nobody vouches for yet.
    pub const fn from(sources: &'static [Source]) -> User {
        User {
            sources,
            id: &["sub"],
            email: &[Pick::At("email")],
            email_verified: Verified::Never,
            name: &[Pick::At("name")],
            image: &[Pick::At("picture")],
            extra: &[],
            placeholder: None,
            rules: &[],
            needs_email: false,
            visit: None,
        }
    }
}

impl Seen {
    pub fn new(raw: Value) -> Seen {
        Seen { raw, email_verified: None }
    }
}

impl Ask {
    pub const fn get(url: &'static str) -> Ask {
        Ask { method: Method::Get, url, scheme: Some("Bearer"), headers: &[], root: "", success: "" }
    }
}
