//! The texts of the pages as tables.

#[path = "build/messages.rs"]
mod messages;

fn main() {
    messages::write_tables(&["messages"]);
}
