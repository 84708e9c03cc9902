//! What became of everybody: lines of a file, refusals at the terminal, and the sums at the end.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::super::CommandResult;
use super::write::Outcome;

/// Refusals that the terminal shows; a file has them all.
const SHOWN: u64 = 20;
/// After so many persons, a line says how far it is.
const STRIDE: u64 = 10_000;

/// Counts, shows and writes outcomes.
pub struct Report {
    file: Option<BufWriter<File>>,
    is_dry: bool,
    imported: u64,
    passed_over: u64,
    refused: u64,
}

impl Report {
    /// # Errors
    /// When the file cannot be made.
    pub fn new(file: Option<&Path>, is_dry: bool) -> Result<Self, String> {
        let open = |path: &Path| File::create(path).map_err(|error| format!("--report {}: {error}", path.display()));
        let file = file.map(open).transpose()?.map(BufWriter::new);
        Ok(Self { file, is_dry, imported: 0, passed_over: 0, refused: 0 })
    }

    /// # Errors
    /// When the file cannot be written.
    pub fn note(&mut self, number: u64, outcome: &Outcome) -> std::io::Result<()> {
        let (count, word, reason) = match outcome {
            Outcome::Imported => (&mut self.imported, "imported", ""),
            Outcome::Present => (&mut self.passed_over, "present", "a user has this address already"),
            Outcome::Refused(reason) => (&mut self.refused, "refused", reason.as_str()),
        };
        *count += 1;
        if let Some(file) = &mut self.file {
            writeln!(file, "{number}\t{word}\t{}", reason.replace(['\t', '\n', '\r'], " "))?;
        }
        if matches!(outcome, Outcome::Refused(_)) && self.refused <= SHOWN {
            remark!("line {number}: {reason}");
        }
        if number.is_multiple_of(STRIDE) {
            remark!("{number} read");
        }
        Ok(())
    }

    /// # Errors
    /// When the file cannot be written, and when somebody was refused.
    pub fn finish(mut self) -> CommandResult {
        if let Some(file) = &mut self.file {
            file.flush()?;
        }
        if self.refused > SHOWN && self.file.is_none() {
            remark!("{} more were refused; --report FILE lists them all", self.refused - SHOWN);
        }
        let done = if self.is_dry { "would be imported" } else { "imported" };
        tell!("{} {done}, {} were there already, {} refused", self.imported, self.passed_over, self.refused);
        if self.refused == 0 { Ok(()) } else { Err(format!("{} could not be imported", self.refused).into()) }
    }
}
