//! A plugin type in a few lines.

/// Declares a plugin type that handles message hooks by a function.
macro_rules! plugin_type {
    ($name:ident, |$plugin:ident, $payload:ident, $extensions:ident, $ctx:ident| $body:expr) => {
        struct $name {
            config: PluginConfig,
        }

        impl $name {
            fn new(config: PluginConfig) -> Self {
                Self { config }
            }
        }

        impl Plugin for $name {
            fn config(&self) -> &PluginConfig {
                &self.config
            }
        }

        impl HookHandler<CmfHook> for $name {
            async fn handle(
                &self,
                $payload: &MessagePayload,
                $extensions: &Extensions,
                $ctx: &mut PluginContext,
            ) -> PluginResult<MessagePayload> {
                #[allow(unused_variables)]
                let ($plugin, $payload, $extensions, $ctx) = (self, $payload, $extensions, $ctx);
                $body
            }
        }
    };
}
pub(crate) use plugin_type;
