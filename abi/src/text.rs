//! Text of plugins and operators for people: nothing in it is hidden.

use alloc::string::String;
use core::fmt::Write as _;

/// Text from a plugin for people: control characters are made visible, so that it can neither
/// forge lines nor talk to a terminal.
///
/// Also escaped are the characters that reorder text (bidirectional controls), the line separators
/// U+2028 and U+2029, and those that are not seen and can spell out text beside the one that is: tags,
/// annotations, and spaces and joiners without width but the two that scripts and emoji need.
///
/// Messages of the host's errors and log lines have been through this. What a plugin puts
/// into a violation, a change or its manifest has not: it is data, and data for people needs it.
///
/// ```
/// assert_eq!(cpex_wasmi_abi::visible("no\nway\u{1b}[2J"), "no\\nway\\u{1b}[2J");
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
/// assert_eq!(cpex_wasmi_abi::quoted("no \"way\"\n\u{9b}2J"), r#""no \"way\"\n\u009b2J""#);
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

/// A text as a scalar of YAML, in double quotes if it could be read as anything else.
///
/// ```
/// assert_eq!(cpex_wasmi_abi::yaml_scalar("data/rules"), "data/rules");
/// assert_eq!(cpex_wasmi_abi::yaml_scalar("on"), "\"on\"");
/// ```
pub fn yaml_scalar(text: &str) -> String {
    const NOT_TEXT: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte))
        && !text.ends_with(':')
        && !NOT_TEXT.iter().any(|word| text.eq_ignore_ascii_case(word));
    if plain { text.into() } else { quoted(text) }
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

    #[test]
    fn only_a_certain_text_is_left_unquoted() {
        let plain = ["cmf.tool_pre_invoke", "wasm://pii_guard.wasm", "a-b"];
        assert_eq!(plain.map(yaml_scalar), plain);
        for odd in ["", "no", "True", "1.0", "-", "a b", "a:", "a#b", "ü"] {
            assert!(yaml_scalar(odd).starts_with('"'), "{odd}");
        }
    }
}
