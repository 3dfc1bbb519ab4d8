//! What was measured, for people and as JSON.

use serde::Serialize;

use super::costs::Costs;
use super::measure::Measured;
use super::shares::Shares;
use super::{Benched, name};
use crate::fit;
use crate::style::{BOLD, DIM, ERROR, GOOD, WARNING, bytes, counted, grouped, paint, time};

/// The object that `--json` prints.
#[derive(Serialize)]
pub(super) struct Answer<'a> {
    plugin: &'a str,
    version: &'a str,
    hook: &'a str,
    threads: u16,
    /// One for each isolation.
    measured: Vec<Row>,
}

/// What was measured of one isolation.
#[derive(Serialize)]
struct Row {
    isolation: &'static str,
    calls: u64,
    denied: u64,
    nanoseconds: Nanoseconds,
    calls_per_second: u64,
    shares: Shares,
    costs: Option<Costs>,
    instances: Counted,
}

/// How many instances the calls took.
#[derive(Serialize)]
struct Counted {
    created: u64,
    initialised: u64,
    outgrown: u64,
    states_lost: u64,
}

#[derive(Serialize)]
struct Nanoseconds {
    load: u64,
    initialise: u64,
    first_call: u64,
    min: u64,
    p50: u64,
    p90: u64,
    p99: u64,
    max: u64,
    mean: u64,
}

impl<'a> Answer<'a> {
    pub(super) fn new(benched: &'a Benched) -> Self {
        let manifest = benched.subject.module.manifest();
        Self {
            plugin: &manifest.name,
            version: &manifest.version,
            hook: &benched.subject.hook,
            threads: benched.threads,
            measured: benched.measured.iter().map(Row::new).collect(),
        }
    }
}

impl Row {
    fn new(measured: &Measured) -> Self {
        let Measured { isolation, loaded, tally, calls_per_second, shares, instances } = measured;
        let times = &tally.times;
        Self {
            isolation: name(*isolation),
            calls: times.count(),
            denied: tally.denied,
            nanoseconds: Nanoseconds {
                load: loaded.load,
                initialise: loaded.initialise,
                first_call: loaded.first_call,
                min: times.min(),
                p50: times.percentile(50),
                p90: times.percentile(90),
                p99: times.percentile(99),
                max: times.max(),
                mean: times.mean(),
            },
            calls_per_second: *calls_per_second,
            shares: *shares,
            costs: tally.costs,
            instances: Counted {
                created: instances.created,
                initialised: instances.initialised,
                outgrown: instances.outgrown,
                states_lost: instances.states_lost,
            },
        }
    }
}

impl Row {
    /// What became of instances that makes calls slower, or forget what they should know.
    fn odd_instances(&self) -> Vec<String> {
        let Self { isolation, instances, .. } = self;
        let mut odd = Vec::new();
        if instances.outgrown > 0 {
            odd.push(format!(
                "{isolation}: {} dropped after a call, as the memory had grown too large to be kept",
                counted(instances.outgrown, "instance")
            ));
        }
        if instances.initialised > 1 {
            odd.push(format!(
                "{isolation}: the plugin was initialised {} times, and not once for all calls",
                grouped(instances.initialised)
            ));
        }
        if instances.states_lost > 0 {
            odd.push(format!(
                "{isolation}: the state that the plugin keeps was lost {} times",
                grouped(instances.states_lost)
            ));
        }
        odd
    }
}

