//! What the request's user may do.
//!
//! ```
//! use doorward_sdk::prelude::*;
//! # doorward_sdk::fake::reset();
//! # let ada = users::create(&json!({ "email": "ada@example.com" }))?;
//! # doorward_sdk::fake::sign_in(&ada);
//! # doorward_sdk::fake::with(|world| world.permissions.insert("audit.read".to_owned()));
//! assert!(permissions::allows("audit.read")?);
//! assert!(!permissions::allows("settings.manage")?);
//! # Ok::<(), Error>(())
//! ```

use crate::error::Result;
use crate::host;

/// Whether the user of the request's session may do `permission`: a resource and an action with a dot between them, such as
/// `audit.read`. False without a session, while somebody acts as the user, and where no plugin decides.
///
/// # Errors
/// When the text is no permission, in the plugin that decides while it is asked, or when that plugin fails.
pub fn allows(permission: &str) -> Result<bool> {
    Ok(host::permissions::allows(permission)?)
}
