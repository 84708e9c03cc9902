//! What there is to know about a provider, as data: texts with `{option}` in them are filled from the operator's settings.

pub use super::endpoints::*;
pub use super::option_rule::*;
pub use super::user::*;

/// One provider of the table.
pub struct Provider {
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// Settings that this provider takes beside those that all take.
    pub options: &'static [OptionRule],
    /// Settings of every provider that is described by settings.
    pub generic_options: &'static [OptionRule],
    /// It is no provider without published keys for its ID tokens.
    pub requires_keys: bool,
    /// Nobody is sent to it without a client secret.
    pub needs_secret: bool,
    /// The URL of its OpenID Connect discovery document; empty when it has none or needs none.
    pub discovery: &'static str,
    pub authorization: Authorization,
    pub token: Token,
    pub id_token: IdToken,
    pub user: User,
    /// Hosts that no text of this entry names, because settings decide: `*.example.com`.
    pub hosts: &'static [&'static str],
}

/// What most providers have in common: the base of the table's entries.
pub const USUAL: Provider = Provider {
    id: "",
    name: "",
    options: &[],
    generic_options: &[],
    requires_keys: false,
    needs_secret: false,
    discovery: "",
    authorization: Authorization::at(""),
    token: Token::at(""),
    id_token: IdToken::Unsupported,
    user: User::from(&[]),
    hosts: &[],
};

impl Provider {
    /// The settings that it takes beside those that all take.
    pub fn option_rules(&self) -> impl Iterator<Item = &'static OptionRule> {
        self.options.iter().chain(self.generic_options.iter())
    }

    /// The hosts that its requests go to, as far as its texts name them.
    pub fn hosts(&self) -> impl Iterator<Item = &'static str> {
        let keys = match &self.id_token {
            IdToken::Keys(keys) => keys.jwks,
            IdToken::Remote(url) => url,
            IdToken::Unsupported => "",
        };
        let token = [self.token.endpoint, self.token.refresh_endpoint.unwrap_or_default(), self.discovery, keys];
        let asked = self.user.sources.iter().map(|source| match source {
            Source::Answer(ask) => ask.url,
            Source::IdToken(_) => "",
        });
        let named = token.into_iter().chain(asked).flat_map(|text| self.host_of(text));
        named.chain(self.hosts.iter().copied())
    }

    fn host_of(&self, text: &'static str) -> Option<&'static str> {
        let text = match text.strip_prefix('{').and_then(|text| text.split_once('}')) {
            Some((name, _)) => self.option_rules().find(|rule| rule.name == name)?.default?,
            None => text,
        };
        let host = text.strip_prefix("https://")?.split(['/', '?']).next()?;
        (!host.contains('{')).then_some(host)
    }
}
