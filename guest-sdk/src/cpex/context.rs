//! Values that a plugin keeps for the length of a request.

use alloc::string::String;
use core::cell::Cell;
use std::collections::HashMap;

mod state;

pub use state::ContextState;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Field, Result};

std::thread_local! {
    /// The hook that is handled.
    static HOOK: Cell<&'static str> = const { Cell::new("") };
    /// The number of the call.
    static CALL: Cell<u32> = const { Cell::new(0) };
}

/// The name of the hook that the plugin is called for, such as `cmf.tool_pre_invoke`; empty before its
/// first call.
///
/// CPEX has no such function: it tells a handler nothing of its hook. A source that compiles for both has a type
/// for each hook, and a handler for each type:
///
/// ```
/// use cpex_wasmi_guest::cpex::*;
///
/// define_hook! { ToolCall, "cmf.tool_pre_invoke" => { payload: MessagePayload, result: PluginResult<MessagePayload> } }
/// define_hook! { ModelInput, "cmf.llm_input" => { payload: MessagePayload, result: PluginResult<MessagePayload> } }
///
/// struct Guard(PluginConfig);
///
/// impl Plugin for Guard {
///     fn config(&self) -> &PluginConfig {
///         &self.0
///     }
/// }
///
/// impl Guard {
///     fn check(&self, hook: &str) -> PluginResult<MessagePayload> {
///         if hook == "cmf.llm_input" {
///             return PluginResult::deny(PluginViolation::new("no_models", "tools only"));
///         }
///         PluginResult::allow()
///     }
/// }
///
/// impl HookHandler<ToolCall> for Guard {
///     async fn handle(&self, _: &MessagePayload, _: &Extensions, _: &mut PluginContext)
///     -> PluginResult<MessagePayload> { self.check(ToolCall::NAME) }
/// }
///
/// impl HookHandler<ModelInput> for Guard {
///     async fn handle(&self, _: &MessagePayload, _: &Extensions, _: &mut PluginContext)
///     -> PluginResult<MessagePayload> { self.check(ModelInput::NAME) }
/// }
///
/// cpex_plugin! {
///     name: "guard",
///     plugin: Guard = Guard,
///     hooks: { "cmf.tool_pre_invoke" => ToolCall, "cmf.llm_input" => ModelInput },
/// }
///
/// # fn main() {
/// use cpex_wasmi_guest::testing::{Harness, Request};
/// let mut harness = Harness::new(&PLUGIN);
/// assert!(harness.call("cmf.tool_pre_invoke", Request::tool_call("a")).unwrap().decision.is_allow());
/// assert!(!harness.call("cmf.llm_input", Request::tool_call("a")).unwrap().decision.is_allow());
/// # }
/// ```
pub fn hook() -> &'static str {
    HOOK.get()
}

/// Notes the call that is handled from now on.
#[inline(always)]
pub(super) fn begin_call(hook: &'static str) {
    HOOK.set(hook);
    CALL.set(call_number().wrapping_add(1));
}

/// The number of the call, among those of this instance.
pub(super) fn call_number() -> u32 {
    CALL.get()
}

/// Values that a plugin keeps for the length of a request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PluginContext {
    /// State of this plugin alone.
    #[serde(default)]
    pub local_state: ContextState,
    /// State that all plugins of the request share.
    #[serde(default)]
    pub global_state: ContextState,
}

impl PluginContext {
    /// An empty context.
    pub fn new() -> Self {
        Self::default()
    }

    /// A context that begins with what other plugins left.
    pub fn with_global_state(global_state: HashMap<String, Value>) -> Self {
        Self { local_state: ContextState::default(), global_state: global_state.into() }
    }

    /// The context of a call.
    #[inline(always)]
    pub(super) fn given() -> Self {
        Self {
            local_state: ContextState::given(Field::ContextLocal),
            global_state: ContextState::given(Field::ContextGlobal),
        }
    }

    /// Tells the host what was changed.
    #[inline(always)]
    pub(super) fn write(&self) -> Result<()> {
        self.local_state.write(Field::ContextLocal)?;
        self.global_state.write(Field::ContextGlobal)
    }

    /// A value of this plugin's own state.
    pub fn get_local(&self, key: &str) -> Option<&Value> {
        self.local_state.get(key)
    }

    /// Sets a value of this plugin's own state.
    pub fn set_local(&mut self, key: impl Into<String>, value: Value) {
        self.local_state.set(key.into(), value);
    }

    /// A value of the state that is shared.
    pub fn get_global(&self, key: &str) -> Option<&Value> {
        self.global_state.get(key)
    }

    /// Sets a value of the state that is shared.
    pub fn set_global(&mut self, key: impl Into<String>, value: Value) {
        self.global_state.set(key.into(), value);
    }
}
