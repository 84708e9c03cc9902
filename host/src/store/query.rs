//! Typed filters and sort orders, and the WHERE clause made of them.

use std::borrow::Cow;

use super::error::StoreError;
use super::model::Model;
use super::statement::Builder;
use super::value::FieldKind;
use super::value::Value;

/// How a filter compares.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Equal; with `Null`, is null.
    Eq,
    /// Not equal, nulls left out; with `Null`, is not null.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// One of these; the filter's own value is not looked at. No value matches an empty list.
    In(Vec<Value>),
    /// None of these; the filter's own value is not looked at. Every value matches an empty list.
    NotIn(Vec<Value>),
    /// Has this text inside. `%` and `_` are ordinary characters; SQLite ignores ASCII case, as the reference does there.
    Contains,
    /// Begins with this text, as `Contains`.
    StartsWith,
    /// Ends with this text, as `Contains`.
    EndsWith,
}

/// One condition. All filters without `or` must hold, and at least one of those with `or`, if there are any.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The field's name.
    pub field: Cow<'static, str>,
    /// How to compare.
    pub op: Op,
    /// What to compare with.
    pub value: Value,
    /// Does it belong to the group of which one must hold?
    pub or: bool,
}

impl Filter {
    /// A condition that must hold.
    pub fn new(field: impl Into<Cow<'static, str>>, op: Op, value: impl Into<Value>) -> Self {
        Self { field: field.into(), op, value: value.into(), or: false }
    }

    /// The same condition in the group of which one must hold.
    #[must_use]
    pub fn or(mut self) -> Self {
        self.or = true;
        self
    }
}

macro_rules! filters {
    ($($name:ident $op:ident $doc:literal;)*) => {$(
        #[doc = $doc]
        pub fn $name(field: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Filter {
            Filter::new(field, Op::$op, value)
        }
    )*};
}

filters! {
    eq Eq "The field equals the value; with `Null`, it is null.";
    ne Ne "The field differs from the value; with `Null`, it is not null.";
    lt Lt "The field is less than the value.";
    lte Lte "The field is at most the value.";
    gt Gt "The field is greater than the value.";
    gte Gte "The field is at least the value.";
    contains Contains "The text has the value inside.";
    starts_with StartsWith "The text begins with the value.";
    ends_with EndsWith "The text ends with the value.";
}

/// The field equals one of the values.
pub fn one_of(field: impl Into<Cow<'static, str>>, values: Vec<Value>) -> Filter {
    Filter::new(field, Op::In(values), Value::Null)
}

/// The field equals none of the values.
pub fn none_of(field: impl Into<Cow<'static, str>>, values: Vec<Value>) -> Filter {
    Filter::new(field, Op::NotIn(values), Value::Null)
}

/// An order of rows by one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    /// The field's name.
    pub field: Cow<'static, str>,
    /// Greatest first?
    pub descending: bool,
}

impl Sort {
    /// Smallest first.
    pub fn ascending(field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), descending: false }
    }

    /// Greatest first.
    pub fn descending(field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), descending: true }
    }
}

/// More conditions than this come from a list somewhere, and would fill the cache of prepared statements.
const MAX_CACHED_FILTERS: usize = 4;

/// Adds ` WHERE …`, or nothing when there are no filters.
///
/// # Errors
/// `InvalidInput` for an unknown field or a value of another kind.
pub(super) fn push_where(out: &mut Builder, model: &Model, filters: &[Filter]) -> Result<(), StoreError> {
    if filters.len() > MAX_CACHED_FILTERS {
        out.uncacheable();
    }
    let (any, all): (Vec<&Filter>, Vec<&Filter>) = filters.iter().partition(|filter| filter.or);
    let mut glue = " WHERE ";
    for filter in all {
        out.sql(glue);
        push_condition(out, model, filter)?;
        glue = " AND ";
    }
    for (index, filter) in any.iter().enumerate() {
        out.sql(if index == 0 { glue } else { " OR " }).sql(if index == 0 { "(" } else { "" });
        push_condition(out, model, filter)?;
    }
    if !any.is_empty() {
        out.sql(")");
    }
    Ok(())
}

