//! What plugins and the server agree on beside the WIT: the manifest and its parts, and the words of shared errors.
//!
//! The types hold texts as `S`: `&'static str` in a plugin, whose builders are `const`, and `String` in the server, which
//! reads them. Names in JSON are those of contract 1.0.0 and never change; a name in Rust may be a better one.

mod api_note;
mod calls;
mod email;
mod error_code;
mod issues;
mod manifest;
mod moment;
mod options;
mod pattern;
mod permission;
mod secrets;
mod section;

pub use api_note::{ApiNote, InputNote, Shape};
pub use calls::{CALLS, Call, NotNow, Rule, Transaction, calls_table};
pub use email::is_email;
pub use error_code::{ErrorCode, VALIDATION_ERROR};
pub use issues::{EMPTY_TEXT, INVALID_EMAIL, Issues, invalid_option, mismatch, type_name};
pub use manifest::background::{EmitRule, JobRule, LISTENS_GRANT, ListenRule, period_secs};
pub use manifest::call::{CALLS_GRANT, CallRule, called_paths};
pub use manifest::condition::{Condition, Facts};
pub use manifest::cookie::CookieRule;
pub use manifest::event::{EventAction, EventMoment, EventRule};
pub use manifest::field::{FieldRule, FieldType, OnDelete};
pub use manifest::hook::On;
pub use manifest::mail::MailTemplate;
pub use manifest::page::{ContributionRule, PageRule, SECTION_GRANT, is_slot};
pub use manifest::rate::{RateLimit, RateRule};
pub use manifest::right::HookRight;
pub use manifest::route::{FunctionRule, RouteRule};
pub use manifest::step::{Step, StepWork, name_now};
pub use manifest::table::Table;
pub use manifest::{ASSET_SECTION, MANIFEST_SECTION, MANIFEST_VERSION, Manifest};
pub use moment::Moment;
pub use options::{chosen, is_on};
pub use pattern::PathPattern;
pub use permission::{is_permission, permission_parts};
pub use secrets::{SECRET_FIELDS, folded_name, sounds_secret};
pub use section::{
    Button, Choice, Confirm, Fact, Form, FormField, InputKind, Notice, Outcome, OutcomeKind, Places, Row, Section,
    Shown, ShownKind, Style, Target, Tone, When, encoded,
};
