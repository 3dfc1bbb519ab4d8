//! The measurements, for people and as JSON.

use serde_json::{Value, json};

use super::measure::Measured;
use super::tally::Costs;
use super::{Benched, name};
use crate::fit;
use crate::spread::Range;
use crate::style::{BOLD, DIM, ERROR, GOOD, WARNING, bytes, counted, grouped, paint, time};

/// Renders the object that `--json` prints: what was measured of each isolation, times in nanoseconds.
pub(super) fn json(benched: &Benched) -> Value {
    let manifest = benched.subject.module.manifest();
    json!({
        "plugin": manifest.name,
        "version": manifest.version,
        "hook": benched.subject.hook,
        "threads": benched.threads,
        "measured": benched.measured.iter().map(row).collect::<Vec<_>>(),
    })
}

fn row(measured: &Measured) -> Value {
    let Measured { isolation, loaded, tally, calls_per_second, shares, instances } = measured;
    let times = &tally.times;
    json!({
        "isolation": name(*isolation),
        "calls": times.count(),
        "denied": tally.denied,
        "nanoseconds": {
            "load": loaded.load,
            "initialise": loaded.initialise,
            "first_call": loaded.first_call,
            "min": times.min(),
            "p50": times.percentile(50),
            "p90": times.percentile(90),
            "p99": times.percentile(99),
            "max": times.max(),
            "mean": times.mean(),
        },
        "calls_per_second": calls_per_second,
        "shares": shares,
        "costs": tally.costs,
        "instances": {
            "created": instances.created,
            "initialised": instances.initialised,
            "outgrown": instances.outgrown,
            "states_lost": instances.states_lost,
        },
    })
}

/// Losses of instances that make calls slower, or forget what they should know.
fn odd_instances(measured: &Measured) -> Vec<String> {
    let (isolation, instances) = (name(measured.isolation), &measured.instances);
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

/// A line of the table: its label, and what stands in each column.
type Line = (&'static str, fn(&Measured) -> String);

const LINES: &[Line] = &[
    ("", |row| name(row.isolation).to_owned()),
    ("load", |row| time(row.loaded.load)),
    ("initialise", |row| time(row.loaded.initialise)),
    ("first call", |row| time(row.loaded.first_call)),
    ("min", |row| time(row.tally.times.min())),
    ("p50", |row| time(row.tally.times.percentile(50))),
    ("p90", |row| time(row.tally.times.percentile(90))),
    ("p99", |row| time(row.tally.times.percentile(99))),
    ("max", |row| time(row.tally.times.max())),
    ("mean", |row| time(row.tally.times.mean())),
    ("calls/s", |row| grouped(row.calls_per_second)),
    ("guest", |row| percent(row.shares.guest)),
    ("host calls", |row| percent(row.shares.host_calls)),
    ("set-up", |row| percent(row.shares.set_up)),
    ("calls", |row| grouped(row.tally.times.count())),
];

/// Renders what was measured as a table with a column for each isolation, and what a call costs.
pub(super) fn text(benched: &Benched) -> String {
    let manifest = benched.subject.module.manifest();
    let rows = &benched.measured;
    let who = format!("{} {}", manifest.name, cpex_wasmi::visible(&manifest.version));
    let mut out = format!("{}  {who} · {}", verdict(rows), benched.subject.hook);
    if benched.threads > 1 {
        out.push_str(&format!(" · {} threads", benched.threads));
    }
    out.push_str("\n\n");
    let line = |(label, cell): &Line| (*label, rows.iter().map(cell).collect::<Vec<_>>());
    let lines: Vec<_> = LINES.iter().map(line).collect();
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
    for line in costs(rows) {
        out.push_str(&format!("{}\n", paint(DIM, fit::parts(&line))));
    }
    for line in rows.iter().flat_map(odd_instances) {
        out.push_str(&format!("{}: {line}\n", paint(WARNING, "warning")));
    }
    out
}

fn verdict(rows: &[Measured]) -> String {
    let calls = rows.iter().map(|row| row.tally.times.count()).fold(0, u64::saturating_add);
    match rows.iter().map(|row| row.tally.denied).fold(0, u64::saturating_add) {
        0 => paint(GOOD, "ALLOW").to_string(),
        denied if denied == calls => paint(ERROR, "DENY").to_string(),
        denied => {
            let times = format!("{} of {} times", grouped(denied), grouped(calls));
            format!("{} {times}, else {}", paint(ERROR, "DENY"), paint(GOOD, "ALLOW"))
        }
    }
}

/// The cost of calls: once, if it is equal for all isolations.
fn costs(rows: &[Measured]) -> Vec<String> {
    let all = rows.iter().map(|row| row.tally.costs);
    match rows {
        [first, ..] if all.clone().all(|costs| costs == first.tally.costs) => {
            vec![receipt(first.tally.costs)]
        }
        _ => {
            let names = rows.iter().map(|row| name(row.isolation));
            names.zip(all).map(|(name, costs)| format!("{name}: {}", receipt(costs))).collect()
        }
    }
}

/// The cost of calls, on one line, like a receipt.
fn receipt(Costs([fuel, memory, calls, read, written, _, slices, init]): Costs) -> String {
    let plural = |range: Range| if range.show(grouped) == "1" { "" } else { "s" };
    let init = match init.max {
        0 => String::new(),
        _ => format!(" · initialisation fuel {}", init.show(grouped)),
    };
    format!(
        "fuel {} · memory {} · {} host call{} · read {} · wrote {} · {} slice{}{init}",
        fuel.show(grouped),
        memory.show(bytes),
        calls.show(grouped),
        plural(calls),
        read.show(bytes),
        written.show(bytes),
        slices.show(grouped),
        plural(slices),
    )
}

/// A part of one, in percent.
fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
