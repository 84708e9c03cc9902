//! `doorward user list`: users, a line each, below a line that names the columns.

use super::{Desk, say};
use crate::commands::CommandResult;
use crate::commands::terminal::shown;
use crate::store::user::MODEL;
use crate::store::{Filter, Models, Sort, User, contains};

const COLUMNS: [&str; 7] = ["id", "address", "name", "verified", "roles", "banned", "signed up"];

/// Prints users, newest first, at most `limit` after `offset`; with a text, those whose address or name has it.
pub async fn list(desk: &Desk, text: Option<&str>, (limit, offset): (u32, u32)) -> CommandResult {
    let with_text = |text: &str| Filter::Any(vec![contains("email", text), contains("name", text)]);
    let filters: Vec<Filter> = text.map(with_text).into_iter().collect();
    let newest_first = Some(Sort::descending("createdAt"));
    say(&COLUMNS.join("\t"));
    for user in desk.scope.find_many(MODEL, &filters, newest_first, Some(limit), Some(offset)).await? {
        let user = User(user);
        let mark = |is_so: bool, text: &'static str| if is_so { text } else { "-" };
        let row = [
            user.id(),
            user.email(),
            user.name(),
            mark(user.email_verified(), "verified"),
            user.0.opt_text("role").filter(|role| !role.is_empty()).unwrap_or("-"),
            mark(user.0.boolean("banned").unwrap_or(false), "banned"),
            &user.created_at().to_iso(),
        ];
        say(&row.map(shown).join("\t"));
    }
    Ok(())
}
