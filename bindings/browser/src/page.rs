//! The functions that JavaScript calls, and those of JavaScript that the host calls.
//!
//! Bytes cross in one buffer for each way. The page asks for room ([`input`]), writes there, calls [`inspect`] or [`call`],
//! and reads the answer where [`output`] says. No pointer is followed here: the page reads and writes the memory itself.
//! Only the names of functions are unsafe: each is exported or imported once.

use core::cell::RefCell;
use core::time::Duration;

use cpex_wasmi::Clock;
use getrandom::Error;

use crate::Host;

#[link(wasm_import_module = "page")]
// SAFETY: `docs/playground/worker.js` gives these functions, with these types. None but `fill_random` takes a pointer.
unsafe extern "C" {
    /// Milliseconds that never go back.
    safe fn now() -> f64;
    /// Milliseconds since the beginning of 1970.
    safe fn time_of_day() -> f64;
    /// Writes random bytes, and nothing but these.
    unsafe fn fill_random(to: *mut u8, len: usize);
    /// Takes the message of a panic, as UTF-8. The page only reads it.
    safe fn panicked(message: *const u8, len: usize);
}

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<String> = const { RefCell::new(String::new()) };
    static HOST: RefCell<Host> = RefCell::new(Host::new(PageClock));
}

/// The clock of the page.
struct PageClock;

impl Clock for PageClock {
    fn now(&self) -> Duration {
        milliseconds(now())
    }

    fn time_of_day(&self) -> Option<Duration> {
        Some(milliseconds(time_of_day()))
    }
}

fn milliseconds(time: f64) -> Duration {
    Duration::try_from_secs_f64(time / 1000.0).unwrap_or_default()
}

/// Gives room for so many bytes of input. The page writes them there before the next call.
// SAFETY: no other function of this name is linked.
#[unsafe(no_mangle)]
extern "C" fn input(len: usize) -> *mut u8 {
    std::panic::set_hook(Box::new(|info| {
        let message = info.to_string();
        panicked(message.as_ptr(), message.len());
    }));
    INPUT.with_borrow_mut(|input| {
        *input = vec![0; len];
        input.as_mut_ptr()
    })
}

/// Inspects the module that the input is. Gives the length of the answer.
// SAFETY: no other function of this name is linked.
#[unsafe(no_mangle)]
extern "C" fn inspect() -> usize {
    answer(Host::inspect)
}

/// Calls the plugin as the input says. Gives the length of the answer.
// SAFETY: no other function of this name is linked.
#[unsafe(no_mangle)]
extern "C" fn call() -> usize {
    answer(Host::call)
}

/// The place of the last answer.
// SAFETY: no other function of this name is linked.
#[unsafe(no_mangle)]
extern "C" fn output() -> *const u8 {
    OUTPUT.with_borrow(|output| output.as_ptr())
}

fn answer(by: impl FnOnce(&mut Host, &[u8]) -> String) -> usize {
    let input = INPUT.take();
    let answer = HOST.with_borrow_mut(|host| by(host, &input));
    OUTPUT.with_borrow_mut(|output| {
        *output = answer;
        output.len()
    })
}

/// Gives `getrandom` random numbers of the page.
///
/// # Safety
///
/// `to` has room for `len` bytes.
// SAFETY: `getrandom` calls a function of this name and type, and no other is linked.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(to: *mut u8, len: usize) -> Result<(), Error> {
    // SAFETY: the caller has room for `len` bytes, and no more are written.
    unsafe { fill_random(to, len) };
    Ok(())
}
