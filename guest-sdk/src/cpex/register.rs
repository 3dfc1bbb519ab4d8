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
///     // The slots and fields that the handler looks at; see `cpex::reads`. No others are fetched.
///     reads: [security::labels, security::subject::roles],
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
/// The macro defines the type `Extensions` beside the plugin: handlers in another module `use` it from there. It has
/// all slots, and only those in [`reads`](crate::cpex::reads) hold anything. A handler that looks at another one does
/// not compile; rustc names the type [`NotInReads`](crate::cpex::extensions::NotInReads).
/// So does `OwnedExtensions`, the type of the copy that `cow_copy` makes:
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
///         // Would let all pass if `security` looked empty.
///         let Some(security) = &extensions.security else { return PluginResult::allow() };
///         if security.has_label("PII") {
///             return PluginResult::deny(PluginViolation::new("pii", "no personal data"));
///         }
///         PluginResult::allow()
///     }
/// }
///
/// cpex_plugin! {
///     name: "guard",
///     capabilities: ["read_labels"],
///     plugin: Guard = Guard,
///     reads: [meta::tags], // Lacks `security::labels`.
///     hooks: { "cmf.tool_pre_invoke" => CmfHook },
/// }
/// # fn main() {}
/// ```
///
/// Nor does a handler that looks at a field which is not listed. Here `security` is, and its `labels` are not:
///
/// ```compile_fail,E0599
/// # use cpex_wasmi_guest::cpex::*;
/// # struct Guard(PluginConfig);
/// # impl Plugin for Guard {
/// #     fn config(&self) -> &PluginConfig { &self.0 }
/// # }
/// # impl HookHandler<CmfHook> for Guard {
/// #     async fn handle(&self, _: &MessagePayload, extensions: &Extensions, _: &mut PluginContext)
/// #     -> PluginResult<MessagePayload> {
/// match &extensions.security {
///     // Would let all pass if the labels looked empty.
///     Some(security) if security.labels.contains(&"PII".to_owned()) => {
///         PluginResult::deny(PluginViolation::new("pii", "no personal data"))
///     }
///     _ => PluginResult::allow(),
/// }
/// #     }
/// # }
///
/// cpex_plugin! {
/// #   name: "guard",
/// #   capabilities: ["read_labels"],
/// #   plugin: Guard = Guard,
///     reads: [security::classification], // Lacks `security::labels`.
/// #   hooks: { "cmf.tool_pre_invoke" => CmfHook },
/// }
/// # fn main() {}
/// ```
///
/// A copy shows slots that are listed whole. A plugin can add to the others, and not look at them:
///
/// ```compile_fail,E0599
/// # use cpex_wasmi_guest::cpex::*;
/// # struct Guard(PluginConfig);
/// # impl Plugin for Guard {
/// #     fn config(&self) -> &PluginConfig { &self.0 }
/// # }
/// # impl HookHandler<CmfHook> for Guard {
/// #     async fn handle(&self, _: &MessagePayload, extensions: &Extensions, _: &mut PluginContext)
/// #     -> PluginResult<MessagePayload> {
/// let copy = extensions.cow_copy();
/// // Would let all pass if the slot looked empty.
/// if copy.security.is_some_and(|security| security.has_label("PII")) {
///     return PluginResult::deny(PluginViolation::new("pii", "no personal data"));
/// }
/// # PluginResult::allow()
/// #     }
/// # }
///
/// cpex_plugin! {
/// #   name: "guard",
/// #   capabilities: ["read_labels"],
/// #   plugin: Guard = Guard,
///     reads: [meta], // Lacks `security`.
/// #   hooks: { "cmf.tool_pre_invoke" => CmfHook },
/// }
/// # fn main() {}
/// ```
///
/// A path that is not in [`reads`](crate::cpex::reads) is a compile error:
///
/// ```compile_fail
/// # use cpex_wasmi_guest::cpex::*;
/// # struct Noop(PluginConfig);
/// # impl Plugin for Noop {
/// #     fn config(&self) -> &PluginConfig { &self.0 }
/// # }
/// # impl HookHandler<CmfHook> for Noop {
/// #     async fn handle(&self, _: &MessagePayload, _: &Extensions, _: &mut PluginContext)
/// #     -> PluginResult<MessagePayload> { PluginResult::allow() }
/// # }
/// cpex_plugin! {
///     name: "typo",
///     plugin: Noop = Noop,
///     reads: [security::lables],
///     hooks: { "cmf.tool_pre_invoke" => CmfHook },
/// }
/// # fn main() {}
/// ```
///
/// The message needs no entry. It is fetched when the handler looks at it, and only as far as needed:
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
    // Takes `plugin`, `reads` and `hooks` out, and leaves the rest for `plugin!`.
    (@take [$($rest:tt)*] [] $reads:tt $hooks:tt
        plugin: $plugin:ty = $new:expr $(, $($more:tt)*)?) => {
        $crate::cpex_plugin! { @take [$($rest)*] [$plugin, $new] $reads $hooks $($($more)*)? }
    };
    (@take [$($rest:tt)*] $plugin:tt [] $hooks:tt
        reads: [$($($read:ident)::+),* $(,)?] $(, $($more:tt)*)?) => {
        $crate::cpex_plugin! {
            @take [$($rest)*] $plugin [$(($($read)::+))*] $hooks $($($more)*)?
        }
    };
    (@take [$($rest:tt)*] $plugin:tt $reads:tt []
        hooks: { $($name:expr => $hook:ty),* $(,)? } $(, $($more:tt)*)?) => {
        $crate::cpex_plugin! {
            @take [$($rest)*] $plugin $reads [$(($name, $hook))*] $($($more)*)?
        }
    };
    // As tokens, so that `plugin!` can look into a list.
    (@take [$($rest:tt)*] $plugin:tt $reads:tt $hooks:tt
        $key:ident: [$($list:tt)*] $(, $($more:tt)*)?) => {
        $crate::cpex_plugin! {
            @take [$($rest)* $key: [$($list)*],] $plugin $reads $hooks $($($more)*)?
        }
    };
    (@take [$($rest:tt)*] $plugin:tt $reads:tt $hooks:tt
        stateful: per_instance $(, $($more:tt)*)?) => {
        $crate::cpex_plugin! {
            @take [$($rest)* stateful: per_instance,] $plugin $reads $hooks $($($more)*)?
        }
    };
    (@take [$($rest:tt)*] $plugin:tt $reads:tt $hooks:tt
        $key:ident: $value:expr $(, $($more:tt)*)?) => {
        $crate::cpex_plugin! {
            @take [$($rest)* $key: $value,] $plugin $reads $hooks $($($more)*)?
        }
    };
    (@take [$($rest:tt)*] [] $reads:tt $hooks:tt) => {
        ::core::compile_error!("a plugin needs a `plugin: Type = constructor`");
    };
    (@take [$($rest:tt)*] [$plugin:ty, $new:expr] [$(($read:ident $(:: $part:ident)*))*]
        [$(($name:expr, $hook:ty))*]) => {
        /// The extensions, with the slots and fields that `reads` lists.
        #[allow(dead_code, reason = "a plugin need not look at them")]
        pub(crate) type Extensions = $crate::cpex::extensions::container::Extensions<$plugin>;

        /// The copy of the extensions to change.
        #[allow(dead_code, reason = "a plugin need not change them")]
        pub(crate) type OwnedExtensions =
            $crate::cpex::extensions::container::OwnedExtensions<$plugin>;

        $crate::__cpex_reads! {
            $plugin, &[$(&[::core::stringify!($read) $(, ::core::stringify!($part))*]),*]
        }

        impl $crate::cpex::rt::Registered for $plugin {
            const MANIFEST: $crate::rt::StaticManifest =
                $crate::plugin! { @static $($rest)* hooks: { $($name => ()),* } };

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

            #[inline(always)]
            #[allow(unused_variables)]
            fn read<P: $crate::cpex::PluginPayload>(
                incoming: &mut $crate::cpex::rt::Incoming<P>,
            ) -> $crate::Result<()> {
                $($crate::cpex::reads::$read $(:: $part)* (incoming)?;)*
                ::core::result::Result::Ok(())
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
        $crate::cpex_plugin! { @take [] [] [] [] $first: $($rest)* }
    };
}
