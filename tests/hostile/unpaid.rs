//! Work that the host would do for little fuel, because of what a request holds.

use std::time::{Duration, Instant};

use cpex_wasmi::abi::{Field, codec};
use cpex_wasmi::model::IdentityPayload;
use cpex_wasmi::{Capability, Decision, HostFunction, Policy, Request, Violation};

use super::common::boundary::{Boundary, at};

/// Who feeds requests chooses the token, and the plugin what it says.
#[test]
fn a_token_that_repeats_itself_is_found_as_fast_as_another() {
    let token = "a".repeat(8 << 10);
    let policy =
        Policy::default().grant([Capability::ReadInboundCredentials]).allow_raw_credentials();
    let identity = IdentityPayload::new(token.as_str(), "bearer");
    let mut boundary = Boundary::new(policy, Request::new(identity));
    boundary.text(at(Field::PayloadRawToken)).unwrap();
    let mut violation = Vec::new();
    codec::encode(&Violation::new("c", "a".repeat(1_000_000)), &mut violation).unwrap();
    let start = Instant::now();
    boundary.deny(HostFunction::Deny, &violation).unwrap();
    let took = start.elapsed();
    let Decision::Deny(violation) = boundary.end(1).decision else { panic!("allowed") };
    assert_eq!(violation.reason, "[redacted]");
    assert!(took < Duration::from_secs(1), "{took:?}");
}
