//! Finds in the text of a script what compiles, and yet cannot do what its author meant: a property that the moment lacks,
//! a comparison that can never be true, a path that no route has.
//!
//! It reads `ctx` in the closures of hooks and in the functions that a hook hands its `ctx` to.

mod comparisons;
mod fields;
mod functions;
mod places;
mod words;

use std::collections::BTreeSet;

use rhai::Engine;

use super::language::api;
use super::language::declare::HookPoint;
use crate::config::nearest;
use places::{Body, bodies};
use words::{Word, words};

/// What the server has that a script can name.
pub struct World<'a> {
    /// Whether some route has a path.
    pub is_route: &'a dyn Fn(&str) -> bool,
    /// The fields of a model as scripts see them; empty when there is no such model.
    pub fields: &'a dyn Fn(&str) -> Vec<String>,
    /// The kinds of mail.
    pub kinds: &'a [String],
}

/// What is wrong in line order, a line each: its number and what is there.
pub fn findings(engine: &Engine, text: &str, world: &World<'_>) -> Vec<(usize, String)> {
    let words = words(text);
    let mut found = BTreeSet::new();
    for body in bodies(&words) {
        for (at, (word, line)) in words.iter().enumerate().take(body.range.end).skip(body.range.start) {
            let Some(property) = property_at(&words, at, word, &body) else { continue };
            let problem = lacking(&body, property)
                .or_else(|| comparisons::problem(&words, at, property, world))
                .or_else(|| fields::problem(&words, at, property, world))
                .or_else(|| fields::of_row(&words, at, property, &body, world));
            found.extend(problem.map(|problem| (*line, problem)));
        }
        found.extend(fields::of_variables(&words, &body, world));
        found.extend(functions::misplaced(&words, &body));
    }
    found.extend(comparisons::of_types(&words));
    found.extend(functions::unknown(engine, &words, true));
    found.extend(functions::zones(&words));
    found.into_iter().collect()
}

/// The first call of a function that neither the language nor the server nor the script has: its line and what is wrong.
pub fn unknown_function(engine: &Engine, text: &str) -> Option<(usize, String)> {
    functions::unknown(engine, &words(text), false).into_iter().next()
}

/// `; did you mean `…`?` with the name that looks most like `unknown`, or nothing.
pub fn meant<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(unknown, known).map(|known| format!("; did you mean `{known}`?")).unwrap_or_default()
}

/// The kinds of mail that a script sends, where they stand in its text.
pub fn sent_kinds(text: &str) -> Vec<String> {
    let words = words(text);
    let sent = |at: usize| {
        let is_call = matches!(words.get(at), Some((Word::Name(name), _)) if name == "send_mail");
        let mut depth = 0usize;
        let (end, _) = words.iter().enumerate().skip(at + 1).take_while(|_| is_call).find(|(_, (word, _))| {
            match word {
                Word::Sign("(" | "[" | "{") => depth += 1,
                Word::Sign(")" | "]" | "}") => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 || depth == 1 && *word == Word::Sign(",")
        })?;
        match words.get(end + 1) {
            Some((Word::Text(kind), _)) => Some(kind.clone()),
            _ => None,
        }
    };
    (0..words.len()).filter_map(sent).collect()
}

/// The property of `ctx` that is read at this word.
fn property_at<'a>(words: &'a [(Word, usize)], at: usize, word: &Word, body: &Body) -> Option<&'a str> {
    let is_context = matches!(word, Word::Name(name) if *name == body.context);
    let is_part = at.checked_sub(1).is_some_and(|before| is_dot(words, before));
    match words.get(at + 2) {
        Some((Word::Name(property), _)) if is_context && !is_part && is_dot(words, at + 1) => Some(property),
        _ => None,
    }
}

fn is_dot(words: &[(Word, usize)], at: usize) -> bool {
    matches!(words.get(at), Some((Word::Sign("." | "?."), _)))
}

