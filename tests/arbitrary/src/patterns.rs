//! Regular expressions of all kinds.

use proptest::prelude::*;

/// Regular expressions for short texts of `a` to `d`, digits, spaces and `ü`.
pub fn patterns() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-d]{1,3}",
        Just(String::from(r"\w")),
        Just(String::from(r"(?P<digits>\d+)")),
        Just(String::from("([a-c])")),
        Just(String::from("[^ b]")),
        Just(String::from("^")),
        Just(String::from("$")),
        Just(String::from(r"\b")),
        Just(String::from(".")),
        Just(String::from("ü")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), prop_oneof![Just("*"), Just("+?"), Just("{1,3}"), Just("?")])
                .prop_map(|(pattern, times)| format!("(?:{pattern}){times}")),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner, 1..3).prop_map(|parts| format!("(?:{})", parts.join("|"))),
        ]
    })
}
