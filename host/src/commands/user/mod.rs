//! `doorward user`: makes, lists and changes users on the database itself; a server may run meanwhile.
//!
//! Plugins and scripts see these changes as they see those of requests. The rules for clients do not hold: an operator may
//! set any field.

mod create;
mod delete;
mod end_sessions;
mod list;
mod role;
mod verify;

use std::io::{BufRead, IsTerminal, Read};
use std::sync::Arc;

use clap::Subcommand;
use serde_json::{Value as Json, json};

use super::CommandResult;
use super::serve::refuse_missing;
use super::terminal::shown;
use super::trail::{self, Deed};
use crate::app::open_for_changes;
use crate::auth::{Auth, AuthError, Scope, credential, password, session, user_change};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::crypto::random::ALPHANUMERIC;
use crate::email;
use crate::exchange::IMPERSONATED_BY;
use crate::outbox::notice::{self, Notice};
use crate::store::user::{MODEL, find_user_by_email, find_user_by_id};
use crate::store::{Filter, Models, Op, Record, StoreError, User, Value, eq};
use role::Admin;

/// Length of a password that is made here, where the rules allow it.
const GENERATED: usize = 24;
/// Longest input that is read for a password.
const MOST_INPUT: u64 = 64 << 10;

/// What can be done with users.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Make a user with a password: the first line of the input, or a new one that is printed once.
    Create {
        /// The address.
        email: String,
        /// The display name; the address when absent.
        #[arg(long)]
        name: Option<String>,
        /// Roles, separated by commas; needs the plugin `admin`.
        #[arg(long, value_delimiter = ',')]
        role: Vec<String>,
        /// Make an administrator, whose address counts as proven: the role for that in place of others; needs the plugin `admin`.
        #[arg(long, conflicts_with = "role")]
        admin: bool,
        /// Count the address as proven.
        #[arg(long)]
        verified: bool,
        /// A field beside the core's: `plan=pro`, `credits=5`. May stand several times.
        #[arg(long = "field", value_name = "NAME=VALUE")]
        fields: Vec<String>,
        /// Make a new password without reading the input.
        #[arg(long)]
        generate: bool,
    },
    /// Print users, newest first: id, address, name, `verified`, roles, `banned`, and when they signed up.
    List {
        /// Only those whose address or name has this text.
        text: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// How many to leave out first.
        #[arg(long, default_value_t = 0)]
        offset: u32,
    },
    /// Give a user these roles in place of others; needs the plugin `admin`.
    SetRole {
        /// Address or id.
        user: String,
        /// Roles, separated by commas.
        #[arg(value_delimiter = ',', required = true)]
        roles: Vec<String>,
    },
    /// Give a user a password, as `create` does, and end their sessions.
    SetPassword {
        /// Address or id.
        user: String,
        /// Make a new password without reading the input.
        #[arg(long)]
        generate: bool,
    },
    /// Count a user's address as proven, and end what sessions there are, as the link in a mail does.
    Verify {
        /// Address or id.
        user: String,
    },
    /// Remove a user with sessions and accounts. Asks first.
    Delete {
        /// Address or id.
        user: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// End the sessions of a user, or of everybody; known and trusted devices end with them.
    EndSessions {
        /// Address or id.
        #[arg(required_unless_present = "all")]
        user: Option<String>,
        /// End those of all users.
        #[arg(long, conflicts_with = "user")]
        all: bool,
    },
    /// Keep a user out and end their sessions; needs the plugin `admin`.
    Ban {
        /// Address or id.
        user: String,
        /// What the user table says about it.
        #[arg(long)]
        reason: Option<String>,
        /// For how many seconds; for ever when absent, unless the plugin's options say otherwise.
        #[arg(long)]
        expires_in: Option<u32>,
        /// End the ban.
        #[arg(long, conflicts_with_all = ["reason", "expires_in"])]
        lift: bool,
    },
}

/// The database with everything that sees its changes.
struct Desk {
    auth: Arc<Auth>,
    scope: Scope,
}

