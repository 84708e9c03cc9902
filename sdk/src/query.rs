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

pub use raw::Operator;

/// The field of a condition that is made of groups of others.
const ANY: &str = "";

/// Conditions that all must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    conditions: Vec<raw::Condition>,
}

/// Conditions with an order and a number of rows. A [`Filter`] alone is a query for at most 100 rows in any order.
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
    ($($name:ident $operator:ident $doc:literal;)*) => {$(
        #[doc = $doc]
        pub fn $name(field: &str, value: impl Serialize) -> Filter {
            Filter::new(field, Operator::$operator, value)
        }
    )*};
}

filters! {
    eq Equal "The field equals the value; with null, it is null.";
    ne NotEqual "The field differs from the value, nulls left out; with null, it is not null.";
    lt Less "The field is less than the value.";
    lte LessOrEqual "The field is at most the value.";
    gt Greater "The field is greater than the value.";
    gte GreaterOrEqual "The field is at least the value.";
    one_of OneOf "The field equals one of the values.";
    none_of NotOneOf "The field equals none of the values.";
    contains Contains "The text has the value inside.";
    starts_with StartsWith "The text begins with the value.";
    ends_with EndsWith "The text ends with the value.";
}
