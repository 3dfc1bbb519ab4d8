//! Threads that call one plugin at once.

use std::thread;
use std::time::Duration;

use crate::failure::Failure;

/// The time between two looks of a bar.
const PATIENCE: Duration = Duration::from_millis(50);

/// Runs `work` on each of some threads, and gives what they come to. Meanwhile `watch` is called now and then, until it says
/// that nobody watches. If no thread can be started, `stop` is called, which is to end the others.
pub(crate) fn run<T: Send>(
    threads: u16,
    work: impl Fn(u16) -> T + Sync,
    mut watch: impl FnMut() -> bool,
    stop: impl Fn(),
) -> Result<Vec<T>, Failure> {
    let work = &work;
    thread::scope(|scope| {
        let mut started = Vec::new();
        for number in 0..threads {
            let spawned = thread::Builder::new().spawn_scoped(scope, move || work(number));
            started.push(spawned.map_err(|error| {
                stop();
                Failure::failed("internal", format!("no thread can be started: {error}"))
            })?);
        }
        while watch() && started.iter().any(|thread| !thread.is_finished()) {
            thread::sleep(PATIENCE);
        }
        let died = "a thread that called the plugin ended too early";
        let ends = started.into_iter().map(|thread| thread.join());
        ends.map(|end| end.map_err(|_| Failure::failed("internal", died))).collect()
    })
}
