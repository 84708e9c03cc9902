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
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::RawRequest;
/// # doorward_sdk::fake::reset();
/// fn codes(_request: &Request, (): ()) -> Result<Response> {
///     if !permissions::allows("invites.list")? {
///         return Err(ErrorCode::PERMISSION_REQUIRED.into());
///     }
///     Response::json(&models::find::<Value>("code", Filter::all())?)
/// }
///
/// let plugin = Plugin::new("invites", "1.0.0").table(Table::new("code")).route(Route::get("/codes", codes));
/// assert_eq!(RawRequest::get("/codes", &[]).send(&plugin).unwrap_err().refusal().status, 403);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// When the text is no permission, in the plugin that decides while it is asked, or when that plugin fails.
pub fn allows(permission: &str) -> Result<bool> {
    Ok(host::permissions::allows(permission)?)
}
