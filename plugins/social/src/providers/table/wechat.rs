//! WeChat: names of its own, and every request is a GET.

use crate::providers::provider::*;

pub const WECHAT: Provider = Provider {
    id: "wechat",
    name: "WeChat",
    options: &[
        OptionRule::new("lang", Kind::Choice(&[("cn", "cn"), ("en", "en")])),
        OptionRule::new("platform_type", Kind::Choice(&[("WebsiteApp", "WebsiteApp")])),
    ],
    authorization: Authorization {
        scopes: &["snsapi_login"],
        scope_separator: ",",
        pkce: Pkce::Never,
        client_id: "appid",
        order: &["scope", "response_type", "appid", "redirect_uri", "state", "lang"],
        parameters: &[Parameter::new("lang", From::OptionOr("lang", "cn"))],
        fragment: Some("wechat_redirect"),
        ..Authorization::at("https://open.weixin.qq.com/connect/qrconnect")
    },
    token: Token {
        refresh_endpoint: Some("https://api.weixin.qq.com/sns/oauth2/refresh_token"),
        method: TokenMethod::Query,
        refresh_client: Some(ClientAuth::IdAlone),
        client_id: "appid",
        client_secret: "secret",
        scope_separator: ',',
        ..Token::at("https://api.weixin.qq.com/sns/oauth2/access_token")
    },
    user: User {
        id: &["unionid", "openid"],
        name: &[Pick::At("nickname")],
        image: &[Pick::At("headimgurl")],
        placeholder: Some("wechat"),
        rules: &[Rule::NotSet("errcode")],
        ..User::from(&[Source::Answer(Ask {
            scheme: None,
            ..Ask::get(
                "https://api.weixin.qq.com/sns/userinfo?access_token={access_token}&openid={answer.openid}&lang=zh_CN",
            )
        })])
    },
    ..USUAL
};
