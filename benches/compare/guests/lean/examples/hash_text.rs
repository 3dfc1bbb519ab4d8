//! Hashes the text of a message, byte by byte, in the lean style.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::string::String;

use cpex_wasmi_guest::prelude::*;

plugin! {
    name: "hash-text",
    hooks: { "cmf.tool_pre_invoke" => hash },
}

fn hash(call: &Call) -> Result<Verdict> {
    let text = call.message().text()?.unwrap_or_default();
    call.local_state().set_text("hash", &hex(fnv1a(text.as_bytes())))?;
    allow()
}

fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

fn hex(number: u64) -> String {
    let digit =
        |place: u32| char::from(b"0123456789abcdef"[((number >> (place * 4)) & 15) as usize]);
    (0..16).rev().map(digit).collect()
}
