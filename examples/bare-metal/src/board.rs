//! The board: QEMU's machine `virt`. A serial port, a timer, a switch, and a word that outlasts a restart.

use core::fmt::{self, Write};
use core::mem::MaybeUninit;
use core::ptr::{addr_of, addr_of_mut, read_volatile, write_volatile};
use core::time::Duration;

use cpex_wasmi::Clock;

/// The serial port, a 16550.
const UART: *mut u8 = 0x1000_0000 as *mut u8;
/// The timer, which counts from power-on: its low and its high word.
const TIMER: *const u32 = 0x0200_bff8 as *const u32;
/// The steps of the timer in a second.
const HERTZ: u64 = 10_000_000;
/// The register that ends the emulation, or restarts the machine.
const SWITCH: *mut u32 = 0x0010_0000 as *mut u32;

/// Prints a line to the serial port.
macro_rules! line {
    ($($text:tt)*) => { $crate::board::print(format_args!($($text)*)) };
}
pub(crate) use line;

struct Uart;

impl Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the address is that of the port's register, which takes any byte. QEMU's is never full.
            unsafe { write_volatile(UART, byte) };
        }
        Ok(())
    }
}

pub(crate) fn print(text: fmt::Arguments<'_>) {
    let _ = Uart.write_fmt(text);
    let _ = Uart.write_str("\n");
}

/// The timer, as the host's clock.
pub(crate) struct Timer;

impl Clock for Timer {
    fn now(&self) -> Duration {
        // SAFETY: these are the addresses of the timer's words, which can be read at any time.
        let [low, high] = [TIMER, TIMER.wrapping_add(1)]
            .map(|word| move || u64::from(unsafe { read_volatile(word) }));
        // The low word may begin anew between two reads.
        let ticks = loop {
            let before = high();
            let ticks = before << 32 | low();
            if high() == before {
                break ticks;
            }
        };
        Duration::from_nanos(ticks.saturating_mul(1_000_000_000 / HERTZ))
    }
}

/// Ends the emulation. A code other than 0 says that something was not as it should be.
pub(crate) fn power_off(code: u32) -> ! {
    switch(if code == 0 { 0x5555 } else { code << 16 | 0x3333 })
}

/// Starts the machine anew. Its RAM stays as it is.
pub(crate) fn restart() -> ! {
    switch(0x7777)
}

fn switch(position: u32) -> ! {
    // SAFETY: the address is that of the switch, which takes any word.
    unsafe { write_volatile(SWITCH, position) };
    loop {
        core::hint::spin_loop();
    }
}

const RESTARTED: u32 = 0x0dec_1de5;

/// Neither zeroed nor set when the machine starts.
#[unsafe(link_section = ".uninit.restarted")]
static mut RESTART: MaybeUninit<u32> = MaybeUninit::uninit();

/// Notes that the machine is about to restart since a call could not be ended otherwise.
pub(crate) fn note_restart(noted: bool) {
    let word = if noted { RESTARTED } else { 0 };
    // SAFETY: there is one hart, and interrupts are off: nothing else is at the word.
    unsafe { write_volatile(addr_of_mut!(RESTART).cast(), word) };
}

/// True if [`note_restart`] was called before this start.
pub(crate) fn was_restarted() -> bool {
    // SAFETY: as above. After power-on the memory holds some word.
    unsafe { read_volatile(addr_of!(RESTART).cast::<u32>()) == RESTARTED }
}
