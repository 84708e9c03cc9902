//! The moments at which the server calls a plugin.

/// What the server called the plugin for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Moment {
    /// Its options are checked when it is loaded.
    Check,
    /// A hook before an endpoint.
    Before,
    /// An endpoint of its own.
    Route,
    /// A function for the application's own backend.
    Function,
    /// A page of its own.
    Page,
    /// It adds to a page of another plugin.
    Section,
    /// A hook after an endpoint.
    After,
    /// A sign-in, before there is a session.
    Gate,
    /// A change of a row, in its transaction.
    Event,
    /// The claims of a token are collected.
    Claims,
    /// It decides what a user may do.
    Permission,
    /// A job of its own, or an event of another plugin that it hears of.
    Job,
    /// It makes the next chunk of an answer.
    Chunk,
}

impl Moment {
    /// All of them, in the order of the table's columns.
    pub const ALL: [Self; 13] = [
        Self::Check,
        Self::Before,
        Self::Route,
        Self::Function,
        Self::Page,
        Self::Section,
        Self::After,
        Self::Gate,
        Self::Event,
        Self::Claims,
        Self::Permission,
        Self::Job,
        Self::Chunk,
    ];

    /// Its column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Check => "options",
            Self::Before => "before",
            Self::Route => "route",
            Self::Function => "function",
            Self::Page => "page",
            Self::Section => "section",
            Self::After => "after",
            Self::Gate => "gate",
            Self::Event => "event",
            Self::Claims => "claims",
            Self::Permission => "permission",
            Self::Job => "job",
            Self::Chunk => "chunk",
        }
    }

    /// When that is, in a sentence.
    pub(crate) const fn phrase(self) -> &'static str {
        match self {
            Self::Check => "while options are checked",
            Self::Before => "in a `before` hook",
            Self::Route => "in a route",
            Self::Function => "in a function",
            Self::Page => "in a page",
            Self::Section => "in a section of another's page",
            Self::After => "in an `after` hook",
            Self::Gate => "in a session gate",
            Self::Event => "in an event",
            Self::Claims => "while claims are collected",
            Self::Permission => "while it decides what a user may do",
            Self::Job => "in a job",
            Self::Chunk => "in a chunk of an answer",
        }
    }

    /// Its place in a set.
    pub(crate) const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Some moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moments(u16);

impl Moments {
    /// Every moment.
    pub(crate) const EVERY: Self = Self(u16::MAX);

    /// These.
    pub(crate) const fn only(moments: &[Moment]) -> Self {
        let (mut bits, mut rest) = (0, moments);
        while let [first, others @ ..] = rest {
            bits |= first.bit();
            rest = others;
        }
        Self(bits)
    }

    /// All but these.
    pub(crate) const fn but(moments: &[Moment]) -> Self {
        Self(!Self::only(moments).0)
    }

    /// Whether this moment is among them.
    pub(crate) const fn has(self, moment: Moment) -> bool {
        self.0 & moment.bit() != 0
    }
}
