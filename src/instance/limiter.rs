use wasmi::ResourceLimiter;
use wasmi::errors::{MemoryError, TableError};
use wasmi_core::LimiterError;

use crate::Limits;

/// Bounds what an instance may allocate.
///
/// Tables keep the size they are declared with. wasmi 2.0.0 loses its place when `table.grow` runs
/// out of fuel, and a call that is resumed then goes on somewhere else; refusing the growth, which
/// WebAssembly allows at any time, comes before any fuel is charged for it.
pub(super) struct Limiter {
    memory_bytes: usize,
    table_elements: usize,
    pub(super) tables: usize,
    /// Whether something was refused.
    pub(super) denied: bool,
    /// Whether the instance is made.
    pub(super) running: bool,
    /// Whether the memory holds a token. It cannot grow then: that would move it, and leave a copy.
    pub(super) holds_token: bool,
}

impl Limiter {
    pub(super) fn new(limits: &Limits) -> Self {
        let Limits { memory_bytes, table_elements, tables, .. } = *limits;
        Self {
            memory_bytes,
            table_elements,
            tables,
            denied: false,
            running: false,
            holds_token: false,
        }
    }
}

type LimiterResult<T> = Result<T, LimiterError>;

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> LimiterResult<bool> {
        let allowed = desired <= self.memory_bytes && !self.holds_token;
        // That a module reaches its own maximum is not the operator's limit.
        self.denied |= !allowed && maximum.is_none_or(|maximum| desired <= maximum);
        Ok(allowed)
    }

    fn memory_grow_failed(&mut self, _error: &MemoryError) -> LimiterResult<()> {
        Ok(())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> LimiterResult<bool> {
        let allowed = !self.running && desired <= self.table_elements;
        self.denied |= !allowed;
        Ok(allowed)
    }

    fn table_grow_failed(&mut self, _error: &TableError) -> LimiterResult<()> {
        Ok(())
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        1
    }
}
