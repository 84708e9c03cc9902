//! `GET /multi-session/list-device-sessions`: the accounts of this browser, one session each, in the order they were added.

use crate::device;
use doorward_sdk::prelude::*;
use doorward_sdk::sessions::Session;

pub fn list(_request: &Request, (): ()) -> Result<Response> {
    let mut accounts: Vec<Session> = Vec::new();
    for found in browser_sessions::find(&device::tokens()?)? {
        if accounts.iter().all(|known| known.user.id() != found.user.id()) {
            accounts.push(found);
        }
    }
    Response::json(&accounts)
}
