//! The one table of what scripts call: it drives when a function works, `hooks check`, `hooks types` and the documentation.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::declare::HookPoint;

/// What a function is for: its place in the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Says where a hook runs.
    Declare,
    /// Ends the call, or asks for something to be done.
    Do,
    /// Computes.
    Compute,
    /// Asks the server in the middle of a call.
    Ask,
}

/// When a function can be called.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// At the top of a script, outside of hooks.
    AtTop,
    /// Wherever a script runs.
    Anywhere,
    /// In hooks of these moments.
    In(&'static [HookPoint]),
}

/// Functions that belong together.
pub struct Row {
    /// Its place in the documentation.
    pub group: Group,
    /// As definitions for editors write them. A first parameter named `self` stands before the dot.
    pub signatures: &'static [&'static str],
    /// When they can be called.
    pub when: When,
    /// What they do.
    pub about: &'static str,
}

use HookPoint as At;

const ENDPOINTS: &[HookPoint] = &[At::Before, At::After];
const INPUT: &[HookPoint] = &[At::Before, At::After, At::Gate];
const ANSWERS: &[HookPoint] =
    &[At::Before, At::After, At::Gate, At::AfterSignIn, At::AfterEmailVerification, At::AfterPasswordReset];
const REQUESTS: &[HookPoint] = &[
    At::Before,
    At::After,
    At::Gate,
    At::BeforeChange,
    At::AfterChange,
    At::AfterSignIn,
    At::AfterEmailVerification,
    At::AfterPasswordReset,
];
const ALL_BUT_MAIL: &[HookPoint] = &[
    At::Before,
    At::After,
    At::BeforeChange,
    At::AfterChange,
    At::Gate,
    At::Claims,
    At::AfterSignIn,
    At::AfterEmailVerification,
    At::AfterPasswordReset,
];
const REFUSING: &[HookPoint] = &[At::Before, At::After, At::BeforeChange, At::AfterChange, At::Gate, At::Claims];

const fn top(signatures: &'static [&'static str], about: &'static str) -> Row {
    Row { group: Group::Declare, signatures, when: When::AtTop, about }
}

const fn does(moments: &'static [HookPoint], signatures: &'static [&'static str], about: &'static str) -> Row {
    Row { group: Group::Do, signatures, when: When::In(moments), about }
}

const fn computes(signatures: &'static [&'static str], about: &'static str) -> Row {
    Row { group: Group::Compute, signatures, when: When::Anywhere, about }
}

const fn asks(signatures: &'static [&'static str], about: &'static str) -> Row {
    Row { group: Group::Ask, signatures, when: When::In(REQUESTS), about }
}

