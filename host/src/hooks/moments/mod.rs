//! Where scripts are asked: around endpoints, at changes, sign-ins, mails and claims.

pub(super) mod change;
pub(super) mod claims;
pub(super) mod endpoint;
pub(super) mod event;
pub(super) mod gate;
pub(super) mod mail;
