//! A plugin and its configuration.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{LazySet, PluginError};

/// A plugin. What it does for a hook is in its [`HookHandler`](super::HookHandler).
///
/// `#[async_trait]` fits, for an `async fn initialize`; so does an implementation of
/// [`config`](Self::config) alone.
pub trait Plugin: Send + Sync {
    /// The configuration it was made with.
    fn config(&self) -> &PluginConfig;

    /// Prepares the plugin, once for each instance. It cannot wait for anything.
    ///
    /// # Errors
    ///
    /// If the plugin cannot be used.
    fn initialize<'life0, 'async_trait>(
        &'life0 self,
    ) -> Pin<Box<dyn Future<Output = Result<(), Box<PluginError>>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(Nothing)
    }

    /// Ends the plugin's work, once for each instance that was kept between calls. It cannot wait
    /// for anything.
    ///
    /// # Errors
    ///
    /// If the plugin did not end well.
    fn shutdown<'life0, 'async_trait>(
        &'life0 self,
    ) -> Pin<Box<dyn Future<Output = Result<(), Box<PluginError>>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(Nothing)
    }
}

/// The initialisation of a plugin that prepares nothing. (`core::future::Ready` is larger: it objects to
/// being polled twice.)
struct Nothing;

impl Future for Nothing {
    type Output = Result<(), Box<PluginError>>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(()))
    }
}

/// The arguments that a plugin is made with.
///
/// In the sandbox, name, version, description, hooks and capabilities are those of the manifest,
/// `kind` is `wasm`, and `config` is what the operator wrote, `None` if that is nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PluginConfig {
    /// The plugin's name.
    pub name: String,
    /// The settings that the plugin is run with.
    pub kind: String,
    /// The effect.
    pub description: Option<String>,
    /// The author.
    pub author: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The hooks it handles.
    #[serde(default)]
    pub hooks: Vec<String>,
    /// The mode in which it takes part.
    #[serde(default)]
    pub mode: PluginMode,
    /// Its place in the order of plugins: the lowest comes first.
    #[serde(default = "default_priority")]
    pub priority: i32,
    /// The reaction to its failure.
    #[serde(default)]
    pub on_error: OnError,
    /// The capabilities to read and change.
    #[serde(default)]
    pub capabilities: LazySet,
    /// Tags, for the operator.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The conditions under which it is called.
    #[serde(default)]
    pub conditions: Vec<PluginCondition>,
    /// The operator's configuration.
    pub config: Option<Value>,
}

const fn default_priority() -> i32 {
    100
}

/// When a plugin is called: if all that is set fits.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PluginCondition {
    /// For these servers.
    pub server_ids: Option<LazySet>,
    /// For these tenants.
    pub tenant_ids: Option<LazySet>,
    /// For these tools.
    pub tools: Option<LazySet>,
    /// For these prompt templates.
    pub prompts: Option<LazySet>,
    /// For these resources.
    pub resources: Option<LazySet>,
    /// For these agents.
    pub agents: Option<LazySet>,
    /// For users that fit one of these patterns.
    pub user_patterns: Option<Vec<String>>,
    /// For these MIME types.
    pub content_types: Option<Vec<String>>,
}

/// The mode in which a plugin takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PluginMode {
    /// One after the other; may deny and change.
    #[default]
    Sequential,
    /// One after the other; may change.
    Transform,
    /// Only watches.
    Audit,
    /// Side by side; may deny.
    Concurrent,
    /// In the background.
    FireAndForget,
    /// Not at all.
    Disabled,
}

impl PluginMode {
    /// True if it may deny.
    pub fn can_block(&self) -> bool {
        matches!(self, Self::Sequential | Self::Concurrent)
    }

    /// True if it may change anything.
    pub fn can_modify(&self) -> bool {
        matches!(self, Self::Sequential | Self::Transform)
    }

    /// True if the operation waits for it.
    pub fn is_awaited(&self) -> bool {
        !matches!(self, Self::FireAndForget | Self::Disabled)
    }
}

impl fmt::Display for PluginMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sequential => "sequential",
            Self::Transform => "transform",
            Self::Audit => "audit",
            Self::Concurrent => "concurrent",
            Self::FireAndForget => "fire_and_forget",
            Self::Disabled => "disabled",
        })
    }
}

/// The reaction to a plugin that fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnError {
    /// Deny the operation.
    #[default]
    Fail,
    /// Go on without it.
    Ignore,
    /// Go on without it, from now on.
    Disable,
}

impl fmt::Display for OnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fail => "fail",
            Self::Ignore => "ignore",
            Self::Disable => "disable",
        })
    }
}
