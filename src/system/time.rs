//! `clock.now`: the time of day.

use alloc::sync::Arc;
use core::time::Duration;

use cpex_wasmi_abi::Status;

use super::{AccessKind, Function, Granted, Invocation, Reply};
use crate::boundary::Input;
use crate::sync::time_of_day;
use crate::{Clock, ClockGrant};

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
    let Some(time) = since_1970(clock, invocation.grants.services.clock.as_ref()) else {
        invocation.failed(AccessKind::Clock, "now", name(clock));
        return Err(Status::Unavailable);
    };
    invocation.allowed(AccessKind::Clock, "now", name(clock), size_of::<u64>());
    // It ends in the year 2554.
    Ok(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// The name of a clock in audit events.
pub(crate) const fn name(clock: ClockGrant) -> &'static str {
    match clock {
        ClockGrant::System => "system",
        ClockGrant::Fixed(_) => "fixed",
    }
}

/// The time since the beginning of 1970 that a plugin is told. `None` if nothing knows it.
pub(crate) fn since_1970(grant: ClockGrant, clock: Option<&Arc<dyn Clock>>) -> Option<Duration> {
    match grant {
        ClockGrant::Fixed(time) => Some(time),
        ClockGrant::System => time_of_day(clock),
    }
}
