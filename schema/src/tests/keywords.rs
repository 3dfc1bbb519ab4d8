//! Each keyword: what it lets through and what it does not.

use serde_json::{Value, json};

use super::check;

/// Holds values, as the setting `v`, against a schema.
#[track_caller]
fn holds(schema: Value, fit: &[Value], unfit: &[Value]) {
    let schema = json!({"properties": {"v": schema}});
    for value in fit {
        assert!(check(&schema, json!({"v": value})).is_empty(), "{schema} {value}");
    }
    for value in unfit {
        let problems = check(&schema, json!({"v": value}));
        assert!(problems.iter().all(|problem| problem.starts_with("config.v")), "{problems:?}");
        assert!(!problems.is_empty(), "{schema} {value}");
    }
}

#[test]
fn true_and_false() {
    holds(json!(true), &[json!(null), json!(1)], &[]);
    holds(json!({}), &[json!(null), json!(1)], &[]);
    holds(json!(false), &[], &[json!(null), json!(1)]);
}

#[test]
fn types() {
    let values = [
        ("null", json!(null)),
        ("boolean", json!(true)),
        ("integer", json!(1)),
        ("number", json!(1.5)),
        ("string", json!("1")),
        ("array", json!([1])),
        ("object", json!({"a": 1})),
    ];
    for (name, fit) in &values {
        let unfit = values.iter().filter(|(other, _)| (*name, *other) != ("number", "integer"));
        let unfit: alloc::vec::Vec<_> =
            unfit.filter(|(other, _)| other != name).map(|(_, value)| value.clone()).collect();
        holds(json!({"type": name}), core::slice::from_ref(fit), &unfit);
    }
    holds(json!({"type": "integer"}), &[json!(1.0), json!(1e300), json!(u64::MAX)], &[json!(1.5)]);
    holds(json!({"type": ["string", "null"]}), &[json!(""), json!(null)], &[json!(0)]);
    holds(json!({"type": ["number", "integer"]}), &[json!(1.5), json!(1)], &[json!("1")]);
}

#[test]
fn values() {
    holds(json!({"const": 1}), &[json!(1), json!(1.0)], &[json!(true), json!("1"), json!(2)]);
    holds(json!({"const": null}), &[json!(null)], &[json!(0), json!("")]);
    let fit = [json!({"a": [1, 2], "b": 0}), json!([]), json!("x")];
    let unfit = [json!({"a": [2, 1], "b": 0}), json!({"a": [1, 2]}), json!([[]]), json!("X")];
    holds(json!({"enum": [{"b": 0, "a": [1, 2]}, [], "x"]}), &fit, &unfit);
    let extremes = json!([u64::MAX, i64::MIN]);
    let near = [json!(u64::MAX - 1), json!(i64::MIN + 1), json!(1.8446744073709552e19)];
    holds(json!({"enum": extremes}), &[json!(u64::MAX), json!(i64::MIN)], &near);
}

#[test]
fn numbers() {
    holds(json!({"minimum": 2}), &[json!(2), json!(2.0), json!("1")], &[json!(1), json!(1.99)]);
    holds(json!({"maximum": 2}), &[json!(2), json!(-1e300)], &[json!(3), json!(2.01)]);
    holds(json!({"exclusiveMinimum": 2}), &[json!(2.01), json!(3)], &[json!(2), json!(2.0)]);
    holds(json!({"exclusiveMaximum": 2}), &[json!(1.99), json!(1)], &[json!(2), json!(2.0)]);
    holds(json!({"minimum": 0.5, "maximum": 1}), &[json!(1), json!(0.5)], &[json!(0), json!(2)]);
    holds(json!({"maximum": u64::MAX - 1}), &[json!(u64::MAX - 1)], &[json!(u64::MAX)]);
    holds(json!({"minimum": i64::MIN + 1}), &[json!(i64::MIN + 1)], &[json!(i64::MIN)]);
    holds(json!({"exclusiveMaximum": u64::MAX}), &[json!(u64::MAX - 1)], &[json!(u64::MAX)]);
    let unfit = [json!(7), json!(7.5), json!(-1)];
    holds(json!({"multipleOf": 5}), &[json!(10), json!(-5), json!(0), json!(5.0)], &unfit);
    holds(json!({"multipleOf": 2.0}), &[json!(u64::MAX - 1), json!(1e300)], &[json!(u64::MAX)]);
}

#[test]
fn texts() {
    let unfit = [json!(""), json!("ü"), json!("😀"), json!("😀😀😀😀")];
    holds(
        json!({"minLength": 2, "maxLength": 3}),
        &[json!("üü"), json!("😀😀😀"), json!(1), json!([])],
        &unfit,
    );
    holds(json!({"maxLength": 0}), &[json!("")], &[json!(" ")]);
    holds(json!({"minLength": 1.0}), &[json!("a")], &[json!("")]);
}

