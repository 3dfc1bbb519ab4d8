//! Policy plugins on a board without an operating system: what they decide, and that no plugin stops it.
//!
//! Prints a line for each call, as the golden file of Linux has it, and ends the emulation with success if hostile
//! plugins ended as they should.
#![no_std]
#![no_main]

extern crate alloc;

mod board;
#[path = "../../../tests/golden/calls.rs"]
mod calls;
mod hostile;
mod memory;
mod plugins;

use core::panic::PanicInfo;

use board::line;

#[riscv_rt::entry]
fn main() -> ! {
    memory::init();
    if board::was_restarted() {
        board::note_restart(false);
        line!("restarted");
        plugins::decide("pii_guard");
        finish();
    }
    for name in plugins::NAMES {
        plugins::decide(name);
    }
    hostile::ends_at_its_deadline();
    hostile::has_no_more_memory_than_there_is();
    plugins::decide("pii_guard");
    report();
    // The last, for it restarts the machine.
    line!("the host has no memory for a copy of the request: restart");
    hostile::has_the_host_run_out_of_memory();
    board::power_off(1)
}

fn finish() -> ! {
    line!("done");
    board::power_off(0)
}

fn report() {
    let memory::Used { flash, statics, heap, stack, stack_bytes } = memory::used();
    line!(
        "flash {flash}, statics {statics}, heap {heap} of {}, stack {stack} of {stack_bytes} bytes",
        memory::HEAP_BYTES
    );
}

// Any trap, such as that of a stack that overflowed: there are no interrupts. Nothing goes back from it, so it begins with an
// empty stack.
core::arch::global_asm!(
    ".section .trap.start, \"ax\"",
    ".balign 4",
    ".global _start_trap",
    "_start_trap:",
    "la sp, _stack_start",
    "j trapped",
);

#[unsafe(no_mangle)]
extern "C" fn trapped() -> ! {
    panic!("trap {:#x}", riscv::register::mcause::read().bits())
}

/// Ends a call that cannot go on, such as one that the host has no memory for: without an outcome, so that it is no allow.
#[panic_handler]
fn panicked(panic: &PanicInfo<'_>) -> ! {
    line!("{}", panic.message());
    board::note_restart(true);
    board::restart()
}
