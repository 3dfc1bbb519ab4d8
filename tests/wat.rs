//! The hand-written modules of `fixtures/wat`, each of which breaks the ABI in its own way.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::*;
use cpex_wasmi::{Limits, Plugin, Policy, Request};

/// The result of each module: `allow`, `deny`, or the code of the error.
const EXPECTED: &str = "
bad_key              abi_violation
bad_pointer          abi_violation
bad_verdict          abi_violation
deny_then_allow      deny
deny_without_reason  deny
divides_by_zero      wasm_trap
failing_init         plugin_failed
foreign_import       invalid_module
forged_log           allow
future_manifest      unsupported_abi
garbage_manifest     invalid_module
grows_and_traps      memory_limit
header_splitting     plugin_failed
imported_memory      invalid_module
log_flood            fuel_exhausted
loops_in_init        fuel_exhausted
lying_length         abi_violation
memory64             invalid_module
memory_is_a_function invalid_module
no_hooks             invalid_module
no_invoke            invalid_module
no_manifest          invalid_module
no_memory            invalid_module
null_call            wasm_trap
out_of_bounds        wasm_trap
reads_in_init        plugin_failed
recursion            stack_overflow
start_function       invalid_module
table_out_of_bounds  wasm_trap
too_much_memory      memory_limit
trap                 wasm_trap
two_manifests        invalid_module
two_memories         invalid_module
unknown_capability   invalid_module
unknown_import       invalid_module
unknown_status       abi_violation
unreadable_denial    deny
well_behaved         allow
wrong_import_type    invalid_module
wrong_init           invalid_module
wrong_shutdown       invalid_module
wrong_signature      invalid_module
";

/// The result of a module that is loaded, if it can be, and called.
fn outcome(wasm: &[u8]) -> &'static str {
    let limits = Limits::default().fuel(1_000_000).init_fuel(100_000);
    let policy = Policy::default().grant([cpex_wasmi::Capability::WriteHeaders]).limits(limits);
    let result = Plugin::load(&engine(), wasm, policy)
        .and_then(|plugin| plugin.call(HOOK, Request::tool_call("search")));
    match result {
        Ok(outcome) if outcome.decision.is_allow() => "allow",
        Ok(_) => "deny",
        Err(error) => error.code(),
    }
}

#[test]
fn each_module_comes_to_what_is_expected() {
    let expected: BTreeMap<&str, &str> =
        EXPECTED.lines().filter_map(|line| line.trim().split_once(' ')).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wat");
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        found.insert(name, outcome(&wat::parse_file(&path).unwrap()));
    }
    let found: BTreeMap<&str, &str> =
        found.iter().map(|(name, outcome)| (name.as_str(), *outcome)).collect();
    let expected: BTreeMap<&str, &str> =
        expected.into_iter().map(|(name, outcome)| (name, outcome.trim())).collect();
    assert_eq!(found, expected, "{found:#?}");
}
