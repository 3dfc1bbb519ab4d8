//! Macros that define hooks and payloads.

/// Defines a hook: a marker type with its payload and its result.
///
/// ```
/// use cpex_wasmi_guest::cpex::{PluginResult, define_hook, impl_plugin_payload};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// pub struct Payment {
///     pub amount: u64,
/// }
/// impl_plugin_payload!(Payment);
///
/// define_hook! {
///     /// Before a payment is made.
///     PaymentHook, "payment.pre" => {
///         payload: Payment,
///         result: PluginResult<Payment>,
///     }
/// }
/// # fn main() {}
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! define_hook {
    (
        $(#[$attribute:meta])*
        $name:ident, $hook:literal => {
            payload: $payload:ty,
            result: $result:ty $(,)?
        }
    ) => {
        $(#[$attribute])*
        pub struct $name;

        impl $crate::cpex::hooks::trait_def::HookTypeDef for $name {
            type Payload = $payload;
            type Result = $result;
            const NAME: &'static str = $hook;
        }
    };
}

/// Makes a type of the author's own the payload of a hook.
///
/// It crosses the boundary as the JSON value that serde makes of it, so it needs serde's
/// `Serialize` and `Deserialize` beside `Clone`.
#[macro_export]
#[doc(hidden)]
macro_rules! impl_plugin_payload {
    ($ty:ty) => {
        impl $crate::cpex::hooks::payload::PluginPayload for $ty {
            fn clone_boxed(
                &self,
            ) -> ::std::boxed::Box<dyn $crate::cpex::hooks::payload::PluginPayload> {
                ::std::boxed::Box::new(::core::clone::Clone::clone(self))
            }

            fn as_any(&self) -> &dyn ::core::any::Any {
                self
            }

            fn as_any_mut(&mut self) -> &mut dyn ::core::any::Any {
                self
            }

            fn from_wire(bytes: $crate::cpex::rt::Vec<u8>) -> $crate::Result<Self> {
                $crate::cpex::rt::custom_from_wire(&bytes)
            }

            fn to_wire(&self) -> $crate::Result<::std::vec::Vec<u8>> {
                $crate::cpex::rt::custom_to_wire(self)
            }
        }
    };
}
