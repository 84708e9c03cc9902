//! The table of providers.
//!
//! Flat: one file per provider.

mod apple;
mod atlassian;
mod cloudflare;
mod cognito;
mod discord;
mod dropbox;
mod facebook;
mod figma;
mod generic;
mod github;
mod gitlab;
mod google;
mod huggingface;
mod kakao;
mod kick;
mod line;
mod linear;
mod linkedin;
mod microsoft;
mod naver;
mod notion;
mod paybin;
mod paypal;
mod polar;
mod railway;
mod reddit;
mod roblox;
mod salesforce;
mod slack;
mod spotify;
mod tiktok;
mod twitch;
mod twitter;
mod vercel;
mod vk;
mod wechat;
mod zoom;

use super::provider::Provider;
pub use generic::GENERIC;

/// Those that the reference has built in, then those of its generic kind that have a name; by name each.
pub const ALL: [&[Provider]; 2] = [
    &[
        apple::APPLE,
        atlassian::ATLASSIAN,
        cloudflare::CLOUDFLARE,
        cognito::COGNITO,
        discord::DISCORD,
        dropbox::DROPBOX,
        facebook::FACEBOOK,
        figma::FIGMA,
        github::GITHUB,
        gitlab::GITLAB,
        google::GOOGLE,
        huggingface::HUGGINGFACE,
        kakao::KAKAO,
        kick::KICK,
        line::LINE,
        linear::LINEAR,
        linkedin::LINKEDIN,
        microsoft::MICROSOFT,
        naver::NAVER,
        notion::NOTION,
        paybin::PAYBIN,
        paypal::PAYPAL,
        polar::POLAR,
        railway::RAILWAY,
        reddit::REDDIT,
        roblox::ROBLOX,
        salesforce::SALESFORCE,
        slack::SLACK,
        spotify::SPOTIFY,
        tiktok::TIKTOK,
        twitch::TWITCH,
        twitter::TWITTER,
        vercel::VERCEL,
        vk::VK,
        wechat::WECHAT,
        zoom::ZOOM,
    ],
    generic::NAMED,
];