/// Runs one of the commands.
///
/// # Errors
/// When the database cannot be used, there is no such user, or a rule, a plugin or a script refuses the change.
pub fn run(command: UserCommand, config: Config) -> CommandResult {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(async {
        refuse_missing(&config)?;
        let (auth, scope) = open_for_changes(config).await?;
        let desk = Desk { auth, scope };
        match command {
            UserCommand::Create { email, name, role, admin, verified, fields, generate } => {
                let role = if admin { vec![desk.admin()?.role().to_owned()] } else { role };
                let name = name.unwrap_or_else(|| email.clone());
                // Whoever makes an administrator at the terminal vouches for the address, too.
                let verified = verified || admin;
                create::create(&desk, create::Wish { email, name, roles: role, verified, fields, generate }).await
            }
            UserCommand::List { text, limit, offset } => list::list(&desk, text.as_deref(), (limit, offset)).await,
            UserCommand::Verify { user } => verify::verify(&desk, &user).await,
            UserCommand::Delete { user, yes } => delete::delete(&desk, &user, yes).await,
            UserCommand::EndSessions { user: Some(user), .. } => end_sessions::of_user(&desk, &user).await,
            UserCommand::EndSessions { user: None, .. } => end_sessions::of_all(&desk).await,
            UserCommand::SetRole { user, roles } => desk.set_role(&user, &roles).await,
            UserCommand::SetPassword { user, generate } => desk.set_password(&user, generate).await,
            UserCommand::Ban { user, lift: true, .. } => desk.lift(&user).await,
            UserCommand::Ban { user, reason, expires_in, .. } => desk.ban(&user, reason, expires_in).await,
        }
    })
}

/// Whether there are roles, and nobody has the administrator's.
///
/// # Errors
/// When the database cannot be read.
pub async fn lacks_administrator(config: &Config, scope: &Scope) -> Result<bool, StoreError> {
    let Ok(admin) = Admin::of(config) else { return Ok(false) };
    if admin.names_users() {
        return Ok(false);
    }
    let has_the_word = Filter::new("role", Op::Contains, admin.role());
    let found = scope.find_many(MODEL, &[has_the_word], None, None, None).await?;
    let is_administrator = |user: &Record| {
        user.opt_text("role").is_some_and(|roles| roles.split(',').any(|role| role.trim() == admin.role()))
    };
    Ok(!found.iter().any(is_administrator))
}

