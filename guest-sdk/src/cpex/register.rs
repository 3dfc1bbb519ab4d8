//! The macro that registers a plugin in the cpex style.

/// Registers a plugin that was written for CPEX: what [`plugin!`](crate::plugin!) does for a plugin
/// in this crate's own style.
///
/// ```
/// use cpex_wasmi_guest::cpex::{
///     CmfHook, HookHandler, MessagePayload, Plugin, PluginConfig, PluginContext,
///     PluginResult, PluginViolation, cpex_plugin,
/// };
///
/// struct PiiGuard {
///     config: PluginConfig,
/// }
///
/// impl PiiGuard {
///     fn new(config: PluginConfig) -> Self {
///         Self { config }
///     }
/// }
///
/// impl Plugin for PiiGuard {
///     fn config(&self) -> &PluginConfig {
///         &self.config
///     }
/// }
///
/// impl HookHandler<CmfHook> for PiiGuard {
///     async fn handle(
///         &self,
///         _: &MessagePayload,
///         extensions: &Extensions,
///         _: &mut PluginContext,
///     ) -> PluginResult<MessagePayload> {
///         let Some(security) = &extensions.security else { return PluginResult::allow() };
///         let may = security.subject.as_ref().is_some_and(|who| who.roles.contains("hr_admin"));
///         if security.has_label("PII") && !may {
///             return PluginResult::deny(PluginViolation::new("pii_access", "only hr_admin may"));
///         }
///         PluginResult::allow()
///     }
/// }
///
/// cpex_plugin! {
///     name: "pii-guard",
///     description: "Lets only hr_admin pass personal data to a tool",
///     capabilities: ["read_labels", "read_roles"],
///     // The plugin, and what makes one of a `PluginConfig`: a function or a closure. It may give a
///     // `Result` with a `Box<PluginError>`.
///     plugin: PiiGuard = PiiGuard::new,
///     // The hooks, each with its type.
///     hooks: {
///         "cmf.tool_pre_invoke" => CmfHook,
///         "cmf.llm_input" => CmfHook,
///     },
/// }
/// # fn main() {}
/// ```
///
/// `version`, `access`, `config_schema` and `stateful` are those of [`plugin!`](crate::plugin!). Needed are
/// `name`, `plugin` and `hooks`, and the order does not matter. A crate registers one plugin.
///
/// Message, slots and context are fetched when the handler looks at them, and only as far as needed.
///
/// The macro defines the type `Extensions` beside the plugin: handlers in another module `use` it from there. A slot that
/// the `capabilities` do not open does not compile; rustc names the type
/// [`NotGranted`](crate::cpex::extensions::NotGranted). It could only look empty:
///
/// ```compile_fail
/// # use cpex_wasmi_guest::cpex::*;
/// # struct Guard(PluginConfig);
/// # impl Plugin for Guard {
/// #     fn config(&self) -> &PluginConfig { &self.0 }
/// # }
/// impl HookHandler<CmfHook> for Guard {
///     async fn handle(&self, _: &MessagePayload, extensions: &Extensions, _: &mut PluginContext)
///     -> PluginResult<MessagePayload> {
///         // Would let all pass if `agent` looked empty.
///         match &extensions.agent {
///             Some(agent) if agent.turn > Some(20) => {
///                 PluginResult::deny(PluginViolation::new("turns", "no more than 20"))
///             }
///             _ => PluginResult::allow(),
///         }
///     }
/// }
///
/// cpex_plugin! {
///     name: "guard",
///     plugin: Guard = Guard,
///     capabilities: ["read_headers"], // Lacks `read_agent`.
///     hooks: { "cmf.tool_pre_invoke" => CmfHook },
/// }
/// # fn main() {}
/// ```
///
/// Labels, roles, permissions, teams and claims are in slots that each plugin may read. Looking at those that the capabilities do
/// not open fails the call:
///
/// ```
/// # use cpex_wasmi_guest::cpex::*;
/// # use cpex_wasmi_guest::testing::{Harness, Request};
/// # struct Guard(PluginConfig);
/// # impl Plugin for Guard {
/// #     fn config(&self) -> &PluginConfig { &self.0 }
/// # }
/// # impl HookHandler<CmfHook> for Guard {
/// #     async fn handle(&self, _: &MessagePayload, extensions: &Extensions, _: &mut PluginContext)
/// #     -> PluginResult<MessagePayload> {
/// if extensions.security.as_ref().is_some_and(|security| security.has_label("PII")) {
///     return PluginResult::deny(PluginViolation::new("pii", "no personal data"));
/// }
/// # PluginResult::allow()
/// #     }
/// # }
///
/// cpex_plugin! {
///     name: "guard",
///     plugin: Guard = Guard,
///     // Lacks `read_labels`.
///     hooks: { "cmf.tool_pre_invoke" => CmfHook },
/// }
/// # fn main() {
/// let request = Request::tool_call("search").label("PII");
/// assert!(Harness::new(&PLUGIN).call("cmf.tool_pre_invoke", request).is_err());
/// # }
/// ```
///
/// Anything else in `security` that they do not open (the subject, the client and the workloads) is missing, as in CPEX.
///
/// The message is fetched part by part too:
///
/// ```
/// # use cpex_wasmi_guest::cpex::*;
/// # use cpex_wasmi_guest::testing::{Harness, Request};
/// # struct Guard(PluginConfig);
/// # impl Plugin for Guard {
/// #     fn config(&self) -> &PluginConfig { &self.0 }
/// # }
/// # impl HookHandler<CmfHook> for Guard {
/// #     async fn handle(&self, payload: &MessagePayload, _: &Extensions, _: &mut PluginContext)
/// #     -> PluginResult<MessagePayload> {
/// if payload.message.get_tool_calls().iter().any(|call| call.name == "shell") {
///     return PluginResult::deny(PluginViolation::new("tool", "no shells"));
/// }
/// # PluginResult::allow()
/// #     }
/// # }
///
/// cpex_plugin! {
///     name: "guard",
///     plugin: Guard = Guard,
///     hooks: { "cmf.tool_pre_invoke" => CmfHook },
/// }
/// # fn main() {
/// # let outcome = Harness::new(&PLUGIN).call("cmf.tool_pre_invoke", Request::tool_call("shell")).unwrap();
/// # assert_eq!(outcome.decision.violation().unwrap().code, "tool");
/// # }
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! cpex_plugin {
    // Takes `plugin` and `hooks` out, and leaves the rest for `plugin!`.
    (@take [$($rest:tt)*] [] $hooks:tt
        plugin: $plugin:ty = $new:expr $(, $($more:tt)*)?) => {
        $crate::cpex_plugin! { @take [$($rest)*] [$plugin, $new] $hooks $($($more)*)? }
    };
    (@take [$($rest:tt)*] $plugin:tt []
        hooks: { $($name:expr => $hook:ty),* $(,)? } $(, $($more:tt)*)?) => {
        $crate::cpex_plugin! {
            @take [$($rest)*] $plugin [$(($name, $hook))*] $($($more)*)?
        }
    };
    // As tokens, so that `plugin!` can look into a list.
    (@take [$($rest:tt)*] $plugin:tt $hooks:tt
        $key:ident: [$($list:tt)*] $(, $($more:tt)*)?) => {
        $crate::cpex_plugin! {
            @take [$($rest)* $key: [$($list)*],] $plugin $hooks $($($more)*)?
        }
    };
    (@take [$($rest:tt)*] $plugin:tt $hooks:tt
        stateful: per_instance $(, $($more:tt)*)?) => {
        $crate::cpex_plugin! {
            @take [$($rest)* stateful: per_instance,] $plugin $hooks $($($more)*)?
        }
    };
    (@take [$($rest:tt)*] $plugin:tt $hooks:tt
        $key:ident: $value:expr $(, $($more:tt)*)?) => {
        $crate::cpex_plugin! {
            @take [$($rest)* $key: $value,] $plugin $hooks $($($more)*)?
        }
    };
    (@take [$($rest:tt)*] [] $hooks:tt) => {
        ::core::compile_error!("a plugin needs a `plugin: Type = constructor`");
    };
    (@take [$($rest:tt)*] [$plugin:ty, $new:expr] [$(($name:expr, $hook:ty))*]) => {
        /// The extensions, with the slots that the capabilities open.
        #[allow(dead_code, reason = "a plugin need not look at them")]
        pub(crate) type Extensions = $crate::cpex::extensions::Extensions<$plugin>;

        $crate::__cpex_granted! { $plugin }

        impl $crate::cpex::rt::Described for $plugin {
            const MANIFEST: $crate::rt::StaticManifest =
                $crate::plugin! { @static $($rest)* hooks: { $($name => ()),* } };
        }

        impl $crate::cpex::rt::Registered for $plugin {
            fn instance() -> &'static $crate::cpex::rt::Instance<$plugin> {
                ::std::thread_local! {
                    static INSTANCE: ::core::cell::RefCell<
                        ::core::option::Option<::core::mem::ManuallyDrop<$plugin>>,
                    > = const { ::core::cell::RefCell::new(::core::option::Option::None) };
                }
                &INSTANCE
            }

            fn make(
                config: $crate::cpex::PluginConfig,
            ) -> ::core::result::Result<$plugin, ::std::boxed::Box<$crate::cpex::PluginError>> {
                $crate::cpex::rt::make($new, config)
            }
        }

        $crate::plugin! {
            $($rest)*
            init: $crate::cpex::rt::initialise::<$plugin>,
            shutdown: $crate::cpex::rt::shut_down::<$plugin>,
            hooks: { $($name => $crate::cpex::rt::handle::<$plugin, $hook>),* },
        }
    };
    ($first:ident: $($rest:tt)*) => {
        $crate::cpex_plugin! { @take [] [] [] $first: $($rest)* }
    };
}
