//! Slips of operators: each is refused at start in one line that names the right one, and no line holds a secret.

use std::collections::BTreeMap;
use std::path::Path;

use doorward::app::{App, open_store};
use doorward::config::Config;

const SECRET: &str = "slip-test-secret-0123456789-abcdefghij";

/// Why a server with these options and variables does not start; empty when it does.
async fn refusal(options: &str, variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let is_set = |key: &str| options.lines().any(|line| line.starts_with(key));
    let own = |key: &str, line: &str| if is_set(key) { String::new() } else { format!("{line}\n") };
    let text = format!(
        "{}{}password_hashing = {{ memory_kib = 64, iterations = 1 }}\n{options}\n",
        own("secret", &format!("secret = \"{SECRET}\"")),
        own("database", "database = { url = \"sqlite://slip.db\" }"),
    );
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    match start(&text, folder.path(), &environment).await {
        Ok(()) => String::new(),
        Err(error) => error,
    }
}

async fn start(text: &str, folder: &Path, environment: &BTreeMap<String, String>) -> Result<(), String> {
    let config = Config::parse(text, folder, environment).map_err(|error| error.to_string())?;
    config.check_mail().map_err(|error| error.to_string())?;
    open_store(&config).map_err(|error| error.to_string())?.migrate().await.map_err(|error| error.to_string())?;
    App::start(config).await.map(drop).map_err(|error| error.to_string())
}

