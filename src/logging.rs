//! Log lines of plugins, and where they go.

pub use cpex_wasmi_abi::{quoted, visible, yaml_scalar};
pub use log::{Level, LevelFilter};

/// One line that a plugin logged.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LogRecord<'a> {
    /// The plugin's name, as [`Plugin::name`](crate::Plugin::name) has it.
    pub plugin: &'a str,
    /// The hook that is handled, `init` or `shutdown`; [`host`](Self::HOST) for what the host itself has
    /// to say about the plugin's instances.
    pub hook: &'a str,
    /// The severity the plugin gave it.
    pub level: Level,
    /// The line, with control characters made visible.
    pub message: &'a str,
}

impl LogRecord<'_> {
    /// The `hook` of lines of the host's own.
    pub const HOST: &'static str = "host";
}

/// The destination of plugins' log lines.
///
/// Without one of the embedder's own ([`EngineBuilder::log_sink`](crate::EngineBuilder::log_sink)),
/// they go to the `log` crate under the target [`LOG_TARGET`].
pub trait LogSink: Send + Sync {
    /// Takes one line. It is called while the plugin waits, so it should not take long. If it panics,
    /// the line is lost and the plugin goes on; the program's panic hook is told.
    fn log(&self, record: &LogRecord<'_>);
}

/// Calls what is the embedder's from within the interpreter, through which no panic finds its way: on
/// some processors it would end the process.
#[cfg(feature = "std")]
pub(crate) fn contained<T>(call: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(core::panic::AssertUnwindSafe(call)).ok()
}

/// Without `std`, a panic ends the program anyway.
#[cfg(not(feature = "std"))]
pub(crate) fn contained<T>(call: impl FnOnce() -> T) -> Option<T> {
    Some(call())
}

impl<F: Fn(&LogRecord<'_>) + Send + Sync> LogSink for F {
    fn log(&self, record: &LogRecord<'_>) {
        self(record);
    }
}

/// The target under which plugins' lines reach the `log` crate.
pub const LOG_TARGET: &str = "cpex_wasmi::plugin";

pub(crate) struct LogCrate;

impl LogSink for LogCrate {
    fn log(&self, record: &LogRecord<'_>) {
        let LogRecord { plugin, hook, level, message } = record;
        log::log!(target: LOG_TARGET, *level, "[{plugin} {hook}] {message}");
    }
}
