//! The calls of one plugin by several threads.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cpex_core::context::PluginContext;

use crate::Result;
use crate::call::{Case, invoke};
use crate::request::Input;
use crate::sample::Summary;

/// The number of threads.
pub const THREADS: [usize; 3] = [1, 2, 4];

/// Calls per second of one plugin, by the number of threads.
pub struct Throughput {
    pub name: String,
    pub calls: [Summary; THREADS.len()],
}

/// Measures all cases in turn, so many times, each for so long.
pub fn measure(cases: &[Case], rounds: usize, time: Duration) -> Result<Vec<Throughput>> {
    let mut samples = vec![[const { Vec::new() }; THREADS.len()]; cases.len()];
    for _ in 0..rounds {
        for (case, samples) in cases.iter().zip(&mut samples) {
            for (threads, samples) in THREADS.into_iter().zip(samples) {
                samples.push(throughput(case, threads, time)?);
            }
        }
    }
    let throughput = |(case, samples): (&Case, [Vec<f64>; THREADS.len()])| Throughput {
        name: case.name(),
        calls: samples.map(Summary::of),
    };
    Ok(cases.iter().zip(samples).map(throughput).collect())
}

fn throughput(case: &Case, threads: usize, time: Duration) -> Result<f64> {
    let (barrier, over) = (Barrier::new(threads + 1), AtomicBool::new(false));
    thread::scope(|scope| {
        let callers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| -> Result<u64, String> {
                    // One of its own, as each request has in a gateway.
                    let input = Input::tool_call(&["engineer"]);
                    let mut calls = 0;
                    barrier.wait();
                    while !over.load(Ordering::Relaxed) {
                        let called = invoke(&*case.handler, &input, &mut PluginContext::new());
                        called.map_err(|error| error.to_string())?;
                        calls += 1;
                    }
                    Ok(calls)
                })
            })
            .collect();
        barrier.wait();
        let begun = Instant::now();
        thread::sleep(time);
        over.store(true, Ordering::Relaxed);
        let elapsed = begun.elapsed().as_secs_f64();
        let mut calls = 0;
        for caller in callers {
            calls += caller.join().map_err(|_| "a thread panicked")??;
        }
        Ok(calls as f64 / elapsed)
    })
}
