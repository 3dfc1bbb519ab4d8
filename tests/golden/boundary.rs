//! The bytes of the boundary: all that plugins read of requests that have every field.

use std::fmt::Write as _;

use cpex_wasmi::abi::{Field, NO_KEY};
use cpex_wasmi::testing::Session;
use cpex_wasmi::{Capability, HostFunction, LogRecord, Manifest, Policy};

use super::calls::{Given, digest};

/// More values of an indexed field than the requests have.
const INDICES: u32 = 12;

/// More bytes than any of them has.
const ROOM: usize = 64 << 10;

/// A line for each field.
pub(crate) fn fields(out: &mut String) {
    let hooks = ["cmf.tool_pre_invoke", "identity.resolve", "token.delegate"];
    let mut sessions = hooks.map(session);
    for field in Field::ALL {
        let indices = if field.info().indexed { INDICES } else { 1 };
        let mut answers = Vec::new();
        for session in &mut sessions {
            answer(session, HostFunction::Count, &[field.number(), 0], &mut answers);
            for index in 0..indices {
                for function in [HostFunction::Read, HostFunction::ReadText, HostFunction::ReadJson]
                {
                    let place = [field.number(), index, 0, NO_KEY, 0, ROOM as u32];
                    answer(session, function, &place, &mut answers);
                }
            }
        }
        writeln!(out, "{:?} = {:?}", field.path(), digest(&answers)).unwrap();
    }
}

/// A plugin that may read everything, in a call with every field.
fn session(hook: &str) -> Session {
    let mut manifest = Manifest::new("reader", "1.0.0");
    manifest.hooks.push(hook.into());
    manifest.capabilities = Capability::ALL.iter().map(|one| one.name().into()).collect();
    let policy = Policy::default().grant(Capability::ALL.iter().copied()).allow_raw_credentials();
    let mut session = Session::new(&manifest, policy, |_: &LogRecord<'_>| {}).unwrap();
    session.start(hook, Given::Full.request(hook)).unwrap();
    session
}

/// Appends what a host function answers, and the bytes that it gives.
fn answer(session: &mut Session, function: HostFunction, args: &[u32], out: &mut Vec<u8>) {
    let mut memory = vec![0; ROOM];
    let answer = session.dispatch(function, args, &mut memory).unwrap();
    out.extend(answer.to_le_bytes());
    let given =
        if function == HostFunction::Count { 0 } else { usize::try_from(answer).unwrap_or(0) };
    out.extend(&memory[..given]);
}
