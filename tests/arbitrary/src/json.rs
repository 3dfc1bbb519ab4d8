use serde_json::Value as Json;

/// A value as JSON, with lists of strings in order: sets have none in `cpex-core`.
pub fn to_json(value: &impl serde::Serialize) -> Json {
    sorted(serde_json::to_value(value).unwrap())
}

/// Puts lists of strings in order.
pub fn sorted(value: Json) -> Json {
    match value {
        Json::Object(map) => {
            Json::Object(map.into_iter().map(|(key, value)| (key, sorted(value))).collect())
        }
        Json::Array(values) if values.iter().all(Json::is_string) => {
            let mut texts: Vec<_> = values.iter().filter_map(Json::as_str).collect();
            texts.sort_unstable();
            texts.into()
        }
        other => other,
    }
}
