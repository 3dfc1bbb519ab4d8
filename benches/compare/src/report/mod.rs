//! Writes `performance.md` and its plots. The text is in `template.md`; every figure in the document is
//! put in here.

mod format;
mod losses;
mod machine;
mod plot;
mod tables;
mod targets;
mod texts;

use std::fs;

#[cfg(feature = "wasmtime")]
pub use format::table;
use plot::{Bar, bars, lines};
pub use texts::texts;

use crate::Result;
use crate::engines::wire;
use crate::measure::calls::Calls;
use crate::measure::memory::MORE;
use crate::measure::texts::SIZES;
use crate::options::Options;
use crate::request::{Input, Secrets};
use crate::run::Results;
use crate::sample::Effort;

/// The median, for the gallery's table.
#[cfg(feature = "wasmtime")]
pub fn time(summary: crate::sample::Summary) -> String {
    format::time(summary.median)
}

/// A median beside another.
#[cfg(feature = "wasmtime")]
pub fn ratio(one: crate::sample::Summary, other: crate::sample::Summary) -> String {
    format::ratio(one.median / other.median)
}

/// The machine and the commit, in a line.
#[cfg(feature = "wasmtime")]
pub fn place() -> String {
    format!("{}, {}, at {}.", machine::date(), machine::processor(), machine::commit())
}

/// Writes the document and the plots.
pub fn write(options: &Options, results: &Results) -> Result<()> {
    let document = document(options, results)?;
    let (path, plots) = (options.out.join("performance.md"), options.out.join("performance"));
    let failed = |path: &std::path::Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| format!("cannot write {path}: {error}")
    };
    fs::create_dir_all(&plots).map_err(failed(&plots))?;
    for (name, svg) in svgs(results) {
        let path = plots.join(name);
        fs::write(&path, svg).map_err(failed(&path))?;
    }
    fs::write(&path, document).map_err(failed(&path))?;
    println!("wrote {} and {}", path.display(), plots.display());
    Ok(())
}

fn document(options: &Options, results: &Results) -> Result<String> {
    let input = Input::tool_call(&["engineer"]);
    let request = postcard::to_allocvec(&wire::request(&input.payload, &input.extensions)?)?.len();
    let mut values = vec![
        ("quick", quick(options)),
        ("machine", tables::machine(&options.command, results.took)),
        ("targets", targets::targets(results)),
        ("request_bytes", request.to_string()),
        ("policies", results.policies.iter().map(tables::calls).collect::<Vec<_>>().join("\n")),
        ("by_loop", tables::by_loop(&results.by_loop)),
        ("growth", tables::growth(&results.growth)),
        ("heavy", tables::calls(&results.heavy)),
        ("losses", losses::losses(results)),
        ("loads", tables::loads(&results.loads)),
        ("memory", tables::memory(&results.memory)),
        ("more", MORE.to_string()),
        ("throughput", tables::throughput(&results.throughput)),
        ("samples", samples(results.effort)),
        ("cores", machine::cores().to_string()),
        ("programs", tables::programs(&results.sizes)),
        ("files", tables::files(&results.files)),
    ];
    values.extend(texts::values(&results.texts));
    fill(include_str!("template.md"), &values)
}

fn quick(options: &Options) -> String {
    if options.quick {
        "> Few samples (`--quick`): these figures show that the comparison runs, and nothing else.\n".into()
    } else {
        String::new()
    }
}

/// The number of samples, and their subject.
fn samples(effort: Effort) -> String {
    let Effort { samples, least, sample, budget } = effort;
    let (sample, budget) = (sample.as_secs_f64(), budget.as_secs_f64());
    format!(
        "A sample is\n  the mean of as many calls as fit into {}, at least one. Shown are the median and the tenth and ninetieth\n  \
         percentile of {samples} samples; of fewer, at least {least}, where all cases of a table took longer than {}.",
        format::time(sample),
        format::time(budget),
    )
}

/// Puts values in the places of their names. Each has to be there, and each place has to have one.
fn fill(template: &str, values: &[(&str, String)]) -> Result<String> {
    let mut text = template.to_string();
    for (name, value) in values {
        let place = format!("{{{{{name}}}}}");
        if !text.contains(&place) {
            return Err(format!("the template has no {place}").into());
        }
        text = text.replace(&place, value.trim_end());
    }
    match text.split_once("{{") {
        None => Ok(text),
        Some((_, rest)) => {
            let name = rest.split("}}").next().unwrap_or_default();
            Err(format!("nothing fills {{{{{name}}}}} of the template").into())
        }
    }
}

fn svgs(results: &Results) -> Vec<(&'static str, String)> {
    let seconds = |seconds: f64| format::time(seconds);
    let names = ["noop.svg", "pii_guard.svg", "pii_guard_denied.svg", "compute.svg"];
    let titled = |calls: &Calls| {
        bars(&format!("{}: time of a call", calls.workload), &call_bars(calls), seconds)
    };
    let mut svgs: Vec<_> = names.into_iter().zip(results.policies.iter().map(titled)).collect();
    svgs.push(("heavy.svg", titled(&results.heavy)));

    let sizes: Vec<_> = results.growth.iter().map(|calls| calls.workload.clone()).collect();
    let title = "one field of a message, by its size: time of a call";
    svgs.push(("growth.svg", lines(title, &sizes, &tables::series(&results.growth), seconds)));

    let clean = results.texts.scans_of(Secrets::None);
    let sizes = SIZES.map(|(name, _)| name.to_string());
    let title = "scan of a text for secrets, by its size: time of a call";
    svgs.push(("scan.svg", lines(title, &sizes, &tables::series(clean), seconds)));

    let loads = results.loads.iter().filter(|load| load.policy == "compute");
    let loads: Vec<_> = loads
        .filter_map(|load| Some(bar(load.engine, load.with_first_call?.median, seconds)))
        .collect();
    svgs.push(("load.svg", bars("compute: load and first call", &loads, seconds)));

    let memory = results.memory.iter();
    let more: Vec<_> =
        memory.map(|memory| bar(memory.engine, memory.more.max(1.0), format::kilobytes)).collect();
    svgs.push(("memory.svg", bars("resident memory of one more plugin", &more, format::kilobytes)));
    svgs
}

fn call_bars(calls: &Calls) -> Vec<Bar> {
    let of = |(case, summary): &(crate::call::Case, crate::sample::Summary)| {
        bar(&case.name(), summary.median, format::time)
    };
    calls.cases.iter().map(of).collect()
}

fn bar(name: &str, value: f64, shown: impl Fn(f64) -> String) -> Bar {
    Bar { name: name.into(), value, shown: shown(value) }
}
