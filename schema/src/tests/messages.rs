//! Messages for operators.

use alloc::format;
use alloc::string::String;

use serde_json::{Value, json};

use super::check;

#[track_caller]
fn says<const N: usize>(schema: Value, config: Value, expected: [&str; N]) {
    assert_eq!(check(&schema, config), expected);
}

#[test]
fn each_problem_has_its_path_and_says_what_to_change() {
    let schema = json!({
        "type": "object",
        "properties": {
            "limit": {"type": "integer", "minimum": 1, "maximum": 10},
            "rules": {"type": "array", "minItems": 2, "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "action": {"enum": ["deny", "allow", "log"]},
                },
                "required": ["name", "action"],
                "additionalProperties": false,
            }},
        },
        "required": ["limit", "rules"],
        "additionalProperties": false,
    });
    says(
        schema.clone(),
        json!({"limt": 3}),
        [
            "config: lacks `limit`, which must be a whole number",
            "config: lacks `rules`, which must be a list",
            "config.limt: is not known; did you mean `limit`?",
        ],
    );
    says(
        schema.clone(),
        json!({"limit": 0, "rules": [
            {"name": "a", "action": "dney"},
            {"name": "", "action": 1},
            {"nmae": "a"},
        ]}),
        [
            "config.limit: is 0, but must be at least 1",
            "config.rules[0].action: must be `deny`, `allow` or `log`, but is `dney`; \
             did you mean `deny`?",
            "config.rules[1].action: must be `deny`, `allow` or `log`, but is 1",
            "config.rules[1].name: has 0 characters, but must have at least 1",
            "config.rules[2]: lacks `name`, which must be a text",
            "config.rules[2]: lacks `action`, which must be `deny`, `allow` or `log`",
            "config.rules[2].nmae: is not known; did you mean `name`?",
        ],
    );
    says(
        schema,
        json!({"limit": "3", "rules": [5]}),
        [
            "config.limit: must be a whole number, but is a text",
            "config.rules: has 1 item, but must have at least 2",
            "config.rules[0]: must be a mapping, but is 5",
        ],
    );
}

