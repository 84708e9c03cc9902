//! Hostile scripts: each ends with an error of its own request, and the server answers the next.

use std::time::Duration;

use super::{FAILED, Scripted, load, sign_up};
use crate::store::on_sqlite;

/// What a script may try inside of a hook at `/ok`.
const PAYLOADS: &[(&str, &str)] = &[
    ("endless loop", "loop { }"),
    ("endless loop that catches", "loop { try { throw 1; } catch { } }"),
    ("doubled text", r#"let s = "x"; loop { s += s; }"#),
    ("doubled array", "let a = [0]; loop { a += a; }"),
    ("array in itself", "let a = [0]; loop { a.push(a); }"),
    ("map in itself", r#"let m = #{}; loop { m["k" + m.len()] = m; }"#),
    ("shared array in itself", "let a = [0]; let f = || a.len(); for i in 0..100000 { a = [a]; a.push(f.call()); }"),
    ("shared map in itself", "let m = #{}; let f = || m.len(); m.own = m; loop { m.own.own = m; f.call(); }"),
    ("shared text doubled", r#"let s = "x"; let f = || s.len(); loop { s += s; f.call(); }"#),
    ("padded text", r#"let s = ""; s.pad(2000000000, "x");"#),
    ("padded array", "let a = []; a.pad(2000000000, 0);"),
    ("blob", "blob(2000000000)"),
    ("range", "let n = 0; for i in range(0, 9223372036854775807) { n += 1; }"),
    ("replacement that grows", r#"let s = ""; s.pad(60000, "x"); let t = s; s.replace("x", t);"#),
    ("replacement of a letter", r#"let s = ""; s.pad(60000, "x"); let t = s; s.replace('x', t);"#),
    ("replacement of nothing", r#"let s = ""; s.pad(60000, "x"); let t = s; s.replace("", t);"#),
    ("split into letters", r#"let s = ""; s.pad(60000, "x"); s.split("x").len()"#),
    ("costly functions", r#"let s = ""; s.pad(60000, "x"); loop { s.contains("xy"); s.to_upper(); }"#),
    (
        "many large values",
        r#"let s = ""; s.pad(60000, "x"); let n = 0; let f = |g, s, n| if n < 30 { let a = s + n; let b = s + a.len(); g.call(g, s, n + 1) }; loop { f.call(f, s, 0); }"#,
    ),
    ("endless recursion", "let f = |g| g.call(g); f.call(f)"),
    ("sleep", "sleep(1000000000)"),
    ("sleep by name", r#"Fn("sleep").call(1000000000)"#),
    ("sleep by call", r#"call("sleep", 1000000000)"#),
    ("eval by name", r#"Fn("eval").call("40 + 2")"#),
    ("eval by call", r#"call("eval", "40 + 2")"#),
    ("curry by name", r#"let g = Fn("curry").call(|x| x, 1); respond(200, 1);"#),
    ("curry by call", r#"let g = call("curry", |x| x, 1); respond(200, 1);"#),
    ("curry by reduction", r#"[1, 2].reduce(Fn("curry"), |x| x); respond(200, 1);"#),
    ("curry by map", r#"let m = #{ f: Fn("curry") }; m.f(1); respond(200, 1);"#),
    ("clock", "timestamp()"),
    ("exit", "exit(42)"),
    ("comparator that counts", "let a = []; a.pad(900, 1); a.sort(|x, y| { loop { } });"),
    ("caught operation limit", "try { loop { } } catch { }"),
    ("declares a hook while it runs", r#"before("/ok", |ctx| { })"#),
    ("returns a value", "42"),
    ("returns a map", "#{ status: 403 }"),
    ("returns the context", "ctx"),
    ("throws", r#"throw "no";"#),
    ("misspelt property", "ctx.bodi"),
    ("method of nothing", r#"ctx.body.email.ends_with("@example.com")"#),
    ("status below the range", r#"reject(200, "CODE", "message")"#),
    ("status above the range", r#"reject(1000, "CODE", "message")"#),
    ("code with a line break", r#"reject(400, "A\nB", "message")"#),
    ("message with a line break", r#"reject(400, "CODE", "a\r\nb")"#),
    ("answer below the range", "respond(101, #{})"),
    ("answer that is no JSON", r#"respond(200, #{ f: Fn("reject") })"#),
    ("answer that is not finite", "respond(200, 1.0 / 0.0)"),
    ("redirect elsewhere", r#"redirect("https://evil.example/")"#),
    ("redirect past the scheme", r#"redirect("//evil.example/")"#),
    ("redirect to a script", r#"redirect("javascript:alert(1)")"#),
    ("session cookie", r#"set_cookie("better-auth.session_token", "forged")"#),
    ("session cookie in another spelling", r#"set_cookie("__Secure-Better-Auth.Session_Token", "forged")"#),
    ("session cookie removed", r#"delete_cookie("better-auth.session_token")"#),
    ("a plugin's cookie", r#"set_cookie("better-auth.two_factor", "forged")"#),
    ("cookie name with attributes", r#"set_cookie("a=b; Domain=evil.example", "x")"#),
    ("cookie by header", r#"set_header("Set-Cookie", "better-auth.session_token=forged")"#),
    ("location by header", r#"set_header("location", "https://evil.example")"#),
    ("length by header", r#"set_header("content-length", "0")"#),
    ("framing by header", r#"set_header("Transfer-Encoding", "chunked")"#),
    ("split header", r#"set_header("x-a", "b\r\nset-cookie: c=d")"#),
    ("many headers", r#"for i in 0..1000 { set_header("x-" + i, "y"); }"#),
    ("forged origin", r#"ctx.headers["origin"] = "http://localhost:3000";"#),
    ("forged address", r#"ctx.headers["x-forwarded-for"] = "10.0.0.1";"#),
    ("forged cookie", r#"ctx.headers["cookie"] = "better-auth.session_token=x";"#),
    ("forged authority", r#"ctx.headers["authorization"] = "Bearer x";"#),
    ("forged session", r#"ctx.session = #{ userId: "1" };"#),
    ("forged user", r#"ctx.user = #{ role: "admin" };"#),
    ("forged role", r#"ctx.params.role = "admin";"#),
    ("forged path", r#"ctx.path = "/sign-out";"#),
    ("body that is no object", "ctx.body = [1];"),
    ("body with a function", "ctx.body = #{ f: || 1 };"),
    ("query that is no text", "ctx.query = #{ a: 1 };"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rh_2_each_payload_ends_with_an_error_of_its_own_request() {
    on_sqlite(|place| async move {
        let mut wrong = Vec::new();
        let script = |payload: &str| format!("before(\"/ok\", |ctx| {{ {payload} }});\n");
        for (name, payload) in PAYLOADS {
            // What is not even compiled cannot run; whoever tries is told at start.
            if load(&script(payload)).is_err() {
                continue;
            }
            let scripted = Scripted::start(&place, &script(payload)).await;
            let sending = scripted.server.get("/ok", "");
            let Ok(answer) = tokio::time::timeout(Duration::from_secs(20), sending).await else {
                panic!("{name}: hangs");
            };
            if answer.refusal() != FAILED || answer.headers.get("set-cookie").is_some() {
                wrong.push(format!("{name}: {} {:?}", answer.refusal(), answer.headers));
            }
            assert_eq!(scripted.server.get("/get-session", "").await.status, 200, "{name}");
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    })
    .await;
}

#[test]
fn rh_1_what_is_closed_does_not_even_compile() {
    for payload in ["eval(\"1\")", "import \"/etc/passwd\" as p;", "ctxx.body", "export let x = 1;"] {
        let error = load(&format!("before(\"/ok\", |ctx| {{ {payload} }});")).err().unwrap();
        assert!(error.starts_with("policy.rhai:1:"), "{payload}: {error}");
    }
}

#[test]
fn rh_3_hostile_texts_are_refused_at_start() {
    let large = format!("// {}\nbefore(\"/ok\", |ctx| {{ }});", "x".repeat(10 << 20));
    let parens = format!("let x = {}1{};", "(".repeat(5_000), ")".repeat(5_000));
    let closures = format!("let x = {}1{};", "|| { ".repeat(2_000), " }".repeat(2_000));
    let functions: String = (0..500).map(|index| format!("fn f{index}() {{ }}\n")).collect();
    for (name, script, part) in [
        ("10 MB", large.as_str(), "at most 65536 are allowed"),
        ("parentheses", &parens, "policy.rhai:1:"),
        ("closures", &closures, "policy.rhai:1:"),
        ("functions", &functions, "policy.rhai:"),
        ("loop at the top", "loop { }", "the script takes too long"),
        ("environment", "let x = env(\"HOME\");", "policy.rhai:1: there is no function `env`"),
        ("reject at the top", "set_header(\"a\", \"b\");", "call this inside of a hook"),
        ("no hook", "let x = 1;", "declares no hook"),
        ("path without a slash", "before(\"ok\", |ctx| { });", "is no path"),
        ("no paths", "before([], |ctx| { });", "at least one path"),
        ("method in small letters", "before(\"post\", \"/ok\", |ctx| { });", "write it in capitals"),
        ("captured function", "let f = |x| x; before(\"/ok\", |ctx| { f.call(1); });", "only plain values"),
    ] {
        let error = load(script).err().unwrap_or_else(|| panic!("{name} was accepted"));
        assert!(error.contains(part), "{name}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rh_3_a_flood_of_log_lines_ends_and_stops_nobody() {
    on_sqlite(|place| async move {
        let script =
            r#"before("/ok", |ctx| { for i in 0..500 { print("\x1b[31m\r\nforged line"); debug(i); log("x"); } });"#;
        let scripted = Scripted::start(&place, script).await;
        for _ in 0..10 {
            assert_eq!(scripted.server.get("/ok", "").await.status, 200);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_of_strangers_are_no_errors_of_the_server() {
    on_sqlite(|place| async move {
        let script = r#"before("/sign-up/email", |ctx| { if ctx.body.email == "x" { reject(400, "X", "x"); } });"#;
        let Scripted { server, _folder } = Scripted::start(&place, script).await;
        for (body, expected) in [
            (serde_json::json!([]), 400),
            (serde_json::json!("text"), 400),
            (serde_json::json!(null), 400),
            (serde_json::json!({ "email": [1] }), 400),
            (serde_json::json!({ "email": "x" }), 400),
            (serde_json::json!({ "x": vec![0; 5_000] }), 413),
        ] {
            let answer = server.post("/sign-up/email", &body).await;
            assert_eq!(answer.status, expected, "{}", answer.text);
        }
        assert_eq!(server.rows("user").await, 0);
        assert_eq!(server.post("/sign-up/email", &sign_up("ada@example.com")).await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_closure_shares_never_blocks_itself() {
    on_sqlite(|place| async move {
        for body in [
            "let a = [1, 2]; a.map(|x| a.len());",
            "let a = [1, 2]; a.retain(|x| a.contains(x));",
            "let a = [1, 2]; a.sort(|x, y| a.len());",
            "let a = [1, 2]; a.for_each(|| a.push(1));",
            "let a = [1, 2]; let f = || a.push(1); for x in a { f.call(); }",
            "let m = #{ a: 1 }; m.filter(|k| m.len() > 0);",
            "let m = #{ a: 1 }; m.retain(|k, v| { m.b = 1; true });",
            "let a = [1]; let f = || a; a.append(f.call());",
            "let a = [1]; let f = || a; a[0] = a;",
            "let a = [1]; let f = || a; a.push(a);",
            "let a = [1]; let f = || a; a += a;",
            "let a = [[1]]; let f = || a; a[0][0] = a[0];",
            "let a = [0]; let f = || a; a[a[0]] = a[a[0]];",
            "let a = [0]; let f = || { a[0] = 1; 0 }; a[f.call()] = 2;",
            "let a = [0]; let f = || { a[0] = 1; 0 }; a[0] += f.call();",
            "let m = #{}; let f = || { m.x = 1; m }; m.y = f.call();",
            "let m = #{}; let f = |x| { m.x = x; }; m.f = f; m.f(m); m.f.call(m);",
            "let f = || ctx.path; ctx.headers[ctx.path] == ctx.body[f.call()];",
            "let f = || ctx.path; ctx.query[ctx.path] = ctx.path; f.call();",
            "let f = || { ctx.query.x = \"1\"; \"y\" }; ctx.query[f.call()] = ctx.query.x;",
            "let f = || ctx.query.keys().some(|k| k == ctx.path && ctx.query[k] == ctx.path); f.call();",
            "[1].some(|x| { ctx.query.x = ctx.path; ctx.query.x == ctx.path });",
            "let s = \"ab\"; let f = || s; s.replace(\"a\", s); s += f.call();",
            "let x = 1; let f = || { x += 1; x }; x = x + f.call(); x += f.call();",
            "let f = |g| g; let c = || f; f = c; f.call(f);",
        ] {
            let scripted = Scripted::start(&place, &format!("before(\"/ok\", |ctx| {{ {body} }});")).await;
            let (sender, answered) = tokio::sync::oneshot::channel();
            // A thread of its own: one that blocks for ever must not take the test with it.
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                sender.send(runtime.block_on(scripted.server.get("/ok", "")).status)
            });
            let status = tokio::time::timeout(Duration::from_secs(20), answered).await;
            assert!(matches!(status, Ok(Ok(200 | 500))), "{body}: {status:?}");
        }
    })
    .await;
}
