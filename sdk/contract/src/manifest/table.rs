//! Tables of a plugin's own.

use serde::{Deserialize, Serialize};

use super::field::{FieldRule, FieldType};

/// A table of the plugin's own. It has the field `id`, which the server fills.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Table<S = &'static str> {
    /// Name of the model and of the table.
    pub name: S,
    /// Its fields, without `id`.
    pub fields: Vec<FieldRule<S>>,
    /// Whether its rows are a way to sign in: they go when someone else turns out to own the user's address.
    #[serde(default)]
    pub is_credential: bool,
    /// Whether each of its rows alone signs its user in: the last way in is not taken away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signs_in: bool,
    /// Groups of fields of which two rows cannot have the same values together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique: Vec<Vec<S>>,
    /// The field that says when a row is over; the server removes it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<S>,
}

impl Table {
    /// A table without fields but `id`.
    pub const fn new(name: &'static str) -> Self {
        Self { name, fields: Vec::new(), is_credential: false, signs_in: false, unique: Vec::new(), expires_at: None }
    }

    /// Two rows cannot have the same values in all of these fields together, 2 or 3. A row in which one of them is null is no
    /// other's double.
    #[must_use]
    pub fn unique_together(mut self, fields: &[&'static str]) -> Self {
        self.unique.push(fields.to_vec());
        self
    }

    /// A row is over at the moment in this field, a date. The server removes it within hours, so ask for the date when it
    /// matters. A row without a date stays.
    #[must_use]
    pub fn expires_at(mut self, field: &'static str) -> Self {
        self.expires_at = Some(field);
        self
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, field: FieldRule) -> Self {
        self.fields.push(field);
        self
    }

    /// Its rows are a way to sign in: `email_ownership::confirm` removes those of a user whose address someone else turns
    /// out to own. A field refers to `user`.
    #[must_use]
    pub fn credentials(mut self) -> Self {
        self.is_credential = true;
        self
    }

    /// As [`Table::credentials`], and each row alone signs its user in, as an account at a provider does: while a user has
    /// one, their last account can be unlinked.
    #[must_use]
    pub fn ways_in(mut self) -> Self {
        self.signs_in = true;
        self.credentials()
    }
}

impl<S: AsRef<str>> Table<S> {
    /// Whether the field says whose a credential is.
    pub fn holds_owner(&self, field: &FieldRule<S>) -> bool {
        self.is_credential && field.references.as_ref().is_some_and(|target| target.as_ref() == "user")
    }

    /// What is wrong with the table; `is_date` is about the defaults of its fields.
    pub(super) fn fault(&self, is_date: impl Fn(&str) -> bool) -> Option<String> {
        let name = self.name.as_ref();
        if name.to_ascii_lowercase().starts_with("doorward") {
            return Some(format!("the table `{name}`: names that begin with `doorward` are the server's"));
        }
        if self.fields.iter().any(|field| field.name.as_ref() == "id") {
            return Some(format!("the table `{name}` declares the field `id`, which every table has"));
        }
        if self.is_credential && !self.fields.iter().any(|field| self.holds_owner(field)) {
            return Some(format!("the table `{name}` holds credentials, so a field has to refer to `user`"));
        }
        if !self.is_credential && self.fields.iter().any(|field| field.is_factor) {
            return Some(format!("the table `{name}` has a factor and does not say that it holds credentials"));
        }
        self.group_fault().or_else(|| self.fields.iter().find_map(|field| field.fault(name, &is_date)))
    }

    /// What is wrong with the fields that it names beside declaring them.
    fn group_fault(&self) -> Option<String> {
        let table = self.name.as_ref();
        let kind =
            |name: &S| self.fields.iter().find(|field| field.name.as_ref() == name.as_ref()).map(|field| field.kind);
        for group in &self.unique {
            let is_twice =
                |(place, name): (usize, &S)| group.iter().take(place).any(|other| other.as_ref() == name.as_ref());
            if !(2..=3).contains(&group.len()) || group.iter().enumerate().any(is_twice) {
                return Some(format!("the table `{table}`: 2 or 3 different fields are unique together"));
            }
            let whole = |kind| matches!(kind, FieldType::Strings | FieldType::Numbers | FieldType::Json);
            if let Some(name) = group.iter().find(|name| kind(name).is_none_or(whole)) {
                return Some(format!(
                    "`{table}.{}` is no field, or a list or JSON: it cannot be unique",
                    name.as_ref()
                ));
            }
        }
        let wrong = self.expires_at.as_ref().filter(|name| kind(name) != Some(FieldType::Date))?;
        Some(format!("the table `{table}`: rows end by a field that is a date, and `{}` is none", wrong.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_table_can_be_is_refused() {
        for (json, part) in [
            (r#"{"name":"Doorward_x","fields":[]}"#, "the server's"),
            (r#"{"name":"x","fields":[{"name":"id","type":"string"}]}"#, "which every table has"),
            (r#"{"name":"x","fields":[],"is_credential":true}"#, "refer to `user`"),
            (r#"{"name":"x","fields":[{"name":"a","type":"string","is_factor":true}]}"#, "holds credentials"),
            (r#"{"name":"x","fields":[{"name":"a","type":"number","default":"1"}]}"#, "x.a has another type"),
            (r#"{"name":"x","fields":[{"name":"a","type":"string[]","default":[1]}]}"#, "x.a has another type"),
            (r#"{"name":"x","fields":[{"name":"a","type":"date","default":"soon"}]}"#, "x.a has another type"),
            (r#"{"name":"x","fields":[{"name":"a","type":"number","references":"user"}]}"#, "has to be a string"),
            (r#"{"name":"x","fields":[{"name":"a","type":"string","on_delete":"cascade"}]}"#, "refers to no model"),
            (
                r#"{"name":"x","fields":[{"name":"a","type":"string","required":true,"references":"user","on_delete":"set null"}]}"#,
                "cannot set it to null",
            ),
            (r#"{"name":"x","fields":[{"name":"a","type":"number"}],"unique":[["a"]]}"#, "2 or 3 different"),
            (r#"{"name":"x","fields":[{"name":"a","type":"number"}],"unique":[["a","a"]]}"#, "2 or 3 different"),
            (r#"{"name":"x","fields":[{"name":"a","type":"number"}],"unique":[["a","b"]]}"#, "`x.b` is no field"),
            (r#"{"name":"x","fields":[{"name":"a","type":"number"}],"expires_at":"a"}"#, "`a` is none"),
            (r#"{"name":"x","fields":[{"name":"a","type":"number","is_sign_up_input":true}]}"#, "for fields of users"),
            (
                r#"{"name":"x","fields":[{"name":"a","type":"string","taken":{"status":200,"code":"A","message":"a"}}]}"#,
                "400 to 499",
            ),
        ] {
            let table: Table<String> = serde_json::from_str(json).unwrap();
            let fault = table.fault(|text| text != "soon").unwrap();
            assert!(fault.contains(part), "{fault}");
        }
    }
}
