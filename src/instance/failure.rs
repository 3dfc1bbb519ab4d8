//! Failures of a call, for people.

use alloc::format;
use core::time::Duration;

use wasmi::TrapCode;

use super::Call;
use crate::host::{Interrupt, starved};
use crate::{Error, ErrorKind, Trap};

impl Call<'_> {
    #[cold]
    pub(super) fn late(&self, deadline: Duration) -> Error {
        let message = if self.instance.is_ready() {
            format!("the plugin did not end within its deadline of {deadline:?}")
        } else {
            format!(
                "the plugin's initialisation did not end within its deadline of {deadline:?}; raise \
                 `max_init_time_ms` if it needs longer"
            )
        };
        Error::new(ErrorKind::Timeout, message)
    }

    pub(super) fn out_of_fuel(&self) -> Error {
        let session = &self.instance.store.data().session;
        let what = if session.has_request() { "max_fuel" } else { "init_fuel" };
        Error::new(
            ErrorKind::FuelExhausted,
            format!(
                "the plugin used up its fuel of {}; raise `{what}` if it needs more",
                self.fuel
            ),
        )
    }

    /// The error of a call that a host function ended.
    pub(super) fn stopped(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::FuelExhausted { self.out_of_fuel() } else { error }
    }

    /// The error of a call that the interpreter ended.
    pub(super) fn trapped(&mut self, error: &wasmi::Error) -> Error {
        if let Some(Interrupt::Stop(stop)) = self.instance.store.data_mut().interrupt.take() {
            return self.stopped(stop);
        }
        let export = self.export.name();
        let trap = match error.as_trap_code() {
            Some(TrapCode::OutOfFuel) => return self.out_of_fuel(),
            Some(TrapCode::StackOverflow) => {
                let message = "the plugin nested its calls too deeply, or recursed without end";
                return Error::new(ErrorKind::StackOverflow, message);
            }
            Some(TrapCode::GrowthOperationLimited) => return self.out_of_memory(),
            Some(TrapCode::OutOfSystemMemory) => return starved(),
            Some(TrapCode::UnreachableCodeReached) => Trap::Unreachable,
            Some(TrapCode::MemoryOutOfBounds) => Trap::MemoryOutOfBounds,
            Some(TrapCode::TableOutOfBounds) => Trap::TableOutOfBounds,
            Some(TrapCode::IndirectCallToNull) => Trap::IndirectCallToNull,
            Some(TrapCode::BadSignature) => Trap::BadSignature,
            Some(TrapCode::IntegerDivisionByZero) => Trap::IntegerDivisionByZero,
            Some(TrapCode::IntegerOverflow) => Trap::IntegerOverflow,
            Some(TrapCode::BadConversionToInteger) => Trap::BadConversionToInteger,
            None => return Error::internal(error),
        };
        let host = self.instance.store.data();
        // What a program that gets no memory does at last.
        if trap == Trap::Unreachable && host.limiter.starved {
            return starved();
        }
        if trap == Trap::Unreachable && host.limiter.denied {
            return self.out_of_memory();
        }
        let message = match host.session.panic_message() {
            Some(panic) => format!("the plugin panicked in `{export}`: {panic}"),
            None => format!("the plugin trapped in `{export}`: {}", trap.description()),
        };
        // Many a library takes it for granted that there are a clock and random numbers.
        let message = match host.session.refused() {
            Some(access) => format!(
                "{message}; before that it was denied the system access `{access}`, which its \
                 manifest does not ask for or its policy does not grant"
            ),
            None => message,
        };
        Error::new(ErrorKind::Trap(trap), message)
    }

    fn out_of_memory(&self) -> Error {
        let host = self.instance.store.data();
        if host.limiter.holds_token {
            return Error::new(
                ErrorKind::MemoryLimit,
                "the plugin failed because its memory cannot grow after it has read a token; have \
                 it read tokens last, or link it with \
                 more memory (`--initial-memory`)",
            );
        }
        let limits = &host.session.grants().limits;
        let mut message = format!(
            "the plugin failed because it wanted more memory than its limit of {} bytes; raise \
             `max_memory_bytes` if it needs more",
            limits.memory_bytes
        );
        if let Some(panic) = self.instance.store.data().session.panic_message() {
            message = format!("{message} (it panicked: {panic})");
        }
        Error::new(ErrorKind::MemoryLimit, message)
    }
}
