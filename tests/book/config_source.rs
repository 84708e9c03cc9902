//! Reads the options from the source of the configuration: names, kinds, defaults and what their comments say.

use std::collections::BTreeMap;
use std::fs;

use syn::{Attribute, Expr, ExprLit, Fields, GenericArgument, Item, Lit, Member, PathArguments, Stmt, Type};

use super::root;

/// What an option takes.
#[derive(Clone, Debug)]
pub enum Kind {
    Switch,
    Number,
    Text,
    /// A secret: text, a variable, or a file.
    Secret,
    /// Whatever TOML can say.
    Any,
    /// One of these, each with its meaning.
    Choice(Vec<(String, String)>),
    /// The options of this struct.
    Section(String),
    /// Several of the same kind.
    List(Box<Kind>),
    /// Names with values of the same kind.
    Map(Box<Kind>),
    /// A kind with a form of its own: what people read, and its JSON Schema.
    Special(&'static str, &'static str),
}

/// One option.
pub struct Choice {
    pub name: String,
    /// Another name for it.
    pub alias: Option<String>,
    pub about: String,
    pub kind: Kind,
    /// As it is written in TOML; none when there is nothing without it.
    pub default: Option<String>,
    pub is_required: bool,
}

/// One section of options.
pub struct Section {
    pub about: String,
    pub options: Vec<Choice>,
    /// Whether other names are allowed: a plugin has options of its own.
    pub is_open: bool,
}

