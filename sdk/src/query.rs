//! Which rows: conditions on fields, an order, and how many.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! let live = eq("userId", "u1").and(gt("expiresAt", "2026-11-22T08:41:23.051Z"));
//! let newest: Query = live.newest_first("createdAt").limit(10);
//! ```

use crate::bindings::doorward::plugin::models as raw;
use serde::Serialize;
use serde_json::{Value, json};

/// How a field is compared, where the comparison is not known before. The functions of this module are shorter.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # for price in [8, 12, 30] {
/// #     let _: Value = models::insert("ticket", &json!({ "price": price }))?;
/// # }
/// use doorward_sdk::query::Operator;
/// let operator = |word: &str| match word {
///     "over" => Operator::Greater,
///     "under" => Operator::Less,
///     _ => Operator::Equal,
/// };
/// let under: Vec<Value> = models::find("ticket", Filter::new("price", operator("under"), 20))?;
/// assert_eq!(under.len(), 2);
/// # Ok::<(), Error>(())
/// ```
pub use raw::Operator;

/// The field of a condition that is made of groups of others.
const ANY: &str = "";

/// Conditions that all must hold.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # for (owner, kind, price) in [("u1", "gold", 30), ("u1", "guest", 8), ("u2", "guest", 12)] {
/// #     let _: Value = models::insert("ticket", &json!({ "userId": owner, "kind": kind, "price": price }))?;
/// # }
/// let cheap_or_gold = lt("price", 10).or(eq("kind", "gold"));
/// assert_eq!(models::count("ticket", cheap_or_gold.clone())?, 2);
/// assert_eq!(models::count("ticket", cheap_or_gold.and(eq("userId", "u2")))?, 0);
/// assert_eq!(models::count("ticket", Filter::all())?, 3);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Filter {
    conditions: Vec<raw::Condition>,
}

/// Conditions with an order and a number of rows. A [`Filter`] alone is a query for at most 100 rows in any order.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # doorward_sdk::fake::reset();
/// # for (number, row) in [(1, "A"), (2, "A"), (3, "B")] {
/// #     let _: Value = models::insert("seat", &json!({ "number": number, "row": row }))?;
/// # }
/// // Page 2 of a list, one seat on each page, the last seats first.
/// let page = Query::from(eq("row", "A")).ordered("number", true).limit(1).offset(1);
/// let seats: Vec<Value> = models::find("seat", page)?;
/// assert_eq!(seats[0]["number"], 1);
/// // The same order, from the filter.
/// assert_eq!(models::find::<Value>("seat", eq("row", "A").newest_first("number").limit(1))?[0]["number"], 2);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Query {
    filter: Filter,
    order: Option<raw::Order>,
    limit: Option<u32>,
    offset: Option<u32>,
}

impl Filter {
    /// The field compares like this with the value.
    pub fn new(field: &str, operator: Operator, value: impl Serialize) -> Filter {
        // What cannot be written as JSON is refused by the host as no JSON.
        let value = serde_json::to_string(&value).unwrap_or_default();
        Filter { conditions: vec![raw::Condition { field: field.to_owned(), operator, value }] }
    }

    /// Every row. Changes refuse it.
    pub fn all() -> Filter {
        Filter::default()
    }

    /// Both must hold.
    pub fn and(mut self, other: Filter) -> Filter {
        self.conditions.extend(other.conditions);
        self
    }

    /// At least one must hold.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// // Mine, and open or new.
    /// let filter = eq("userId", "u1").and(eq("open", true).or(gt("createdAt", "2026-11-22T08:41:23.051Z")));
    /// # let _ = filter;
    /// ```
    pub fn or(self, other: Filter) -> Filter {
        let mut groups = self.into_groups();
        groups.extend(other.into_groups());
        Filter::new(ANY, Operator::OneOf, groups)
    }

    /// The groups of which one must hold.
    fn into_groups(self) -> Vec<Value> {
        if let [only] = self.conditions.as_slice()
            && only.field == ANY
            && let Ok(Value::Array(groups)) = serde_json::from_str(&only.value)
        {
            return groups;
        }
        let named = |condition: raw::Condition| json!({ "field": condition.field, "operator": name(condition.operator), "value": condition.value });
        vec![self.conditions.into_iter().map(named).collect()]
    }

    /// Ordered by a field, smallest first.
    pub fn order_by(self, field: &str) -> Query {
        Query::from(self).ordered(field, false)
    }

    /// Ordered by a field, greatest first.
    pub fn newest_first(self, field: &str) -> Query {
        Query::from(self).ordered(field, true)
    }

    /// At most so many rows; the most is 1000.
    pub fn limit(self, rows: u32) -> Query {
        Query::from(self).limit(rows)
    }

    pub(crate) fn into_raw(self) -> Vec<raw::Condition> {
        self.conditions
    }
}

impl Query {
    /// Ordered by a field, greatest first if `descending`.
    pub fn ordered(mut self, field: &str, descending: bool) -> Query {
        self.order = Some(raw::Order { field: field.to_owned(), descending });
        self
    }

    /// At most so many rows; the most is 1000.
    pub fn limit(mut self, rows: u32) -> Query {
        self.limit = Some(rows);
        self
    }

    /// Without the first rows.
    pub fn offset(mut self, rows: u32) -> Query {
        self.offset = Some(rows);
        self
    }

    pub(crate) fn into_raw(self) -> raw::Query {
        let Query { filter, order, limit, offset } = self;
        raw::Query { conditions: filter.conditions, order, limit, offset }
    }
}

impl From<Filter> for Query {
    fn from(filter: Filter) -> Query {
        Query { filter, ..Query::default() }
    }
}

