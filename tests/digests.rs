//! Hashes and encodings: what they may read, what they cost, and inputs that are hostile.
#![cfg(feature = "text")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use common::*;
use cpex_wasmi::abi::{Field, MEMORY, NO_KEY, Param, digest, encoding};
use cpex_wasmi::testing::Session;
use cpex_wasmi::{
    Capability, ErrorKind, HostFunction, Limits, LogRecord, Manifest, Policy, Request, Status,
};

const FUNCTIONS: [HostFunction; 7] = [
    HostFunction::Digest,
    HostFunction::Hmac,
    HostFunction::Encode,
    HostFunction::Decode,
    HostFunction::Entropy,
    HostFunction::Equal,
    HostFunction::InNetworks,
];

const TOO_LONG: usize = (4 << 20) + 1;

fn session(policy: Policy) -> Session {
    let mut manifest = Manifest::new("guest", "1.0.0");
    manifest.hooks.push(HOOK.into());
    let mut session = Session::new(&manifest, policy, |_: &LogRecord<'_>| {}).unwrap();
    let request = Request::tool_call("search")
        .argument("q", "x".repeat(TOO_LONG - 1))
        .argument("long", "x".repeat(TOO_LONG))
        .label("PII");
    session.start(HOOK, request).unwrap();
    session
}

/// Calls a function on an input. A secret and what is compared are empty, the buffer is at the end of the memory.
fn ask(
    session: &mut Session,
    function: HostFunction,
    (field, key, key_len): (u32, u32, u32),
    number: u32,
    memory: &mut [u8],
    room: u32,
) -> Result<i32, cpex_wasmi::Error> {
    let out = memory.len() as u32 - room;
    let mut args = vec![field, 0, key, key_len];
    for (_, kind) in &function.info().params[3..] {
        match kind {
            Param::Number => args.push(number),
            Param::Buffer => args.extend([out, room]),
            _ => args.extend([0, 0]),
        }
    }
    session.dispatch(function, &args, memory)
}

#[test]
fn an_input_has_four_mebibytes_at_most() {
    let mut session = session(trusting());
    let mut memory = vec![b'a'; TOO_LONG + 64];
    memory[..4].copy_from_slice(b"long");
    let too_long = Ok(Status::TooLarge.code());
    for function in FUNCTIONS {
        let mut answer =
            |input| ask(&mut session, function, input, 0, &mut memory, 64).map_err(|e| e.kind());
        assert_eq!(answer((MEMORY, 0, TOO_LONG as u32)), too_long, "{function}");
        assert_eq!(answer((Field::ToolCallArguments.number(), 0, 4)), too_long, "{function}");
        let expected = |answer| answer != Status::TooLarge.code();
        assert!(answer((MEMORY, 0, TOO_LONG as u32 - 1)).is_ok_and(expected), "{function}");
    }
    let secret = [MEMORY, 0, 0, 0, digest::SHA256, 0, TOO_LONG as u32, TOO_LONG as u32, 64];
    assert_eq!(session.dispatch(HostFunction::Hmac, &secret, &mut memory).ok(), too_long.ok());
}

#[test]
fn an_input_is_checked_as_a_read_is() {
    let mut session = session(Policy::default());
    let mut memory = vec![0; 128];
    let labels = Field::SecurityLabels.number();
    for function in FUNCTIONS {
        let mut answer = |field, len| {
            ask(&mut session, function, (field, 0, len), 0, &mut memory, 64).map_err(|e| e.kind())
        };
        assert_eq!(answer(labels, NO_KEY), Ok(Status::CapabilityDenied.code()), "{function}");
        assert_eq!(answer(0xdead, NO_KEY), Ok(Status::UnknownField.code()), "{function}");
        assert_eq!(answer(Field::ToolResult.number(), NO_KEY), Ok(Status::Absent.code()));
        assert_eq!(answer(Field::HttpMethod.number(), NO_KEY), Ok(Status::CapabilityDenied.code()));
        assert_eq!(answer(MEMORY, 129), Err(ErrorKind::AbiViolation), "{function}");
        // No key is no place in memory.
        assert_eq!(answer(MEMORY, NO_KEY), Err(ErrorKind::AbiViolation), "{function}");
    }
}

#[test]
fn a_structure_is_hashed_as_its_json() {
    let mut session = session(Policy::default().grant([Capability::ReadLabels]));
    let mut memory = vec![0; 128];
    memory[..7].copy_from_slice(b"[\"PII\"]");
    let labels = (Field::SecurityLabels.number(), 0, NO_KEY);
    for number in 0..6 {
        let mut digest = |input| {
            let len = ask(&mut session, HostFunction::Digest, input, number, &mut memory, 64);
            memory[64..64 + usize::try_from(len.unwrap()).unwrap()].to_vec()
        };
        assert_eq!(digest(labels), digest((MEMORY, 0, 7)), "{number}");
    }
}

#[test]
fn unknown_algorithms_are_refused() {
    let mut session = session(trusting());
    let mut memory = vec![0; 64];
    for function in &FUNCTIONS[..4] {
        for number in [6, u32::MAX] {
            let answer = ask(&mut session, *function, (MEMORY, 0, 0), number, &mut memory, 8);
            assert_eq!(answer.ok(), Some(Status::InvalidArgument.code()), "{function}");
        }
    }
}

#[test]
fn results_are_not_copied_in_part() {
    let mut session = session(trusting());
    let mut memory = b"abcdefgh........".to_vec();
    for (number, len) in [(encoding::BASE64, 12), (encoding::BASE64_URL, 11), (encoding::HEX, 16)] {
        let input = (MEMORY, 0, 8);
        let answer = ask(&mut session, HostFunction::Encode, input, number, &mut memory, 8);
        assert_eq!((answer.unwrap(), &memory[8..]), (len, &b"........"[..]));
    }
}

/// A module that makes a call on so many bytes of its memory once.
fn module(function: &str, number: &str, len: usize) -> Vec<u8> {
    let tail = match function {
        "entropy" => String::new(),
        "equal" | "in_networks" => "(i32.const 0) (i32.const 8)".into(),
        "hmac" => format!("{number} (i32.const 0) (i32.const 8) (i32.const 0) (i32.const 64)"),
        _ => format!("{number} (i32.const 0) (i32.const 64)"),
    };
    guest(&format!(
        r#"(func (export "cpex_invoke") (param i32) (result i32)
             (drop (call ${function} (i32.const -1) (i32.const 0) (i32.const 0) (i32.const {len}) {tail}))
             (i32.const 0))"#
    ))
}

#[test]
fn each_byte_of_input_is_paid_for() {
    for function in ["digest", "hmac", "encode", "decode", "entropy", "equal", "in_networks"] {
        let numbers = if function == "digest" { 6 } else { 1 };
        for number in 0..numbers {
            let number = format!("(i32.const {number})");
            let fuel = |len| {
                let plugin = load(&module(function, &number, len), trusting());
                call(&plugin).unwrap().receipt.fuel
            };
            assert!(fuel(60_064) >= fuel(64) + 30_000, "{function} {number}");
        }
    }
}

#[test]
fn a_plugin_without_fuel_for_it_fails() {
    let wasm = module("digest", "(i32.const 0)", 60_000);
    let plugin = load(&wasm, trusting().limits(Limits::default().fuel(50_000)));
    assert_eq!(call(&plugin).unwrap_err().kind(), ErrorKind::FuelExhausted);
}
