//! The check of `arguments_guard`, by the crate that the host of cpex-wasmi has for it, and the crate `regex`.

use std::sync::LazyLock;

use cpex_wasmi_schema::{Pattern, Schema};
use regex::Regex;
use serde_json::Value;

/// The schema of the arguments that are measured.
pub const SCHEMA: &str = r#"{
    "type": "object",
    "properties": {
        "amount": { "type": "number", "exclusiveMinimum": 0, "maximum": 1000 },
        "to": { "type": "string", "pattern": "^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$" },
        "text": { "type": "string", "maxLength": 10000 }
    },
    "required": ["amount", "to"],
    "additionalProperties": false
}"#;

/// The steps that a check may take, as in the host.
const STEPS: u32 = 200_000;

static COMPILED: LazyLock<Schema> = LazyLock::new(|| {
    let compile = &mut |text: &str| -> Result<Box<dyn Pattern>, String> {
        let regex = Regex::new(text).map_err(|error| error.to_string())?;
        Ok(Box::new(Compiled(regex)))
    };
    Schema::parse_with(SCHEMA, compile).unwrap()
});

#[derive(Debug)]
struct Compiled(Regex);

impl Pattern for Compiled {
    fn steps(&self, _: usize) -> u32 {
        0
    }

    fn is_match(&self, text: &str) -> Option<bool> {
        Some(self.0.is_match(text))
    }
}

/// True if the arguments fit.
pub(crate) fn fit(arguments: &Value) -> bool {
    COMPILED.check_within(arguments, STEPS).mismatches.is_some_and(|faults| faults.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fit;

    #[test]
    fn arguments_have_to_fit() {
        let arguments = |to: &str| json!({ "amount": 12.5, "to": to, "text": "" });
        assert!(fit(&arguments("DE89370400440532013000")));
        assert!(!fit(&arguments("none")));
    }
}
