//! The core's endpoints, one file each: input, handler, errors.

pub mod error_page;
pub mod get_session;
pub mod list_accounts;
pub mod list_sessions;
pub mod ok;
pub mod revoke_other_sessions;
pub mod revoke_session;
pub mod revoke_sessions;
pub mod sign_in_email;
pub mod sign_out;
pub mod sign_up_email;
pub mod unlink_account;
pub mod update_session;
