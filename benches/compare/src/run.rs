//! All measurements, one after the other.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::Result;
use crate::call::{Workload, cases};
use crate::engines::{self, Engine, Isolation};
use crate::measure::by_loop::{self, ByLoop};
use crate::measure::calls::{self, Calls};
use crate::measure::load::{self, Load};
use crate::measure::memory::{self, Memory};
use crate::measure::sizes::{self, EMBEDDERS, Size};
use crate::measure::texts::{self, Texts};
use crate::measure::threads::{self, Throughput};
use crate::options::Options;
use crate::sample::Effort;

/// All that was measured.
pub struct Results {
    /// One for each policy and request.
    pub policies: Vec<Calls>,
    /// The result of cpex-wasmi by the loop. Empty if that was not to be built.
    pub by_loop: Vec<ByLoop>,
    /// One for each size of the message.
    pub growth: Vec<Calls>,
    pub heavy: Calls,
    pub texts: Texts,
    pub loads: Vec<Load>,
    pub memory: Vec<Memory>,
    pub throughput: Vec<Throughput>,
    /// None if programs were not to be built.
    pub sizes: Vec<Size>,
    /// The policies' files: engine, policy, bytes.
    pub files: Vec<(&'static str, &'static str, u64)>,
    /// The effort that the calls were measured with.
    pub effort: Effort,
    pub took: Duration,
}

const BOTH: [Isolation; 2] = [Isolation::Pooled, Isolation::Pristine];

/// Measures all that the options ask for, and tells of it on the standard error.
pub fn measure(options: &Options) -> Result<Results> {
    let begun = Instant::now();
    let engines = chosen(options)?;
    let (policies, growth, heavy) = (calls::policies(), calls::growth(), calls::heavy());
    let loaded = [calls::policies().remove(0), calls::policies().remove(3)];
    let large = Workload { policy: "large", ..calls::policies().remove(3) };
    let secrets = texts::secrets();
    let embedders = EMBEDDERS.into_iter().filter(|program| options.sizes && sizes::has(program));
    let embedders: Vec<_> = embedders.collect();

    let steps = policies.len()
        + growth.len()
        + 1
        + loaded.len()
        + 3
        + texts::STEPS
        + engines.len()
        + embedders.len();
    let progress = Progress::new(steps);
    let efforts = Efforts::of(options.quick);

    let heavy = {
        progress.step("calls: hash of 64 KiB");
        calls::measure(&engines, &heavy, &[Isolation::Pooled], efforts.calls)?
    };
    let mut results = Results {
        policies: Vec::new(),
        by_loop: Vec::new(),
        growth: Vec::new(),
        heavy,
        texts: texts::measure(&engines, efforts.calls, |step| progress.step(step))?,
        loads: Vec::new(),
        memory: Vec::new(),
        throughput: Vec::new(),
        sizes: Vec::new(),
        files: files(&engines),
        effort: efforts.calls,
        took: Duration::ZERO,
    };
    for workload in &policies {
        progress.step(&format!("calls: {}", workload.name));
        results.policies.push(calls::measure(&engines, workload, &BOTH, efforts.calls)?);
    }
    progress.step("calls, by the loop");
    if options.by_loop {
        results.by_loop = by_loop::measure(options)?;
    }
    for workload in &growth {
        progress.step(&format!("calls: one field of a message with {}", workload.name));
        let pooled = &[Isolation::Pooled];
        results.growth.push(calls::measure(&engines, workload, pooled, efforts.calls)?);
    }
    for workload in loaded.iter().chain([&large, &secrets]) {
        progress.step(&format!("loading: {}", workload.policy));
        results.loads.extend(load::measure(&engines, workload, efforts.loads)?);
    }
    for engine in engines.iter().filter(|engine| engine.name() != "native") {
        progress.step(&format!("memory: {}", engine.name()));
        results.memory.push(memory::measure(&**engine)?);
    }
    progress.step("calls of several threads");
    let shared = cases(&engines, &policies[3], &BOTH)?;
    results.throughput = threads::measure(&shared, efforts.rounds, efforts.round)?;
    drop(shared);
    for embedder in embedders {
        progress.step(&format!("program: {}", embedder.what));
        results.sizes.push(sizes::measure(&embedder)?);
    }
    progress.end();
    results.took = begun.elapsed();
    Ok(results)
}

/// Measures work on texts, and loads of a plugin that does it.
pub fn measure_texts(options: &Options) -> Result<(Texts, Vec<Load>)> {
    let (engines, efforts) = (chosen(options)?, Efforts::of(options.quick));
    let progress = Progress::new(texts::STEPS + 1);
    let texts = texts::measure(&engines, efforts.calls, |step| progress.step(step))?;
    progress.step("loading: secrets");
    let loads = load::measure(&engines, &texts::secrets(), efforts.loads)?;
    progress.end();
    Ok((texts, loads))
}

/// The engines that the options ask for.
fn chosen(options: &Options) -> Result<Vec<Box<dyn Engine>>> {
    let mut engines = engines::all()?;
    engines.retain(|engine| options.includes(engine.name()));
    if engines.len() < 2 {
        let names = engines::names().join("`, `");
        return Err(format!("no engine is called so; there are `{names}`").into());
    }
    Ok(engines)
}

/// The effort of measuring calls.
pub fn effort_of_calls(quick: bool) -> Effort {
    Efforts::of(quick).calls
}

/// The effort of each kind of measurement.
struct Efforts {
    calls: Effort,
    loads: Effort,
    rounds: usize,
    round: Duration,
}

impl Efforts {
    fn of(quick: bool) -> Self {
        let effort = |samples, least, sample, budget| Effort {
            samples,
            least,
            sample: Duration::from_micros(sample),
            budget: Duration::from_secs(budget),
        };
        if quick {
            Self {
                calls: effort(5, 3, 200, 1),
                loads: effort(3, 2, 500, 2),
                rounds: 1,
                round: Duration::from_millis(5),
            }
        } else {
            Self {
                calls: effort(101, 11, 1000, 15),
                // Long enough for what is loaded fast not to be measured with another's caches.
                loads: effort(51, 7, 3000, 30),
                rounds: 7,
                round: Duration::from_millis(60),
            }
        }
    }
}

/// The sizes of the committed modules.
fn files(engines: &[Box<dyn Engine>]) -> Vec<(&'static str, &'static str, u64)> {
    let mut files = Vec::new();
    for engine in engines.iter().filter(|engine| !engine.only_loads()) {
        for policy in ["noop", "pii_guard", "compute", "secrets"] {
            let module = engine.module(policy).and_then(|path| path.metadata().ok());
            files.extend(module.map(|module| (engine.name(), policy, module.len())));
        }
    }
    files
}

/// The progress, as a bar on a terminal and as lines elsewhere.
struct Progress(ProgressBar);

impl Progress {
    fn new(steps: usize) -> Self {
        let bar = ProgressBar::new(steps as u64);
        let style = ProgressStyle::with_template("[{pos:>2}/{len}] {bar:24} {elapsed:>4} {msg}");
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    fn step(&self, what: &str) {
        self.0.inc(1);
        self.0.set_message(what.to_string());
        if self.0.is_hidden() {
            let total = self.0.length().unwrap_or_default();
            eprintln!("[{:>2}/{total}] {what}", self.0.position());
        }
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}
