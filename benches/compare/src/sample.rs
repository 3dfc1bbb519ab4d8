//! Interleaved samples, and what is said of them.

use std::time::{Duration, Instant};

use crate::Result;

/// The middle of the samples and how far they spread, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    pub median: f64,
    pub p10: f64,
    pub p90: f64,
}

impl Summary {
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |share: f64| samples[((samples.len() - 1) as f64 * share).round() as usize];
        Self { median: at(0.5), p10: at(0.1), p90: at(0.9) }
    }
}

/// The effort of measurement.
#[derive(Clone, Copy)]
pub struct Effort {
    /// The most samples of each case.
    pub samples: usize,
    /// The least number, however long they take.
    pub least: usize,
    /// The time of a sample: as many calls as fit.
    pub sample: Duration,
    /// The time of one table of cases, before there are fewer samples.
    pub budget: Duration,
}

/// A subject of measurement: something to be done so many times.
pub type Task<'a> = Box<dyn FnMut() -> Result<()> + 'a>;

/// Measures the tasks in turn, sample by sample, so that what disturbs the machine for a while disturbs all
/// of them. Each sample is the mean of as many runs as fit into its time.
pub fn interleaved(effort: Effort, tasks: &mut [Task<'_>]) -> Result<Vec<Summary>> {
    let mut runs = Vec::new();
    for task in tasks.iter_mut() {
        runs.push(fitting(effort.sample, task)?);
    }
    let begun = Instant::now();
    let mut samples = vec![Vec::new(); tasks.len()];
    for round in 0..effort.samples {
        if round >= effort.least && begun.elapsed() > effort.budget {
            break;
        }
        for ((task, &runs), samples) in tasks.iter_mut().zip(&runs).zip(&mut samples) {
            let begun = Instant::now();
            for _ in 0..runs {
                task()?;
            }
            samples.push(begun.elapsed().as_secs_f64() / f64::from(runs));
        }
    }
    Ok(samples.into_iter().map(Summary::of).collect())
}

/// The number of runs in about that time. Warms up as it finds out.
fn fitting(time: Duration, task: &mut Task<'_>) -> Result<u32> {
    let mut runs = 1;
    loop {
        let begun = Instant::now();
        for _ in 0..runs {
            task()?;
        }
        let took = begun.elapsed();
        if took >= time / 2 {
            let fit = f64::from(runs) * time.as_secs_f64() / took.as_secs_f64();
            return Ok((fit as u32).max(1));
        }
        runs *= 2;
    }
}
