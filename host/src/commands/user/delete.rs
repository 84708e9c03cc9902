//! `doorward user delete`: removes a user with everything that is theirs.

use std::io::{IsTerminal, stdin};

use serde_json::Value as Json;

use super::{Desk, refusal, say};
use crate::auth::user_change;
use crate::commands::CommandResult;
use crate::commands::terminal::{confirmed, shown};

/// Removes the user, once whoever is there agrees.
pub async fn delete(desk: &Desk, who: &str, yes: bool) -> CommandResult {
    let user = desk.find(who).await?;
    let address = shown(user.email());
    if !yes && !stdin().is_terminal() {
        return Err(format!("nobody is there to ask whether {address} goes for good: add --yes").into());
    }
    if !yes && !confirmed(&format!("{address} ({}) goes for good, with sessions and accounts.", user.id()))? {
        return Err("nothing was changed".into());
    }
    if !user_change::delete(&desk.auth, &desk.scope, user.id()).await.map_err(refusal)? {
        return Err(format!("{address} was removed just now by somebody else").into());
    }
    desk.note("user-deletion", user.id(), Json::Null).await?;
    say(&format!("{address} is removed"));
    Ok(())
}
