//! The environment of a plugin under WASI: arguments, variables, time, random numbers.

use alloc::vec::Vec;
use core::time::Duration;

use super::serve::WasiCall;
use super::{Errno, Fault};
use crate::system::random::fill;
use crate::system::{AccessKind, AuditOutcome};
use crate::{ClockGrant, RandomGrant};

const CLOCK_REALTIME: u32 = 0;
const CLOCK_MONOTONIC: u32 = 1;

/// The most random bytes that one call gives.
const MAX_RANDOM: usize = 1 << 16;
/// The charge for a random byte, in bytes.
const RANDOM_WORK: usize = 8;

impl WasiCall<'_> {
    /// The sizes of no arguments at all: what plugins are told comes as configuration.
    pub(super) fn args_sizes(&mut self, count: u32, size: u32) -> Result<(), Fault> {
        self.memory.set_u32(count, 0)?;
        Ok(self.memory.set_u32(size, 0)?)
    }

    pub(super) fn environ_sizes(&mut self, count: u32, size: u32) -> Result<(), Fault> {
        let (variables, bytes) = self.environ();
        let len = |n: usize| u32::try_from(n).map_err(|_| Errno::Overflow);
        self.memory.set_u32(count, len(variables.len())?)?;
        Ok(self.memory.set_u32(size, len(bytes.len())?)?)
    }

    pub(super) fn environ_get(&mut self, pointers: u32, buffer: u32) -> Result<(), Fault> {
        let (variables, bytes) = self.environ();
        // Both before either.
        let places = u32::try_from(variables.len()).unwrap_or(u32::MAX).saturating_mul(4);
        self.memory.bytes(pointers, places)?;
        self.memory.set(buffer, &bytes)?;
        let mut list = pointers;
        for (name, offset, len) in &variables {
            let offset = u32::try_from(*offset).map_err(|_| Errno::Overflow)?;
            self.memory.set_u32(list, buffer.saturating_add(offset))?;
            list = list.saturating_add(4);
            self.session.note(AccessKind::Env, "get", name, AuditOutcome::Allowed, 0, *len);
        }
        Ok(())
    }

    /// The variables: name, where it begins, size of the value; and all of them, each with its end.
    fn environ(&mut self) -> (Vec<(alloc::string::String, usize, u64)>, Vec<u8>) {
        let (mut variables, mut bytes) = (Vec::new(), Vec::new());
        for (name, value) in self.session.grants().granted.environment.iter() {
            let len = u64::try_from(value.len()).unwrap_or(u64::MAX);
            variables.push((name.into(), bytes.len(), len));
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(b'=');
            bytes.extend_from_slice(value.as_bytes());
            bytes.push(0);
        }
        self.session.worked(bytes.len());
        (variables, bytes)
    }

    pub(super) fn clock_resolution(&mut self, clock: u32, out: u32) -> Result<(), Fault> {
        self.memory.bytes(out, 8)?;
        self.clock(clock)?;
        Ok(self.memory.set_u64(out, 1)?)
    }

    pub(super) fn clock_time(&mut self, clock: u32, out: u32) -> Result<(), Fault> {
        self.memory.bytes(out, 8)?;
        let time = match self.clock(clock)? {
            ClockGrant::Fixed(time) => time,
            ClockGrant::System if clock == CLOCK_MONOTONIC => self.session.monotonic(),
            ClockGrant::System => self.session.time_of_day().ok_or(Errno::Io)?,
        };
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos());
        Ok(self.memory.set_u64(out, nanoseconds(time).map_err(|_| Errno::Overflow)?)?)
    }

    /// The clock that was granted, if that is one of those that there are.
    fn clock(&mut self, clock: u32) -> Result<ClockGrant, Fault> {
        let name = match clock {
            CLOCK_REALTIME => "realtime",
            CLOCK_MONOTONIC => "monotonic",
            // What the plugin's process or thread has used: there is neither.
            _ => return Err(Errno::Inval.into()),
        };
        self.session.worked(self.session.grants().granted.work());
        let granted = &self.session.grants().granted;
        let Some(grant) = granted.access.clock else {
            self.session.refuse(AccessKind::Clock, "now", name, 0);
            return Err(Errno::Acces.into());
        };
        if grant == ClockGrant::System {
            self.session.varies("the time");
        }
        self.session.note(AccessKind::Clock, "now", name, AuditOutcome::Allowed, 0, 8);
        Ok(grant)
    }

    pub(super) fn random(&mut self, at: u32, len: u32) -> Result<(), Fault> {
        let wanted = self.memory.bytes(at, len)?.len();
        self.session.worked(self.session.grants().granted.work());
        let granted = &self.session.grants().granted;
        let Some(grant) = granted.access.random else {
            self.session.refuse(AccessKind::Random, "bytes", "", 0);
            return Err(Errno::Acces.into());
        };
        let name = match grant {
            RandomGrant::System => {
                self.session.varies("random_get");
                "system"
            }
            RandomGrant::Seeded(_) => "seed",
        };
        if wanted > MAX_RANDOM {
            self.session.note(AccessKind::Random, "bytes", name, AuditOutcome::Failed, 0, 0);
            return Err(Errno::Inval.into());
        }
        self.session.worked(wanted.saturating_mul(RANDOM_WORK));
        let given = &mut self.session.system().0.random_bytes;
        let filled = fill(grant, given, self.memory.bytes_mut(at, len)?);
        let (outcome, received) = match filled {
            Ok(()) => (AuditOutcome::Allowed, u64::from(len)),
            Err(_) => (AuditOutcome::Failed, 0),
        };
        self.session.note(AccessKind::Random, "bytes", name, outcome, 0, received);
        filled.map_err(|_| Errno::Io.into())
    }
}
