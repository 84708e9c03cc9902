//! `doorward user verify`: an operator vouches for an address, in place of the link in a mail.

use serde_json::Value as Json;

use super::{Desk, refusal, say};
use crate::auth::ownership::{self, Outcome, Proof};
use crate::commands::CommandResult;
use crate::commands::terminal::shown;

/// Counts the address as proven. What follows is what follows when its owner opens the link.
pub async fn verify(desk: &Desk, who: &str) -> CommandResult {
    let user = desk.find(who).await?;
    let address = shown(user.email());
    let proof = Proof::Verification { own_session: None };
    let proven = ownership::prove(&desk.auth, &desk.scope, (user.id(), user.email()), proof).await.map_err(refusal)?;
    match proven {
        Outcome::Known(_) => say(&format!("the address {address} was proven before")),
        Outcome::Proven(_) | Outcome::OwesFactor(_) => {
            desk.note("user-verification", user.id(), Json::Null).await?;
            say(&format!("the address {address} counts as proven"));
        }
        Outcome::Gone => return Err(format!("{address} changed or went just now: try again").into()),
    }
    Ok(())
}
