//! Steps: what happens to the rows of a plugin's tables, and to its fields of users and sessions, when a new version declares
//! them otherwise.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Manifest;
use super::field::FieldRule;

/// One change of the rows or columns of a table of the plugin's own, or of the fields that it adds to users and sessions: then
/// the table is `user` or `session`, and the step sees no other field. It happens once in each database, in the order of the
/// manifest, and is recorded by its name. Where the table is new, there is nothing to do.
///
/// A step uses the names of its time: when a later step renames a field, an earlier one goes on calling it by its old name.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::Step;
/// let steps = [
///     Step::rename("1.1: code is label", "note", "code", "label"),
///     Step::fill("1.2: color", "note", "color", "grey"),
///     Step::drop("1.3: no hint", "note", "hint"),
/// ];
/// let told: Vec<String> = steps.iter().map(Step::to_string).collect();
/// assert_eq!(told, ["rename note.code to label", "fill note.color", "drop note.hint"]);
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Step<S = &'static str> {
    /// Says which it is, for ever: a step whose name was recorded is not done again.
    pub name: S,
    /// The table: one of the plugin's own, `user` or `session`.
    pub table: S,
    /// What happens.
    #[serde(flatten)]
    pub work: StepWork<S>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case", bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub enum StepWork<S = &'static str> {
    /// A field has another name from now on; its values stay.
    Rename {
        /// The old name.
        from: S,
        /// The new one.
        to: S,
    },
    /// Rows without a value in `to` get that of `from`.
    Copy {
        /// The field that is read.
        from: S,
        /// The field that is filled.
        to: S,
    },
    /// Rows without a value get this one.
    Fill {
        /// The field.
        field: S,
        /// The value.
        value: Value,
    },
    /// The column of a field that is no longer declared goes, with its values.
    Drop {
        /// The field.
        field: S,
    },
    /// The plugin's own function is asked about every row; the guest is called by index.
    Backfill {
        /// Which function.
        index: u32,
    },
}

impl Step {
    /// The field `from` is called `to` from now on.
    pub const fn rename(name: &'static str, table: &'static str, from: &'static str, to: &'static str) -> Self {
        Self { name, table, work: StepWork::Rename { from, to } }
    }

    /// Rows without a value in `to` get that of `from`, which may be a field that is no longer declared.
    pub const fn copy(name: &'static str, table: &'static str, from: &'static str, to: &'static str) -> Self {
        Self { name, table, work: StepWork::Copy { from, to } }
    }

    /// Rows without a value in `field` get this one.
    pub fn fill(name: &'static str, table: &'static str, field: &'static str, value: impl Into<Value>) -> Self {
        Self { name, table, work: StepWork::Fill { field, value: value.into() } }
    }

    /// The plugin's function `index` is asked about every row.
    pub const fn backfill(name: &'static str, table: &'static str, index: u32) -> Self {
        Self { name, table, work: StepWork::Backfill { index } }
    }

    /// The column of `field`, which is no longer declared, goes with its values.
    pub const fn drop(name: &'static str, table: &'static str, field: &'static str) -> Self {
        Self { name, table, work: StepWork::Drop { field } }
    }
}

impl<S: AsRef<str>> Step<S> {
    /// What is wrong with the step at `place` among all of them; `is_date` is about values of dates.
    pub(super) fn fault(place: usize, manifest: &Manifest<S>, is_date: impl Fn(&str) -> bool) -> Option<String> {
        let steps = &manifest.steps;
        let step = steps.get(place)?;
        let name = step.name.as_ref();
        let wrong = |reason: String| Some(format!("the step `{name}`: {reason}"));
        if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
            return wrong("a name has 1 to 100 bytes".to_owned());
        }
        if steps.iter().take(place).any(|other| other.name.as_ref() == name) {
            return wrong("another step has this name".to_owned());
        }
        let table = step.table.as_ref();
        let Some(declared) = fields_of(manifest, table) else {
            return wrong(format!("`{table}` is no table of this plugin"));
        };
        let later = steps.get(place + 1..).unwrap_or_default();
        let kind_of = |field: &str| {
            let field = name_now(later, table, field);
            declared.iter().find(|declared| declared.name.as_ref() == field).map(|field| field.kind)
        };
        let is_still_there = |field: &str| {
            let comes_back = |step: &Self| matches!(&step.work, StepWork::Rename { to, .. } if to.as_ref() == field);
            let is_declared = declared.iter().any(|declared| declared.name.as_ref() == field);
            is_declared && !later.iter().any(|step| step.table.as_ref() == table && comes_back(step))
        };
        let is_dropped_later = |field: &str| {
            let mut fields = later.iter().filter(|step| step.table.as_ref() == table);
            fields.any(|step| matches!(&step.work, StepWork::Drop { field: gone } if gone.as_ref() == field))
        };
        let unknown = |field: &str| wrong(format!("`{table}.{field}` is no field, and no later step drops it"));
        match &step.work {
            StepWork::Backfill { .. } if !manifest.tables.iter().any(|own| own.name.as_ref() == table) => {
                wrong(format!("a function sees rows of the plugin's own tables, and `{table}` is none"))
            }
            StepWork::Rename { from, .. } | StepWork::Drop { field: from } if is_still_there(from.as_ref()) => {
                wrong(format!("`{table}.{}` is still a field", from.as_ref()))
            }
            StepWork::Rename { from, .. } | StepWork::Copy { from, .. } | StepWork::Drop { field: from }
                if !is_word(from.as_ref()) =>
            {
                wrong(format!("`{}` cannot be the name of a field", from.as_ref()))
            }
            StepWork::Rename { to, .. } | StepWork::Copy { to, .. }
                if kind_of(to.as_ref()).is_none() && !is_dropped_later(to.as_ref()) =>
            {
                unknown(to.as_ref())
            }
            StepWork::Fill { field, value } => match kind_of(field.as_ref()) {
                None => unknown(field.as_ref()),
                Some(kind) if !kind.holds(value, is_date) => {
                    wrong(format!("{value} has another type than `{table}.{}`", field.as_ref()))
                }
                Some(_) => None,
            },
            _ => None,
        }
    }
}

