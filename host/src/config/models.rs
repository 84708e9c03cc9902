//! Options on tables: names of tables and columns, additional fields, ids of new rows.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use doorward_contract::{FieldType, OnDelete};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The entries of a table in the order in which they stand in the file.
#[derive(Clone, Debug)]
pub struct InOrder<T>(pub Vec<(String, T)>);

/// Additional fields by name; answers show them in their order.
pub type AdditionalFields = InOrder<AdditionalField>;

impl<T> InOrder<T> {
    /// The entry with this name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(entry, _)| entry == name).map(|(_, value)| value)
    }
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Serialize> Serialize for InOrder<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for InOrder<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = InOrder<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<InOrder<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(InOrder(entries))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Column names by field.
pub type ColumnNames = BTreeMap<String, String>;

/// `[user.additional_fields.NAME]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AdditionalField {
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Whether a new row must have a value.
    #[serde(default)]
    pub required: bool,
    /// Value of a new row that is given none.
    #[serde(default, alias = "default")]
    pub default_value: Option<toml::Value>,
    /// Whether a client may set it.
    #[serde(default = "yes")]
    pub input: bool,
    /// Whether it leaves the server.
    #[serde(default = "yes")]
    pub returned: bool,
    /// Whether no two rows may have the same value.
    #[serde(default)]
    pub unique: bool,
    /// Whether it has an index.
    #[serde(default)]
    pub index: bool,
    /// The most UTF-16 code units of a text, or of the JSON of a list or a document.
    #[serde(default = "longest")]
    pub max_length: usize,
    /// Name of the column; the field's own name when absent.
    #[serde(default)]
    pub field_name: Option<String>,
    /// The row that it names, of a table that Doorward or a plugin has.
    #[serde(default)]
    pub references: Option<AdditionalReference>,
}

/// `[user.additional_fields.NAME.references]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AdditionalReference {
    /// The model of the row: `user`, or another one of Doorward or of a plugin.
    pub model: String,
    /// The field of that row whose value this one holds. It is the row's id, or unique.
    #[serde(default = "id")]
    pub field: String,
    /// What becomes of this row when that one is deleted.
    #[serde(default)]
    pub on_delete: OnDelete,
}

fn id() -> String {
    "id".to_owned()
}

fn longest() -> usize {
    10_000
}

fn yes() -> bool {
    true
}

/// `[verification]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Verification {
    /// Name of the table.
    pub model_name: Option<String>,
    /// Names of columns.
    pub fields: ColumnNames,
    /// Fields beside the core's; new verifications get their defaults.
    pub additional_fields: AdditionalFields,
    /// How identifiers are stored: `"plain"`, `"hashed"`, or `{ default = …, overrides = { "reset-password:" = … } }`. The
    /// default hashes those of mailed links; the reference's is `"plain"`. Rows in the plain form are redeemed for their life.
    pub store_identifier: StoreIdentifier,
    /// Keeps verifications in the database; absent means where there is no `secondary_storage`.
    pub store_in_database: Option<bool>,
}

/// `verification.store_identifier`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected \"plain\", \"hashed\", or { default = …, overrides = { … } }")]
pub enum StoreIdentifier {
    /// The same for all.
    Form(IdentifierForm),
    /// By what identifiers begin with.
    ByPrefix {
        /// For all others.
        #[serde(default)]
        default: IdentifierForm,
        /// Beginning → form; the first that fits counts.
        #[serde(default)]
        overrides: InOrder<IdentifierForm>,
    },
}

/// How an identifier is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentifierForm {
    /// As it is.
    #[default]
    Plain,
    /// As its SHA-256: who reads the table cannot redeem what is in it.
    Hashed,
}

/// Beginnings of identifiers that end in a secret which is mailed: who reads the table must not be able to follow the link.
const OF_MAILED_SECRETS: [&str; 3] = ["reset-password:", "delete-account-", "magic-link:"];

impl Default for StoreIdentifier {
    fn default() -> Self {
        let hashed = |prefix: &str| (prefix.to_owned(), IdentifierForm::Hashed);
        Self::ByPrefix { default: IdentifierForm::Plain, overrides: InOrder(OF_MAILED_SECRETS.map(hashed).into()) }
    }
}

impl StoreIdentifier {
    /// The form of this identifier.
    pub fn form_of(&self, identifier: &str) -> IdentifierForm {
        match self {
            Self::Form(form) => *form,
            Self::ByPrefix { default, overrides } => {
                let mut overrides = overrides.0.iter();
                overrides.find(|(prefix, _)| identifier.starts_with(prefix)).map_or(*default, |(_, form)| *form)
            }
        }
    }
}

/// `[advanced.database]`
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdvancedDatabase {
    /// How ids of new rows look.
    pub generate_id: GenerateId,
    /// Rows of a list that nobody limits, such as sessions and accounts of a user.
    pub default_find_many_limit: u32,
}

impl Default for AdvancedDatabase {
    fn default() -> Self {
        Self { generate_id: GenerateId::default(), default_find_many_limit: 100 }
    }
}

/// How ids of new rows look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "GenerateIdOption", rename_all(serialize = "lowercase"))]
pub enum GenerateId {
    /// 32 characters of `a-zA-Z0-9`.
    #[default]
    Random,
    /// A random UUID (version 4).
    Uuid,
    /// The database counts: 1, 2, 3. Columns of ids hold whole numbers, and the API shows their digits.
    Serial,
    /// Or `false`: the columns have a default that makes ids.
    Column,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected \"random\", \"uuid\", \"serial\" or false")]
enum GenerateIdOption {
    Name(String),
    Switch(bool),
}

fn unknown_ids(given: &str) -> String {
    format!("generate_id is \"random\", \"uuid\", \"serial\" or false, not {given}")
}

impl TryFrom<GenerateIdOption> for GenerateId {
    type Error = String;

    fn try_from(option: GenerateIdOption) -> Result<Self, String> {
        match option {
            GenerateIdOption::Name(name) if name == "random" => Ok(Self::Random),
            GenerateIdOption::Name(name) if name == "uuid" => Ok(Self::Uuid),
            GenerateIdOption::Name(name) if name == "serial" => Ok(Self::Serial),
            GenerateIdOption::Name(name) if name == "column" => Ok(Self::Column),
            GenerateIdOption::Switch(false) => Ok(Self::Column),
            GenerateIdOption::Name(name) => Err(unknown_ids(&format!("\"{name}\""))),
            GenerateIdOption::Switch(true) => Err(unknown_ids("true")),
        }
    }
}