/// Every function that this server gives scripts beside those of the language.
pub const ROWS: &[Row] = &[
    top(
        &[
            "before(place: ?, hook: Fn)",
            "before(method: String, path: ?, hook: Fn)",
            "after(place: ?, hook: Fn)",
            "after(method: String, path: ?, hook: Fn)",
        ],
        "around endpoints and changes. A place is a path or a change such as `user.create`, or a list of them",
    ),
    top(&["gate(hook: Fn)"], "before a session is opened, for every way to sign in"),
    top(&["before_mail(kind: ?, hook: Fn)"], "before a mail is sent. A kind, a list of kinds, or `\"*\"`"),
    top(&["claims(hook: Fn)"], "before the claims of a token are signed"),
    top(
        &["after_sign_in(hook: Fn)"],
        "after a session was opened by an endpoint, whatever way the user signed in: password, link, passkey, provider",
    ),
    top(
        &["after_email_verification(hook: Fn)"],
        "after an address was verified for the first time, by any link that proves it",
    ),
    top(&["after_password_reset(hook: Fn)"], "after a password was set by a mailed link"),
    does(
        REFUSING,
        &["reject(status: int, code: String, message: String)"],
        "the client gets this error. After a sign-in, the new session is ended",
    ),
    does(
        REFUSING,
        &["abort()", "abort(message: String)"],
        "the client gets `403 REFUSED_BY_POLICY`, as when a hook returns `false`; `true` goes on. Before a mail and after events, both are errors",
    ),
    does(
        ENDPOINTS,
        &["respond(status: int, value: ?)", "redirect(target: String)"],
        "answer with this JSON; redirect to a path or to a URL of a trusted origin",
    ),
    does(
        &[At::Gate],
        &["challenge(name: String)", "challenge(name: String, data: Map)"],
        "no session is opened; the answer is `200 {\"challenge\": name, …}`",
    ),
    does(
        &[At::Gate],
        &["waive(plugin: String)"],
        "the sign-in goes on without the challenge of this plugin, such as `two-factor`, where the script's entry says `waives = [\"two-factor\"]`. What the plugin refuses stays refused",
    ),
    does(&[At::Mail], &["stop()"], "do not send this mail"),
    does(
        ANSWERS,
        &[
            "set_header(name: String, value: String)",
            "delete_header(name: String)",
            "set_cookie(name: String, value: String)",
            "set_cookie(name: String, value: String, options: Map)",
            "delete_cookie(name: String)",
        ],
        "on the answer. The option of a cookie is `#{ max_age: secs }`. Headers and cookies of the server and of plugins are out of reach",
    ),
    does(
        REQUESTS,
        &["send_mail(to: String, kind: String, data: Map)", "webhook(event: String, data: Map)"],
        "both wait in the outbox and are tried again until they arrive. Webhooks are signed",
    ),
    does(&HookPoint::ALL, &["audit(event: String, data: Map)"], "a line in the audit log"),
    does(ENDPOINTS, &["slow_down(ms: int)"], "the answer waits, at most 5 seconds"),
    does(
        &[At::Before, At::After, At::AfterChange, At::AfterSignIn, At::AfterEmailVerification, At::AfterPasswordReset],
        &["end_session(id: String)"],
        "ends a session of the user that the request is about",
    ),
    does(
        &[At::BeforeChange],
        &["keep_old_passwords(count: int)"],
        "when an account is updated: remember this many old passwords",
    ),
    computes(&["log(text: String)"], "a line in the server's log"),
    computes(
        &[
            "now() -> int",
            "time(text: String) -> int",
            "iso(secs: int) -> String",
            "date(secs: int) -> Map",
            "date(secs: int, zone: String) -> Map",
        ],
        "times are seconds since 1970. `time(\"1990-01-01\")` is the first moment of that day, UTC. A date is a map of `year`, `month`, `day`, `hour`, `minute`, `second`, `weekday`; a zone is such as `Europe/Berlin`, with its summer time, or `+01:00`",
    ),
    computes(
        &[
            "seconds(count: int) -> int",
            "minutes(count: int) -> int",
            "hours(count: int) -> int",
            "days(count: int) -> int",
            "weeks(count: int) -> int",
        ],
        "durations, in seconds",
    ),
    computes(
        &["in_network(address: ?, networks: ?) -> bool"],
        "a network is `10.0.0.0/8`, `2001:db8::/32` or one address; there may be a list of them",
    ),
    computes(
        &["same_address(a: ?, b: ?) -> bool"],
        "whether two e-mail addresses or two network addresses are one, however they are written. `()` is nobody's",
    ),
    computes(&["email_parts(text: ?) -> ?"], "a map of `local`, `domain`, `tag`, `base`, or `()`"),
    computes(
        &[
            "glob(self: String, pattern: String) -> bool",
            "matches(self: String, regex: String) -> bool",
            "captures(self: String, regex: String) -> ?",
        ],
        "take time linear in the text, which may have at most 1 KiB",
    ),
    computes(
        &["counter(key: String, secs: int) -> int", "count(key: String) -> int", "reset_counter(key: String)"],
        "`counter` adds one and returns the count in the window. Each script has its own keys. Counts live in this process; for several, see `shared_counter`",
    ),
    asks(
        &["get_value(key: String) -> ?", "set_value(key: String, value: ?)", "delete_value(key: String)"],
        "values that last, at most 1,000 of one script. A value is what JSON can say in 4 KiB; `()` is none. In the transaction of a change, it is written with it",
    ),
    asks(
        &[
            "get_user_value(key: String) -> ?",
            "set_user_value(key: String, value: ?)",
            "delete_user_value(key: String)",
        ],
        "as before, for `ctx.user`: at most 50 of one script for each user. They go with the user",
    ),
    asks(
        &[
            "shared_counter(key: String, secs: int) -> int",
            "shared_count(key: String) -> int",
            "reset_shared_counter(key: String)",
        ],
        "as `counter`, exact over all nodes and restarts: counts are in the database. What a transaction undoes is not counted",
    ),
    asks(
        &["rows(table: String, filter: Map) -> Array"],
        "at most 100 rows of a plugin's table that the script's entry names: `reads = [\"invite-codes.invite\"]`. Secret fields are left out",
    ),
    asks(
        &["verify_password(text: ?) -> bool"],
        "whether this is the password of `ctx.user`; it takes the same time when there is none. Twice in a call at most",
    ),
    computes(&["random(from: int, to: int) -> int", "random_text(length: int) -> String"], "from a secure source"),
    computes(
        &[
            "sha256(text: String) -> String",
            "hmac_sha256(key: String, text: String) -> String",
            "sign(text: String) -> String",
            "same(a: ?, b: ?) -> bool",
        ],
        "`sign` uses a key that belongs to the script and is derived from the server's secret; `same` takes the same time wherever texts differ",
    ),
];

