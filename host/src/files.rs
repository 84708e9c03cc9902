//! Writes files that others see whole or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes the parts as one file, beside its place and then into it. Of writers at the same time the last one wins.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_whole(file: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let number = WRITES.fetch_add(1, Ordering::Relaxed);
    let unfinished = file.with_added_extension(format!("{}-{number}", std::process::id()));
    let mut made = fs::File::create(&unfinished)?;
    let written = parts.iter().try_for_each(|part| made.write_all(part)).and_then(|()| fs::rename(&unfinished, file));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_writers_leave_one_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wasm");
        let texts: Vec<String> = (0..8).map(|writer| writer.to_string().repeat(100_000)).collect();
        std::thread::scope(|scope| {
            for text in &texts {
                scope.spawn(|| (0..20).for_each(|_| write_whole(&file, &[text.as_bytes()]).unwrap()));
            }
        });
        assert!(texts.contains(&fs::read_to_string(&file).unwrap()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
