//! The chapter of all error codes: code, status and message come from the code, what to do from the chapter.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use doorward_contract::{ErrorCode, VALIDATION_ERROR};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprLit, Lit};

use super::{cell, hold, root};

const CHAPTER: &str = "docs/errors.md";
const HEAD: &str = "\
# Every error code

An error is JSON with a `code` for programs and a `message` for people. Tell errors apart by `code`: messages and statuses
may change. Codes, statuses and messages of this page are made from the code (`UPDATE_BOOK=1 cargo test book`); the last
column is written here. A plugin may answer with a code of the core and another status, and a policy with codes of its own.
";

/// What can be answered: by code and status, the messages.
type Found = BTreeMap<(String, u16), BTreeSet<String>>;

#[test]
fn the_chapter_has_every_code() {
    let committed = fs::read_to_string(root().join(CHAPTER)).unwrap_or_default();
    let mut text = HEAD.to_owned();
    let mut core = of_folder(&root().join("host/src"));
    for known in ErrorCode::OF_CORE {
        core.insert((known.code.to_owned(), known.status), [known.message.to_owned()].into());
    }
    core.insert((VALIDATION_ERROR.to_owned(), 400), BTreeSet::new());
    write_table(&mut text, "The core", &core, &committed);
    let mut plugins: Vec<_> =
        fs::read_dir(root().join("plugins")).unwrap().map(|entry| entry.unwrap().path()).collect();
    plugins.sort();
    for plugin in plugins.iter().filter(|path| path.join("Cargo.toml").is_file() && path.join("src").is_dir()) {
        let mut own = of_folder(&plugin.join("src"));
        own.retain(|(code, _), _| ErrorCode::OF_CORE.iter().all(|known| known.code != code));
        if !own.is_empty() {
            let name = plugin.file_name().unwrap().to_string_lossy();
            write_table(&mut text, &format!("The plugin `{name}`"), &own, &committed);
        }
    }
    hold(CHAPTER, &text);
    let unexplained: Vec<&str> = text.lines().filter(|line| line.ends_with("|  |")).collect();
    assert!(unexplained.is_empty(), "{CHAPTER} does not say what to do about {unexplained:#?}");
}

fn write_table(text: &mut String, title: &str, codes: &Found, committed: &str) {
    write!(text, "\n## {title}\n\n| code | status | message | what to do |\n|---|---|---|---|\n").unwrap();
    for ((code, status), messages) in codes {
        let begin = format!("| `{code}` | {status} | ");
        let row = committed.lines().find(|line| line.starts_with(&begin)).unwrap_or_default();
        let advice = row.trim_end_matches(" |").rsplit_once(" | ").map_or("", |(_, advice)| advice);
        let messages: Vec<&str> = messages.iter().map(String::as_str).filter(|message| !message.is_empty()).collect();
        let message = if messages.is_empty() { "*says more*".to_owned() } else { cell(&messages.join(" · ")) };
        writeln!(text, "{begin}{message} | {} |", advice.trim()).unwrap();
    }
}

/// Every refusal that is written out in the files of a folder, tests left out.
fn of_folder(folder: &Path) -> Found {
    let mut search = Search::default();
    let mut files = vec![folder.to_owned()];
    let mut parsed = Vec::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
            parsed.push(syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
    // A function that only adds the status is known before its calls are looked at.
    for file in &parsed {
        search.shorthands.clear();
        for item in &file.items {
            if let syn::Item::Fn(function) = item
                && let Some(syn::Stmt::Expr(Expr::Call(call), None)) = function.block.stmts.first()
                && let Some(Expr::Lit(ExprLit { lit: Lit::Int(status), .. })) = call.args.first()
            {
                search.shorthands.insert(function.sig.ident.to_string(), status.base10_parse().unwrap());
            }
        }
        search.visit_file(file);
    }
    search.found
}

#[derive(Default)]
struct Search {
    found: Found,
    shorthands: BTreeMap<String, u16>,
}

impl Search {
    fn add(&mut self, status: Option<u16>, code: Option<String>, message: Option<String>) {
        let is_code =
            |code: &String| code.len() > 4 && code.chars().all(|letter| matches!(letter, 'A'..='Z' | '_' | '0'..='9'));
        if let (Some(status @ 400..600), Some(code)) = (status, code.filter(is_code)) {
            self.found.entry((code, status)).or_default().extend(message);
        }
    }
}

impl<'ast> Visit<'ast> for Search {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let name = match call.func.as_ref() {
            Expr::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default(),
            _ => String::new(),
        };
        let arguments: Vec<&Expr> = call.args.iter().collect();
        match (arguments.as_slice(), self.shorthands.get(&name)) {
            ([code, message], Some(status)) => self.add(Some(*status), text(code), text(message)),
            ([status, code, rest @ ..], _) => {
                self.add(number(status), text(code), rest.first().and_then(|rest| text(rest)))
            }
            _ => {}
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_struct(&mut self, made: &'ast syn::ExprStruct) {
        let field = |name: &str| made.fields.iter().find(|field| field.member == syn::Member::Named(quoted(name)));
        let status = field("status").and_then(|field| number(&field.expr));
        self.add(
            status,
            field("code").and_then(|field| text(&field.expr)),
            field("message").and_then(|field| text(&field.expr)),
        );
        visit::visit_expr_struct(self, made);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }
}

fn quoted(name: &str) -> syn::Ident {
    syn::parse_str(name).unwrap()
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string().contains("test"))
    })
}

fn number(expression: &Expr) -> Option<u16> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Int(value), .. }) => value.base10_parse().ok(),
        _ => None,
    }
}

fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(value), .. }) => Some(value.value()),
        Expr::MethodCall(call) => text(&call.receiver),
        _ => None,
    }
}
