//! The hot paths one by one, in this process: `cargo bench --bench paths` measures their time by criterion.
//!
//! `paths --count NAME NUMBER` runs one of them so often and ends: `tests/instructions` counts its instructions so.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::Criterion;
use doorward::app::{App, open_store};
use doorward::auth::session;
use doorward::config::Config;
use doorward::cookie::Cookies;
use doorward::http::Request;
use doorward::store::Store;
use tempfile::TempDir;
use tokio::runtime::Runtime;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const SECRET: &str = "a secret of the benchmark that is long enough";
const SIGN_UP: &str = r#"{"name":"Ada Lovelace","email":"ada@example.com","password":"correct horse 1"}"#;
/// A hook that matches and has nothing to say.
const SCRIPT: &str = r#"before("/ok", |ctx| { if ctx.path == "" { reject(403, "NO", "No"); } });"#;
/// A name that the plugin `username` refuses before it asks the database.
const REFUSED: &str = r#"{"username":"a"}"#;

/// A server of this process with one signed-in user.
struct Server {
    runtime: Runtime,
    app: App,
    cookie: String,
    _folder: TempDir,
}

impl Server {
    fn start(options: &str) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("policy.rhai"), SCRIPT)?;
        let text = format!(
            "secret = \"{SECRET}\"\nbase_url = \"http://127.0.0.1\"\ndatabase.url = \"sqlite://bench.db\"\n\
             rate_limit.enabled = false\nemail_and_password.enabled = true\nplugin_folder = {:?}\n\
             password_hashing = {{ memory_kib = 64, iterations = 1 }}\n{options}\n",
            root().join("plugins/dist")
        );
        let config = Config::parse(&text, folder.path(), &BTreeMap::new())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (app, cookie) = runtime.block_on(async {
            open_store(&config)?.migrate().await?;
            let app = App::start(config).await?;
            let answer = app.pipeline.answer(request("POST", "/sign-up/email", &[], SIGN_UP)).await;
            let cookie = answer.headers.get("set-cookie").and_then(|cookie| cookie.split(';').next());
            let cookie = cookie.ok_or_else(|| format!("the sign-up was answered with {}", answer.status))?.to_owned();
            Outcome::Ok((app, cookie))
        })?;
        Ok(Self { runtime, app, cookie, _folder: folder })
    }

    fn ask(&self, (method, path, body, status): Asked) {
        let request = request(method, path, &[("cookie", &self.cookie)], body);
        let answer = self.runtime.block_on(self.app.pipeline.answer(request));
        assert_eq!(answer.status, status, "{method} {path}");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &'static str) -> Request {
    let mut request = Request::placeholder();
    request.id = "bench".to_owned();
    request.method = method.to_owned();
    request.path = path.to_owned();
    request.raw_body = body.into();
    request.peer = Some([127, 0, 0, 1].into());
    for (name, value) in headers {
        request.headers.push(*name, *value);
    }
    if !body.is_empty() {
        request.headers.push("content-type", "application/json");
        request.headers.push("origin", "http://127.0.0.1");
    }
    request
}

/// Method, path, body, and the status that it is answered with.
type Asked = (&'static str, &'static str, &'static str, u16);
type Run = Box<dyn FnMut()>;
type Prepare = fn() -> Outcome<Run>;

const OK: Asked = ("GET", "/ok", "", 200);

const PATHS: [(&str, Prepare); 6] = [
    ("cookie-check", cookie_check),
    ("session-lookup", session_lookup),
    ("pipeline", || answering("", OK)),
    ("get-session", || answering("", ("GET", "/get-session", "", 200))),
    ("script-call", || answering("[[hooks]]\nfile = \"policy.rhai\"", OK)),
    ("plugin-call", || answering("[[plugins]]\nid = \"username\"", ("POST", "/is-username-available", REFUSED, 422))),
];

fn cookie_check() -> Outcome<Run> {
    let config = Config::parse(&format!("secret = \"{SECRET}\""), Path::new("."), &BTreeMap::new())?;
    let signer = Cookies::new(&config).token_signer;
    let signed = signer.sign("q9v0wRk2mXh1ZpT7cYdJfLsA3bNuEi6G").ok_or("it is not signed")?;
    let signed = percent_encoding::percent_decode_str(&signed).decode_utf8()?.into_owned();
    Ok(Box::new(move || assert!(signer.verify(std::hint::black_box(&signed)).is_some())))
}

fn session_lookup() -> Outcome<Run> {
    let server = Server::start("")?;
    let token = server.cookie.split(['=', '.']).nth(2).ok_or("the cookie has no token")?.to_owned();
    let auth = Arc::clone(server.app.pipeline.auth());
    Ok(Box::new(move || {
        let store: &Store = &auth.store;
        let found = server.runtime.block_on(session::find_active(&auth, store, &token));
        assert!(found.is_ok_and(|found| found.is_some()), "the session is there");
    }))
}

fn answering(options: &str, asked: Asked) -> Outcome<Run> {
    let server = Server::start(options)?;
    Ok(Box::new(move || server.ask(asked)))
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, name, number] = arguments.as_slice()
        && mode == "--count"
    {
        let (_, prepare) = PATHS.into_iter().find(|(known, _)| known == name).ok_or("there is no such path")?;
        let mut run = prepare()?;
        (0..number.parse::<u32>()?).for_each(|_| run());
        return Ok(());
    }
    let mut criterion = Criterion::default().configure_from_args();
    for (name, prepare) in PATHS {
        let mut run = prepare()?;
        criterion.bench_function(name, |bench| bench.iter(&mut run));
    }
    criterion.final_summary();
    Ok(())
}
