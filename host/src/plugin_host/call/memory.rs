//! What one instance may have of memory, tables and instances; remembers when it wanted more memory.

use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};

use crate::plugin_host::error::Limit;

const MOST_TABLE_ELEMENTS: usize = 20_000;

/// Limits of one instance.
pub(in crate::plugin_host) struct InstanceLimits {
    engine: StoreLimits,
    memory_mib: usize,
    is_refused: bool,
    most_bytes: usize,
}

impl InstanceLimits {
    /// Limits with a memory of at most so many MiB.
    pub(in crate::plugin_host) fn new(memory_mib: usize) -> Self {
        let engine = StoreLimitsBuilder::new()
            .memory_size(memory_mib << 20)
            .table_elements(MOST_TABLE_ELEMENTS)
            .instances(16)
            .tables(8)
            .memories(1)
            .build();
        Self { engine, memory_mib, is_refused: false, most_bytes: 0 }
    }

    /// The memory that the instance has, in bytes. It never shrinks.
    pub(in crate::plugin_host) const fn most_bytes(&self) -> usize {
        self.most_bytes
    }

    /// The limit, when the guest wanted more memory than it gets. Being told so is no failure yet.
    pub(in crate::plugin_host) fn refused(&self) -> Option<Limit> {
        self.is_refused.then_some(Limit::Memory(self.memory_mib))
    }
}

impl ResourceLimiter for InstanceLimits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let is_allowed = self.engine.memory_growing(current, desired, maximum)?;
        self.is_refused |= !is_allowed;
        if is_allowed {
            self.most_bytes = self.most_bytes.max(desired);
        }
        Ok(is_allowed)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.engine.table_growing(current, desired, maximum)
    }

    fn instances(&self) -> usize {
        self.engine.instances()
    }

    fn tables(&self) -> usize {
        self.engine.tables()
    }

    fn memories(&self) -> usize {
        self.engine.memories()
    }
}