/// The operator's name in the contract.
pub(crate) fn name(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "equal",
        Operator::NotEqual => "not-equal",
        Operator::Less => "less",
        Operator::LessOrEqual => "less-or-equal",
        Operator::Greater => "greater",
        Operator::GreaterOrEqual => "greater-or-equal",
        Operator::OneOf => "one-of",
        Operator::NotOneOf => "not-one-of",
        Operator::Contains => "contains",
        Operator::StartsWith => "starts-with",
        Operator::EndsWith => "ends-with",
    }
}

macro_rules! filters {
    ($($(#[$doc:meta])* $name:ident $operator:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(field: &str, value: impl Serialize) -> Filter {
            Filter::new(field, Operator::$operator, value)
        }
    )*};
}

filters! {
    /// The field equals the value; with null, it is null.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// # doorward_sdk::fake::reset();
    /// # let _: Value = models::insert("seat", &json!({ "number": 7, "takenBy": null }))?;
    /// assert_eq!(models::count("seat", eq("number", 7))?, 1);
    /// assert_eq!(models::count("seat", eq("takenBy", Value::Null))?, 1, "it is free");
    /// # Ok::<(), Error>(())
    /// ```
    eq Equal;
    /// The field differs from the value, nulls left out; with null, it is not null.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// # doorward_sdk::fake::reset();
    /// # let _: Value = models::insert("seat", &json!({ "number": 7, "takenBy": "user-1" }))?;
    /// # let _: Value = models::insert("seat", &json!({ "number": 8, "takenBy": null }))?;
    /// let taken: Vec<Value> = models::find("seat", ne("takenBy", Value::Null))?;
    /// assert_eq!(taken[0]["number"], 7);
    /// assert_eq!(models::count("seat", ne("takenBy", "user-1"))?, 0, "a free seat is nobody else's");
    /// # Ok::<(), Error>(())
    /// ```
    ne NotEqual;
    /// The field is less than the value.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// # doorward_sdk::fake::reset();
    /// # let _: Value = models::insert("invite", &json!({ "endsAt": "2023-11-01T00:00:00.000Z" }))?;
    /// let now = clock::iso_text(clock::now_millis());
    /// assert_eq!(models::delete("invite", lt("endsAt", now))?, 1);
    /// # Ok::<(), Error>(())
    /// ```
    lt Less;
    /// The field is at most the value.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// # doorward_sdk::fake::reset();
    /// # for price in [8, 10, 12] {
    /// #     let _: Value = models::insert("ticket", &json!({ "price": price }))?;
    /// # }
    /// assert_eq!(models::count("ticket", lte("price", 10))?, 2);
    /// # Ok::<(), Error>(())
    /// ```
    lte LessOrEqual;
    /// The field is greater than the value.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// # doorward_sdk::fake::reset();
    /// # for left in [0, 3] {
    /// #     let _: Value = models::insert("code", &json!({ "left": left }))?;
    /// # }
    /// assert_eq!(models::find::<Value>("code", gt("left", 0))?.len(), 1);
    /// # Ok::<(), Error>(())
    /// ```
    gt Greater;
    /// The field is at least the value.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// # doorward_sdk::fake::reset();
    /// # for at in ["2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01"] {
    /// #     let _: Value = models::insert("visit", &json!({ "day": at }))?;
    /// # }
    /// let february = gte("day", "2026-02-01").and(lt("day", "2026-03-01"));
    /// assert_eq!(models::count("visit", february)?, 2);
    /// # Ok::<(), Error>(())
    /// ```
    gte GreaterOrEqual;
    /// The field equals one of the values.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// # doorward_sdk::fake::reset();
    /// # for number in [6, 7, 8] {
    /// #     let _: Value = models::insert("seat", &json!({ "number": number }))?;
    /// # }
    /// let wanted: Vec<Value> = models::find("seat", one_of("number", [7, 8, 900]).order_by("number"))?;
    /// assert_eq!(wanted.len(), 2);
    /// # Ok::<(), Error>(())
    /// ```
    one_of OneOf;
    /// The field equals none of the values.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// # doorward_sdk::fake::reset();
    /// # for state in ["open", "spent", "ended"] {
    /// #     let _: Value = models::insert("invite", &json!({ "state": state }))?;
    /// # }
    /// let live: Vec<Value> = models::find("invite", none_of("state", ["spent", "ended"]))?;
    /// assert_eq!(live[0]["state"], "open");
    /// # Ok::<(), Error>(())
    /// ```
    none_of NotOneOf;
    /// The text has the value inside.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// # doorward_sdk::fake::reset();
    /// # let _: Value = models::insert("book", &json!({ "title": "Notes on the Analytical Engine" }))?;
    /// assert_eq!(models::count("book", contains("title", "engine"))?, 1, "the case of letters does not matter");
    /// # Ok::<(), Error>(())
    /// ```
    contains Contains;
    /// The text begins with the value.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// # doorward_sdk::fake::reset();
    /// # for name in ["SPRING-1", "SPRING-2", "AUTUMN-1"] {
    /// #     let _: Value = models::insert("code", &json!({ "name": name }))?;
    /// # }
    /// assert_eq!(models::delete("code", starts_with("name", "SPRING-"))?, 2);
    /// # Ok::<(), Error>(())
    /// ```
    starts_with StartsWith;
    /// The text ends with the value.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// # doorward_sdk::fake::reset();
    /// # users::create(&json!({ "email": "ada@example.com" }))?;
    /// # users::create(&json!({ "email": "bob@example.org" }))?;
    /// let colleagues = user_directory::find(ends_with("email", "@example.com"))?;
    /// assert_eq!(colleagues.len(), 1);
    /// # Ok::<(), Error>(())
    /// ```
    ends_with EndsWith;
}
