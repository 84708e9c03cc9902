//! The core's endpoints, one file each: input, handler, errors.

pub mod error_page;
pub mod get_session;
pub mod ok;
pub mod sign_in_email;
pub mod sign_out;
pub mod sign_up_email;
