//! The description of tables: models, their fields, and who owns them.

use super::error::StoreError;
use super::owner::Owner;
use super::value::Value;
use doorward_contract::{ErrorCode, FieldType, OnDelete};

/// One field of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Name in the program and on the wire.
    pub name: String,
    /// Name in the database.
    pub column: String,
    /// What it holds.
    pub kind: FieldType,
    /// Must it have a value?
    pub required: bool,
    /// Must its value be unique in the table?
    pub unique: bool,
    /// The error when its value is taken; `None` leaves it to the endpoint.
    pub conflict: Option<ErrorCode<String>>,
    /// The most UTF-16 code units of a text, or of the JSON of a list; `None` for no limit.
    pub max_length: Option<usize>,
    /// Does it have an index?
    pub index: bool,
    /// Is it one of several that are unique together?
    pub in_group: bool,
    /// The field of another row whose value it holds.
    pub references: Option<Reference>,
    /// Value of a new record.
    pub default: Option<Value>,
    /// PostgreSQL only: does the column default to the current time, as in the reference's tables?
    pub default_now: bool,
    /// May a client set it?
    pub input: bool,
    /// May a client set it when it signs up, and never again?
    pub sign_up_input: bool,
    /// May it leave the server?
    pub returned: bool,
    /// Marks a credential of the referenced user; on `user`, a field that mirrors whether such rows exist.
    pub is_credential: bool,
    /// Plugins' tables only: is its value what the user signs in with?
    pub is_factor: bool,
    /// Says whose way to sign in the row is: a row of this model signs in that user.
    pub signs_in: bool,
    /// Sessions only: a session in which it has a value is never extended.
    pub never_refreshed: bool,
    /// How its column stores an id. Other fields are stored as they are.
    pub id_form: IdForm,
    /// The field `id` only: does the database make its value?
    pub made_by_database: bool,
    /// Who brought it.
    pub owner: Owner,
}

/// What a field refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The other row's model.
    pub model: String,
    /// The other row's field: its id, or one that is unique.
    pub field: String,
    /// What becomes of this row when the other one is deleted.
    pub on_delete: OnDelete,
}

impl Reference {
    /// To the id of a row, with which this one goes.
    pub fn to_id(model: &str) -> Self {
        Self { model: model.to_owned(), field: "id".to_owned(), on_delete: OnDelete::Cascade }
    }
}

/// How a column stores an id, which is a text to the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdForm {
    /// As the text that it is.
    #[default]
    Text,
    /// As a whole number, of which the program sees the digits.
    Number,
    /// As a text or as PostgreSQL's `uuid`, which takes no other text.
    Uuid,
}

/// What a condition compares a column with.
pub(super) enum Compared {
    /// This value.
    With(FieldType, Value),
    /// This text, with the text of the column.
    AsText(Value),
    /// Something that no row has.
    Nothing,
}

impl Field {
    /// An optional field of the core, settable and returned, whose column has the same name.
    pub fn new(name: &str, kind: FieldType) -> Self {
        Self {
            name: name.to_owned(),
            column: name.to_owned(),
            kind,
            required: false,
            unique: false,
            conflict: None,
            max_length: None,
            index: false,
            in_group: false,
            references: None,
            default: None,
            default_now: false,
            input: true,
            sign_up_input: false,
            returned: true,
            is_credential: false,
            is_factor: false,
            signs_in: false,
            never_refreshed: false,
            id_form: IdForm::Text,
            made_by_database: false,
            owner: Owner::Core,
        }
    }

    /// Whether it holds an id: its own row's, or another's.
    pub(super) fn holds_id(&self) -> bool {
        self.name == "id" || self.references.as_ref().is_some_and(|target| target.field == "id")
    }

    /// The value as its column takes it, with the kind as which it is bound.
    ///
    /// # Errors
    /// `InvalidInput` for a value of another kind, and for an id that is none of this database.
    pub(super) fn written(&self, value: Value) -> Result<(FieldType, Value), StoreError> {
        let value = value.fit(self.kind, &self.name)?;
        match (self.id_form, &value) {
            (IdForm::Number, Value::Null) => Ok((FieldType::Bigint, value)),
            (IdForm::Number, Value::Text(text)) => {
                let number =
                    counted(text).ok_or_else(|| StoreError::invalid(&self.name, "is no id of this database"))?;
                Ok((FieldType::Bigint, Value::Integer(number)))
            }
            _ => Ok((self.kind, value)),
        }
    }

    /// The value as a condition compares it with the column.
    ///
    /// # Errors
    /// `InvalidInput` for a value of another kind.
    pub(super) fn compared(&self, value: Value) -> Result<Compared, StoreError> {
        let value = value.fit(self.kind, &self.name)?;
        Ok(match (self.id_form, &value) {
            (IdForm::Number, Value::Text(text)) => counted(text)
                .map_or(Compared::Nothing, |number| Compared::With(FieldType::Bigint, Value::Integer(number))),
            (IdForm::Uuid, Value::Text(text)) if !is_uuid(text) => Compared::AsText(value),
            _ => Compared::With(self.kind, value),
        })
    }
}

/// The number of an id that a database counted, written as it writes it.
fn counted(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Whether the text is a UUID as databases write it.
fn is_uuid(text: &str) -> bool {
    let fits = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// One table, as the program sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Name in the program.
    pub name: String,
    /// Name in the database.
    pub table: String,
    /// Its fields in the order of the columns; the first is always `id`.
    pub fields: Vec<Field>,
    /// Groups of fields of which two rows cannot have the same values together.
    pub unique: Vec<Vec<String>>,
    /// The field that says when a row is over; the sweeper removes it then.
    pub expires_at: Option<String>,
    /// Who brought it.
    pub owner: Owner,
}

impl Model {
    /// A model whose table has the same name.
    pub fn new(name: &str, fields: Vec<Field>, owner: Owner) -> Self {
        let (name, table) = (name.to_owned(), name.to_owned());
        Self { name, table, fields, unique: Vec::new(), expires_at: None, owner }
    }

    /// The position of the field with this name.
    pub fn position(&self, field: &str) -> Option<usize> {
        self.fields.iter().position(|candidate| candidate.name == field)
    }

    /// The field with this name.
    ///
    /// # Errors
    /// `InvalidInput` when there is none.
    pub fn field(&self, name: &str) -> Result<&Field, StoreError> {
        self.fields
            .iter()
            .find(|candidate| candidate.name == name)
            .ok_or_else(|| StoreError::invalid(&format!("{}.{name}", self.name), "is not a field"))
    }
}
