//! The requests of the fixtures, which show every field there is.

use cpex_wasmi_conformance::to_json;
use serde_json::Value;

use crate::full;

/// `fixtures/requests/full_*.json`, which show every field there is.
#[test]
fn the_examples_with_every_field_have_every_field() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/requests");
    for (name, expected) in [
        ("full_message", to_json(&full::message())),
        ("full_extensions", to_json(&full::extensions())),
        ("full_identity", to_json(&full::identity())),
        ("full_delegation", to_json(&full::delegated())),
        ("full_elicitation", to_json(&full::elicitation())),
    ] {
        let path = folder.join(name).with_extension("json");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, format!("{expected:#}\n")).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let shown: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(shown, expected, "run this with UPDATE_DOCS=1");
    }
}
