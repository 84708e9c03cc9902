//! What operators do in the browser: who may, and what the server's endpoints for it answer.

mod audit;
mod described;
mod keys;
mod permissions;
mod secrets;
mod sessions;
mod settings;

use serde_json::json;

use crate::fixture::Fixture;
use crate::hostile::official;
use crate::store::Place;

/// The official plugins `admin` and whatever `more` names, with these options above.
pub fn with_admin(top: &str, more: &str) -> String {
    format!("plugin_folder = \"{}\"\n{top}\n[[plugins]]\nid = \"admin\"\n{more}", official().display())
}

/// Signs somebody up and gives them a role; the cookie.
pub async fn with_role(server: &Fixture, place: &Place, name: &str, role: &str) -> String {
    let body = json!({ "name": name, "email": format!("{name}@example.com"), "password": "correct horse 1" });
    let answer = server.post("/sign-up/email", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    place.sql(&format!("update \"user\" set role = '{role}' where email = '{name}@example.com'")).await;
    answer.cookie()
}
