//! JSON in one form, to compare our values with those of `cpex-core`.

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

/// Without the empty tokens that the model has where CPEX has none, and with sets in order.
pub fn plain(mut json: Json) -> Json {
    fn each(value: &mut Json) {
        match value {
            Json::Object(map) => {
                for name in ["token", "raw_token", "bearer_token", "actor_token"] {
                    if map.get(name).is_some_and(|token| token == "") {
                        map.remove(name);
                    }
                }
                for name in ["labels", "roles", "permissions", "teams", "tags"] {
                    if let Some(Json::Array(members)) = map.get_mut(name) {
                        members.sort_by_key(|member| format!("{member}"));
                    }
                }
                map.values_mut().for_each(each);
            }
            Json::Array(values) => values.iter_mut().for_each(each),
            _ => {}
        }
    }
    each(&mut json);
    json
}
