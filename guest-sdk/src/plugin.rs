//! The macro `plugin!`, which defines a plugin in the lean style.

mod known;

use cpex_wasmi_abi::{Field, StaticManifest};

use crate::{Call, JsonMap, Result, Verdict, sys};

#[cfg(feature = "cpex")]
pub(crate) use known::same;
pub use known::{access_is_known, capabilities_are_known};

/// A function that handles a hook.
pub type Handler = fn(&Call) -> Result<Verdict>;

/// A function that prepares a plugin, once for each instance. It is given the operator's
/// configuration, the only thing that can be read before there is a request.
pub type Init = fn(JsonMap) -> Result<()>;

/// A function that ends a plugin's work, once for each instance that was kept between calls.
pub type Shutdown = fn() -> Result<()>;

/// A plugin as [`plugin!`](crate::plugin!) registers it, for tests.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PluginDef {
    /// The manifest.
    pub manifest: StaticManifest,
    /// The handlers, in the order of the manifest's hooks.
    pub handlers: &'static [Handler],
    /// The function that runs once for each instance.
    pub init: Option<Init>,
    /// The function that runs once before a kept instance is dropped.
    pub shutdown: Option<Shutdown>,
}

impl PluginDef {
    #[doc(hidden)]
    pub const fn new(
        manifest: StaticManifest,
        handlers: &'static [Handler],
        init: Option<Init>,
        shutdown: Option<Shutdown>,
    ) -> Self {
        Self { manifest, handlers, init, shutdown }
    }
}

