//! The table of kinds of events, in the chapter on them.

use std::fmt::Write;
use std::fs;

use doorward::outbox::events::kinds::{KINDS, Source};

use super::{cell, hold, root};

const CHAPTER: &str = "docs/operators/events.md";

#[test]
fn the_chapter_has_every_kind() {
    let mut table = "| kind | when | written |\n|---|---|---|\n".to_owned();
    for kind in KINDS {
        let written = match kind.source {
            Source::Change => "with the change".to_owned(),
            Source::Audit(event, _) => format!("after the row `{event}` of the audit log"),
        };
        writeln!(table, "| `{}` | {} | {written} |", kind.name, cell(kind.about)).unwrap();
    }
    let text = fs::read_to_string(root().join(CHAPTER)).unwrap();
    let begin = "<!-- made from the code: kinds -->\n";
    let (before, rest) = text.split_once(begin).unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    hold(CHAPTER, &format!("{before}{begin}\n{table}\n<!-- end -->{after}"));
}
