//! The plugin's settings as a type of its own.

use alloc::boxed::Box;

use serde::de::DeserializeOwned;

use super::PluginError;
use crate::{Field, JsonMap};

/// The operator's configuration as a type of the plugin's own.
///
/// Half the size of `T::deserialize(&config.config)` in the module. What the operator got wrong is
/// told by the host, if the manifest has a schema of the configuration; here it is only known that
/// something is.
///
/// ```
/// # use cpex_wasmi_guest::cpex::{PluginConfig, PluginError, settings};
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     role: String,
/// }
///
/// # struct Guard { config: PluginConfig, settings: Settings }
/// impl Guard {
///     fn new(config: PluginConfig) -> Result<Self, Box<PluginError>> {
///         Ok(Self { config, settings: settings()? })
///     }
/// }
/// ```
///
/// # Errors
///
/// [`PluginError::Config`] if the configuration does not fit the type.
pub fn settings<T: DeserializeOwned>() -> Result<T, Box<PluginError>> {
    JsonMap::of(Field::Config).to().map_err(|_| {
        let message = "the configuration does not fit the plugin's settings".into();
        PluginError::Config { message }.boxed()
    })
}
