//! Hashes the text of a message by SHA-256, in the lean style.
#![no_std]
#![no_main]

extern crate alloc;

use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::raw::Place;
use cpex_wasmi_guest::{codec, hash};

plugin! {
    name: "sha256",
    hooks: { "cmf.tool_pre_invoke" => sha256 },
}

fn sha256(call: &Call) -> Result<Verdict> {
    let hash = hash::sha256(Place::of(Field::MessageText))?;
    call.local_state().set_text("sha256", &codec::hex::encode(&hash)?)?;
    allow()
}