fn push_condition(out: &mut Builder, model: &Model, filter: &Filter) -> Result<(), StoreError> {
    let field = model.field(&filter.field)?;
    let (column, kind) = (field.column.as_str(), field.kind);
    let mut compare = |operator: &'static str, null: Option<&'static str>| {
        match (filter.value.clone().fit(kind, &field.name)?, null) {
            (Value::Null, Some(test)) => out.name(column).sql(test),
            (value, _) => out.name(column).sql(operator).bind(kind, value),
        };
        Ok(())
    };
    match &filter.op {
        Op::Eq => compare(" = ", Some(" IS NULL")),
        Op::Ne => compare(" <> ", Some(" IS NOT NULL")),
        Op::Lt => compare(" < ", None),
        Op::Lte => compare(" <= ", None),
        Op::Gt => compare(" > ", None),
        Op::Gte => compare(" >= ", None),
        Op::In(values) => push_list(out, column, kind, values, (" IN (", "1 = 0")),
        Op::NotIn(values) => push_list(out, column, kind, values, (" NOT IN (", "1 = 1")),
        Op::Contains => push_like(out, column, kind, &filter.value, ("%", "%")),
        Op::StartsWith => push_like(out, column, kind, &filter.value, ("", "%")),
        Op::EndsWith => push_like(out, column, kind, &filter.value, ("%", "")),
    }
}

fn push_list(
    out: &mut Builder,
    column: &str,
    kind: FieldKind,
    values: &[Value],
    (operator, when_empty): (&'static str, &'static str),
) -> Result<(), StoreError> {
    if values.is_empty() {
        out.sql(when_empty);
        return Ok(());
    }
    out.uncacheable().name(column).sql(operator);
    for (index, value) in values.iter().enumerate() {
        out.sql(if index == 0 { "" } else { ", " }).bind(kind, value.clone().fit(kind, column)?);
    }
    out.sql(")");
    Ok(())
}

fn push_like(
    out: &mut Builder,
    column: &str,
    kind: FieldKind,
    value: &Value,
    (before, after): (&str, &str),
) -> Result<(), StoreError> {
    let (FieldKind::Text, Value::Text(text)) = (kind, value) else {
        return Err(StoreError::invalid(column, "is compared as text and is none"));
    };
    let pattern = Value::Text(format!("{before}{}{after}", escape_like(text))).fit(kind, column)?;
    out.name(column).sql(" LIKE ").bind(kind, pattern).sql(" ESCAPE '\\'");
    Ok(())
}

/// Makes LIKE's own characters ordinary.
fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::schema::Schema;
    use super::*;

    fn text(filters: &[Filter]) -> Result<String, StoreError> {
        let schema = Schema::core();
        let mut out = Builder::read("");
        push_where(&mut out, schema.model("user")?, filters)?;
        Ok(format!("{:?}", out.build()?))
    }

    #[test]
    fn conditions_become_one_clause() {
        assert_eq!(text(&[]).unwrap(), "");
        assert_eq!(
            text(&[
                eq("id", "a"),
                gt("createdAt", "2026-11-22T08:41:23.051Z"),
                eq("name", "x").or(),
                eq("image", Value::Null).or()
            ])
            .unwrap(),
            r#" WHERE "id" = ? AND "createdAt" > ? AND ("name" = ? OR "image" IS NULL)"#
        );
        assert_eq!(text(&[one_of("id", vec!["a".into(), "b".into()])]).unwrap(), r#" WHERE "id" IN (?, ?)"#);
        assert_eq!(text(&[one_of("id", vec![]), none_of("id", vec![])]).unwrap(), " WHERE 1 = 0 AND 1 = 1");
        assert_eq!(text(&[contains("email", "a")]).unwrap(), r#" WHERE "email" LIKE ? ESCAPE '\'"#);
    }

    #[test]
    fn unknown_fields_and_wrong_kinds_are_refused() {
        for filter in [eq("nope", "a"), eq("id", 1), contains("createdAt", "a"), one_of("id", vec![1.into()])] {
            assert!(matches!(text(&[filter]), Err(StoreError::InvalidInput { .. })));
        }
    }

    #[test]
    fn like_characters_are_ordinary() {
        assert_eq!(escape_like(r"50%_\x"), r"50\%\_\\x");
    }
}
