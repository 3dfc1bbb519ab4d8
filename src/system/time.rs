//! `clock.now`: the time of day.

use cpex_wasmi_abi::Status;

use super::{AccessKind, Function, Granted, Invocation, Reply};
use crate::ClockGrant;
use crate::boundary::Input;

pub(crate) struct ClockNow;

impl Function for ClockNow {
    fn kind(&self) -> AccessKind {
        AccessKind::Clock
    }

    fn varies(&self, granted: &Granted) -> bool {
        granted.access.clock == Some(ClockGrant::System)
    }

    fn call(&self, invocation: &mut Invocation<'_>, argument: Input<'_>) -> Reply {
        let time = argument.scalar::<()>().and_then(|()| now(invocation));
        Reply::Now(time.and_then(|time| argument.format.encode(&time)))
    }
}

fn now(invocation: &Invocation<'_>) -> Result<u64, Status> {
    let granted = &invocation.grants.granted;
    let Some(clock) = granted.access.clock else {
        return Err(invocation.denied(AccessKind::Clock, "now", ""));
    };
    invocation.allowed(AccessKind::Clock, "now", name(clock), size_of::<u64>());
    Ok(nanoseconds(clock))
}

/// The name of a clock in audit events.
pub(crate) const fn name(clock: ClockGrant) -> &'static str {
    match clock {
        ClockGrant::System => "system",
        ClockGrant::Fixed(_) => "fixed",
    }
}

/// The time that a plugin is told, in nanoseconds since the beginning of 1970. It ends in the year 2554, and
/// does not begin before 1970.
pub(crate) fn nanoseconds(clock: ClockGrant) -> u64 {
    u64::try_from(since_1970(clock).as_nanos()).unwrap_or(u64::MAX)
}

/// The time that a plugin's tokens are held against, in seconds since the beginning of 1970.
#[cfg(feature = "crypto")]
pub(crate) fn seconds(clock: ClockGrant) -> f64 {
    since_1970(clock).as_secs_f64()
}

fn since_1970(clock: ClockGrant) -> core::time::Duration {
    match clock {
        ClockGrant::Fixed(time) => time,
        ClockGrant::System => {
            let now = std::time::SystemTime::now();
            now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
        }
    }
}
