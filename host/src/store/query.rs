//! Typed filters and sort orders, and the WHERE clause made of them.

use std::borrow::Cow;

use super::error::StoreError;
use super::model::{Compared, Field, IdForm, Model};
use super::statement::Builder;
use super::value::Value;
use doorward_contract::FieldType;

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
    /// Has this text inside. `%` and `_` are ordinary characters. Letter case does not matter: of ASCII, and of
    /// other letters where the database knows it.
    Contains,
    /// Begins with this text, as `Contains`.
    StartsWith,
    /// Ends with this text, as `Contains`.
    EndsWith,
}

/// Which rows are meant. Of a list of filters, all must hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// A condition on one field.
    Field {
        /// The field's name.
        field: Cow<'static, str>,
        /// How to compare.
        op: Op,
        /// What to compare with.
        value: Value,
    },
    /// At least one of these holds. No row matches an empty list.
    Any(Vec<Filter>),
    /// All of these hold. Every row matches an empty list.
    All(Vec<Filter>),
}

impl Filter {
    /// A condition on one field.
    pub fn new(field: impl Into<Cow<'static, str>>, op: Op, value: impl Into<Value>) -> Self {
        Self::Field { field: field.into(), op, value: value.into() }
    }

    /// The number of its conditions.
    fn size(&self) -> usize {
        match self {
            Self::Field { .. } => 1,
            Self::Any(filters) | Self::All(filters) => filters.iter().map(Self::size).sum(),
        }
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
    if filters.iter().map(Filter::size).sum::<usize>() > MAX_CACHED_FILTERS {
        out.uncacheable();
    }
    for (index, filter) in filters.iter().enumerate() {
        push_filter(out.sql(if index == 0 { " WHERE " } else { " AND " }), model, filter)?;
    }
    Ok(())
}

fn push_filter(out: &mut Builder, model: &Model, filter: &Filter) -> Result<(), StoreError> {
    match filter {
        Filter::Field { field, op, value } => push_condition(out, model.field(field)?, op, value),
        Filter::Any(filters) => push_group(out, model, filters, (" OR ", "1 = 0")),
        Filter::All(filters) => push_group(out, model, filters, (" AND ", "1 = 1")),
    }
}

fn push_group(
    out: &mut Builder,
    model: &Model,
    filters: &[Filter],
    (between, when_empty): (&'static str, &'static str),
) -> Result<(), StoreError> {
    if filters.is_empty() {
        out.sql(when_empty);
        return Ok(());
    }
    for (index, filter) in filters.iter().enumerate() {
        push_filter(out.sql(if index == 0 { "(" } else { between }), model, filter)?;
    }
    out.sql(")");
    Ok(())
}

fn push_condition(out: &mut Builder, field: &Field, op: &Op, value: &Value) -> Result<(), StoreError> {
    let column = field.column.as_str();
    let mut compare = |operator: &'static str, null: Option<&'static str>| {
        match (field.compared(value.clone())?, null) {
            (Compared::With(_, Value::Null), Some(test)) => out.name(column).sql(test),
            (Compared::With(kind, value), _) => out.name(column).sql(operator).bind(kind, value),
            (Compared::AsText(value), _) => push_text(out, field).sql(operator).bind(field.kind, value),
            (Compared::Nothing, _) if *op == Op::Ne => out.name(column).sql(" IS NOT NULL"),
            (Compared::Nothing, _) => out.sql("1 = 0"),
        };
        Ok(())
    };
    match op {
        Op::Eq => compare(" = ", Some(" IS NULL")),
        Op::Ne => compare(" <> ", Some(" IS NOT NULL")),
        Op::Lt => compare(" < ", None),
        Op::Lte => compare(" <= ", None),
        Op::Gt => compare(" > ", None),
        Op::Gte => compare(" >= ", None),
        Op::In(values) => push_list(out, field, values, (" IN (", "1 = 0")),
        Op::NotIn(values) => push_list(out, field, values, (" NOT IN (", "1 = 1")),
        Op::Contains => push_like(out, field, value, ("%", "%")),
        Op::StartsWith => push_like(out, field, value, ("", "%")),
        Op::EndsWith => push_like(out, field, value, ("%", "")),
    }
}

fn push_list(
    out: &mut Builder,
    field: &Field,
    values: &[Value],
    (operator, when_empty): (&'static str, &'static str),
) -> Result<(), StoreError> {
    let compared = values.iter().map(|value| field.compared(value.clone())).collect::<Result<Vec<_>, _>>()?;
    let as_text = compared.iter().any(|value| matches!(value, Compared::AsText(_)));
    let values = compared.into_iter().filter_map(|value| match value {
        Compared::With(kind, value) => Some((kind, value)),
        Compared::AsText(value) => Some((field.kind, value)),
        Compared::Nothing => None,
    });
    let values: Vec<_> = values.collect();
    if values.is_empty() {
        out.sql(when_empty);
        return Ok(());
    }
    out.uncacheable();
    if as_text { push_text(out, field) } else { out.name(&field.column) }.sql(operator);
    for (index, (kind, value)) in values.into_iter().enumerate() {
        out.sql(if index == 0 { "" } else { ", " }).bind(kind, value);
    }
    out.sql(")");
    Ok(())
}

/// The text of a column that may hold ids of another form. All databases understand this type; none has longer ids of such
/// a form.
fn push_text<'b>(out: &'b mut Builder, field: &Field) -> &'b mut Builder {
    out.sql("CAST(").name(&field.column).sql(" AS CHAR(36))")
}

