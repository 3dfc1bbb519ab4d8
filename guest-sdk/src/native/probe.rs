//! Asks a handler in CPEX's style whether it looks at what its plugin does not list in `reads`.

use std::cell::Cell;

std::thread_local! {
    static PROBE: Cell<Probe> = const { Cell::new(Probe::Off) };
}

/// Facts about the handler that ran last on this thread.
#[cfg_attr(
    not(feature = "cpex"),
    allow(dead_code, reason = "only handlers in CPEX's style are asked")
)]
#[derive(Clone, Copy)]
enum Probe {
    /// It cannot be asked, as far as is known.
    Off,
    /// It can be.
    Possible,
    /// It is asked instead of called.
    Asked,
    /// It decides otherwise if it is handed this.
    Found(&'static str),
}

/// True if the handler is asked instead of called. If it is not, notes that it could be.
#[cfg(feature = "cpex")]
pub(crate) fn is_asked() -> bool {
    let asked = matches!(PROBE.get(), Probe::Asked);
    if !asked {
        PROBE.set(Probe::Possible);
    }
    asked
}

/// Notes over what the handler decides otherwise.
#[cfg(feature = "cpex")]
pub(crate) fn found(name: &'static str) {
    PROBE.set(Probe::Found(name));
}

/// Forgets what is known.
pub(super) fn forget() {
    PROBE.set(Probe::Off);
}

/// True if the handler that ran can be asked.
pub(super) fn is_possible() -> bool {
    matches!(PROBE.get(), Probe::Possible)
}

/// Asks, by calling the handler once more, and gives what it was found to look at.
pub(super) fn ask(call: impl FnOnce()) -> Option<&'static str> {
    PROBE.set(Probe::Asked);
    call();
    match PROBE.replace(Probe::Off) {
        Probe::Found(name) => Some(name),
        _ => None,
    }
}
