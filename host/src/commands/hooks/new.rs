//! `doorward hooks new`: a script with one hook of a chosen moment, and a case beside it that passes.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use clap::ValueEnum;

use crate::commands::CommandResult;

/// The moment of the new script's hook.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Moment {
    /// Before an endpoint: refuse or change the request.
    Before,
    /// After an endpoint: change the answer, tell others.
    After,
    /// Before a user is created.
    UserCreate,
    /// Before a session is opened, for every way to sign in.
    Gate,
    /// After a sign-in.
    AfterSignIn,
    /// After an address was verified.
    AfterEmailVerification,
    /// After a password was reset.
    AfterPasswordReset,
    /// Before a mail is sent.
    BeforeMail,
    /// Before the claims of a token are signed.
    Claims,
}

/// A hook and a case of it.
struct Template {
    hook: &'static str,
    case: &'static str,
}

impl Moment {
    const fn template(self) -> Template {
        let (hook, case) = match self {
            Self::Before => (
                "before(\"/sign-up/email\", |ctx| {\n    if ctx.body.name == \"\" {\n        reject(400, \"NAME_MISSING\", \"Tell us your name\");\n    }\n});\n",
                "name = \"no name is refused\"\npath = \"/sign-up/email\"\nbody = { name = \"\" }\nexpect = { reject = { status = 400, code = \"NAME_MISSING\" } }\n",
            ),
            Self::After => (
                "after(\"/sign-in/**\", |ctx| {\n    if ctx.status == 401 {\n        set_header(\"x-hint\", \"reset\");\n    }\n});\n",
                "name = \"a failed sign-in gets a hint\"\nmoment = \"after\"\npath = \"/sign-in/email\"\nstatus = 401\nexpect = { set_headers = { x-hint = \"reset\" } }\n",
            ),
            Self::UserCreate => (
                "before(\"user.create\", |ctx| {\n    if ctx.data.email.ends_with(\"@example.org\") {\n        reject(403, \"ADDRESS_NOT_ALLOWED\", \"Use another address\");\n    }\n});\n",
                "name = \"an address that may not\"\nchange = \"user.create\"\ndata = { email = \"a@example.org\" }\nexpect = { reject = { status = 403, code = \"ADDRESS_NOT_ALLOWED\" } }\n",
            ),
            Self::Gate => (
                "gate(|ctx| {\n    if !ctx.user.emailVerified {\n        reject(403, \"VERIFY_FIRST\", \"Verify your address first\");\n    }\n});\n",
                "name = \"an unverified address may not sign in\"\nmoment = \"gate\"\nuser = { emailVerified = false }\nexpect = { reject = { status = 403, code = \"VERIFY_FIRST\" } }\n",
            ),
            Self::AfterSignIn => (
                "after_sign_in(|ctx| {\n    audit(\"signed-in\", #{ how: ctx.sign_in_method });\n});\n",
                "name = \"a sign-in is noted\"\nmoment = \"after_sign_in\"\nsign_in_method = \"passkey\"\nexpect = { audits = [{ event = \"signed-in\", data = { how = \"passkey\" } }] }\n",
            ),
            Self::AfterEmailVerification => (
                "after_email_verification(|ctx| {\n    audit(\"verified\", #{ user: ctx.user.id });\n});\n",
                "name = \"a verification is noted\"\nmoment = \"after_email_verification\"\nuser = { id = \"1\" }\nexpect = { audits = [{ event = \"verified\", data = { user = \"1\" } }] }\n",
            ),
            Self::AfterPasswordReset => (
                "after_password_reset(|ctx| {\n    for session in ctx.sessions {\n        end_session(session.id);\n    }\n});\n",
                "name = \"all sessions end\"\nmoment = \"after_password_reset\"\nsessions = [{ id = \"a\" }, { id = \"b\" }]\nexpect = { ended_sessions = [\"a\", \"b\"] }\n",
            ),
            Self::BeforeMail => (
                "before_mail(\"*\", |ctx| {\n    if ctx.to.ends_with(\"@example.org\") {\n        stop();\n    }\n});\n",
                "name = \"these addresses get no mail\"\nmoment = \"before_mail\"\nmail = { kind = \"reset-password\", to = \"a@example.org\" }\nexpect = { stop = true }\n",
            ),
            Self::Claims => (
                "claims(|ctx| {\n    ctx.claims.name = ctx.user.name;\n});\n",
                "name = \"the name is a claim\"\nmoment = \"claims\"\nuser = { name = \"Ada\" }\nexpect = { changed_claims = { name = \"Ada\" } }\n",
            ),
        };
        Template { hook, case }
    }
}

/// Writes `hooks/NAME.rhai` and `hooks/NAME.cases.toml` beside the configuration.
///
/// # Errors
/// When the name has other letters than a file should, or a file is there already.
pub fn new(config_file: &Path, name: &str, moment: Moment) -> CommandResult {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    if name.is_empty() || !name.bytes().all(is_plain) {
        return Err(
            format!("`{name}` is no name: use small letters, digits, `_` and `-`, as in `company_email`").into()
        );
    }
    let folder = &config_file.with_file_name("hooks");
    fs::create_dir_all(folder).map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))?;
    let Template { hook, case } = moment.template();
    let script = format!("// What this policy is for.\n{hook}");
    let files = [(format!("{name}.rhai"), script), (format!("{name}.cases.toml"), format!("[[case]]\n{case}"))];
    if let Some((file, _)) = files.iter().find(|(file, _)| folder.join(file).exists()) {
        let file = folder.join(file);
        return Err(format!("{} is there already: choose another name, or remove the file", file.display()).into());
    }
    for (file, text) in &files {
        let path = folder.join(file);
        let mut written = OpenOptions::new().write(true).create_new(true).open(&path)?;
        written.write_all(text.as_bytes())?;
        tell!("wrote {}", path.display());
    }
    tell!(
        "Add it to {}:\n\n[[hooks]]\nfile = \"hooks/{name}.rhai\"\n\nThen: doorward hooks check && doorward hooks test",
        config_file.display()
    );
    Ok(())
}
