//! The texts of all pages, and those of these, as tables.

#[path = "../pages/build/messages.rs"]
mod messages;

fn main() {
    messages::write_tables(&["../pages/messages", "messages"]);
}