/// The name in a signature.
pub fn name(signature: &str) -> &str {
    signature.split_once('(').map_or(signature, |(name, _)| name)
}

/// The names of all functions.
pub fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().flat_map(|row| row.signatures).map(|signature| name(signature))
}

/// When a function can be called; `None` for what is not in the table.
pub fn when(function: &str) -> Option<When> {
    static BY_NAME: LazyLock<HashMap<&'static str, When>> = LazyLock::new(|| {
        ROWS.iter().flat_map(|row| row.signatures.iter().map(|signature| (name(signature), row.when))).collect()
    });
    BY_NAME.get(function).copied()
}

/// A part of `ctx`, or several that belong together.
pub struct Parts {
    /// Name and type of each; a type with `?` at its end may be `()`, and `?` alone is any.
    pub parts: &'static [(&'static str, &'static str)],
    /// The moments that have them.
    pub moments: &'static [HookPoint],
    /// What they are.
    pub about: &'static str,
}

const fn parts(
    moments: &'static [HookPoint],
    parts: &'static [(&'static str, &'static str)],
    about: &'static str,
) -> Parts {
    Parts { parts, moments, about }
}

const CHANGES: &[HookPoint] = &[At::BeforeChange, At::AfterChange];

/// Every part of `ctx`.
pub const PARTS: &[Parts] = &[
    parts(
        REQUESTS,
        &[
            ("method", "String?"),
            ("path", "String?"),
            ("client_address", "String?"),
            ("user_agent", "String?"),
            ("request_id", "String?"),
        ],
        "of the request, or `()` when unknown",
    ),
    parts(
        REQUESTS,
        &[("headers", "headers"), ("proxy_headers", "headers")],
        "the headers without cookies and credentials. `proxy_headers` is empty unless a trusted proxy sent the request",
    ),
    parts(INPUT, &[("query", "Map"), ("body", "Map")], "what came with the request. A missing key reads as `()`"),
    parts(ENDPOINTS, &[("params", "Map")], "values of the path's `:parameters`"),
    parts(
        REQUESTS,
        &[("cookies", "Map"), ("plugins", "Map")],
        "the cookies that are not the server's own; the options of the plugins without their secrets",
    ),
    parts(
        ALL_BUT_MAIL,
        &[("user", "Map?")],
        "the user who acts; at a gate and after an event, the user whom it is about; at a change, the user who owns the row. `()` when there is none",
    ),
    parts(&[At::Before, At::After, At::Claims], &[("session", "Map?")], "the session, without its token"),
    parts(
        REQUESTS,
        &[("sessions", "Array"), ("accounts", "Array")],
        "all live sessions of that user, newest first; all accounts of that user. Tokens and hashes are left out",
    ),
    parts(
        &[At::Before],
        &[("is_old_password", "bool")],
        "whether `newPassword` is the current password or a remembered old one",
    ),
    parts(
        &[At::After],
        &[("status", "int"), ("response", "?"), ("response_headers", "headers"), ("new_user", "Map?")],
        "what was answered, and who signed in",
    ),
    parts(
        CHANGES,
        &[("model", "String"), ("action", "String"), ("changes", "Map"), ("changed", "Array"), ("actor", "Map?")],
        "`changes` is what the change sets, `changed` the names of all fields that it sets, `actor` who acts",
    ),
    parts(
        &[At::BeforeChange, At::AfterChange, At::Mail],
        &[("data", "Map")],
        "the row; of a mail, what its template is filled with",
    ),
    parts(&[At::After, At::AfterSignIn], &[("new_session", "Map?")], "the session that the request opened"),
    parts(
        &[At::Gate, At::AfterSignIn],
        &[("sign_in_method", "String"), ("remember", "bool")],
        "how the user signs in, and whether the session outlives the browser",
    ),
    parts(
        &[At::Mail],
        &[("kind", "String"), ("to", "String"), ("subject", "String?"), ("text", "String?"), ("html", "String?")],
        "of the mail",
    ),
    parts(&[At::Claims], &[("claims", "Map")], "of the token"),
];

