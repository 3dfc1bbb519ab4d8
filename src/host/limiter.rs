//! The bounds of what an instance may allocate.

use wasmi::ResourceLimiter;
use wasmi::errors::{MemoryError, TableError};
use wasmi_core::LimiterError;

use crate::{Error, ErrorKind, Limits};

/// Bounds what an instance may allocate.
///
/// Tables keep the size they are declared with. wasmi 2.0.0 loses its place when `table.grow` runs
/// out of fuel, and a call that is resumed then goes on somewhere else; refusing the growth, which
/// WebAssembly allows at any time, comes before any fuel is charged for it.
pub(crate) struct Limiter {
    memory_bytes: usize,
    table_elements: usize,
    pub(crate) tables: usize,
    /// True if something was refused.
    pub(crate) denied: bool,
    /// True if the host itself had no memory for something that was not refused.
    pub(crate) starved: bool,
    /// True if the instance is made.
    pub(crate) running: bool,
    /// True if the memory holds a token. It cannot grow then: that would move it, and leave a copy.
    pub(crate) holds_token: bool,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        let Limits { memory_bytes, table_elements, tables, .. } = *limits;
        Self {
            memory_bytes,
            table_elements,
            tables,
            denied: false,
            starved: false,
            running: false,
            holds_token: false,
        }
    }

    /// Forgets the call before.
    pub(crate) fn begin(&mut self) {
        self.denied = false;
        self.starved = false;
        self.holds_token = false;
    }
}

/// The host has no memory for what a plugin may have.
pub(crate) fn starved() -> Error {
    Error::new(
        ErrorKind::MemoryLimit,
        "the host has run out of memory that the plugin's limits allow; lower \
         `max_memory_bytes`, or the number of calls at once",
    )
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

    fn memory_grow_failed(&mut self, error: &MemoryError) -> LimiterResult<()> {
        self.starved |= matches!(error, MemoryError::OutOfSystemMemory);
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

    fn table_grow_failed(&mut self, error: &TableError) -> LimiterResult<()> {
        self.starved |= matches!(error, TableError::OutOfSystemMemory);
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
