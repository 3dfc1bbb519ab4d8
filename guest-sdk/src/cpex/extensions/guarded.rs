//! Guards of values that take a grant to change.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A value that everybody may read, and only the holder of a [`WriteToken`] may change.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Guarded<T> {
    inner: T,
}

impl<T> Guarded<T> {
    /// Guards a value.
    pub fn new(value: T) -> Self {
        Self { inner: value }
    }

    /// The value, to read.
    pub fn read(&self) -> &T {
        &self.inner
    }

    /// The value, to change.
    pub fn write(&mut self, _token: &WriteToken) -> &mut T {
        &mut self.inner
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

/// The right to change something. A plugin finds it in its `Extensions`, which [`cpex_plugin!`](crate::cpex::cpex_plugin) defines, if
/// the operator granted it. It cannot make one.
pub struct WriteToken(());

impl WriteToken {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl fmt::Debug for WriteToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteToken")
    }
}
