//! Waiting, of which there is none: a plugin that waits would keep its thread from other calls.

use super::serve::WasiCall;
use super::{Errno, Fault};

const SUBSCRIPTION: u32 = 48;
const EVENT: u32 = 32;

const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;

/// The most events that are waited for at once.
const MAX_SUBSCRIPTIONS: u32 = 1024;

impl WasiCall<'_> {
    /// Answers each subscription at once: files are always ready, and for a time to pass nothing waits.
    pub(super) fn poll(
        &mut self,
        subscriptions: u32,
        events: u32,
        count: u32,
        out: u32,
    ) -> Result<(), Fault> {
        if count == 0 || count > MAX_SUBSCRIPTIONS {
            return Err(Errno::Inval.into());
        }
        let bytes = count.saturating_mul(SUBSCRIPTION.saturating_add(EVENT));
        self.session.worked(usize::try_from(bytes).unwrap_or(usize::MAX));
        self.memory.bytes(subscriptions, count.saturating_mul(SUBSCRIPTION))?;
        self.memory.bytes(events, count.saturating_mul(EVENT))?;
        self.memory.bytes(out, 4)?;
        let (mut at, mut event) = (subscriptions, events);
        for _ in 0..count {
            let mut answer = [0_u8; 32];
            let mut subscription = [0_u8; 48];
            subscription.copy_from_slice(self.memory.bytes(at, SUBSCRIPTION)?);
            let (userdata, what) = subscription.split_at(8);
            let kind = what.first().copied().unwrap_or(u8::MAX);
            let fd = match what.get(8..12) {
                Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
                _ => u32::MAX,
            };
            let errno = match kind {
                CLOCK => Some(Errno::Notsup),
                FD_READ | FD_WRITE if self.is_open(fd) => None,
                FD_READ | FD_WRITE => Some(Errno::Badf),
                _ => return Err(Errno::Inval.into()),
            };
            let errno = errno.map_or(0, |errno| errno as u16).to_le_bytes();
            for (to, from) in answer.iter_mut().zip(userdata.iter().chain(&errno).chain(&[kind])) {
                *to = *from;
            }
            self.memory.set(event, &answer)?;
            (at, event) = (at.saturating_add(SUBSCRIPTION), event.saturating_add(EVENT));
        }
        Ok(self.memory.set_u32(out, count)?)
    }
}
