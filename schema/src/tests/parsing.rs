//! Keywords that a schema may not have.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::{Schema, check, refuse};

#[track_caller]
fn refused(schema: Value, expected: &str) {
    assert_eq!(refuse(&schema), [expected]);
}

#[test]
fn what_is_not_supported_is_refused_with_what_to_do_instead() {
    refused(
        json!({"properties": {"limit": {"pattern": "^a"}}}),
        "`/properties/limit/pattern`: the keyword `pattern` is not supported by this host; \
         list the values with `enum`, or check the text in the plugin",
    );
    refused(
        json!({"anyOf": [true, {"requird": ["a"]}]}),
        "`/anyOf/1/requird`: the keyword `requird` is not supported by this host; \
         did you mean `required`?",
    );
    refused(
        json!({"$defs": {"a/b~": {"type": "sting"}}}),
        "`/$defs/a~1b~0/type`: `sting` is not a type; did you mean `string`?",
    );
    refused(
        json!({"items": [true]}),
        "`/items`: must be one schema; use `prefixItems` for a list of schemas",
    );
    refused(
        json!({"multipleOf": 0.5}),
        "`/multipleOf`: must be a whole number of at least 1, the only ones that this host \
         supports, \
         but is 0.5",
    );
    for keyword in ["patternProperties", "contains", "unevaluatedProperties", "dependentRequired"] {
        assert_eq!(refuse(&json!({"not": {keyword: {}}})).len(), 1, "{keyword}");
    }
}

#[test]
fn references_go_to_definitions_that_are_there() {
    refused(
        json!({"$defs": {"Rule": true}, "$ref": "#/$defs/Rle"}),
        "`/$ref`: `$defs` has no `Rle`; did you mean `Rule`?",
    );
    refused(
        json!({"definitions": {"Rule": true}, "$ref": "#/$defs/Rule"}),
        "`/$ref`: `$defs` has no `Rule`",
    );
    refused(
        json!({"$ref": "https://example.com/schema"}),
        "`/$ref`: must be `#`, `#/$defs/NAME` or `#/definitions/NAME`, \
         but is `https://example.com/schema`",
    );
    refused(json!({"not": {"$defs": {}}}), "`/not/$defs`: must stand at the top of the schema");
    refused(json!({"not": {"$id": "a"}}), "`/not/$id`: must stand at the top of the schema");
}

#[test]
fn every_keyword_has_its_form() {
    for (keyword, wrong) in [
        ("type", vec![json!(1), json!([]), json!([1]), json!("float")]),
        ("enum", vec![json!([]), json!("a")]),
        ("properties", vec![json!([]), json!({"a": 1})]),
        ("required", vec![json!("a"), json!([1]), json!(true)]),
        ("additionalProperties", vec![json!("no"), json!([])]),
        ("propertyNames", vec![json!(1)]),
        ("items", vec![json!(1), json!([])]),
        ("prefixItems", vec![json!({}), json!([]), json!([1])]),
        ("uniqueItems", vec![json!(1)]),
        ("minItems", vec![json!(-1), json!(0.5), json!("1"), json!(1e300)]),
        ("maxItems", vec![json!(-1)]),
        ("minLength", vec![json!(-1)]),
        ("maxLength", vec![json!(null)]),
        ("minProperties", vec![json!(-1)]),
        ("maxProperties", vec![json!([])]),
        ("minimum", vec![json!("1")]),
        ("maximum", vec![json!(null)]),
        ("exclusiveMinimum", vec![json!(true)]),
        ("exclusiveMaximum", vec![json!(false)]),
        ("multipleOf", vec![json!(0), json!(-1), json!("1"), json!(1e300)]),
        ("allOf", vec![json!([]), json!({}), json!([1])]),
        ("anyOf", vec![json!([]), json!(true)]),
        ("oneOf", vec![json!([]), json!([null])]),
        ("not", vec![json!([])]),
        ("if", vec![json!(true), json!(1)]),
        ("then", vec![json!(true)]),
        ("else", vec![json!(true)]),
        ("$ref", vec![json!(1), json!("")]),
        ("$defs", vec![json!([]), json!({"a": 1})]),
        ("definitions", vec![json!(true), json!({"a": null})]),
        ("title", vec![json!({"type": "string"})]),
        ("description", vec![json!(1)]),
        ("$schema", vec![json!(1)]),
        ("deprecated", vec![json!("yes")]),
        ("examples", vec![json!({})]),
    ] {
        for wrong in wrong {
            let problems = refuse(&json!({keyword: wrong}));
            let place = format!("`/{keyword}");
            assert!(problems.iter().all(|text| text.starts_with(&place)), "{problems:?}");
            assert!(!problems.is_empty(), "{keyword} {wrong}");
        }
    }
}

#[test]
fn all_problems_are_told_up_to_twenty() {
    let two = json!({"type": "sting", "not": {"minimum": "1"}});
    assert_eq!(refuse(&two).len(), 2);
    let many: Vec<Value> = (0..1_000).map(|_| json!({"pattern": ""})).collect();
    assert_eq!(refuse(&json!({"allOf": many})).len(), 20);
}

#[test]
fn only_a_mapping_true_or_false_is_a_schema() {
    assert_eq!(
        refuse(&json!("a")),
        ["the schema must be a schema: a mapping, true or false, but is a text"]
    );
    assert!(Schema::parse("").unwrap_err()[0].starts_with("the schema is not JSON: "));
    assert!(Schema::parse("{} {}").is_err());
    assert!(check(&json!(true), json!({"a": 1})).is_empty());
    assert_eq!(check(&json!(false), json!({})), ["config: is not allowed here"]);
}
