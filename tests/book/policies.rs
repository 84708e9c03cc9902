//! The tables of what scripts call and see, in `hooks/README.md`.

use std::fs;

use super::{hold, root};

const README: &str = "hooks/README.md";

#[test]
fn the_tables_for_scripts_are_those_of_the_code() {
    let mut text = fs::read_to_string(root().join(README)).unwrap();
    for (name, table) in doorward::hooks::tables() {
        let begin = format!("<!-- made from the code: {name} -->\n");
        let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{README} has no place for {name}"));
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        text = format!("{before}{begin}\n{table}\n<!-- end -->{after}");
    }
    hold(README, &text);
}
