//! A value that `init` makes for all calls.

#[cfg(not(target_arch = "wasm32"))]
use core::marker::PhantomData;

use crate::{Error, Result};

/// A value that `init` makes once, and that handlers read: settings that were checked, patterns that were compiled.
///
/// ```
/// use cpex_wasmi_guest::prelude::*;
///
/// plugin! {
///     name: "words",
///     init: prepare,
///     hooks: { "cmf.tool_post_invoke" => look },
/// }
///
/// static WORDS: Prepared<Patterns> = Prepared::new();
///
/// fn prepare(config: JsonMap) -> Result<()> {
///     let words: Vec<String> = config.get_as("words")?.unwrap_or_default();
///     WORDS.set(Patterns::compiled(&words)?)
/// }
///
/// fn look(call: &Call) -> Result<Verdict> {
///     for result in call.tool_results()? {
///         if WORDS.get()?.is_in(result)? {
///             return deny("word_found", "the result has a word that may not leave");
///         }
///     }
///     allow()
/// }
/// ```
///
/// In a native test it holds the value of the harness that was initialised last on the thread.
#[derive(Debug)]
pub struct Prepared<T> {
    #[cfg(target_arch = "wasm32")]
    value: crate::sys::Once<T>,
    // Not empty, so that each static has an address of its own.
    #[cfg(not(target_arch = "wasm32"))]
    value: (u8, PhantomData<fn() -> T>),
}

impl<T> Default for Prepared<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Prepared<T> {
    /// A place without a value.
    pub const fn new() -> Self {
        Self {
            #[cfg(target_arch = "wasm32")]
            value: crate::sys::Once::new(),
            #[cfg(not(target_arch = "wasm32"))]
            value: (0, PhantomData),
        }
    }
}

#[cfg(target_arch = "wasm32")]
impl<T: 'static> Prepared<T> {
    /// Keeps the value for all calls of this instance.
    ///
    /// # Errors
    ///
    /// [`Status::Failed`](crate::Status::Failed) if there is a value already.
    pub fn set(&'static self, value: T) -> Result<()> {
        self.value.set(value).map_err(|_| Error::failed("a value was prepared twice"))
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// [`Status::Failed`](crate::Status::Failed) if `init` has left none.
    pub fn get(&'static self) -> Result<&'static T> {
        self.value.get().ok_or_else(missing)
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl<T: 'static> Prepared<T> {
    /// Keeps the value for all calls of this instance.
    ///
    /// # Errors
    ///
    /// [`Status::Failed`](crate::Status::Failed) if there is a value already, in the sandbox.
    #[allow(clippy::unnecessary_wraps, reason = "in the sandbox it may fail")]
    pub fn set(&'static self, value: T) -> Result<()> {
        let value: &'static T = alloc::boxed::Box::leak(alloc::boxed::Box::new(value));
        native::VALUES.with_borrow_mut(|values| values.insert(self.address(), value));
        Ok(())
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// [`Status::Failed`](crate::Status::Failed) if `init` has left none.
    pub fn get(&'static self) -> Result<&'static T> {
        let value = native::VALUES.with_borrow(|values| values.get(&self.address()).copied());
        value.and_then(|value| value.downcast_ref()).ok_or_else(missing)
    }

    fn address(&'static self) -> usize {
        (&raw const self.value).addr()
    }
}

#[cold]
fn missing() -> Error {
    Error::failed("no value was prepared in `init`")
}

/// The values natively: of each test by itself, as each has a thread.
#[cfg(not(target_arch = "wasm32"))]
mod native {
    use alloc::collections::BTreeMap;
    use core::any::Any;
    use std::cell::RefCell;

    std::thread_local! {
        pub(super) static VALUES: RefCell<BTreeMap<usize, &'static dyn Any>> =
            const { RefCell::new(BTreeMap::new()) };
    }
}