/// Says which moment lacks the property and which have it.
fn lacking(body: &Body, property: &str) -> Option<String> {
    let has = |moment: HookPoint| api::parts_of(moment).any(|(name, _)| name == property);
    if body.moments.iter().any(|moment| has(*moment)) {
        return None;
    }
    let others: Vec<&str> = HookPoint::ALL.into_iter().filter(|moment| has(*moment)).map(HookPoint::called).collect();
    let here = body.moments.first().map_or("any hook", |moment| moment.called());
    Some(if others.is_empty() {
        let known = body.moments.iter().flat_map(|moment| api::parts_of(*moment)).map(|(name, _)| name);
        format!("there is no `{}.{property}`{}", body.context, meant(property, known))
    } else {
        format!("`{}.{property}` is not there in {here}, only in {}", body.context, others.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hooks::visible_fields;
    use crate::store::Schema;

    fn found(script: &str) -> Vec<String> {
        let engine = crate::hooks::language::engine::sandboxed(&crate::hooks::test_ports());
        let schema = Schema::core();
        let fields = |model: &str| {
            let of_plugins = ["role", "twoFactorEnabled"].map(str::to_owned);
            visible_fields(&schema, model).into_iter().chain(of_plugins).collect::<Vec<_>>()
        };
        let kinds = ["reset-password".to_owned()];
        let world = World { is_route: &|path| path == "/ok", fields: &fields, kinds: &kinds };
        let found = findings(&engine, script, &world);
        found.into_iter().map(|(line, problem)| format!("{line}: {problem}")).collect()
    }

    #[test]
    fn each_moment_has_its_properties() {
        let before = "not there in before(path), only in after(path)";
        for (script, expected) in [
            (r#"before("/ok", |ctx| { ctx.status })"#, format!("1: `ctx.status` is {before}")),
            (r#"before("GET", ["/ok"], |c| c?.new_user)"#, format!("1: `c.new_user` is {before}")),
            (r#"gate(|ctx| { ctx.bodi })"#, "1: there is no `ctx.bodi`; did you mean `body`?".into()),
            ("fn f(a, c) {\n c.status }\nbefore(\"/ok\", |ctx| f(1, ctx))", format!("2: `c.status` is {before}")),
            (
                r#"after("user.update", |ctx| ctx.is_old_password)"#,
                "1: `ctx.is_old_password` is not there in after(change), only in before(path)".into(),
            ),
            (
                "fn f(c) { g(c) } fn g(d) { d.claims } gate(|x| f(x))",
                "1: `d.claims` is not there in gate, only in claims".into(),
            ),
        ] {
            assert_eq!(found(script), [expected], "{script}");
        }
    }

    #[test]
    fn misspelt_names_are_told_with_the_nearest() {
        for (script, expected) in [
            ("gate(|ctx| {\n ctx.user.emial })", "2: no user has a field `ctx.user.emial`; did you mean `email`?"),
            ("gate(|ctx| { let u = ctx.user;\n u?.emial })", "2: no user has a field `u.emial`; did you mean `email`?"),
            (
                "after(\"/ok\", |c| c.new_session.user_id)",
                "1: no session has a field `c.new_session.user_id`; did you mean `userId`?",
            ),
            (
                "before(\"user.create\", |ctx| { ctx.data.nmae = 1; })",
                "1: no user has a field `ctx.data.nmae`; did you mean `name`?",
            ),
            (
                "gate(|ctx| { date(now(), \"Europe/Belrin\") })",
                "1: `Europe/Belrin` is no time zone such as Europe/Berlin and no offset such as +01:00; did you mean `Europe/Berlin`?",
            ),
            ("gate(|ctx| { \"a\".to_uper() })", "1: there is no function `to_uper`; did you mean `to_upper`?"),
            ("gate(|ctx| { stop() })", "1: `stop` cannot be used in gate, only in before_mail"),
            (
                "before_mail(\"*\", |ctx| { ctx.kind == \"reset-pasword\" })",
                "1: no mail is of the kind \"reset-pasword\"; did you mean `reset-password`?",
            ),
        ] {
            assert_eq!(found(script), [expected], "{script}");
        }
        for script in [
            "fn f(x) { x } gate(|ctx| { f(1); let g = |a| a; g.call(1); let m = #{ h: |a| a }; m.h(1); [1].map(f); })",
            "gate(|ctx| { let u = ctx.user; u = #{}; u.emial; ctx.user.keys(); ctx.user.len() })",
            "before([\"user.create\", \"session.create\"], |ctx| { ctx.data.whatever })",
            "fn stop() { } gate(|ctx| { stop() })",
            "gate(|ctx| { if (1 == 1) { return (1); } for x in (0..2) { } })",
        ] {
            assert_eq!(found(script), [] as [&str; 0], "{script}");
        }
    }

    #[test]
    fn functions_that_there_are_not_are_told() {
        let engine = crate::hooks::language::engine::sandboxed(&crate::hooks::test_ports());
        let unknown =
            |script: &str| unknown_function(&engine, script).map(|(line, problem)| format!("{line}: {problem}"));
        for (script, expected) in [
            ("gate(|ctx| {\n\n rejekt(1, \"A\", \"b\") })", "3: there is no function `rejekt`; did you mean `reject`?"),
            ("gate(|ctx| { log(`${rejekt()}`) })", "1: there is no function `rejekt`; did you mean `reject`?"),
            ("gate(|ctx| { xyzzy() })", "1: there is no function `xyzzy`"),
        ] {
            assert_eq!(unknown(script).as_deref(), Some(expected), "{script}");
        }
        for script in [
            "fn f(x) { x } gate(|ctx| { f(1); let g = |a| a; g.call(1); let m = #{ h: |a| a }; m.h(1); [1].map(f); })",
            "fn int.double() { this * 2 } fn \"text\".f() { } gate(|ctx| { 1.double(); \"a\".to_uper() })",
            "gate(|ctx| { let m = #{ \"h\": |a| a }; m.h(1); loop { break (1); } })",
            "gate(|ctx| { ctx.path == #\"^\"?foo(bar)\"# || ctx.path == ##\"\\\"# f(\"## })",
            "gate(|ctx| { if (1 == 1) { return (1); } for x in (0..2) { } \"xyzzy()\" /* xyzzy() */ })",
        ] {
            assert_eq!(unknown(script), None, "{script}");
        }
    }

    #[test]
    fn what_can_never_be_true_is_told() {
        for (condition, expected) in [
            ("ctx.status == \"200\"", "`ctx.status` is a number and never equals a text"),
            ("\"200\" == ctx.status", "`ctx.status` is a number and never equals a text"),
            ("ctx.status < \"300\"", "`<` fails: `ctx.status` is a number, and beside it is a text"),
            ("ctx.status == ()", "`ctx.status` is a number and never equals ()"),
            ("ctx.path == 1", "`ctx.path` is a text and never equals a number"),
            ("ctx.method == \"post\"", "`ctx.method` is never \"post\""),
            ("ctx.path == \"/sing-in\"", "no route matches \"/sing-in\""),
            ("ctx.path != \"ok\"", "no route matches \"ok\""),
            ("ctx.body == ()", "`ctx.body` is a map and never equals ()"),
            ("ctx.headers[\"x-risk\"] == 7", "`ctx.headers[\"x-risk\"]` is a text and never equals a number"),
            ("ctx.query.page > 7", "`>` fails: `ctx.query.page` is a text, and beside it is a number"),
            ("type_of(ctx.body.a[0]) == \"text\"", "no value is of the type \"text\""),
        ] {
            let script = format!("after(\"/ok\", |ctx| {{ if {condition} {{ abort(); }} }});");
            assert_eq!(found(&script), [format!("1: {expected}")], "{condition}");
        }
        let script = r#"before("user.*", |ctx| { ctx.action == "created" || ctx.model == "users" })"#;
        assert_eq!(found(script), ["1: `ctx.action` is never \"created\"", "1: `ctx.model` is never \"users\""]);
    }

    #[test]
    fn kinds_that_a_script_sends_are_found() {
        let script =
            r#"after("/ok", |ctx| { send_mail(f(ctx, "a"), "welcome", #{}); send_mail(ctx.user.email, kind, #{}); });"#;
        assert_eq!(sent_kinds(script), ["welcome"]);
        assert_eq!(sent_kinds("send_mail"), [] as [&str; 0]);
    }

    #[test]
    fn the_shipped_scripts_are_right() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../hooks");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let scripts: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "rhai")).collect();
        assert!(!scripts.is_empty());
        for script in scripts {
            let text = std::fs::read_to_string(&script).unwrap();
            assert_eq!(found(&text), [] as [&str; 0], "{}", script.display());
        }
    }

    #[test]
    fn what_is_right_is_left_alone() {
        for script in [
            r#"after("/ok", |ctx| { ctx.status == 200 && ctx.status >= 200 && ctx.user_agent == () && ctx.path == "/ok" })"#,
            r#"before("/ok", |ctx| { ctx.method == "POST" && ctx.body.status == "x" && "ctx.status" != "" /* ctx.x */ })"#,
            r#"before(config.paths, |ctx| { ctx.user; ctx.body.len(); ctx.data })"#,
            r#"before(["/ok", "user.create"], |ctx| { ctx.body; ctx.data; let a = #{ ctx: 1 }; a.ctx.status })"#,
            r#"after("user.update", |ctx| { "name" in ctx.changed && ctx.changes.name == 1 && ctx.action == "update" })"#,
            r#"type_of(config.x) == "array"; type_of(1) != "i64""#,
            "gate(|ctx| false); gate(",
            "fn f(",
        ] {
            assert_eq!(found(script), [] as [&str; 0], "{script}");
        }
    }
}