#[test]
fn numbers_and_counts() {
    let one = |schema: Value, value: Value, message: &str| {
        let expected = format!("config.v: {message}");
        says(json!({"properties": {"v": schema}}), json!({"v": value}), [&expected]);
    };
    one(json!({"maximum": 1.5}), json!(2), "is 2, but must be at most 1.5");
    one(json!({"exclusiveMinimum": 0}), json!(0.0), "is 0.0, but must be more than 0");
    one(json!({"exclusiveMaximum": 0}), json!(0), "is 0, but must be less than 0");
    one(json!({"multipleOf": 5}), json!(7), "is 7, but must be a multiple of 5");
    one(json!({"maxProperties": 0}), json!({"a": 1}), "has 1 key, but must have at most 0");
    one(
        json!({"prefixItems": [true, true], "items": false}),
        json!([1, 2, 3]),
        "has 3 items, but must have at most 2",
    );
    one(json!(false), json!(1), "is not allowed here");
    one(json!({"const": {"a": 1}}), json!([]), r#"must be `{"a":1}`, but is a list"#);
    one(json!({"not": {"type": "string"}}), json!("a"), "must not be a text");
    one(json!({"not": {"enum": [1, 2]}}), json!(2), "must not be `1` or `2`");
    one(
        json!({"not": {"minimum": 1}}),
        json!(2),
        "has a value that the schema excludes with \
        `not`",
    );
    one(
        json!({"not": {"required": ["a", "b"]}}),
        json!({"a": 1, "b": 1}),
        "must not have `a` and `b`",
    );
}

#[test]
fn names_and_doubles() {
    says(
        json!({"propertyNames": {"maxLength": 2}}),
        json!({"ab": 1, "abc": 1}),
        ["config.abc: has a name that has 3 characters, but must have at most 2"],
    );
    says(
        json!({"properties": {"v": {"uniqueItems": true}}}),
        json!({"v": ["a", "b", "a"]}),
        ["config.v[2]: is the same as `config.v[0]`, and items must not repeat"],
    );
}

#[test]
fn of_alternatives_the_one_that_is_meant_is_explained() {
    // What `schemars` makes of `Option<Rule>`.
    let optional = json!({
        "properties": {"rule": {"anyOf": [{"$ref": "#/$defs/Rule"}, {"type": "null"}]}},
        "$defs": {"Rule": {"type": "object", "properties": {"limit": {"minimum": 1}}}},
    });
    says(
        optional.clone(),
        json!({"rule": {"limit": 0}}),
        ["config.rule.limit: is 0, but must be at least 1"],
    );
    says(optional, json!({"rule": 1}), ["config.rule: must be a mapping or nothing, but is 1"]);
    // An enum without data, with a description of each variant.
    says(
        json!({"properties": {"v": {"oneOf": [
            {"type": "string", "const": "deny", "description": "d"},
            {"type": "string", "enum": ["allow", "log"]},
        ]}}}),
        json!({"v": "lgo"}),
        ["config.v: must be `deny`, `allow` or `log`, but is `lgo`; did you mean `log`?"],
    );
    says(
        json!({"properties": {"v": {"oneOf": [{"minimum": 1}, {"maximum": 5}]}}}),
        json!({"v": 3}),
        ["config.v: fits more than one alternative of the schema, but must fit exactly one"],
    );
    says(
        json!({"anyOf": [{"required": ["a"]}, {"required": ["b", "c"]}]}),
        json!({}),
        ["config: must have `a` or `b` and `c`"],
    );
    says(
        json!({"properties": {"v": {"anyOf": [{"type": "string"}, {"minimum": 5}, {"maximum": 1}]}}}),
        json!({"v": 3}),
        ["config.v: fits none of the 3 alternatives of the schema"],
    );
}

#[test]
fn enums_with_data_are_told_apart_by_their_tag() {
    let tagged = json!({"properties": {"v": {"oneOf": [
        {"type": "object", "required": ["kind", "limit"],
         "properties": {"kind": {"const": "rate"}, "limit": {"type": "integer"}}},
        {"type": "object", "required": ["kind", "names"],
         "properties": {"kind": {"const": "block"}, "names": {"type": "array"}}},
    ]}}});
    says(
        tagged.clone(),
        json!({"v": {"kind": "rate", "limit": "1"}}),
        ["config.v.limit: must be a whole number, but is a text"],
    );
    says(
        tagged.clone(),
        json!({"v": {"kind": "block"}}),
        ["config.v: lacks `names`, which must be a list"],
    );
    says(
        tagged.clone(),
        json!({"v": {"kind": "blok"}}),
        ["config.v.kind: must be `rate` or `block`, but is `blok`; did you mean `block`?"],
    );
    says(tagged, json!({"v": {}}), ["config.v: lacks `kind`, which must be `rate` or `block`"]);
    // The tag is the only key.
    let external = json!({"properties": {"v": {"oneOf": [
        {"const": "Off"},
        {"type": "object", "required": ["Rate"], "additionalProperties": false,
         "properties": {"Rate": {"type": "integer"}}},
        {"type": "object", "required": ["Block"], "additionalProperties": false,
         "properties": {"Block": {"type": "array"}}},
    ]}}});
    says(
        external,
        json!({"v": {"Rate": "1"}}),
        ["config.v.Rate: must be a whole number, but is a text"],
    );
}

#[test]
fn what_others_wrote_is_made_visible_and_cut() {
    let schema = json!({
        "properties": {"a\u{1b}[2J": {"enum": ["x\ny"]}},
        "required": ["\u{202e}r"],
        "additionalProperties": false,
    });
    let long: String = "k".repeat(5_000);
    let mut config = json!({"a\u{1b}[2J": "x\nz", "b\n": 1});
    config[&long] = json!(1);
    let cut = "k".repeat(64);
    says(
        schema,
        config,
        [
            "config: lacks `\\u{202e}r`",
            "config.a\\u{1b}[2J: must be `x\\ny`, but is `x\\nz`; did you mean `x\\ny`?",
            "config.b\\n: is not known; known are `a\\u{1b}[2J`",
            &format!("config.{cut}…: is not known; known are `a\\u{{1b}}[2J`"),
        ],
    );
}