/// Registers a plugin: its handlers, and the manifest that the host reads before it runs anything.
///
/// ```
/// use cpex_wasmi_guest::prelude::*;
///
/// plugin! {
///     name: "header-check",
///     // The version of the package, unless given.
///     version: "1.0.0",
///     description: "Wants a tenant header on every tool call",
///     // What the operator has to grant. A name that does not exist is a compile error.
///     capabilities: ["read_headers"],
///     // System access, such as `env:API_REGION`: see `AccessRequest` in `cpex-wasmi-abi` for all forms.
///     access: [],
///     // Whether the plugin keeps state in its memory from one call to the next. `true`: it has one
///     // instance, and calls wait for it. `per_instance`: each of several has a state of its own.
///     stateful: false,
///     // A JSON Schema of the configuration; `include_str!` works too.
///     config_schema: r#"{"type":"object"}"#,
///     // Runs once for each instance.
///     init: prepare,
///     // Runs once before an instance is dropped, if it was kept between calls (`isolation: pooled`)
///     // and the host shuts the plugin down.
///     shutdown: finish,
///     hooks: {
///         "cmf.tool_pre_invoke" => check,
///         "cmf.tool_post_invoke" => check,
///     },
/// }
///
/// fn prepare(config: JsonMap) -> Result<()> {
///     info!("prepared with {} settings", config.len()?);
///     Ok(())
/// }
///
/// fn finish() -> Result<()> {
///     info!("no call comes any more");
///     Ok(())
/// }
///
/// fn check(call: &Call) -> Result<Verdict> {
///     if call.http().has_header("x-tenant")? { allow() } else { deny("no_tenant", "whose is it?") }
/// }
/// # fn main() {}
/// ```
///
/// Only `name` and `hooks` are needed, and the order does not matter. A crate registers one plugin.
///
/// ```compile_fail
/// # use cpex_wasmi_guest::prelude::*;
/// plugin! {
///     name: "typo",
///     capabilities: ["read_lables"],
///     hooks: { "cmf.tool_pre_invoke" => |_| allow() },
/// }
/// ```
///
/// ```compile_fail
/// # use cpex_wasmi_guest::prelude::*;
/// plugin! {
///     name: "typo",
///     access: ["envv:API_REGION"],
///     hooks: { "cmf.tool_pre_invoke" => |_| allow() },
/// }
/// ```
///
/// # Memory
///
/// With the feature `allocator`, memory is handed out in one direction and comes back when a call
/// has freed all that it took. What a call leaves behind in a `static` stays valid, but its place
/// is never used again, even after it was freed. A plugin that frees and takes much across calls
/// wants an allocator of its own. It counts on nothing else in the plugin growing the memory.
///
/// # Natively
///
/// On any other target than wasm32 the macro defines `PLUGIN`, a [`PluginDef`], for the tests.
#[macro_export]
macro_rules! plugin {
    (@manifest $manifest:ident) => {};
    (@manifest $manifest:ident
        hooks: { $($hook:expr => $handler:expr),* $(,)? } $(, $($rest:tt)*)?) => {
        $manifest.hooks = &[$($hook),*];
        $crate::plugin! { @manifest $manifest $($($rest)*)? }
    };
    // Names that are written out are checked one by one, so that the error tells which is wrong.
    (@manifest $manifest:ident
        capabilities: [$($name:literal),* $(,)?] $(, $($rest:tt)*)?) => {
        $manifest.capabilities = &[$($name),*];
        $(::core::assert!(
            $crate::rt::capabilities_are_known(&[$name]),
            ::core::concat!("no capability is called `", $name, "`")
        );)*
        $crate::plugin! { @manifest $manifest $($($rest)*)? }
    };
    (@manifest $manifest:ident capabilities: $names:expr $(, $($rest:tt)*)?) => {
        $manifest.capabilities = &$names;
        $crate::plugin! { @manifest $manifest $($($rest)*)? }
    };
    (@manifest $manifest:ident
        access: [$($request:literal),* $(,)?] $(, $($rest:tt)*)?) => {
        $manifest.access = &[$($request),*];
        $(::core::assert!(
            $crate::rt::access_is_known(&[$request]),
            ::core::concat!("no system access is written `", $request, "`")
        );)*
        $crate::plugin! { @manifest $manifest $($($rest)*)? }
    };
    (@manifest $manifest:ident access: $names:expr $(, $($rest:tt)*)?) => {
        $manifest.access = &$names;
        $crate::plugin! { @manifest $manifest $($($rest)*)? }
    };
    (@manifest $manifest:ident config_schema: $schema:expr $(, $($rest:tt)*)?) => {
        $manifest.config_schema = ::core::option::Option::Some($schema);
        $crate::plugin! { @manifest $manifest $($($rest)*)? }
    };
    (@manifest $manifest:ident stateful: per_instance $(, $($rest:tt)*)?) => {
        $manifest.stateful = $crate::rt::Stateful::PerInstance;
        $crate::plugin! { @manifest $manifest $($($rest)*)? }
    };
    (@manifest $manifest:ident stateful: $on:expr $(, $($rest:tt)*)?) => {
        $manifest.stateful = $crate::rt::Stateful::from_bool($on);
        $crate::plugin! { @manifest $manifest $($($rest)*)? }
    };
    (@manifest $manifest:ident init: $init:expr $(, $($rest:tt)*)?) => {
        $crate::plugin! { @manifest $manifest $($($rest)*)? }
    };
    (@manifest $manifest:ident shutdown: $shutdown:expr $(, $($rest:tt)*)?) => {
        $crate::plugin! { @manifest $manifest $($($rest)*)? }
    };
    (@manifest $manifest:ident $key:ident: $value:expr $(, $($rest:tt)*)?) => {
        $manifest.$key = $value;
        $crate::plugin! { @manifest $manifest $($($rest)*)? }
    };

    // Calls `$then` with the handlers in braces, `init` in brackets, and `shutdown` in brackets.
    (@functions $then:ident $hooks:tt $init:tt $shutdown:tt) => {
        $crate::plugin! { @$then $hooks $init $shutdown }
    };
    (@functions $then:ident {} $init:tt $shutdown:tt
        hooks: { $($hook:expr => $handler:expr),* $(,)? } $(, $($rest:tt)*)?) => {
        $crate::plugin! { @functions $then {$($handler,)*} $init $shutdown $($($rest)*)? }
    };
    (@functions $then:ident $hooks:tt [] $shutdown:tt init: $new:expr $(, $($rest:tt)*)?) => {
        $crate::plugin! { @functions $then $hooks [$new] $shutdown $($($rest)*)? }
    };
    (@functions $then:ident $hooks:tt $init:tt [] shutdown: $end:expr $(, $($rest:tt)*)?) => {
        $crate::plugin! { @functions $then $hooks $init [$end] $($($rest)*)? }
    };
    (@functions $then:ident $hooks:tt $init:tt $shutdown:tt
        $key:ident: $value:expr $(, $($rest:tt)*)?) => {
        $crate::plugin! { @functions $then $hooks $init $shutdown $($($rest)*)? }
    };

    (@export {$($handler:expr,)*} [$($init:expr)?] [$($shutdown:expr)?]) => {
        #[unsafe(no_mangle)]
        extern "C" fn cpex_invoke(hook: i32) -> i32 {
            // A chain of comparisons, so that the handlers can be inlined.
            let mut names = MANIFEST.hooks;
            let mut position = 0;
            $(
                if let [name, rest @ ..] = names {
                    if hook == position {
                        return $crate::rt::invoke($handler, name);
                    }
                    names = rest;
                    position += 1;
                }
            )*
            let _ = (names, position);
            $crate::Status::InvalidArgument.code()
        }

        $(
            #[unsafe(no_mangle)]
            extern "C" fn cpex_init() -> i32 {
                $crate::rt::initialise($init)
            }
        )?

        $(
            #[unsafe(no_mangle)]
            extern "C" fn cpex_shutdown() -> i32 {
                $crate::rt::shut_down($shutdown)
            }
        )?
    };
    (@define {$($handler:expr,)*} [$($init:expr)?] [$($shutdown:expr)?]) => {
        $crate::PluginDef::new(
            MANIFEST,
            &[$($handler),*],
            $crate::plugin! { @option $crate::Init $(, $init)? },
            $crate::plugin! { @option $crate::Shutdown $(, $shutdown)? },
        )
    };
    (@option $type:ty) => { ::core::option::Option::<$type>::None };
    (@option $type:ty, $function:expr) => { ::core::option::Option::<$type>::Some($function) };

    ($first:ident: $($rest:tt)*) => {
        /// The plugin, for tests.
        #[cfg(not(target_arch = "wasm32"))]
        pub static PLUGIN: $crate::PluginDef = {
            const MANIFEST: $crate::rt::StaticManifest =
                $crate::plugin! { @static $first: $($rest)* };
            $crate::plugin! { @functions define {} [] [] $first: $($rest)* }
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            const MANIFEST: $crate::rt::StaticManifest =
                $crate::plugin! { @static $first: $($rest)* };

            #[used]
            #[unsafe(link_section = "cpex.manifest")]
            static SECTION: [u8; MANIFEST.encoded_len()] = MANIFEST.encode();

            $crate::plugin! { @functions export {} [] [] $first: $($rest)* }
        };
    };
    (@static $($all:tt)*) => {{
        let mut manifest = $crate::rt::StaticManifest {
            name: "",
            version: ::core::env!("CARGO_PKG_VERSION"),
            description: "",
            hooks: &[],
            capabilities: &[],
            access: &[],
            stateful: $crate::rt::Stateful::No,
            config_schema: ::core::option::Option::None,
        };
        $crate::plugin! { @manifest manifest $($all)* }
        ::core::assert!(!manifest.name.is_empty(), "a plugin needs a `name`");
        ::core::assert!(!manifest.hooks.is_empty(), "a plugin needs `hooks`");
        ::core::assert!(
            $crate::rt::capabilities_are_known(manifest.capabilities),
            "one of the `capabilities` does not exist"
        );
        ::core::assert!(
            $crate::rt::access_is_known(manifest.access),
            "one line of `access` is invalid"
        );
        manifest
    }};
}

/// The body of `cpex_invoke`.
#[inline(always)]
pub fn invoke(handler: impl FnOnce(&Call) -> Result<Verdict>, hook: &'static str) -> i32 {
    sys::enter();
    match handler(&Call::new(hook)) {
        Ok(verdict) => verdict.code(),
        Err(error) => error.code(),
    }
}

/// The body of `cpex_init`.
pub fn initialise(init: impl FnOnce(JsonMap) -> Result<()>) -> i32 {
    sys::enter();
    match init(JsonMap::of(Field::Config)) {
        Ok(()) => 0,
        Err(error) => error.code(),
    }
}

/// The body of `cpex_shutdown`.
pub fn shut_down(shutdown: impl FnOnce() -> Result<()>) -> i32 {
    sys::enter();
    match shutdown() {
        Ok(()) => 0,
        Err(error) => error.code(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_section_name_is_the_abi_s() {
        // The attribute takes a literal.
        assert_eq!(cpex_wasmi_abi::Manifest::SECTION, "cpex.manifest");
    }
}