/// A line of the table: its label, and what stands in each column.
type Line = (&'static str, fn(&Row) -> String);

const LINES: &[Line] = &[
    ("load", |row| time(row.nanoseconds.load)),
    ("initialise", |row| time(row.nanoseconds.initialise)),
    ("first call", |row| time(row.nanoseconds.first_call)),
    ("min", |row| time(row.nanoseconds.min)),
    ("p50", |row| time(row.nanoseconds.p50)),
    ("p90", |row| time(row.nanoseconds.p90)),
    ("p99", |row| time(row.nanoseconds.p99)),
    ("max", |row| time(row.nanoseconds.max)),
    ("mean", |row| time(row.nanoseconds.mean)),
    ("calls/s", |row| grouped(row.calls_per_second)),
    ("guest", |row| percent(row.shares.guest)),
    ("host calls", |row| percent(row.shares.host_calls)),
    ("set-up", |row| percent(row.shares.set_up)),
    ("calls", |row| grouped(row.calls)),
];

/// Renders what was measured as a table with a column for each isolation, and what a call costs.
pub(super) fn text(benched: &Benched) -> String {
    let manifest = benched.subject.module.manifest();
    let rows: Vec<_> = benched.measured.iter().map(Row::new).collect();
    let who = format!("{} {}", manifest.name, cpex_wasmi::visible(&manifest.version));
    let mut out = format!("{}  {who} · {}", verdict(&rows), benched.subject.hook);
    if benched.threads > 1 {
        out.push_str(&format!(" · {} threads", benched.threads));
    }
    out.push_str("\n\n");
    let heads = rows.iter().map(|row| row.isolation.to_owned()).collect();
    let mut lines = vec![("", heads)];
    for (label, cell) in LINES {
        lines.push((label, rows.iter().map(cell).collect::<Vec<_>>()));
    }
    let cells = lines.iter().flat_map(|(_, cells)| cells);
    let width = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
    for (label, cells) in &lines {
        out.push_str(&format!("{}", paint(DIM, format_args!("{label:<10}"))));
        for cell in cells {
            let style =
                if *label == "p50" || label.is_empty() { BOLD } else { anstyle::Style::new() };
            out.push_str(&format!("   {}", paint(style, format_args!("{cell:>width$}"))));
        }
        out.push('\n');
    }
    out.push('\n');
    for line in costs(&rows) {
        out.push_str(&format!("{}\n", paint(DIM, fit::parts(&line))));
    }
    for line in rows.iter().flat_map(Row::odd_instances) {
        out.push_str(&format!("{}: {line}\n", paint(WARNING, "warning")));
    }
    out
}

fn verdict(rows: &[Row]) -> String {
    let calls = rows.iter().map(|row| row.calls).fold(0, u64::saturating_add);
    match rows.iter().map(|row| row.denied).fold(0, u64::saturating_add) {
        0 => paint(GOOD, "ALLOW").to_string(),
        denied if denied == calls => paint(ERROR, "DENY").to_string(),
        denied => {
            let times = format!("{} of {} times", grouped(denied), grouped(calls));
            format!("{} {times}, else {}", paint(ERROR, "DENY"), paint(GOOD, "ALLOW"))
        }
    }
}

/// What calls cost: once, if it is the same for all isolations.
fn costs(rows: &[Row]) -> Vec<String> {
    let all: Vec<_> = rows.iter().filter_map(|row| Some((row.isolation, row.costs?))).collect();
    match all.as_slice() {
        [(_, first), rest @ ..] if rest.iter().all(|(_, other)| other == first) => {
            vec![receipt(first)]
        }
        several => {
            several.iter().map(|(name, costs)| format!("{name}: {}", receipt(costs))).collect()
        }
    }
}

/// What calls cost, on one line, as a receipt is.
fn receipt(costs: &Costs) -> String {
    let host_calls = costs.host_calls.show(grouped);
    let plural = if host_calls == "1" { "" } else { "s" };
    let slices = costs.slices.show(grouped);
    let init = match costs.init_fuel.max {
        0 => String::new(),
        _ => format!(" · initialisation fuel {}", costs.init_fuel.show(grouped)),
    };
    format!(
        "fuel {} · memory {} · {host_calls} host call{plural} · read {} · wrote {} · {slices} slice{}{init}",
        costs.fuel.show(grouped),
        costs.peak_memory_bytes.show(bytes),
        costs.bytes_read.show(bytes),
        costs.bytes_written.show(bytes),
        if slices == "1" { "" } else { "s" },
    )
}

/// A part of one, in percent.
fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
