//! Random schemas and configurations: nothing panics, and the checker agrees with a naive one.

use alloc::string::{String, ToString as _};

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::Schema;
use super::naive::naive;
use super::patterns::compile;

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..3_i64).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![Just(0.5), Just(1.0), Just(1e300), any::<f64>()].prop_map(Value::from),
        prop_oneof![Just("a"), Just("b"), Just("aab")].prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![Just("a".into()), Just("b".into()), Just("aab".into()), ".{0,3}"]
}

/// A pattern that compiles: not each text does.
fn pattern() -> impl Strategy<Value = String> {
    key().prop_filter("is no pattern", |key| compile(key).is_ok())
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn config() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(key(), value(), 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

/// A schema of the subset.
fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        prop::sample::subsequence(TYPES, 1..7).prop_map(|names| json!({"type": names})),
        value().prop_map(|value| json!({"const": value})),
        prop::collection::vec(value(), 1..4).prop_map(|values| json!({"enum": values})),
        prop::collection::vec(key(), 0..3).prop_map(|keys| json!({"required": keys})),
        (
            prop::sample::select(&["minLength", "maxItems", "minProperties", "multipleOf"][..]),
            1..4_u64
        )
            .prop_map(|(keyword, count)| json!({keyword: count})),
        (prop::sample::select(&["minimum", "exclusiveMaximum"][..]), -2..3_i64)
            .prop_map(|(keyword, number)| json!({keyword: number})),
        Just(json!({"uniqueItems": true})),
        pattern().prop_map(|text| json!({"pattern": text})),
        Just(json!({"$ref": "#/$defs/d"})),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..3);
        let properties = prop::collection::btree_map(key(), inner.clone(), 0..3);
        let matching = prop::collection::btree_map(pattern(), inner.clone(), 0..3);
        prop_oneof![
            (prop::sample::select(&["allOf", "anyOf", "oneOf", "prefixItems"][..]), list)
                .prop_map(|(keyword, nodes)| json!({keyword: nodes})),
            (prop::sample::select(&["not", "items", "propertyNames"][..]), inner.clone())
                .prop_map(|(keyword, node)| json!({keyword: node})),
            (properties, matching, inner.clone()).prop_map(|(map, matching, rest)| {
                json!({"properties": map, "patternProperties": matching, "additionalProperties": rest})
            }),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(test, then, or)| json!({"if": test, "then": then, "else": or})),
        ]
    })
}

const TYPES: &[&str] = &["null", "boolean", "integer", "number", "string", "array", "object"];
const KEYWORDS: &[&str] = &[
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "propertyNames",
    "minProperties",
    "items",
    "prefixItems",
    "maxItems",
    "uniqueItems",
    "minimum",
    "exclusiveMaximum",
    "multipleOf",
    "maxLength",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "$ref",
    "$defs",
    "definitions",
    "title",
    "pattern",
    "patternProperties",
    "a",
];

/// JSON with keywords at all places, right or wrong.
fn rubbish() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        scalar(),
        prop::sample::select(&["#", "#/$defs/a", "object", "string"][..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(KEYWORDS), inner, 0..4).prop_map(
                |map| Value::Object(
                    map.into_iter().map(|(key, value)| (key.into(), value)).collect()
                )
            ),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_checker_agrees_with_a_naive_one(
        schema in schema(),
        // Without references, so that the naive one comes to an end.
        def in schema().prop_filter("refers", |def| !def.to_string().contains("$ref")),
        values in prop::collection::vec(value(), 8),
    ) {
        let defs = json!({"d": def});
        let mut whole = schema.clone();
        if let Value::Object(map) = &mut whole {
            map.insert("$defs".into(), defs.clone());
        }
        let parsed = Schema::parse_with(&whole.to_string(), &mut compile).unwrap();
        // As they are after a round through text, which moves some floats.
        let read = |value: &Value| -> Value { serde_json::from_str(&value.to_string()).unwrap() };
        let (schema, defs) = (read(&schema), read(&defs));
        for value in values {
            let problems = parsed.check(&value);
            prop_assert_eq!(problems.is_empty(), naive(&schema, &defs, &value), "{} {:?}", value, problems);
        }
    }

    #[test]
    fn no_schema_makes_it_panic(schema in rubbish(), defs in rubbish(), config in config()) {
        let mut whole = Map::new();
        if let Value::Object(map) = &schema {
            whole.clone_from(map);
        }
        whole.insert("$defs".into(), json!({"a": defs}));
        for schema in [schema, Value::Object(whole)] {
            match Schema::parse_with(&schema.to_string(), &mut compile) {
                Ok(schema) => prop_assert!(schema.check(&config).len() <= 21),
                Err(problems) => prop_assert!((1..=20).contains(&problems.len())),
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}") {
        if let Err(problems) = Schema::parse(&text) {
            prop_assert_eq!(problems.len(), 1);
        }
    }
}
