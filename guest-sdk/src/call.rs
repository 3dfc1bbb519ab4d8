//! One call of a hook.

use crate::{Field, JsonMap};

/// One call of a hook: the way to everything the plugin may read and change.
///
/// Nothing is fetched until it is asked for.
#[derive(Debug)]
pub struct Call {
    hook: &'static str,
}

impl Call {
    pub(crate) const fn new(hook: &'static str) -> Self {
        Self { hook }
    }

    /// The name of the hook, such as `cmf.tool_pre_invoke`.
    pub const fn hook(&self) -> &'static str {
        self.hook
    }

    /// The custom slot: anything, by name.
    pub const fn custom(&self) -> JsonMap {
        JsonMap::of(Field::Custom)
    }

    /// State of this plugin that lasts for the request.
    pub const fn local_state(&self) -> JsonMap {
        JsonMap::of(Field::ContextLocal)
    }

    /// State that all plugins of the request share.
    pub const fn global_state(&self) -> JsonMap {
        JsonMap::of(Field::ContextGlobal)
    }

    /// The operator's configuration of this plugin. It cannot be changed.
    pub const fn config(&self) -> JsonMap {
        JsonMap::of(Field::Config)
    }
}
