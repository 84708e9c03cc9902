//! The sections of a component itself, and none of the modules and components inside of it.

use wasmparser::{BinaryReaderError, Parser, Payload};

/// In order, up to the first that cannot be read.
pub(super) fn outer(component: &[u8]) -> impl Iterator<Item = Result<Payload<'_>, BinaryReaderError>> {
    let mut depth = 0usize;
    Parser::new(0).parse_all(component).filter(move |payload| match payload {
        Ok(Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) => {
            depth += 1;
            false
        }
        Ok(Payload::End(_)) => {
            depth = depth.saturating_sub(1);
            false
        }
        Ok(_) => depth == 0,
        Err(_) => true,
    })
}
