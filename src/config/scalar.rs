//! The values of plain scalars, as `cpex-core` reads them.

use alloc::format;
use alloc::string::{String, ToString as _};

use serde_json::Value;

use crate::logging::visible;

/// The value of a plain scalar: nothing, true or false, a number, else a text.
///
/// # Errors
///
/// The problem of a number that JSON does not have: too large, or not finite.
pub(super) fn plain(text: &str) -> Result<Value, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(number) = whole(text, negative, digits) {
        return number;
    }
    // Digits after a zero are a text, such as those of a telephone number.
    let is_code = digits.len() > 1
        && digits.starts_with('0')
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    if digits.starts_with(['+', '-']) || is_code {
        return Ok(text.into());
    }
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(format!(
            "is {text}, which only YAML reads as a number; put it in quotes if it is a text"
        ));
    }
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() => {
            Ok(Value::from(if negative { -number } else { number }))
        }
        // `inf` and `nan` are names, whatever Rust makes of them.
        Ok(_) if digits.starts_with(|digit: char| digit.is_ascii_digit() || digit == '.') => {
            Err(too_large(text))
        }
        _ => Ok(text.into()),
    }
}

/// The value of a whole number, in decimal, or in hexadecimal, octal or binary with a prefix.
fn whole(text: &str, negative: bool, digits: &str) -> Option<Result<Value, String>> {
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, digits.get(2..)?),
        Some("0o") => (8, digits.get(2..)?),
        Some("0b") => (2, digits.get(2..)?),
        _ if digits.len() > 1 && digits.starts_with('0') => return None,
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let number = if negative {
        i64::from_str_radix(&format!("-{digits}"), radix).map(Value::from)
    } else {
        u64::from_str_radix(digits, radix).map(Value::from)
    };
    Some(number.map_err(|_| too_large(text)))
}

fn too_large(text: &str) -> String {
    let (least, most) = (i64::MIN.to_string(), u64::MAX.to_string());
    format!(
        "is {}, and whole numbers go from {least} to {most}; put it in quotes if it is a text",
        visible(text)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_mean_what_they_mean_to_cpex_core() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("True", json!(true)),
            ("no", json!("no")),
            ("7", json!(7)),
            ("+7", json!(7)),
            ("-7", json!(-7)),
            ("-0", json!(0)),
            ("0x1F", json!(31)),
            ("-0x10", json!(-16)),
            ("0o17", json!(15)),
            ("0b11", json!(3)),
            ("012", json!("012")),
            ("-012", json!("-012")),
            ("1_000", json!("1_000")),
            ("1.50", json!(1.5)),
            (".5", json!(0.5)),
            ("012.5", json!(12.5)),
            ("1e3", json!(1000.0)),
            ("inf", json!("inf")),
            ("nan", json!("nan")),
            ("+-1", json!("+-1")),
            ("0xZ", json!("0xZ")),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
        ] {
            assert_eq!(plain(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn a_number_that_json_lacks_is_told_as_it_was_written() {
        for text in [
            "99999999999999999999",
            "18446744073709551616",
            "-9223372036854775809",
            "0xFFFFFFFFFFFFFFFFF",
            "1e999",
            "-1e999",
            ".inf",
            "-.Inf",
            ".NaN",
        ] {
            let wrong = plain(text).unwrap_err();
            assert!(wrong.starts_with(&format!("is {text}, ")), "{wrong}");
        }
    }
}
