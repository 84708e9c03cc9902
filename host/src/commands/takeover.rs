//! `doorward takeover --check`: what would become of a database of Better Auth, column by column, before anything is changed.

use std::collections::BTreeSet;

use clap::Args;

use super::CommandResult;
use super::serve::refuse_missing;
use crate::app::open_store;
use crate::config::Config;
use crate::store::{Database, Filter, Misfit, Models, Op, Store, Surveyed, account, eq, ne};

/// What is asked for.
#[derive(Args)]
pub struct TakeoverRequest {
    /// Look, and change nothing.
    #[arg(long, required = true)]
    check: bool,
}

/// What shows that a plugin of Better Auth was in use: a table, or a column of `user`; and the plugin here.
const SIGNS: [(&str, Option<&str>, &str); 6] = [
    ("twoFactor", None, "two-factor"),
    ("passkey", None, "passkey"),
    ("jwks", None, "jwt"),
    ("user", Some("banned"), "admin"),
    ("user", Some("username"), "username"),
    ("user", Some("lastLoginMethod"), "last-login-method"),
];

/// Tables of plugins that are not here yet.
const ABSENT: [(&str, &str); 7] = [
    ("organization", "organization"),
    ("apikey", "api-key"),
    ("oauthApplication", "oidc-provider"),
    ("ssoProvider", "sso"),
    ("scimProvider", "scim"),
    ("subscription", "stripe"),
    ("walletAddress", "siwe"),
];

/// Prints what there is, what would be added, what does not fit, and what the way back would cost.
///
/// # Errors
/// When the database cannot be read, or something in it does not fit.
pub fn run(_: &TakeoverRequest, config: Config) -> CommandResult {
    refuse_missing(&config)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let store = open_store(&config)?;
        let columns = store.survey().await?;
        let misfits = store.misfits(config.advanced.database.generate_id).await?;
        if !columns.iter().any(|column| column.model.as_deref() == Some("user")) {
            let table = &store.schema().model("user")?.table;
            return Err(format!("there is no table {table}: the database is another one, or its tables have other names (user.model_name)").into());
        }
        for column in &columns {
            tell!("{}", line(column, &misfits));
        }
        for statement in store.migration_plan().await? {
            tell!("to add: {statement}");
        }
        let fatal = misfits.iter().filter(|misfit| misfit.is_fatal).count();
        for note in remarks(&config, &store, &columns).await? {
            tell!("note: {note}");
        }
        for misfit in &misfits {
            tell!("{}: {}", if misfit.is_fatal { "does not fit" } else { "note" }, misfit.text);
        }
        if fatal > 0 {
            return Err(format!("{fatal} things do not fit; mend them first. Nothing was changed").into());
        }
        tell!("the database can be taken over: run `doorward migrate`, then `doorward check`. Nothing was changed");
        Ok(())
    })
}

/// What becomes of a column.
fn line(column: &Surveyed, misfits: &[Misfit]) -> String {
    let place = format!("{}.{}", column.table, column.column);
    let is_misfit = misfits.iter().any(|misfit| misfit.is_fatal && misfit.text.starts_with(&format!("{place} ")));
    let fate = match column {
        _ if is_misfit => "does not fit, see below",
        Surveyed { is_known: true, .. } => "is used as it is",
        Surveyed { model: Some(_), .. } => "is not known here and stays; new rows get its default",
        Surveyed { model: None, .. } => "is of another table and stays",
    };
    format!("{place}\t{}\t{fate}", column.kind)
}

/// What nobody sees in the columns.
async fn remarks(
    config: &Config,
    store: &Store,
    columns: &[Surveyed],
) -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
    let mut notes = Vec::new();
    let is_on = |id: &str| config.plugins.iter().any(|plugin| plugin.enabled && plugin.id == id);
    let has = |table: &str, column: Option<&str>| {
        columns.iter().any(|one| {
            one.table.eq_ignore_ascii_case(table) && column.is_none_or(|column| one.column.eq_ignore_ascii_case(column))
        })
    };
    for (table, column, plugin) in SIGNS {
        if has(table, column) && !is_on(plugin) {
            let sign =
                column.map_or_else(|| format!("the table {table}"), |column| format!("the column {table}.{column}"));
            notes.push(match plugin {
                "two-factor" => format!("{sign} is there, and the plugin {plugin} is off: users would sign in WITHOUT their second factor. Add it to [[plugins]]"),
                "admin" => format!("{sign} is there, and the plugin {plugin} is off: users who are banned could sign in. Add it to [[plugins]]"),
                _ => format!("{sign} is there, and the plugin {plugin} is off: what users set up with it rests until it is on"),
            });
        }
    }
    for (table, plugin) in ABSENT {
        if has(table, None) {
            notes.push(format!(
                "the table {table} is there: Doorward has no plugin {plugin} yet. Its rows stay, and nobody uses them"
            ));
        }
    }
    let fields: BTreeSet<&str> =
        store.schema().model(account::MODEL)?.fields.iter().map(|field| field.column.as_str()).collect();
    let accounts = &store.schema().model(account::MODEL)?.table;
    let can_count = fields.iter().all(|field| has(accounts, Some(field)));
    if can_count {
        notes.extend(of_accounts(config, store, is_on("social")).await?);
    }
    Ok(notes)
}

/// Hashes of passwords, and accounts at providers.
async fn of_accounts(
    config: &Config,
    store: &Store,
    has_social: bool,
) -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
    let mut notes = Vec::new();
    let own = || eq("providerId", account::CREDENTIAL);
    let passwords = store.count(account::MODEL, &[own(), ne("password", crate::store::Value::Null)]).await?;
    let is_modern = Filter::new("password", Op::StartsWith, "$argon2id$");
    let modern = store.count(account::MODEL, &[own(), is_modern]).await?;
    let older = passwords.saturating_sub(modern);
    if older > 0 && !config.password_hashing.keep_scrypt {
        notes.push(format!(
            "{older} passwords have hashes of Better Auth. Each gets a new one at its first sign-in, which Better Auth does not \
             read: set password_hashing.keep_scrypt = true while you may want to go back"
        ));
    }
    if modern > 0 && config.password_hashing.keep_scrypt {
        notes.push(format!(
            "{modern} passwords have hashes that Better Auth does not read; those users would have to reset them there"
        ));
    }
    let linked = store.count(account::MODEL, &[ne("providerId", account::CREDENTIAL)]).await?;
    if linked > 0 && !has_social {
        notes.push(format!(
            "{linked} accounts are at providers, and the plugin social is off: those users could not sign in with them"
        ));
    }
    Ok(notes)
}