fn push_like(out: &mut Builder, field: &Field, value: &Value, (before, after): (&str, &str)) -> Result<(), StoreError> {
    let (FieldType::String, Value::Text(text)) = (field.kind, value) else {
        return Err(StoreError::invalid(&field.column, "is compared as text and is none"));
    };
    let pattern = Value::Text(format!("{before}{}{after}", escape_like(text))).fit(field.kind, &field.column)?;
    // SQLite's LIKE ignores letter case by itself, PostgreSQL's does not.
    out.sql("LOWER(");
    if field.id_form == IdForm::Text {
        out.name(&field.column)
    } else {
        push_text(out, field)
    };
    out.sql(") LIKE LOWER(").bind(field.kind, pattern).sql(") ESCAPE '\\'");
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
                Filter::Any(vec![eq("name", "x"), eq("image", Value::Null)]),
                ne("email", "b"),
                Filter::Any(vec![eq("email", "a"), Filter::Any(vec![eq("name", "y"), eq("name", "z")])]),
            ])
            .unwrap(),
            r#" WHERE "id" = ? AND "createdAt" > ? AND ("name" = ? OR "image" IS NULL) AND "email" <> ? AND ("email" = ? OR ("name" = ? OR "name" = ?))"#
        );
        assert_eq!(text(&[Filter::Any(vec![])]).unwrap(), " WHERE 1 = 0");
        assert_eq!(
            text(&[Filter::Any(vec![Filter::All(vec![eq("id", "a"), eq("name", "x")]), Filter::All(vec![])])]).unwrap(),
            r#" WHERE (("id" = ? AND "name" = ?) OR 1 = 1)"#
        );
        assert_eq!(text(&[one_of("id", vec!["a".into(), "b".into()])]).unwrap(), r#" WHERE "id" IN (?, ?)"#);
        assert_eq!(text(&[one_of("id", vec![]), none_of("id", vec![])]).unwrap(), " WHERE 1 = 0 AND 1 = 1");
        assert_eq!(text(&[contains("email", "a")]).unwrap(), r#" WHERE LOWER("email") LIKE LOWER(?) ESCAPE '\'"#);
    }

    #[test]
    fn unknown_fields_and_wrong_kinds_are_refused() {
        for filter in [
            eq("nope", "a"),
            eq("id", 1),
            contains("createdAt", "a"),
            one_of("id", vec![1.into()]),
            Filter::Any(vec![eq("nope", 1)]),
        ] {
            assert!(matches!(text(&[filter]), Err(StoreError::InvalidInput { .. })));
        }
    }

    #[test]
    fn like_characters_are_ordinary() {
        assert_eq!(escape_like(r"50%_\x"), r"50\%\_\\x");
    }
}
