//! What the plugin adds to one user's page of the administration: their accounts at providers, by name.

use doorward_sdk::accounts::Account;
use doorward_sdk::prelude::*;

/// The card of the user in `about.user`, for who may look at users.
///
/// # Errors
/// When the store is away.
pub fn card(_request: &Request, asked: &Asked) -> Result<Option<Section>> {
    let Some(id) = asked.about.get("user") else { return Ok(None) };
    if !permissions::allows("user.get")? {
        return Ok(None);
    }
    let is_german = asked.language == "de";
    let say = |english: &'static str, german: &'static str| if is_german { german } else { english };
    let site = site::view();
    let rows: Vec<Row> =
        accounts::list_of_user(id)?.iter().map(|account| row(&site, account, say("Linked", "Verbunden"))).collect();
    let section = Section::titled(say("Linked accounts", "Verbundene Konten")).when_empty(say(
        "No account of another service is linked.",
        "Kein Konto eines anderen Dienstes ist verbunden.",
    ));
    Ok(Some(section.rows(rows)))
}

fn row(site: &Value, account: &Account, linked: &str) -> Row {
    let row = Row::new(provider(site, account.provider_id())).icon("link").detail(account.account_id());
    match account.text("createdAt") {
        Some(at) => row.time(linked, at),
        None => row,
    }
}

/// What people call the provider. One that is not offered any more has its id alone.
fn provider(site: &Value, id: &str) -> String {
    let offered = site.get("providers").and_then(Value::as_array).into_iter().flatten();
    let known = offered.filter(|known| known.get("id").and_then(Value::as_str) == Some(id));
    let name = known.filter_map(|known| known.get("name")?.as_str()).next();
    name.unwrap_or(id).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake::{self, RawRequest};

    fn shown(may: bool) -> Option<Section> {
        fake::reset();
        let ada = users::create(&json!({ "email": "ada@example.com" })).expect("user");
        for (provider, account) in [("github", "1001"), ("gone", "7")] {
            accounts::create(&ada.id(), &json!({ "providerId": provider, "accountId": account })).expect("account");
        }
        let boss = users::create(&json!({ "email": "boss@example.com" })).expect("user");
        fake::sign_in(&boss);
        fake::with(|world| {
            world.site = json!({ "providers": [{ "id": "github", "name": "GitHub" }] });
            if may {
                world.permissions.insert("user.get".to_owned());
            }
        });
        let asking = Asking { language: "en".to_owned(), about: [("user".to_owned(), ada.id())].into() };
        RawRequest::get("/", &[]).contribute(&crate::plugin(), "admin.user", &asking).expect("a section")
    }

    #[test]
    fn an_administrator_sees_providers_by_name_and_others_see_nothing() {
        let rows = shown(true).expect("a card").rows;
        let titles: Vec<&str> = rows.iter().map(|row| row.title.as_str()).collect();
        assert_eq!(titles, ["GitHub", "gone"]);
        assert!(rows.iter().all(|row| row.actions.is_empty()));
        assert!(shown(false).is_none());
    }
}
