//! A plugin in the lean style that reads each value of a request by itself.

use std::cell::RefCell;

use cpex_wasmi::Request;
use cpex_wasmi::model::to_wire;
use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::testing::Harness;
use cpex_wasmi_guest::{JsonMap, Record};
use serde_json::{Value as Json, json};

thread_local! {
    /// Payload, extensions and state, as JSON.
    static EXPECTED: RefCell<Json> = const { RefCell::new(Json::Null) };
}

pub(super) fn reads_what_was_written(request: &Request) {
    EXPECTED.set(json!({
        "payload": super::given(&request.payload), "extensions": request.extensions, "context": request.context,
    }));
    let mut harness = Harness::new(&PLUGIN).under(super::trusting());
    let outcome = harness.call("any", request.clone()).unwrap();
    assert!(outcome.decision.is_allow());
}

plugin! {
    name: "comparer",
    hooks: { "any" => compare },
}

/// Reads each value by itself.
fn compare(call: &Call) -> Result<Verdict> {
    EXPECTED.with_borrow(|expected| {
        let at = |pointer: &str| expected.pointer(pointer).filter(|json| !json.is_null());
        for (slot, record) in [
            ("agent", call.agent().record()),
            ("delegation", call.delegation().record()),
            ("candidate_constraint", call.candidate_constraint().record()),
            ("mcp", call.mcp().record()),
            ("completion", call.completion().record()),
            ("provenance", call.provenance().record()),
            ("llm", call.llm().record()),
            ("framework", call.framework().record()),
        ] {
            same_record(record, at(&format!("/extensions/{slot}")))?;
        }
        same_record(call.payload().record(), at("/payload"))?;
        same_map(call.custom(), at("/extensions/custom"))?;
        same_map(call.local_state(), at("/context/local_state"))?;
        same_map(call.global_state(), at("/context/global_state"))?;
        allow()
    })
}

fn same_record(record: Record, expected: Option<&Json>) -> Result<()> {
    let json = record.json()?.map(|json| serde_json::from_str::<Json>(&json).unwrap());
    assert_eq!(json.as_ref(), expected);
    expected.map_or(Ok(()), |expected| same_values(record, "", expected))
}

/// Each value under a pointer is what it is in the JSON.
fn same_values(record: Record, pointer: &str, expected: &Json) -> Result<()> {
    if !pointer.is_empty() {
        assert_eq!(record.get(pointer)?, Some(to_wire(expected)), "{pointer}");
    }
    match expected {
        Json::Object(map) => {
            for (name, value) in map {
                let name = name.replace('~', "~0").replace('/', "~1");
                same_values(record, &format!("{pointer}/{name}"), value)?;
            }
        }
        Json::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                same_values(record, &format!("{pointer}/{at}"), value)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn same_map(map: JsonMap, expected: Option<&Json>) -> Result<()> {
    let Some(expected) = expected.and_then(Json::as_object) else {
        assert!(map.is_empty()?);
        return Ok(());
    };
    let mut names: Vec<_> = expected.keys().cloned().collect();
    names.sort();
    assert_eq!(map.keys()?, names);
    assert_eq!(map.len()?, names.len());
    for (name, value) in expected {
        assert_eq!(map.get(name)?, Some(to_wire(value)), "{name}");
    }
    Ok(())
}
