//! A call whose plugin waits for the result of a function.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::Call;
use crate::Error;
use crate::host::charge;
use crate::sync::blocking;

/// A future that is ready at the deadline.
pub(super) type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The interval at which a waiting thread looks at the clock, so that clocks of any kind do for a deadline.
const NAP: Duration = Duration::from_millis(10);

impl Call<'_> {
    /// Lets the thread sleep until what the plugin waits for is there.
    pub(super) fn wait(&mut self) -> Result<(), Error> {
        let left = self.time_left()?;
        blocking(|| left.map(|left| left.min(NAP)), |context| self.poll_wait(context))
    }

    /// Asks for what the plugin waits for. Once that is there, the call goes on with a new slice.
    pub(super) fn poll_wait(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let memory = self.instance.memory;
        let (bytes, host) = memory.data_and_store_mut(&mut self.instance.store);
        match host.poll_waiting(context, bytes) {
            Poll::Ready(answer) => Poll::Ready(self.answered(answer)),
            Poll::Pending => match self.bounded(context) {
                Ok(()) => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            },
        }
    }

    /// Sees to it that the wait ends at the deadline.
    fn bounded(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let Some(left) = self.time_left()? else { return Ok(()) };
        if self.timer.is_none() {
            self.timer = self.engine.clock().and_then(|clock| clock.sleep(left));
        }
        if let Some(timer) = &mut self.timer
            && timer.as_mut().poll(context).is_ready()
        {
            // A timer may be early, and is asked for again.
            self.timer = None;
            self.time_left()?;
            context.waker().wake_by_ref();
        }
        Ok(())
    }

    /// Charges for the answer, and hands out fuel to go on with.
    fn answered(&mut self, answer: Result<i32, Error>) -> Result<(), Error> {
        self.timer = None;
        let charged = charge(&mut self.instance.store);
        self.answer = answer?;
        charged.map_err(|error| self.stopped(error))?;
        self.next_slice(self.fuel_left(), 0)
    }
}