/// Options, and what the line that refuses them says.
const SLIPS: [(&str, &str); 91] = [
    // Names and types.
    ("app_nam = \"x\"", "did you mean `app_name`?"),
    ("[sesion]\nexpires_in = 1", "did you mean `session`?"),
    ("[session]\nexpire_in = 60", "did you mean `expires_in`?"),
    (
        "[session]\nexpires_in = \"60\"",
        "line 5, column 14: session.expires_in: invalid type: string, expected a whole number",
    ),
    ("[session]\nexpires_in = sixty", "line 5, column 14"),
    ("[email_and_password]\nenabled = 1", "email_and_password.enabled: invalid type: integer, expected true or false"),
    (
        "[email_and_password]\nmin_password_length = 1000",
        "at least 1000 and at most 128 characters: nobody can choose one",
    ),
    ("[server]\naddress = \"3000\"", "is no address with a port. Write \"127.0.0.1:3000\""),
    ("[server]\naddress = \":8080\"", "Write \"127.0.0.1:8080\""),
    ("[server]\naddress = \"0.0.0.0\"", "Write \"0.0.0.0:3000\""),
    ("[email_and_password]\nmin_password_lenght = 9", "did you mean `min_password_length`?"),
    ("[rate_limit]\nstorage = \"databse\"", "did you mean `database`?"),
    ("[session.cookie_cache]\nstrategy = \"jwtt\"", "did you mean `jwt`?"),
    ("[advanced.default_cookie_attributes]\nsame_site = \"laxx\"", "did you mean `lax`?"),
    ("[advanced.ip_address]\nsource = \"proxy\"", "expected one of `peer`, `header`"),
    ("[mail]\ntransport = \"smpt\"", "did you mean `smtp`?"),
    ("[mail]\nfrom = \"a@example.com\"", "missing field `transport`"),
    ("[cors]\norigin = [\"https://a.example\"]", "did you mean `origins`?"),
    ("[user.additional_fields]\nplan = { type = \"text\" }", "unknown variant, expected one of"),
    ("[rate_limit.custom_rules]\n\"/sign-in/email\" = { max = 3 }", "{ window = SECONDS, max = REQUESTS }"),
    ("session = 5", "invalid type: integer, expected a section"),
    ("app_name = \"a\"\napp_name = \"b\"", "duplicate key"),
    ("[log]\nformat = \"jsonn\"", "did you mean `json`?"),
    ("[log]\nlevel = \"info\"", "unknown field `level`"),
    ("[email_and_password]\nmin_password_length = \"ten\"", "expected a whole number that is not negative"),
    // What stands there twice.
    (
        "secrets = [{ version = 1, value = \"slip-test-secret-0123456789-abcdefghij\" }, { version = 1, value = \"x\" }]",
        "the secret version 1 is there twice. Give each secret a number of its own",
    ),
    ("[[plugins]]\nid = \"bearer\"\n[[plugins]]\nid = \"bearer\"", "[[plugins]]: `bearer` is listed twice"),
    ("[[plugins]]\nid = \"open-apy\"", "(did you mean `open-api`?)"),
    // Options of the top below a section.
    (
        "[mail]\ntransport = \"smtp\"\ntrusted_origins = [\"https://a.example\"]",
        "`trusted_origins` stands below `[mail]`; move it above the first section",
    ),
    ("[session]\nexpires_in = 60\nbase_url = \"https://a.example\"", "`base_url` stands below `[session]`"),
    ("[session.cookie_cache] # one\nplugin_folder = \"x\"", "`plugin_folder` stands below `[session.cookie_cache]`"),
    ("[user.additional_fields]\napp_name = \"Acme\"", "`app_name` stands below `[user.additional_fields]`"),
    (
        "[rate_limit.custom_rules]\ndisabled_paths = [\"/ok\"]",
        "`disabled_paths` stands below `[rate_limit.custom_rules]`",
    ),
    ("[[hooks]]\nfile = \"a.rhai\"\nsecrets = []\napp_name = \"x\"", "`app_name` stands below `[[hooks]]`"),
    // What options refer to and is not there.
    (
        "[mail]\ntransport = \"smtp\"\nsmtp = { host = \"h\", password = { env = \"SMTP_PASSWORD\" } }",
        "mail.smtp.password: the variable SMTP_PASSWORD is not set",
    ),
    (
        "[mail]\ntransport = \"webhook\"\nwebhook = { url = \"https://a.example\", secret = { file = \"no\" } }",
        "mail.webhook.secret: cannot read the secret from",
    ),
    (
        "[management]\naddress = \"a\"\nkeys = [{ name = \"backend\", scopes = [], value = { env = \"KEY\" } }]",
        "management.keys, \"backend\": the variable KEY is not set",
    ),
    ("secrets = [{ version = 2, value = { env = \"NEW\" } }]", "secrets, version 2: the variable NEW is not set"),
    ("secret = { env = \"MY_SECRET\" }", "the variable MY_SECRET is not set. Make one with `doorward secret`"),
    (
        "[[hooks]]\nfile = \"a.rhai\"\nwebhook = { url = \"https://a.example\", secret = { env = \"HOOK\" } }",
        "hooks.webhook.secret of a.rhai: the variable HOOK is not set",
    ),
    (
        "[[plugins]]\nid = \"social\"\n[plugins.providers.github]\nclient_secret = { env = \"GITHUB\" }",
        "social: providers.github.client_secret: the variable GITHUB is not set",
    ),
    // Webhooks without TLS.
    (
        "[mail]\ntransport = \"webhook\"\nwebhook = { url = \"http://mailer.svc/x\" }",
        "Write allow_http = true beside it",
    ),
    ("[mail]\ntransport = \"webhook\"\nwebhook = { url = \"ftp://mailer.svc\", allow_http = true }", "must be https"),
    (
        "[mail]\ntransport = \"webhook\"\nwebhook = { url = \"http://m\", allow_htpp = true }",
        "did you mean `allow_http`?",
    ),
    ("[mail]\ntransport = \"smtp\"\nfrom = \"a@b.c\"", "mail.transport needs [mail.smtp]"),
    ("[mail]\ntransport = \"smtp\"\nfrom = \"a b\"\nsmtp = { host = \"h\" }", "mail.from \"a b\""),
    // Addresses.
    (
        "server.address = \"127.0.0.1:3999\"\nmanagement = { address = \"127.0.0.1:3999\" }",
        "management.address = \"127.0.0.1:3999\" and server.address = \"127.0.0.1:3999\" are one address",
    ),
    (
        "[management]\naddress = \"127.0.0.1:0\"\nkeys = [{ name = \"a\", scopes = [\"get-sesion\"], value = \"slip-test-key-0123456789-abcdefghij\" }]",
        "management.keys, \"a\": no function has the name of the scope \"get-sesion\"; did you mean \"get-session\"?",
    ),
    ("base_url = \"auth.example.com\"", "base_url \"…\" is not a URL"),
    ("base_url = \"localhost:3000\"", "Write \"https://\" before the host"),
    ("base_url = \"https://auth.example.com/auth\"", "base_path = \"/auth\""),
    ("base_url = \"https://auth.example.com/?a=b\"", "Write base_url = \"https://auth.example.com\""),
    ("base_url = \"https://u:p@auth.example.com\"", "Write base_url = \"https://auth.example.com\""),
    ("base_path = \"api/auth\"", "base_path must start with `/`"),
    ("base_path = \"/api/auth/\"", "must not end with one"),
    ("[advanced.ip_address]\ntrusted_proxies = [\"proxy.internal\"]", "neither an address nor a network"),
    ("[advanced.ip_address]\ntrusted_proxies = [\"10.0.0.0/40\"]", "neither an address nor a network"),
    // Origins.
    ("trusted_origins = [\"app.example.com\"]", "Write \"https://app.example.com\""),
    ("trusted_origins = [\"localhost:5173\"]", "has no scheme"),
    ("trusted_origins = [\"https://app.example.com/\"]", "Write \"https://app.example.com\""),
    ("trusted_origins = [\"https://app.example.com/login\"]", "Write \"https://app.example.com\""),
    ("trusted_origins = [\"https://*.example.com/*\"]", "Write \"https://*.example.com\""),
    ("trusted_origins = [\"HTTPS://App.example.com\"]", "Write \"https://app.example.com\""),
    ("trusted_origins = [\"*\"]", "trusts every site"),
    ("trusted_origins = [\"\"]", "has no scheme"),
    ("cors.origins = [\"*\"]", "cors.origins: \"*\" trusts every site"),
    ("cors.origins = [\"app.example.com\"]", "cors.origins: \"app.example.com\" has no scheme"),
    // Paths and cookies that nothing answers to.
    ("disabled_paths = [\"/sign-up/emial\"]", "did you mean \"/sign-up/email\"?"),
    ("disabled_paths = [\"sign-up/email\"]", "A path begins with `/`"),
    ("disabled_paths = [\"/api/auth/sign-up/email\"]", "there is no route \"/api/auth/sign-up/email\""),
    ("[rate_limit.custom_rules]\n\"/signin/email\" = false", "did you mean \"/sign-in/email\"?"),
    ("[rate_limit.custom_rules]\n\"/signin/*\" = false", "there is no route \"/signin/*\""),
    ("[advanced.cookies.sesion_token]\nname = \"sid\"", "did you mean `session_token`?"),
    ("[advanced.cookies.x]\nname = \"sid\"", "there are session_token"),
    // Mail that nobody sends.
    ("[email_and_password]\nenabled = true\nrequire_email_verification = true", "needs a [mail] section"),
    ("[email_verification]\nsend_on_sign_up = true", "email_verification.send_on_sign_up needs a [mail] section"),
    ("[user.delete_user]\nsend_delete_account_verification = true", "needs a [mail] section"),
    // Databases.
    ("verification.store_in_database = false", "needs a secondary storage"),
    ("secondary_storage.url = \"localhost:6379\"", "is no URL: write redis://host:6379"),
    ("secondary_storage = { url = \"redis://h\", command_timeout_ms = 0 }", "must be at least 1 millisecond"),
    (
        "database = { url = \"none\" }\nemail_and_password.enabled = true",
        "email_and_password.enabled = true needs a database",
    ),
    ("[advanced.database]\ndefault_find_many_limit = 0", "must be at least 1"),
    ("[account.additional_fields]\nnote = { type = \"string\", required = true }", "account.note is required"),
    ("[session.additional_fields]\nnote = { type = \"string\", required = true }", "session.note is required"),
    ("database = { url = \"sqlite://slip.db?mode=rwc\" }", "Write \"sqlite://slip.db\""),
    ("database = { url = \"sqlite:slip.db\" }", "starts with none of sqlite://, postgres://, mysql://, mariadb://"),
    ("database = { url = \"mssql://root@localhost/x\" }", "starts with none of sqlite://, postgres://, mysql://"),
    ("database = { url = \"sqlite://:memory:\" }", "a database in memory is gone"),
    ("database.connect_timeout_ms = 0", "must be at least 1 millisecond"),
    ("database = { url = \"sqlite://\" }", "database.url names no file"),
    ("database = { url = \"postgres://ada:pass/word@localhost/x\" }", "Escape what is special"),
];