impl Desk {
    fn admin(&self) -> Result<Admin<'_>, String> {
        Admin::of(&self.auth.config)
    }

    /// Notes in the audit log what was done to a user.
    async fn note(&self, event: &str, user_id: &str, details: Json) -> Result<(), StoreError> {
        trail::note(&self.auth.store, &self.auth.config, &Deed::new(event).to(user_id).with(details)).await
    }

    /// The user with this address or id.
    async fn find(&self, who: &str) -> Result<User, Box<dyn std::error::Error + Send + Sync>> {
        let by_address = find_user_by_email(&self.scope, &email::normalize(who)).await?;
        let found = match by_address {
            Some(user) => Some(user),
            None => find_user_by_id(&self.scope, who).await?,
        };
        found.ok_or_else(|| format!("there is no user with the address or the id {}", shown(who)).into())
    }

    async fn set_role(&self, who: &str, roles: &[String]) -> CommandResult {
        let role = self.admin()?.stored(roles)?;
        let user = self.find(who).await?;
        let unit = self.scope.begin(&self.auth).await?;
        user_change::update(&self.auth, &unit, user.id(), vec![("role".to_owned(), role.as_str().into())]).await?;
        // What was opened with the old roles is opened again with the new ones.
        session::end_where(&self.auth, &unit, &[eq(IMPERSONATED_BY, user.id())]).await?;
        unit.commit().await?;
        self.note("user-role", user.id(), json!({ "role": role })).await?;
        say(&format!("{} has the role {role}", shown(user.email())));
        Ok(())
    }

    async fn set_password(&self, who: &str, generate: bool) -> CommandResult {
        let user = self.find(who).await?;
        let given = Password::take(&self.auth, generate)?;
        let hash = self.auth.passwords.hash(&given.text).await?;
        let unit = self.scope.begin(&self.auth).await?;
        if !credential::reset(&self.auth, &unit, user.id(), &hash).await? {
            return Err("the password changed just now: try again".into());
        }
        notice::tell(&self.auth, &unit, &user, Notice::PasswordChanged).await?;
        session::end_all(&self.auth, &unit, user.id(), None).await?;
        unit.commit().await?;
        self.note("password-set", user.id(), Json::Null).await?;
        say(&format!("{} has a new password and no session", shown(user.email())));
        given.tell();
        Ok(())
    }

    async fn ban(&self, who: &str, reason: Option<String>, secs: Option<u32>) -> CommandResult {
        let admin = self.admin()?;
        let user = self.find(who).await?;
        let ends = admin.ban_secs(secs).map(|secs| self.auth.now().plus_secs(secs));
        let reason = reason.unwrap_or_else(|| admin.ban_reason());
        let fields = vec![
            ("banned".to_owned(), true.into()),
            ("banReason".to_owned(), reason.into()),
            ("banExpires".to_owned(), ends.map_or(Value::Null, Value::from)),
        ];
        let unit = self.scope.begin(&self.auth).await?;
        user_change::update(&self.auth, &unit, user.id(), fields).await?;
        session::end_all(&self.auth, &unit, user.id(), None).await?;
        session::end_where(&self.auth, &unit, &[eq(IMPERSONATED_BY, user.id())]).await?;
        unit.commit().await?;
        self.note("user-ban", user.id(), json!({ "until": ends.map(Timestamp::to_iso) })).await?;
        let until = ends.map_or_else(String::new, |ends| format!(" until {}", ends.to_iso()));
        say(&format!("{} is banned{until} and has no session", shown(user.email())));
        Ok(())
    }

    async fn lift(&self, who: &str) -> CommandResult {
        self.admin()?;
        let user = self.find(who).await?;
        let nothing = |name: &str| (name.to_owned(), Value::Null);
        let fields = vec![("banned".to_owned(), false.into()), nothing("banReason"), nothing("banExpires")];
        user_change::update(&self.auth, &self.scope, user.id(), fields).await?;
        self.note("user-unban", user.id(), Json::Null).await?;
        say(&format!("{} is not banned", shown(user.email())));
        Ok(())
    }
}

/// A password for a user; it came from the input, or was made here.
struct Password {
    text: String,
    is_new: bool,
}

impl Password {
    /// The first line of the input. A terminal is not asked, since it would show the password.
    fn take(auth: &Auth, generate: bool) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let options = &auth.config.email_and_password;
        let mut line = String::new();
        let input = std::io::stdin();
        if !generate && !input.is_terminal() {
            input.lock().take(MOST_INPUT).read_line(&mut line)?;
        }
        let given = line.trim_end_matches(['\r', '\n']);
        let is_new = given.is_empty();
        let length = GENERATED.max(options.min_password_length).min(options.max_password_length);
        let text = if is_new { auth.random.string(ALPHANUMERIC, length) } else { given.to_owned() };
        password::check_new(options, &text).map_err(|code| {
            let (least, most) = (options.min_password_length, options.max_password_length);
            format!("{}: the configuration wants {least} to {most} characters", code.message)
        })?;
        Ok(Self { text, is_new })
    }

    /// Prints a password that was made here; nobody else knows it.
    fn tell(&self) {
        if self.is_new {
            say(&format!("the password is {}", self.text));
        }
    }
}

/// The refusal of a change, in words for the operator.
fn refusal(error: AuthError) -> String {
    match error {
        AuthError::Store(StoreError::UniqueViolation { .. }) => {
            "there is a user with this address, or with a field that nobody else may have".to_owned()
        }
        other => other.to_string(),
    }
}

fn say(line: &str) {
    tell!("{line}");
}
