//! Reads the source files of a crate as syntax, and knows which file every path of the crate leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

/// A path in the crate, segment by segment, without `crate`.
pub type ModulePath = Vec<String>;

/// One source file.
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// The module that it is.
    pub module: ModulePath,
    /// Everything of this crate that its code names, from the root; tests are left out, here and below.
    pub named: Vec<ModulePath>,
    /// Paths that begin outside of the crate, or with a name that was imported.
    pub foreign: Vec<ModulePath>,
    /// The methods that its code calls.
    pub methods: BTreeSet<String>,
    /// The fields that its code reads, as `receiver.field`.
    pub fields: BTreeSet<String>,
    /// What it exports under another path: the name, and the path that it stands for.
    reexports: BTreeMap<String, ModulePath>,
}

/// All source files of one crate.
pub struct Crate {
    /// By module.
    pub files: BTreeMap<ModulePath, Source>,
}

impl Crate {
    /// Reads every file below `folder`, the crate's `src`.
    pub fn read(folder: &Path) -> Self {
        let mut paths = BTreeMap::new();
        let is_test = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem == "tests");
        for path in super::rust_files(folder).into_iter().filter(|path| !is_test(path)) {
            paths.insert(module_of(folder, &path), path);
        }
        let modules: BTreeSet<ModulePath> = paths.keys().cloned().collect();
        let files = paths.into_iter().map(|(module, path)| (module.clone(), read(path, module, &modules))).collect();
        Self { files }
    }

    /// The file in which what `path` names is defined; re-exports are followed. None for what is of another crate.
    pub fn file_of(&self, path: &[String]) -> Option<&ModulePath> {
        let mut path = path.to_vec();
        for _ in 0..8 {
            let length = (0..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length]))?;
            let (module, source) = self.files.get_key_value(&path[..length])?;
            match path.get(length).and_then(|name| source.reexports.get(name)) {
                Some(target) => path = target.iter().chain(&path[length + 1..]).cloned().collect(),
                None if length == 0 => return path.is_empty().then_some(module),
                None => return Some(module),
            }
        }
        None
    }

    /// Groups of files that import in a circle. The `mod.rs` of a folder and the files inside belong together: what they
    /// take from each other does not count.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let is_family = |a: &ModulePath, b: &ModulePath| a.starts_with(b) || b.starts_with(a);
        let mut graph: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = BTreeMap::new();
        for (module, source) in &self.files {
            let targets = source.named.iter().filter_map(|path| self.file_of(path));
            graph.entry(module).or_default().extend(targets.filter(|target| !is_family(module, target)));
        }
        let reachable = |from: &ModulePath| {
            let mut seen = BTreeSet::new();
            let mut waiting: Vec<&ModulePath> = graph[from].iter().copied().collect();
            while let Some(next) = waiting.pop() {
                if seen.insert(next) {
                    waiting.extend(graph[next].iter().copied());
                }
            }
            seen
        };
        let reached: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> =
            self.files.keys().map(|module| (module, reachable(module))).collect();
        let mut circles = BTreeSet::new();
        for module in self.files.keys().filter(|module| reached[*module].contains(*module)) {
            let group = reached[module].iter().filter(|other| reached[**other].contains(module));
            circles.insert(group.map(|one| one.join("::")).collect::<Vec<_>>());
        }
        circles.into_iter().collect()
    }
}

/// The module of a file: `a/mod.rs` is `a`, `lib.rs` and `main.rs` are the root.
fn module_of(folder: &Path, path: &Path) -> ModulePath {
    let below = path.strip_prefix(folder).unwrap().with_extension("");
    let mut module: ModulePath =
        below.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if matches!(module.last().map(String::as_str), Some("mod")) {
        module.pop();
    }
    if module == ["lib"] { Vec::new() } else { module }
}

fn read(path: PathBuf, module: ModulePath, modules: &BTreeSet<ModulePath>) -> Source {
    let text = fs::read_to_string(&path).unwrap();
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = Reader::new(module.clone(), modules);
    reader.visit_file(&syntax);
    let Reader { named, foreign, reexports, methods, fields, .. } = reader;
    Source { path, module, named, foreign, methods, fields, reexports }
}

struct Reader<'a> {
    here: ModulePath,
    modules: &'a BTreeSet<ModulePath>,
    named: Vec<ModulePath>,
    foreign: Vec<ModulePath>,
    methods: BTreeSet<String>,
    fields: BTreeSet<String>,
    reexports: BTreeMap<String, ModulePath>,
}

