//! JSON on the standard output.

use std::io::{self, Write};

use serde::Serialize;

/// A value as one line of JSON.
///
/// Characters that could steer or confuse a terminal are escaped, which in JSON does not change
/// the value.
pub(crate) fn line(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Safe);
    // Nothing here has keys that are no strings, and writing to memory does not fail.
    if value.serialize(&mut serializer).is_err() {
        return String::from("null\n");
    }
    bytes.push(b'\n');
    String::from_utf8_lossy(&bytes).into_owned()
}

struct Safe;

impl serde_json::ser::Formatter for Safe {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if cpex_wasmi::visible(fragment) == fragment {
            return writer.write_all(fragment.as_bytes());
        }
        let mut buffer = [0; 4];
        for char in fragment.chars() {
            let text: &str = char.encode_utf8(&mut buffer);
            if cpex_wasmi::visible(text) == text {
                writer.write_all(text.as_bytes())?;
            } else {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_raw_and_nothing_is_lost() {
        let text = "a\n\"\\\u{1b}[2J\u{7f}\u{9b}31m\u{202e}ü😀";
        let line = line(&text);
        assert_eq!(line, "\"a\\n\\\"\\\\\\u001b[2J\\u007f\\u009b31m\\u202eü😀\"\n");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
