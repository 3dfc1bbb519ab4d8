//! A sink that gives plugins' log lines to `tracing`.

use tracing::{Level as Tracing, event};

use crate::{LOG_TARGET, Level, LogRecord, LogSink};

/// Hands plugins' log lines to `tracing`, under the target [`LOG_TARGET`] and with the fields
/// `plugin` and `hook`.
///
/// `WasmFactory` does so by itself; a host without an engine sets it with
/// [`EngineBuilder::log_sink`](crate::EngineBuilder::log_sink).
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingSink;

impl LogSink for TracingSink {
    fn log(&self, record: &LogRecord<'_>) {
        macro_rules! at {
            ($level:expr) => {
                event!(
                    target: LOG_TARGET,
                    $level,
                    plugin = record.plugin,
                    hook = record.hook,
                    "{}",
                    record.message
                )
            };
        }
        match record.level {
            Level::Error => at!(Tracing::ERROR),
            Level::Warn => at!(Tracing::WARN),
            Level::Info => at!(Tracing::INFO),
            Level::Debug => at!(Tracing::DEBUG),
            Level::Trace => at!(Tracing::TRACE),
        }
    }
}