#[test]
fn lists() {
    holds(
        json!({"items": {"type": "integer"}}),
        &[json!([]), json!([1, 2]), json!("a")],
        &[json!(["a"]), json!([1, null])],
    );
    holds(json!({"items": false}), &[json!([])], &[json!([1])]);
    let tuple = json!({"prefixItems": [{"type": "string"}, {"type": "integer"}]});
    holds(
        tuple,
        &[json!([]), json!(["a"]), json!(["a", 1, null])],
        &[json!([1]), json!(["a", ""])],
    );
    let closed = json!({"prefixItems": [{"type": "string"}], "items": false});
    holds(closed, &[json!([]), json!(["a"])], &[json!(["a", 1]), json!([1])]);
    let rest = json!({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}});
    holds(rest, &[json!(["a", 1, 2])], &[json!(["a", "b"]), json!(["a", 1, "b"])]);
    let count = json!({"minItems": 1, "maxItems": 2});
    holds(count, &[json!([1]), json!([1, 1]), json!({})], &[json!([]), json!([1, 2, 3])]);
    holds(
        json!({"uniqueItems": true}),
        &[json!([]), json!([1, "1", true, [1], {"a": 1}, {"b": 1}])],
        &[json!([1, 2, 1.0]), json!([{"a": 1, "b": 2}, {"b": 2, "a": 1}])],
    );
    holds(json!({"uniqueItems": false}), &[json!([1, 1])], &[]);
}

#[test]
fn mappings() {
    let shape = json!({
        "properties": {"a": {"type": "integer"}, "b": false},
        "required": ["a"],
        "additionalProperties": {"type": "string"},
    });
    holds(
        shape,
        &[json!({"a": 1}), json!({"a": 1, "c": "x"}), json!([]), json!(1)],
        &[json!({}), json!({"a": "x"}), json!({"a": 1, "b": 1}), json!({"a": 1, "c": 1})],
    );
    let closed = json!({"properties": {"a": true}, "additionalProperties": false});
    holds(closed, &[json!({}), json!({"a": 1})], &[json!({"b": 1})]);
    let names = json!({"propertyNames": {"minLength": 2, "not": {"const": "no"}}});
    holds(names, &[json!({}), json!({"yes": 1})], &[json!({"y": 1}), json!({"no": 1})]);
    let count = json!({"minProperties": 1, "maxProperties": 2});
    holds(count, &[json!({"a": 1}), json!([])], &[json!({}), json!({"a": 1, "b": 1, "c": 1})]);
}

#[test]
fn combinations() {
    let (text, short) = (json!({"type": "string"}), json!({"maxLength": 2}));
    holds(json!({"allOf": [text, short]}), &[json!("ab")], &[json!("abc"), json!(1)]);
    holds(json!({"anyOf": [text, {"minimum": 2}]}), &[json!("a"), json!(2)], &[json!(1)]);
    holds(
        json!({"oneOf": [{"minimum": 2}, {"multipleOf": 2}]}),
        &[json!(3), json!(0)],
        &[json!(4), json!(1)],
    );
    holds(json!({"not": text}), &[json!(1)], &[json!("a")]);
    holds(json!({"not": {"not": text}}), &[json!("a")], &[json!(1)]);
    holds(
        json!({"if": text, "then": short, "else": {"minimum": 2}}),
        &[json!("ab"), json!(2)],
        &[json!("abc"), json!(1)],
    );
    holds(json!({"if": text, "then": short}), &[json!("ab"), json!(1)], &[json!("abc")]);
    holds(json!({"if": text, "else": false}), &[json!("abc")], &[json!(1)]);
}

#[test]
fn references() {
    let schema = json!({
        "$defs": {"Short": {"maxLength": 2}, "a/b": {"$ref": "#/$defs/Short"}},
        "definitions": {"Short": {"maxLength": 3}},
        "properties": {
            "two": {"$ref": "#/$defs/a~1b"},
            "three": {"$ref": "#/definitions/Short", "type": "string"},
            "inner": {"$ref": "#"},
        },
        "additionalProperties": false,
    });
    let fits = json!({"two": "ab", "three": "abc", "inner": {"inner": {"two": 1}}});
    assert!(check(&schema, fits).is_empty());
    let unfit = json!({"two": "abc", "three": 1, "inner": {"inner": {"two": "abc", "four": 4}}});
    assert_eq!(
        check(&schema, unfit),
        [
            "config.inner.inner.four: is not known; known are `inner`, `three`, `two`",
            "config.inner.inner.two: has 3 characters, but must have at most 2",
            "config.three: must be a text, but is 1",
            "config.two: has 3 characters, but must have at most 2",
        ]
    );
}

#[test]
fn annotations_have_no_effect() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:a", "$comment": "c",
        "title": "t", "description": "d", "default": {"a": 1}, "examples": [1], "format": "email",
        "deprecated": true, "readOnly": true, "writeOnly": false,
        "properties": {"a": {"type": "string", "format": "uint8", "default": 1}},
    });
    assert!(check(&schema, json!({"a": "no mail", "b": 1})).is_empty());
}
