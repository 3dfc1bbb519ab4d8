//! The JSON of praxis-policy's types beside that of the model, where they differ.

use serde_json::{Map, Value, json};

/// The JSON of a value of the model as praxis-policy has it: claims of all kinds together.
///
/// # Panics
///
/// If a subject has no claims.
pub fn unseen(mut ours: Value) -> Value {
    each_subject(&mut ours, &mut |subject| {
        if let Some(Value::Object(values)) = subject.remove("claim_values") {
            subject["claims"].as_object_mut().unwrap().extend(values);
        }
    });
    ours
}

/// The JSON of a value of praxis-policy, as plugins see it: claims as texts, beside those that are none, and no texts that stand for nothing.
pub fn seen(mut theirs: Value) -> Value {
    each_subject(&mut theirs, &mut |subject| {
        let Some(Value::Object(claims)) = subject.get_mut("claims") else { return };
        let mut values = Map::new();
        for (name, value) in claims {
            if !value.is_string() {
                let text = value.to_string();
                values.insert(name.clone(), std::mem::replace(value, text.into()));
            }
        }
        if !values.is_empty() {
            subject.insert("claim_values".into(), values.into());
        }
    });
    each_object(&mut theirs, &mut |object| {
        let question = ["route_key", "tool", "requester"].map(|name| (name, json!("")));
        let key = ["delegator_name", "target_name"].map(|name| (name, json!("")));
        let absent: &[(&str, Value)] = if object.contains_key("route_key") {
            &[&question[..], &[("peek", json!(false))]].concat()
        } else if object.contains_key("mode") {
            &key
        } else {
            &[
                ("delegator_name", json!("")),
                ("outbound_prefix", json!("Bearer ")),
                ("delegated_tokens", json!([])),
            ]
        };
        for (name, absent) in absent {
            if object.get(*name) == Some(absent) {
                object.remove(*name);
            }
        }
        if object.contains_key("inbound_tokens") {
            object.entry("delegated_tokens").or_insert(json!({}));
        }
    });
    theirs
}

fn each_object(value: &mut Value, act: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| each_object(value, act)),
        Value::Object(object) => {
            object.values_mut().for_each(|value| each_object(value, act));
            act(object);
        }
        _ => {}
    }
}

/// Each subject in a security slot or an identity.
fn each_subject(value: &mut Value, act: &mut impl FnMut(&mut Map<String, Value>)) {
    each_object(value, &mut |object| {
        if let Some(Value::Object(subject)) = object.get_mut("subject") {
            act(subject);
        }
    });
}