/// Variables, and what the line that refuses them says.
const WRONG_VARIABLES: [(&str, &str, &str); 15] = [
    ("DOORWARD_SESSION__EXPIRE_IN", "1", "did you mean `expires_in`?"),
    (
        "DOORWARD_SESSION__EXPIRES_IN",
        "soon",
        "the variable DOORWARD_SESSION__EXPIRES_IN: session.expires_in: invalid type: string, expected a whole number",
    ),
    ("DOORWARD_SESION__EXPIRES_IN", "5", "did you mean DOORWARD_SESSION__EXPIRES_IN?"),
    ("DOORWARD_RATE_LIMIT__STORAGE", "databse", "did you mean `database`?"),
    ("DOORWARD_RATE_LIMIT__MAX", "-5", "invalid value: integer, expected a whole number from 0"),
    ("DOORWARD_SESSION_EXPIRES_IN", "60", "did you mean DOORWARD_SESSION__EXPIRES_IN?"),
    ("DOORWARD_DATABASE_URL", "sqlite://x.db", "did you mean DOORWARD_DATABASE__URL?"),
    ("DOORWARD_BASEURL", "https://a.example", "did you mean DOORWARD_BASE_URL?"),
    ("DOORWARD_TRUSTED_ORIGIN", "https://a.example", "did you mean DOORWARD_TRUSTED_ORIGINS?"),
    ("DOORWARD_EMAIL_AND_PASSWORD_ENABLED", "true", "did you mean DOORWARD_EMAIL_AND_PASSWORD__ENABLED?"),
    ("DOORWARD_EMAIL_AND_PASSWORD__ENABLED", "yes", "the variable DOORWARD_EMAIL_AND_PASSWORD__ENABLED"),
    ("DOORWARD_MAIL__SMTP", "x", "DOORWARD_MAIL__SMTP__HOST sets an option of it"),
    ("DOORWARD_APP_NAME__X", "1", "is not a section"),
    ("DOORWARD_SESSION", "60", "DOORWARD_SESSION names a section"),
    ("DOORWARD_TRUSTED_ORIGINS", "app.example.com", "Write \"https://app.example.com\""),
];

