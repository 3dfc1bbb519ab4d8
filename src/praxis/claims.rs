//! Claims of a subject: JSON values in the engine, texts for plugins of ABI 1.0.

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use std::collections::HashMap;

use serde_json::Value;

/// The claims as texts: a text as it is, any other value as its JSON.
pub(crate) fn to(claims: &HashMap<String, Value>) -> BTreeMap<String, String> {
    claims.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// Claims that a plugin states.
pub(crate) fn from(claims: BTreeMap<String, String>) -> HashMap<String, Value> {
    claims.into_iter().map(|(name, text)| (name, Value::String(text))).collect()
}

/// Gives claims back the values that they had, where a plugin left their texts as they were.
pub(super) fn restore(now: &mut HashMap<String, Value>, before: &HashMap<String, Value>) {
    for (name, value) in now {
        if let Some(was) = before.get(name)
            && value.as_str().is_some_and(|now| now == text(was))
        {
            *value = was.clone();
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: &Value) -> HashMap<String, Value> {
        value.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    #[test]
    fn claims_are_texts_for_plugins_and_stay_values() {
        let value =
            json!({"sub": "a", "groups": ["x", "y"], "age": 7, "admin": true, "none": null});
        let before = claims(&value);
        let texts = to(&before);
        assert_eq!(texts["sub"], "a");
        assert_eq!(texts["groups"], r#"["x","y"]"#);
        assert_eq!(texts["age"], "7");
        assert_eq!(texts["none"], "null");
        let mut now = from(texts.clone());
        restore(&mut now, &before);
        assert_eq!(now, before);

        // Another text is what it says.
        let mut changed = from(texts);
        changed.insert("age".into(), "8".into());
        changed.remove("admin");
        restore(&mut changed, &before);
        let expected = json!({"sub": "a", "groups": ["x", "y"], "age": "8", "none": null});
        assert_eq!(changed, claims(&expected));
    }
}
