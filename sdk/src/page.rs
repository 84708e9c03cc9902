//! Pages of a plugin, and the sections that it adds to pages of others.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! use doorward_sdk::fake::{self, RawRequest};
//!
//! # fake::reset();
//! fn plugin() -> Plugin {
//!     Plugin::new("notes", "1.0.0")
//!         .route(Route::post("/notes/add", add))
//!         .page(Page::get("/notes", notes).signed_in())
//!         .contribute(Contribution::new("account.security", "Notes", section).order(30))
//! }
//!
//! fn notes(_request: &Request, (): ()) -> Result<Response> {
//!     Ok(Response::html("<!doctype html><title>Notes</title><h1>Notes</h1>"))
//! }
//!
//! fn section(_request: &Request, _asked: &Asked) -> Result<Option<Section>> {
//!     let add = Button::new("Add a note", Target::post("/notes/add")).primary();
//!     let text = FormField::new("text", "Note", InputKind::LongText).required();
//!     Ok(Some(Section::titled("Notes").when_empty("No notes yet.").form(Form::new("add", add).field(text))))
//! }
//! # fn add(_: &Request, (): ()) -> Result<Response> { Ok(Response::empty(204)) }
//!
//! fake::sign_in(&users::create(&json!({ "email": "ada@example.com" }))?);
//! let page = RawRequest::get("/notes", &[]).open(&plugin())?;
//! assert!(fake::text(&page).contains("<h1>Notes</h1>"));
//! let section = RawRequest::get("/", &[]).contribute(&plugin(), "account.security", &Asking::default())?.unwrap();
//! assert_eq!(section.forms[0].fields[0].name, "text");
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::input::Input;
use crate::route::Handler;
use crate::{Request, Response};
use doorward_contract::{ContributionRule, PageRule, Section};
use std::collections::BTreeMap;

/// A page below the server's own root, or below the operator's `pages.path`. `:name` in the path matches one segment.
pub struct Page {
    pub(crate) rule: PageRule,
    pub(crate) handler: Handler,
}

/// A section that the plugin adds to a slot of another's page.
pub struct Contribution {
    pub(crate) rule: ContributionRule,
    pub(crate) handler: SectionFn,
}

/// Gives JSON text, so that a plugin without sections does not carry what writes them.
pub(crate) type SectionFn = Box<dyn Fn(&Request<'_>, &Asked) -> Result<Option<String>>>;

/// What a section is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The slot.
    pub slot: String,
    /// The language of the page: `en`.
    pub language: String,
    /// What the slot is about, as its owner says it.
    pub about: BTreeMap<String, String>,
}

/// How sections are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asking {
    /// The language of the page: `en`.
    pub language: String,
    /// What the slot is about: `user` with an id, at `admin.user`.
    pub about: BTreeMap<String, String>,
}

impl Page {
    /// A page for anyone. Its input is the query.
    pub fn get<I: Input>(path: &'static str, handler: fn(&Request<'_>, I) -> Result<Response>) -> Page {
        let handler: Handler = Box::new(move |request| handler(request, request.query_input()?));
        Page { rule: PageRule::new(path), handler }
    }

    /// What people call it.
    pub fn titled(mut self, title: &'static str) -> Page {
        self.rule.title = Some(title);
        self
    }

    /// People without a session are sent to the sign-in page, and come back to this one.
    pub fn signed_in(mut self) -> Page {
        self.rule.needs_session = true;
        self
    }

    /// This is the sign-in page. It gets `callbackURL`, the place where the person wanted to go.
    pub fn signs_in(mut self) -> Page {
        self.rule.signs_in = true;
        self
    }
}

impl Contribution {
    /// A section in `slot`; `title` is what menus call it. None of it is shown when `handler` returns none.
    pub fn new(
        slot: &'static str,
        title: &'static str,
        handler: fn(&Request<'_>, &Asked) -> Result<Option<Section>>,
    ) -> Contribution {
        let written = move |request: &Request<'_>, asked: &Asked| {
            let section = handler(request, asked)?;
            Ok(section.map(|section| serde_json::to_string(&section)).transpose()?)
        };
        Contribution { rule: ContributionRule::new(slot, title), handler: Box::new(written) }
    }

    /// Its place among the others: the smallest comes first, and 100 is the usual one.
    pub fn order(mut self, order: i32) -> Contribution {
        self.rule.order = order;
        self
    }

    /// It is there only when the operator's option `name` is true.
    pub fn when_option(mut self, name: &'static str) -> Contribution {
        self.rule.when_option = Some(name);
        self
    }

    /// It is asked for only where there is a session.
    pub fn signed_in(mut self) -> Contribution {
        self.rule.needs_session = true;
        self
    }
}