impl<'a> Reader<'a> {
    fn new(here: ModulePath, modules: &'a BTreeSet<ModulePath>) -> Self {
        Self {
            here,
            modules,
            named: Vec::new(),
            foreign: Vec::new(),
            methods: BTreeSet::new(),
            fields: BTreeSet::new(),
            reexports: BTreeMap::new(),
        }
    }

    /// From the crate's root; none for a path that begins with no module of the crate.
    fn resolve(&self, path: &[String]) -> Option<ModulePath> {
        let mut base = self.here.clone();
        let mut rest = path;
        match path.first().map(String::as_str) {
            Some("crate") => return Some(path[1..].to_vec()),
            Some("self") => rest = &path[1..],
            Some("super") => {
                while rest.first().is_some_and(|name| name == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            Some(name) => {
                base.push(name.to_owned());
                if !self.modules.contains(&base) {
                    return None;
                }
                base.pop();
            }
            None => {}
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    fn name(&mut self, path: &[String]) {
        match self.resolve(path) {
            Some(inside) => self.named.push(inside),
            None => self.foreign.push(path.to_vec()),
        }
    }

    fn use_tree(&mut self, tree: &UseTree, before: &mut Vec<String>, is_exported: bool) {
        let leaf = |reader: &mut Self, path: Vec<String>, name: String| {
            reader.name(&path);
            if let Some(target) = reader.resolve(&path).filter(|_| is_exported) {
                reader.reexports.insert(name, target);
            }
        };
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.use_tree(&path.tree, before, is_exported);
                before.pop();
            }
            UseTree::Name(name) if name.ident == "self" => {
                let path = before.clone();
                let name = path.last().cloned().unwrap_or_default();
                leaf(self, path, name);
            }
            UseTree::Name(name) => {
                let path = [before.as_slice(), &[name.ident.to_string()]].concat();
                leaf(self, path, name.ident.to_string());
            }
            UseTree::Rename(name) => {
                let path = [before.as_slice(), &[name.ident.to_string()]].concat();
                leaf(self, path, name.rename.to_string());
            }
            UseTree::Glob(_) => self.name(&before.clone()),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.use_tree(item, before, is_exported)),
        }
    }

    /// Paths and calls of methods in the text of a macro's call, which is not parsed.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let (mut colons, mut is_after_dot) = (0, false);
        for token in tokens {
            if let TokenTree::Ident(ident) = &token
                && is_after_dot
            {
                self.methods.insert(ident.to_string());
            }
            is_after_dot = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.macro_path(&path);
                        path.clear();
                    }
                    colons = 0;
                    path.push(ident.to_string());
                }
                other => {
                    self.macro_path(&path);
                    path.clear();
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.macro_path(&path);
    }

    fn macro_path(&mut self, path: &[String]) {
        if path.len() > 1 {
            self.name(path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if attributes(item).iter().any(is_test) {
            return;
        }
        match item {
            Item::Use(item) => {
                let is_exported = !matches!(item.vis, Visibility::Inherited);
                self.use_tree(&item.tree, &mut Vec::new(), is_exported);
            }
            Item::Mod(inner) if inner.content.is_some() => {
                self.here.push(inner.ident.to_string());
                visit::visit_item(self, item);
                self.here.pop();
            }
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.name(&names);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.tokens(called.tokens.clone());
        visit::visit_macro(self, called);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.methods.insert(call.method.to_string());
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_field(&mut self, field: &'ast syn::ExprField) {
        let receiver = match &*field.base {
            syn::Expr::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
            syn::Expr::MethodCall(call) => Some(call.method.to_string()),
            syn::Expr::Field(inner) => match &inner.member {
                syn::Member::Named(name) => Some(name.to_string()),
                syn::Member::Unnamed(_) => None,
            },
            _ => None,
        };
        if let (Some(receiver), syn::Member::Named(name)) = (receiver, &field.member) {
            self.fields.insert(format!("{receiver}.{name}"));
        }
        visit::visit_expr_field(self, field);
    }
}

fn is_test(attribute: &Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return attribute.path().is_ident("test") };
    list.path.is_ident("cfg") && list.tokens.to_string() == "test"
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        _ => &[],
    }
}