/// The fields that the plugin has in the table now.
fn fields_of<'a, S: AsRef<str>>(manifest: &'a Manifest<S>, table: &str) -> Option<&'a [FieldRule<S>]> {
    match table {
        "user" => Some(&manifest.user_fields),
        "session" => Some(&manifest.session_fields),
        _ => manifest.tables.iter().find(|own| own.name.as_ref() == table).map(|own| own.fields.as_slice()),
    }
}

/// What a field of the time of a step is called after these later ones.
pub fn name_now<'a, S: AsRef<str>>(later: &'a [Step<S>], table: &str, field: &'a str) -> &'a str {
    let renames = later.iter().filter(|step| step.table.as_ref() == table);
    renames.fold(field, |name, step| match &step.work {
        StepWork::Rename { from, to } if from.as_ref() == name => to.as_ref(),
        _ => name,
    })
}

/// A name that a column can have.
fn is_word(name: &str) -> bool {
    let is_first = |first: u8| first.is_ascii_alphabetic() || first == b'_';
    name.len() <= 63
        && name.bytes().next().is_some_and(is_first)
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What it does, for logs and records.
impl<S: AsRef<str>> fmt::Display for Step<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.table.as_ref();
        match &self.work {
            StepWork::Rename { from, to } => write!(f, "rename {table}.{} to {}", from.as_ref(), to.as_ref()),
            StepWork::Copy { from, to } => write!(f, "copy {table}.{} to {}", from.as_ref(), to.as_ref()),
            StepWork::Fill { field, .. } => write!(f, "fill {table}.{}", field.as_ref()),
            StepWork::Drop { field } => write!(f, "drop {table}.{}", field.as_ref()),
            StepWork::Backfill { .. } => write!(f, "work through {table}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::field::FieldType;
    use super::super::table::Table;
    use super::*;

    #[test]
    fn what_no_step_can_be_is_refused() {
        let fault = |steps: &[Step]| {
            let mut manifest = Manifest::new("notes", "1.0.0", "1.0.0");
            let table = Table::new("note").field(FieldRule::new("label", FieldType::String));
            manifest.tables.push(table.field(FieldRule::new("size", FieldType::Number)));
            manifest.user_fields.push(FieldRule::new("handle", FieldType::String));
            manifest.session_fields.push(FieldRule::new("device", FieldType::String));
            manifest.steps = steps.to_vec();
            (0..steps.len()).find_map(|place| Step::fault(place, &manifest, |_| true))
        };
        let renamed = || Step::rename("b", "note", "code", "label");
        assert_eq!(fault(&[Step::copy("a", "note", "old", "code"), renamed()]), None);
        assert_eq!(fault(&[Step::copy("a", "note", "old", "new"), Step::drop("b", "note", "new")]), None);
        assert_eq!(fault(&[Step::rename("a", "user", "nick", "handle"), Step::drop("b", "user", "color")]), None);
        assert_eq!(
            fault(&[Step::copy("a", "session", "machine", "device"), Step::fill("b", "session", "device", "x")]),
            None
        );
        for (steps, part) in [
            (vec![renamed(), renamed()], "another step has this name"),
            (vec![Step::rename("", "note", "code", "label")], "1 to 100"),
            (vec![Step::rename("a", "account", "code", "label")], "no table of this plugin"),
            (vec![Step::rename("a", "user", "nick", "device")], "`user.device` is no field"),
            (vec![Step::fill("a", "user", "name", "x")], "`user.name` is no field"),
            (vec![Step::drop("a", "user", "handle")], "`user.handle` is still a field"),
            (vec![Step::backfill("a", "user", 0)], "`user` is none"),
            (vec![Step::rename("a", "note", "size", "label")], "`note.size` is still a field"),
            (vec![Step::rename("a", "note", "code", "lable")], "`note.lable` is no field"),
            (vec![Step::rename("a", "note", "co\"de", "label")], "cannot be the name"),
            (vec![Step::drop("a", "note", "size")], "is still a field"),
            (vec![Step::fill("a", "note", "size", "7")], "another type"),
            (vec![Step::fill("a", "note", "nothing", 7)], "is no field"),
        ] {
            let fault = fault(&steps).unwrap();
            assert!(fault.contains(part), "{fault}");
        }
    }

    #[test]
    fn a_step_is_an_object_with_what_it_does() {
        let json = serde_json::to_string(&Step::rename("1.1", "note", "code", "label")).unwrap();
        assert_eq!(json, r#"{"name":"1.1","table":"note","do":"rename","from":"code","to":"label"}"#);
        let back: Step<String> = serde_json::from_str(&json).unwrap();
        assert_eq!(back.to_string(), "rename note.code to label");
    }
}
