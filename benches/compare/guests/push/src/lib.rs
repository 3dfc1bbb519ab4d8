//! A plain core module that gets the whole request as bytes. The host asks for room (`input`) if it has not
//! enough already, writes the request there, and calls `decide` with its length, which returns where the
//! outcome is: its address and its length.

use std::cell::RefCell;

use compare_wire::{Outcome, Request};

#[derive(Default)]
pub struct Buffers {
    input: Vec<u8>,
    output: Vec<u8>,
}

thread_local! {
    pub static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// Makes room for requests of up to so many bytes.
pub fn input(len: u32) -> u32 {
    BUFFERS.with_borrow_mut(|buffers| {
        buffers.input.resize(len as usize, 0);
        buffers.input.as_ptr() as u32
    })
}

/// Decides about the request that was written there. What is wrong with it traps.
pub fn decide(policy: for<'a> fn(&Request<'a>) -> Outcome<'a>, len: u32) -> u64 {
    BUFFERS.with_borrow_mut(|Buffers { input, output }| {
        let request = postcard::from_bytes(&input[..len as usize]).unwrap();
        output.clear();
        *output = postcard::to_extend(&policy(&request), std::mem::take(output)).unwrap();
        (output.as_ptr() as u64) << 32 | output.len() as u64
    })
}

/// Exports a policy.
#[macro_export]
macro_rules! plugin {
    ($policy:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn input(len: u32) -> u32 {
            $crate::input(len)
        }

        #[unsafe(no_mangle)]
        extern "C" fn decide(len: u32) -> u64 {
            $crate::decide($policy, len)
        }
    };
}
