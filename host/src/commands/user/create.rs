//! `doorward user create`: a user with a password, the first administrator included.

use serde_json::json;

use super::{Desk, Password, refusal, say};
use crate::auth::user::{self, NewUser};
use crate::commands::terminal::shown;
use crate::commands::{CommandResult, user_fields};
use crate::email;
use crate::store::user::MODEL;
use crate::store::{Owner, Value};

/// What the operator asks for.
pub struct Wish {
    pub email: String,
    pub name: String,
    pub roles: Vec<String>,
    pub verified: bool,
    /// `NAME=VALUE`
    pub fields: Vec<String>,
    pub generate: bool,
}

pub async fn create(desk: &Desk, wish: Wish) -> CommandResult {
    if !email::is_email(&wish.email) {
        return Err(format!("\"{}\" is no address of mail", shown(&wish.email)).into());
    }
    let mut additional = fields(desk, &wish.fields)?;
    if !wish.roles.is_empty() {
        additional.push(("role".to_owned(), desk.admin()?.stored(&wish.roles)?.into()));
    }
    let address = email::normalize(&wish.email);
    let given = Password::take(&desk.auth, wish.generate)?;
    let hash = desk.auth.passwords.hash(&given.text).await?;
    let new = NewUser {
        name: &wish.name,
        email: &address,
        email_verified: wish.verified,
        image: None,
        additional: &additional,
    };
    let unit = desk.scope.begin(&desk.auth).await?;
    let user = user::create(&desk.auth, &unit, new).await.map_err(refusal)?;
    user::create_credential(&desk.auth, &unit, user.id(), &hash).await.map_err(refusal)?;
    unit.commit().await?;
    desk.note("user-creation", user.id(), json!({ "roles": wish.roles, "verified": wish.verified })).await?;
    say(&format!("{} is the user {}", shown(user.email()), user.id()));
    given.tell();
    Ok(())
}

/// The fields beside the core's, of the right kinds; none that a user must have is missing.
fn fields(desk: &Desk, given: &[String]) -> Result<Vec<(String, Value)>, String> {
    let model = desk.auth.schema().model(MODEL).map_err(|error| error.to_string())?;
    let mut values = Vec::new();
    for text in given {
        let (name, text) = text.split_once('=').ok_or_else(|| format!("--field {text}: write NAME=VALUE"))?;
        let field = model.fields.iter().find(|field| field.name == name && field.owner != Owner::Core);
        let field = field.ok_or_else(|| format!("--field: users have no field `{name}` beside those of the core"))?;
        let value = user_fields::read(field.kind, text)
            .ok_or_else(|| format!("--field {name}: the field is a {:?}", field.kind))?;
        values.push((name.to_owned(), value));
    }
    match user_fields::missing(model, &values) {
        Some(field) => Err(format!("every user has a `{0}`: add --field {0}=VALUE", field.name)),
        None => Ok(values),
    }
}
