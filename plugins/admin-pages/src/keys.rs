//! `/admin/keys`: the secrets and keys of the server by purpose and age; never a value.

use crate::shell::show;
use doorward_sdk::prelude::*;

/// # Errors
/// When the session cannot be read.
pub fn keys(request: &Request, (): ()) -> Result<Response> {
    show(request, "keys", |shell| {
        let found = shell.get("/api/keys", &[])?;
        let model = json!({ "secrets": found.get("secrets"), "signing": found.get("signingKeys"), "can_rotate": found.get("canRotate") });
        shell.page("keys.html", &shell.say("admin.keys", &[]), model)
    })
}
