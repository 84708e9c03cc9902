//! The core's endpoints, one file each: input, handler, errors.
//!
//! Flat: one file per endpoint, named like its path.

pub mod assets;
pub mod change_email;
pub mod change_password;
pub mod config;
pub mod count_audit;
pub mod delete_user;
pub mod delete_user_callback;
pub mod dev_mailbox;
pub mod drop_mail;
pub mod error_page;
pub mod export_audit;
pub mod get_session;
pub mod list_accounts;
pub mod list_all_sessions;
pub mod list_audit;
pub mod list_mail;
pub mod list_sessions;
pub mod notes;
pub mod ok;
pub mod operate_jobs;
pub mod operate_keys;
pub mod operate_plugins;
pub mod operate_webhooks;
pub mod operator_notes;
pub mod request_password_reset;
pub mod reset_password;
pub mod reset_password_link;
pub mod retry_mail;
pub mod revoke_other_sessions;
pub mod revoke_session;
pub mod revoke_sessions;
pub mod send_verification_email;
pub mod set_password;
pub mod settings;
pub mod sign_in_email;
pub mod sign_out;
pub mod sign_up_email;
pub mod ssf;
pub mod unlink_account;
pub mod update_session;
pub mod update_user;
pub mod verify_email;
pub mod verify_password;