/// The type of a part at these moments.
pub fn part_type(name: &str) -> Option<&'static str> {
    let mut all = PARTS.iter().flat_map(|row| row.parts);
    all.find(|(own, _)| *own == name).map(|(_, kind)| *kind)
}

/// The names of the parts that a moment has.
pub fn parts_of(moment: HookPoint) -> impl Iterator<Item = (&'static str, &'static str)> {
    PARTS.iter().filter(move |row| row.moments.contains(&moment)).flat_map(|row| row.parts.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex};

    use rhai::Engine;

    use super::*;
    use crate::hooks::language::facts::Facts;
    use crate::hooks::language::{context, engine};

    /// How many parameters a signature has.
    fn arity(signature: &str) -> usize {
        let parameters = signature.split_once('(').and_then(|(_, rest)| rest.split(") ->").next()).unwrap_or_default();
        let parameters = parameters.trim_end_matches(')');
        if parameters.trim().is_empty() { 0 } else { parameters.matches(',').count() + 1 }
    }

    /// Names and numbers of parameters of the functions that scripts call, operators and accessors left out.
    fn called(engine: &Engine) -> BTreeSet<(String, usize)> {
        let signatures = engine.gen_fn_signatures(true);
        let is_name = |name: &str| name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        signatures.iter().map(|one| (name(one).to_owned(), arity(one))).filter(|(name, _)| is_name(name)).collect()
    }

    #[test]
    fn the_table_has_what_the_engine_has() {
        let engine = engine::sandboxed(&crate::hooks::test_ports());
        let (all, of_language) = (called(&engine), called(&engine::language()));
        let listed: BTreeSet<_> =
            ROWS.iter().flat_map(|row| row.signatures).map(|one| (name(one).to_owned(), arity(one))).collect();
        // The methods of headers are those of maps, and `to_map`.
        let is_of_headers = |name: &str| ["get", "set", "remove", "contains", "is_empty", "to_map"].contains(&name);
        let ours = all.difference(&of_language).filter(|(name, _)| !is_of_headers(name));
        assert_eq!(ours.filter(|one| !listed.contains(one)).collect::<Vec<_>>(), [] as [&(String, usize); 0]);
        assert_eq!(listed.difference(&all).collect::<Vec<_>>(), [] as [&(String, usize); 0]);
    }

    #[test]
    fn the_table_has_the_parts_of_every_context() {
        let engine = engine::sandboxed(&crate::hooks::test_ports());
        for moment in HookPoint::ALL {
            for (part, _) in PARTS.iter().flat_map(|row| row.parts) {
                let is_listed = parts_of(moment).any(|(name, _)| name == *part);
                assert_eq!(has(&engine, moment, part), is_listed, "{moment:?} {part}");
            }
        }
        let read = |engine: &Engine| -> BTreeSet<String> {
            let signatures = engine.gen_fn_signatures(true);
            signatures.iter().filter_map(|one| name(one).strip_prefix("get$").map(str::to_owned)).collect()
        };
        let of_language = read(&engine::language());
        let unlisted: Vec<String> = read(&engine).into_iter().filter(|part| part_type(part).is_none()).collect();
        assert_eq!(unlisted.iter().filter(|part| !of_language.contains(*part)).collect::<Vec<_>>(), [] as [&String; 0]);
    }

    /// Asks the engine itself, with a context of the moment in which nothing is filled in.
    fn has(engine: &Engine, moment: HookPoint, part: &str) -> bool {
        let mut scope = rhai::Scope::new();
        scope.push_dynamic("ctx", context::of(moment, &Arc::new(Mutex::new(Facts::default()))));
        let read = engine.eval_expression_with_scope::<rhai::Dynamic>(&mut scope, &format!("ctx.{part}"));
        !matches!(read.map_err(|error| *error), Err(rhai::EvalAltResult::ErrorDotExpr(..)))
    }
}