#[tokio::test]
async fn every_slip_has_its_one_line() {
    let mut wrong = Vec::new();
    for (options, part) in SLIPS {
        let line = refusal(options, &[]).await;
        if !line.contains(part) || line.contains('\n') {
            wrong.push(format!("{options:?}: {line:?} does not say {part:?} in one line"));
        }
    }
    for (name, value, part) in WRONG_VARIABLES {
        let line = refusal("app_name = \"Acme\"", &[(name, value)]).await;
        if !line.contains(part) || line.contains('\n') {
            wrong.push(format!("{name}={value}: {line:?} does not say {part:?} in one line"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn what_looks_like_a_slip_and_is_none_starts() {
    for options in [
        "disabled_paths = [\"/sign-up/email/\", \"/reset-password/:token\"]",
        "[rate_limit.custom_rules]\n\"/sign-in/*\" = false\n\"/**\" = { window = 1, max = 5 }",
        "[advanced.cookies.session_token]\nname = \"sid\"",
        "trusted_origins = [\"exp://**\", \"myapp://\", \"*.example.com\", \"http://localhost:*\"]",
    ] {
        assert_eq!(refusal(options, &[]).await, "", "{options}");
    }
    for name in [
        "DOORWARD_XQZ",
        "DOORWARD_LOG",
        "DOORWARD_SERVICE_HOST",
        "DOORWARD_PORT_3000_TCP_ADDR",
        "DOORWARD_TEST_POSTGRES_URL",
    ] {
        assert_eq!(refusal("", &[(name, "x")]).await, "", "{name}");
    }
    let read = "[management]\naddress = \"127.0.0.1:0\"\nkeys = [{ name = \"a\", scopes = [], value = { env = \"DOORWARD_KEY\" } }]";
    assert_eq!(refusal(read, &[("DOORWARD_KEY", &"k".repeat(32))]).await, "");
}

#[test]
fn variables_are_read_by_the_type_of_their_option() {
    let variables = [
        ("DOORWARD_APP_NAME", "12345678"),
        ("DOORWARD_MAIL__FROM", "auth@example.com"),
        ("DOORWARD_MAIL__TRANSPORT", "smtp"),
        ("DOORWARD_MAIL__SMTP__HOST", "mail.example.com"),
        ("DOORWARD_MAIL__SMTP__PASSWORD", "12345678"),
        ("DOORWARD_MAIL__SMTP__PORT", "2525"),
        ("DOORWARD_SESSION__DISABLE_SESSION_REFRESH", "true"),
        ("DOORWARD_TRUSTED_ORIGINS", "https://a.example, https://*.b.example"),
        ("DOORWARD_ADVANCED__IP_ADDRESS__TRUSTED_PROXIES", "[\"10.0.0.0/8\"]"),
        ("DOORWARD_ADVANCED__IP_ADDRESS__IP_ADDRESS_HEADERS", "x-real-ip"),
        ("DOORWARD_DISABLED_PATHS", ""),
    ];
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let config = Config::parse(&format!("secret = \"{SECRET}\""), Path::new("."), &environment).unwrap();
    assert_eq!(config.app_name, "12345678");
    let smtp = config.mail.unwrap().smtp.unwrap();
    assert_eq!((smtp.password.unwrap().value(), smtp.port), ("12345678", Some(2525)));
    assert!(config.session.disable_session_refresh);
    assert_eq!(config.trusted_origins, ["https://a.example", "https://*.b.example"]);
    assert_eq!(config.advanced.ip_address.trusted_proxies, ["10.0.0.0/8"]);
    assert_eq!(config.advanced.ip_address.ip_address_headers, ["x-real-ip"]);
    assert!(config.disabled_paths.is_empty());
}

#[tokio::test]
async fn no_error_holds_a_secret() {
    const HUSH: &str = "hunter2";
    for options in [
        "database = { url = \"postgres://ada:hunter2@db:port/x\" }",
        "database = { url = \"postgres://ada:hunt/hunter2@db/x\" }",
        "database = { url = \"postgres://ada:12?hunter2@127.0.0.1:1/x\" }",
        "database = { url = \"postgres://ada:hunter2@127.0.0.1:1/x?password=hunter2\" }",
        "database = { url = \"mysql://ada:hunter2@db/x\" }",
        "database = { url = [\"hunter2\"] }",
        "base_url = \"https://ada:hunter2@:x\"",
        "secret = \"hunter2\"",
        "secret = hunter2",
        "secret = \"hunter2",
        "secret = 'hunter2\"",
        "secret = \"hunter2\\q\"",
        "secret = \"hunter2\" hunter2",
        "secret = [\"hunter2\"]",
        "secret = { envv = \"hunter2\" }",
        "secrets = [{ version = 1, value = \"hunter2\" }]",
        "secrets = [{ version = \"hunter2\", value = \"x\" }]",
        "[management]\naddress = \"a\"\nkeys = [{ name = \"a\", scopes = [], value = \"hunter2\" }]",
        "[management]\naddress = \"a\"\nkeys = \"hunter2\"",
        "[mail]\ntransport = \"hunter2\"",
        "[mail]\ntransport = \"smtp\"\nsmtp = { host = \"h\", port = \"hunter2\" }",
        "[mail]\ntransport = \"smtp\"\nsmtp = { host = \"h\", pasword = \"hunter2\" }",
        "[mail]\ntransport = \"webhook\"\nwebhook = { url = \"https://ada:hunter2@[x\" }",
        "[mail]\ntransport = \"webhook\"\nwebhook = { url = \"http://ada:hunter2@hooks.example/hunter2\" }",
        "[session]\nexpires_in = \"hunter2\"",
    ] {
        let line = refusal(options, &[]).await;
        assert!(!line.is_empty() && !line.contains(HUSH), "{options:?}: {line}");
    }
    for (name, value) in [
        ("DOORWARD_SESSION__EXPIRES_IN", "hunter2"),
        ("DOORWARD_DATABASE__URL", "hunter2"),
        ("DOORWARD_SECRETS", "hunter2"),
        ("DOORWARD_MAIL__TRANSPORT", "hunter2"),
        ("DOORWARD_PASSWORD_HASHING_MEMORY", "hunter2"),
    ] {
        let line = refusal("app_name = \"Acme\"", &[(name, value)]).await;
        assert!(!line.is_empty() && !line.contains(HUSH), "{name}: {line}");
    }
}
