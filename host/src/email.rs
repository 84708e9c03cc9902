//! E-mail addresses: which texts are some, and the form that the store keeps.

pub use doorward_contract::is_email;

/// The form in which an address is stored and looked up: ASCII letters in lower case.
pub fn normalize(email: &str) -> String {
    email.to_ascii_lowercase()
}