/// Kinds that no derive tells: what people read, JSON Schema, and the default where there is one.
const SPECIAL: [(&str, &str, &str, Option<&str>); 6] = [
    (
        "StoreIdentifier",
        "`\"plain\"`, `\"hashed\"` or a table",
        r#"{"oneOf":[{"enum":["plain","hashed"]},{"type":"object"}]}"#,
        None,
    ),
    (
        "OnFailure",
        "`\"open\"`, `\"closed\"` or a table",
        r#"{"oneOf":[{"enum":["open","closed"]},{"type":"object","additionalProperties":{"enum":["open","closed"]}}]}"#,
        Some("\"closed\""),
    ),
    (
        "CustomLimit",
        "`false` or `{ window, max }`",
        r#"{"oneOf":[{"const":false},{"type":"object","properties":{"window":{"type":"integer"},"max":{"type":"integer"}},"required":["window","max"],"additionalProperties":false}]}"#,
        None,
    ),
    (
        "RefreshCache",
        "`true`, `false` or `{ update_age }`",
        r#"{"oneOf":[{"type":"boolean"},{"type":"object","properties":{"update_age":{"type":"integer"}},"required":["update_age"],"additionalProperties":false}]}"#,
        None,
    ),
    ("PathBuf", "path", r#"{"type":"string"}"#, None),
    ("f64", "number", r#"{"type":"number"}"#, None),
];

/// The source of the configuration.
pub struct Source {
    structs: BTreeMap<String, syn::ItemStruct>,
    enums: BTreeMap<String, syn::ItemEnum>,
    /// The fields of `impl Default`, by struct.
    defaults: BTreeMap<String, BTreeMap<String, Expr>>,
    /// The value of each function without arguments.
    functions: BTreeMap<String, Expr>,
    aliases: BTreeMap<String, Type>,
}

impl Source {
    /// Reads all files.
    pub fn read() -> Self {
        let mut found = Self {
            structs: BTreeMap::new(),
            enums: BTreeMap::new(),
            defaults: BTreeMap::new(),
            functions: BTreeMap::new(),
            aliases: BTreeMap::new(),
        };
        let folder = fs::read_dir(root().join("host/src/config")).unwrap().map(|entry| entry.unwrap().path());
        let elsewhere =
            ["host/src/http/address.rs", "sdk/contract/src/manifest/field.rs"].map(|path| root().join(path));
        for path in folder.chain(elsewhere).filter(|path| path.extension().is_some_and(|kind| kind == "rs")) {
            let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
            file.items.into_iter().for_each(|item| found.take(item));
        }
        found
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Struct(item) => _ = self.structs.insert(item.ident.to_string(), item),
            Item::Enum(item) => _ = self.enums.insert(item.ident.to_string(), item),
            Item::Type(item) => _ = self.aliases.insert(item.ident.to_string(), *item.ty),
            Item::Fn(item) => {
                if let [Stmt::Expr(value, None)] = item.block.stmts.as_slice() {
                    self.functions.insert(item.sig.ident.to_string(), value.clone());
                }
            }
            Item::Impl(item) => self.take_default(&item),
            // `with_keys!` is a struct with two dots before its last field.
            Item::Macro(item) if item.mac.path.is_ident("with_keys") => {
                let text = item.mac.tokens.to_string().replace("..", "");
                syn::parse_file(&text).unwrap().items.into_iter().for_each(|item| self.take(item));
            }
            _ => {}
        }
    }

    fn take_default(&mut self, item: &syn::ItemImpl) {
        let is_default = item.trait_.as_ref().is_some_and(|(_, path, _)| path.is_ident("Default"));
        let (true, Some(name)) = (is_default, last_name(&item.self_ty)) else { return };
        let Some(syn::ImplItem::Fn(function)) = item.items.first() else { return };
        if let [Stmt::Expr(Expr::Struct(made), None)] = function.block.stmts.as_slice() {
            let fields = made.fields.iter().map(|field| (member(&field.member), field.expr.clone()));
            self.defaults.insert(name, fields.collect());
        }
    }

    /// The options of a struct, in their order.
    pub fn section(&self, name: &str) -> Section {
        let item = self.structs.get(name).unwrap_or_else(|| panic!("host/src/config has no struct {name}"));
        let has_defaults = serde(&item.attrs).iter().any(|word| word == "default");
        let Fields::Named(fields) = &item.fields else { panic!("{name} has no named fields") };
        let mut section = Section { about: about(&item.attrs), options: Vec::new(), is_open: false };
        for field in &fields.named {
            let words = serde(&field.attrs);
            if words.iter().any(|word| word == "flatten") {
                section.is_open = true;
                continue;
            }
            if words.iter().any(|word| word == "skip") {
                continue;
            }
            let own_name = field.ident.as_ref().unwrap().to_string();
            let (kind, is_optional) = self.kind(&field.ty);
            let by_function = value_of(&words, "default").and_then(|name| self.functions.get(&name));
            let written = by_function.or_else(|| self.defaults.get(name)?.get(&own_name));
            let has_default = has_defaults || words.iter().any(|word| word.starts_with("default"));
            section.options.push(Choice {
                name: value_of(&words, "rename").unwrap_or(own_name),
                alias: value_of(&words, "alias"),
                about: about(&field.attrs),
                default: match written {
                    Some(expression) => self.shown(expression, &kind),
                    None if has_default && !is_optional => self.empty(&field.ty, &kind),
                    None => None,
                },
                is_required: !has_default && !is_optional,
                kind,
            });
        }
        section
    }

    /// What a type takes, and whether it may be absent.
    fn kind(&self, of: &Type) -> (Kind, bool) {
        let name = last_name(of).unwrap_or_else(|| panic!("a type without a name"));
        let inner = |index: usize| self.kind(&arguments(of)[index]).0;
        let kind = match name.as_str() {
            "Option" => return (inner(0), true),
            "bool" => Kind::Switch,
            "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => Kind::Number,
            "String" => Kind::Text,
            "SecretSource" => Kind::Secret,
            "Value" => Kind::Any,
            "Table" => Kind::Map(Box::new(Kind::Any)),
            "Vec" => Kind::List(Box::new(inner(0))),
            "InOrder" => Kind::Map(Box::new(inner(0))),
            "BTreeMap" => Kind::Map(Box::new(inner(1))),
            _ => match SPECIAL.iter().find(|(special, ..)| *special == name) {
                Some((_, shown, schema, _)) => Kind::Special(shown, schema),
                None if self.aliases.contains_key(&name) => return self.kind(&self.aliases[&name]),
                None if self.enums.contains_key(&name) => Kind::Choice(self.variants(&name)),
                None => Kind::Section(name),
            },
        };
        (kind, false)
    }

    fn variants(&self, name: &str) -> Vec<(String, String)> {
        let item = &self.enums[name];
        let named = |variant: &syn::Variant| {
            let own = variant.ident.to_string().to_lowercase();
            (value_of(&serde(&variant.attrs), "rename").unwrap_or(own), about(&variant.attrs))
        };
        item.variants.iter().map(named).collect()
    }

    /// The default that a derive gives.
    fn empty(&self, of: &Type, kind: &Kind) -> Option<String> {
        let name = last_name(of)?;
        if let Some((.., default)) = SPECIAL.iter().find(|(special, ..)| *special == name) {
            return default.map(str::to_owned);
        }
        match kind {
            Kind::Switch => Some("false".into()),
            Kind::Number => Some("0".into()),
            Kind::Text => Some("\"\"".into()),
            Kind::List(_) => Some("[]".into()),
            Kind::Secret => {
                let variable = self.defaults.get(&name)?.get("env")?;
                Some(format!("{{ env = {} }}", self.shown(variable, &Kind::Text)?))
            }
            Kind::Choice(_) => {
                let is_default =
                    |variant: &&syn::Variant| variant.attrs.iter().any(|one| one.path().is_ident("default"));
                let variant = self.enums[&name].variants.iter().find(is_default)?;
                Some(format!("\"{}\"", variant.ident.to_string().to_lowercase()))
            }
            _ => None,
        }
    }

    /// An expression as TOML; none for what is empty or a section.
    fn shown(&self, expression: &Expr, kind: &Kind) -> Option<String> {
        match expression {
            Expr::Lit(ExprLit { lit: Lit::Bool(value), .. }) => Some(value.value.to_string()),
            Expr::Lit(ExprLit { lit: Lit::Int(value), .. }) => Some(value.base10_digits().to_owned()),
            Expr::Lit(ExprLit { lit: Lit::Str(value), .. }) => Some(format!("{:?}", value.value())),
            Expr::MethodCall(call) => self.shown(&call.receiver, kind),
            Expr::Binary(shift) => {
                let number = |side: &Expr| self.shown(side, kind)?.parse::<u64>().ok();
                Some((number(&shift.left)? << number(&shift.right)?).to_string())
            }
            Expr::Macro(list) => Some(format!("[{}]", list.mac.tokens.to_string().replace(" . into ()", ""))),
            Expr::Call(call) => match call.func.as_ref() {
                Expr::Path(path) if path.path.segments.len() == 2 => {
                    let of = path.path.segments[0].ident.to_string();
                    self.empty(&syn::parse_str(&of).unwrap(), kind)
                }
                _ => None,
            },
            _ => None,
        }
    }
}

fn member(member: &Member) -> String {
    match member {
        Member::Named(name) => name.to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}

fn last_name(of: &Type) -> Option<String> {
    match of {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

fn arguments(of: &Type) -> Vec<Type> {
    let Type::Path(path) = of else { return Vec::new() };
    let Some(PathArguments::AngleBracketed(listed)) = path.path.segments.last().map(|last| &last.arguments) else {
        return Vec::new();
    };
    let of_type = |argument: &GenericArgument| match argument {
        GenericArgument::Type(of) => Some(of.clone()),
        _ => None,
    };
    listed.args.iter().filter_map(of_type).collect()
}

/// The comment, in one paragraph.
fn about(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// What stands in `#[serde(…)]`: `skip`, `default = "yes"`.
fn serde(attributes: &[Attribute]) -> Vec<String> {
    let listed = attributes.iter().filter(|attribute| attribute.path().is_ident("serde"));
    let texts = listed.filter_map(|attribute| attribute.meta.require_list().ok()).map(|list| list.tokens.to_string());
    texts.flat_map(|text| text.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>()).collect()
}

/// The text of `key = "text"` among these words.
fn value_of(words: &[String], key: &str) -> Option<String> {
    let pair = |word: &String| {
        let (name, value) = word.split_once('=')?;
        (name.trim() == key).then(|| value.trim().trim_matches('"').to_owned())
    };
    words.iter().find_map(pair)
}
