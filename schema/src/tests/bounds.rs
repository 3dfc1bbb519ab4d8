//! Hostile schemas, and the bounds that hold them.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::{Schema, check, refuse};

const STEPS: &str = "config: cannot be checked: the schema takes too many steps to check; \
                     make lists shorter, or have the plugin's schema simplified";
const DEPTH: &str = "config: cannot be checked: the schema or the configuration nests too deep; \
                     make it flatter, or have the plugin's schema simplified";

/// `{"a": {"a": … }}`
fn nested(key: &str, levels: usize, end: Value) -> Value {
    (0..levels).fold(end, |inner, _| json!({key: inner}))
}

#[test]
fn a_schema_is_no_larger_than_a_manifest() {
    let sized = |len: usize| "{}".to_string() + &" ".repeat(len - 2);
    assert!(Schema::parse(&sized(65_536)).is_ok());
    assert_eq!(
        Schema::parse(&sized(65_537)).unwrap_err(),
        ["the schema has 65537 bytes, but may have at most 65536"]
    );
}

#[test]
fn schemas_nest_no_deeper_than_32() {
    assert!(check(&nested("not", 32, json!({})), json!({})).is_empty());
    let problems = refuse(&nested("not", 33, json!({})));
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0]
            .ends_with("stands in more than 32 other schemas; move it to `$defs` and refer to it")
    );
    // Deeper than what the parser of JSON takes.
    assert!(Schema::parse(&"{\"not\":".repeat(9_000)).is_err());
    assert!(Schema::parse(&"[".repeat(65_536)).is_err());
    assert_eq!(refuse(&json!({"const": nested("a", 64, json!(1))})).len(), 1);
}

#[test]
fn a_reference_to_itself_is_no_pass() {
    assert_eq!(check(&json!({"$ref": "#"}), json!({})), [DEPTH]);
    let circle = json!({
        "$ref": "#/$defs/a",
        "$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}},
    });
    assert_eq!(check(&circle, json!({})), [DEPTH]);
    // Where a failure would be a pass.
    assert_eq!(check(&json!({"not": {"$ref": "#"}}), json!({})), [DEPTH]);
    assert_eq!(check(&json!({"if": {"$ref": "#"}, "then": false}), json!({})), [DEPTH]);
    assert_eq!(check(&json!({"anyOf": [{"$ref": "#"}, true]}), json!({})), [DEPTH]);
}

#[test]
fn a_recursive_schema_has_a_bound_on_its_depth() {
    let tree = json!({
        "type": "object",
        "properties": {"next": {"$ref": "#"}},
        "additionalProperties": false,
    });
    assert!(check(&tree, nested("next", 30, json!({}))).is_empty());
    let end = check(&tree, nested("next", 30, json!({"nxt": 1})));
    assert!(end[0].ends_with(".next.nxt: is not known; did you mean `next`?"), "{end:?}");
    assert_eq!(check(&tree, nested("next", 40, json!({}))), [DEPTH]);
    let equal = json!({"properties": {"next": {"enum": [1]}}});
    assert_eq!(check(&equal, nested("next", 70, json!({}))), [DEPTH]);
}

#[test]
fn a_bomb_runs_out_of_steps() {
    // Each definition asks the next one twice: 2^30 ways to the last, of which none fits.
    let bomb = |keyword: &str, last: Value| {
        let mut defs = serde_json::Map::new();
        for n in 0..30 {
            let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
            defs.insert(format!("d{n}"), json!({keyword: [next, next]}));
        }
        defs.insert("d30".into(), last);
        json!({"$ref": "#/$defs/d0", "$defs": defs})
    };
    assert_eq!(check(&bomb("anyOf", json!(false)), json!({})), [STEPS]);
    assert_eq!(check(&bomb("allOf", json!(true)), json!({})), [STEPS]);
    let negated = json!({"not": bomb("anyOf", json!(false))["$defs"]["d0"], "$defs": bomb("anyOf", json!(false))["$defs"]});
    assert_eq!(check(&negated, json!({})), [STEPS]);
    // Every problem is the same one; it is told once.
    let again = check(&bomb("allOf", json!(false)), json!({}));
    assert_eq!(again, ["config: is not allowed here"]);
}

#[test]
fn long_texts_and_lists_cost_steps() {
    let texts: Vec<Value> = (0..100).map(|_| json!("x".repeat(100_000))).collect();
    let rules: Vec<Value> = (0..100).map(|_| json!({"items": {"minLength": 1}})).collect();
    let schema = json!({"properties": {"v": {"allOf": rules}}});
    assert_eq!(check(&schema, json!({"v": texts})), [STEPS]);
    let schema = json!({"properties": {"v": {"items": {"enum": [1, 2, 3]}, "uniqueItems": true}}});
    let numbers: Vec<u32> = (0..1_000_000).collect();
    assert_eq!(check(&schema, json!({"v": numbers})).len(), 20);
}

#[test]
fn what_operators_write_fits_the_bounds() {
    let schema = json!({"properties": {"names": {
        "type": "array", "uniqueItems": true,
        "items": {"type": "string", "minLength": 1, "maxLength": 64},
    }}});
    let names: Vec<String> = (0..50_000).map(|n: u32| n.to_string()).collect();
    assert!(check(&schema, json!({"names": names})).is_empty());
}

#[test]
fn messages_stay_short_and_few() {
    let names: Vec<String> = (0..2_000).map(|n| format!("a-rather-long-name-{n}")).collect();
    let properties: serde_json::Map<String, Value> =
        names.iter().map(|name| (name.clone(), json!(true))).collect();
    let schema = json!({"properties": properties, "additionalProperties": false});
    let config: serde_json::Map<String, Value> =
        (0..1_000).map(|n| (format!("no-such-name-{n}"), json!(1))).collect();
    let problems = check(&schema, Value::Object(config));
    assert_eq!(problems.len(), 20);
    assert!(problems.iter().all(|problem| problem.len() < 100), "{problems:?}");
    let problems = check(&json!({"properties": {"v": {"enum": names}}}), json!({"v": 1}));
    assert!(problems[0].ends_with("or one of 1988 others, but is 1"), "{problems:?}");
    assert!(problems[0].len() < 500, "{problems:?}");
}
