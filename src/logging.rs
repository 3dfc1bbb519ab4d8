use alloc::string::String;
use core::fmt::Write as _;

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

/// Where plugins' log lines go.
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

/// Text from a plugin for people: control characters are made visible, so that it can neither
/// forge lines nor talk to a terminal.
///
/// Also escaped are the characters that reorder text (bidirectional controls), the line separators
/// U+2028 and U+2029, and those that are not seen and can spell out text beside the one that is: tags,
/// annotations, and spaces and joiners without width but the two that scripts and emoji need.
///
/// Messages of an [`Error`](crate::Error) and log lines have been through this. What a plugin puts
/// into a violation, a change or its manifest has not: it is data, and data for people needs it.
///
/// ```
/// assert_eq!(cpex_wasmi::visible("no\nway\u{1b}[2J"), "no\\nway\\u{1b}[2J");
/// ```
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ if is_hidden(char) => {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(char));
            }
            _ => out.push(char),
        }
    }
    out
}

/// A text in double quotes that YAML reads as that text, with all that [`visible`] escapes in YAML's own escapes.
///
/// ```
/// assert_eq!(cpex_wasmi::quoted("no \"way\"\n\u{9b}2J"), r#""no \"way\"\n\u009b2J""#);
/// ```
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for char in text.chars() {
        // Writing to a `String` cannot fail.
        let _ = match char {
            '"' | '\\' => write!(out, "\\{char}"),
            '\n' => write!(out, "\\n"),
            '\t' => write!(out, "\\t"),
            // The last two are not to stand in YAML as they are.
            _ if is_hidden(char) || matches!(char, '\u{fffe}' | '\u{ffff}') => {
                match u32::from(char) {
                    code @ 0..=0xffff => write!(out, "\\u{code:04x}"),
                    code => write!(out, "\\U{code:08x}"),
                }
            }
            _ => out.write_char(char),
        };
    }
    out.push('"');
    out
}

/// True if a character steers a terminal, reorders text or is not seen.
fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(char, '\u{200b}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(char, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cannot_forge_another_or_steer_a_terminal() {
        assert_eq!(visible("a\nb\t\u{1b}[2J\u{202e}ü"), "a\\nb\\t\\u{1b}[2J\\u{202e}ü");
    }

    #[test]
    fn no_text_is_hidden_in_a_line() {
        // What models read, and people do not see: tags, and bits in spaces without width.
        let hidden = "\u{e0068}\u{e0069}\u{200b}\u{2060}\u{feff}\u{fff9}";
        let shown = "\\u{e0068}\\u{e0069}\\u{200b}\\u{2060}\\u{feff}\\u{fff9}";
        assert_eq!(visible(&alloc::format!("ok{hidden}")), alloc::format!("ok{shown}"));
        assert_eq!(visible("👩\u{200d}💻"), "👩\u{200d}💻");
    }
}
