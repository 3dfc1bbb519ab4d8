//! Log lines to the host.

use core::fmt;

use crate::sys;

/// Writes a line to the plugin's log. A line that the host does not take is lost.
pub fn line(level: u32, message: &str) {
    let _ = sys::log(level, message.as_bytes());
}

/// As [`line`], formatting only if there is something to format, so that a plugin which logs only
/// literals has no formatting code in it.
#[inline(always)]
pub fn line_of(level: u32, message: fmt::Arguments<'_>) {
    match message.as_str() {
        Some(message) => line(level, message),
        None => formatted(level, message),
    }
}

#[inline(never)]
fn formatted(level: u32, message: fmt::Arguments<'_>) {
    line(level, &alloc::fmt::format(message));
}

/// Logs that something failed.
///
/// Takes what `format!` takes. A message without arguments costs no formatting code.
#[macro_export]
macro_rules! error {
    ($($message:tt)*) => {
        $crate::rt::line_of(1, ::core::format_args!($($message)*))
    };
}

/// Logs that something looks wrong.
///
/// Takes what `format!` takes. A message without arguments costs no formatting code.
#[macro_export]
macro_rules! warn {
    ($($message:tt)*) => {
        $crate::rt::line_of(2, ::core::format_args!($($message)*))
    };
}

/// Logs something worth knowing.
///
/// Takes what `format!` takes. A message without arguments costs no formatting code.
#[macro_export]
macro_rules! info {
    ($($message:tt)*) => {
        $crate::rt::line_of(3, ::core::format_args!($($message)*))
    };
}

/// Logs something for the plugin's author.
///
/// Takes what `format!` takes. A message without arguments costs no formatting code.
#[macro_export]
macro_rules! debug {
    ($($message:tt)*) => {
        $crate::rt::line_of(4, ::core::format_args!($($message)*))
    };
}

/// Logs something for the plugin's author, in detail.
///
/// Takes what `format!` takes. A message without arguments costs no formatting code.
#[macro_export]
macro_rules! trace {
    ($($message:tt)*) => {
        $crate::rt::line_of(5, ::core::format_args!($($message)*))
    };
}
