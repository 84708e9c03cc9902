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
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::{self, RawRequest};
/// # fake::reset();
/// fn seat(request: &Request, (): ()) -> Result<Response> {
///     let number = request.param("number").unwrap_or_default();
///     Ok(Response::html(format!("<!doctype html><title>Seat</title><h1>Seat {number}</h1>")))
/// }
///
/// let page = Page::get("/seats/:number", seat).titled("Your seat").signed_in();
/// let plugin = Plugin::new("seats", "1.0.0").page(page);
/// let open = || RawRequest::get("/seats/7", &[]).open(&plugin);
/// assert_eq!(open().unwrap_err().refusal().status, 401, "in the server: off to the sign-in page");
/// # fake::sign_in(&users::create(&json!({ "email": "ada@example.com" }))?);
/// assert!(fake::text(&open()?).ends_with("<h1>Seat 7</h1>"));
/// # Ok::<(), Error>(())
/// ```
pub struct Page {
    pub(crate) rule: PageRule,
    pub(crate) handler: Handler,
}

/// A section that the plugin adds to a slot of another's page.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::RawRequest;
/// # doorward_sdk::fake::reset();
/// fn newsletter(_request: &Request, _asked: &Asked) -> Result<Option<Section>> {
///     let user = sessions::require()?.user;
///     let is_in = models::count("subscriber", eq("userId", user.id()))? > 0;
///     Ok(is_in.then(|| Section::titled("Newsletter").intro("You get it each month.")))
/// }
///
/// let contribution = Contribution::new("account.profile", "Newsletter", newsletter).order(50).signed_in();
/// let table = Table::new("subscriber").field(FieldRule::new("userId", FieldType::String));
/// let plugin = Plugin::new("newsletter", "1.0.0").table(table).contribute(contribution);
/// # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
/// # doorward_sdk::fake::sign_in(&ada);
/// let ask = || RawRequest::get("/", &[]).contribute(&plugin, "account.profile", &Asking::default());
/// assert!(ask()?.is_none());
/// # let _: Value = models::insert("subscriber", &json!({ "userId": ada.id() }))?;
/// # assert!(ask()?.is_some());
/// # Ok::<(), Error>(())
/// ```
pub struct Contribution {
    pub(crate) rule: ContributionRule,
    pub(crate) handler: SectionFn,
}

/// Gives JSON text, so that a plugin without sections does not carry what writes them.
pub(crate) type SectionFn = Box<dyn Fn(&Request<'_>, &Asked) -> Result<Option<String>>>;

/// What a section is asked for.
///
/// ```
/// use doorward_sdk::prelude::*;
/// fn title(asked: &Asked) -> &'static str {
///     match asked.language.as_str() {
///         "de" => "Eingeladen von",
///         _ => "Invited by",
///     }
/// }
/// let asked = Asked { slot: "admin.user".to_owned(), language: "de".to_owned(), ..Asked::default() };
/// assert_eq!((title(&asked), asked.about.get("user")), ("Eingeladen von", None));
/// ```
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
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::RawRequest;
/// # doorward_sdk::fake::reset();
/// let invites = Contribution::new("admin.user", "Invites", |_request, asked| {
///     let user = asked.about.get("user").map(String::as_str).unwrap_or_default();
///     Ok(Some(Section::titled(format!("Invites of {user}"))))
/// });
/// let plugin = Plugin::new("invites", "1.0.0").contribute(invites);
/// // A test asks as the page of one user does.
/// let asking = Asking { language: "en".to_owned(), about: [("user".to_owned(), "user-1".to_owned())].into() };
/// let section = RawRequest::get("/", &[]).contribute(&plugin, "admin.user", &asking)?;
/// assert_eq!(section.unwrap().title, "Invites of user-1");
/// # Ok::<(), Error>(())
/// ```
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
