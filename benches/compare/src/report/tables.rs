//! The tables of the document.

use super::format::{bytes, kilobytes, per_second, ratio, spread, table, time};
use super::machine;
use crate::measure::by_loop::ByLoop;
use crate::measure::calls::Calls;
use crate::measure::load::Load;
use crate::measure::memory::Memory;
use crate::measure::sizes::Size;
use crate::measure::threads::{THREADS, Throughput};
use crate::sample::Summary;

pub const NATIVE: &str = "native";
pub const LEAN: &str = "cpex-wasmi lean, pooled";
pub const LEAN_PRISTINE: &str = "cpex-wasmi lean, pristine";
pub const KNOWN: &str = "cpex-wasmi cpex-style, pooled";

/// The time of calls, each case beside native Rust.
pub fn calls(calls: &Calls) -> String {
    let native = calls.of(NATIVE).map(|native| native.median);
    let rows: Vec<_> = calls
        .cases
        .iter()
        .map(|(case, summary)| {
            let beside = native.map_or("–".into(), |native| ratio(summary.median / native));
            vec![case.name(), time(summary.median), spread(*summary), beside]
        })
        .collect();
    table(&[&calls.workload, "median", "p10 – p90", "of native"], &rows)
}

/// The result of the build by the loop, beside native Rust in that program.
pub fn by_loop(all: &[ByLoop]) -> String {
    if all.is_empty() {
        return "Not built for this run (`--no-loop`).\n".into();
    }
    let of = |calls: &ByLoop| {
        let native = calls.of(NATIVE).map(|native| native.median);
        let row = |(name, summary): &(String, Summary)| {
            let beside = native.map_or("–".into(), |native| ratio(summary.median / native));
            vec![name.clone(), time(summary.median), spread(*summary), beside]
        };
        let rows: Vec<_> = calls.cases.iter().map(row).collect();
        table(&[&calls.workload, "median", "p10 – p90", "of native"], &rows)
    };
    all.iter().map(of).collect::<Vec<_>>().join("\n")
}

/// These cases with messages of several sizes.
pub fn growth(sizes: &[Calls]) -> String {
    let mut head = vec!["text in the message"];
    head.extend(sizes.iter().map(|calls| &*calls.workload));
    let rows: Vec<_> = series(sizes)
        .into_iter()
        .map(|(name, times)| std::iter::once(name).chain(times.into_iter().map(time)).collect())
        .collect();
    table(&head, &rows)
}

/// As [`growth`], with each time beside native Rust.
pub fn scans(head: &str, columns: &[&str], sizes: &[Calls]) -> String {
    let mut columns: Vec<_> = columns.to_vec();
    columns.insert(0, head);
    let all = series(sizes);
    let native = all.iter().find(|(name, _)| name == NATIVE).map(|(_, times)| times.clone());
    let cell = |(at, of): (usize, &f64)| match native.as_ref().and_then(|native| native.get(at)) {
        Some(native) => format!("{} ({})", time(*of), ratio(of / native)),
        None => time(*of),
    };
    let row = |(name, times): &(String, Vec<f64>)| {
        let cells = times.iter().enumerate().map(cell);
        std::iter::once(name.clone()).chain(cells).collect()
    };
    table(&columns, &all.iter().map(row).collect::<Vec<_>>())
}

/// The medians of each case, in the order of sizes.
pub fn series(sizes: &[Calls]) -> Vec<(String, Vec<f64>)> {
    let Some(first) = sizes.first() else { return Vec::new() };
    let of = |name: &str| sizes.iter().filter_map(|calls| Some(calls.of(name)?.median)).collect();
    first.cases.iter().map(|(case, _)| (case.name(), of(&case.name()))).collect()
}

pub fn loads(loads: &[Load]) -> String {
    let rows: Vec<_> = loads
        .iter()
        .map(|load| {
            vec![
                format!("{}: `{}`", load.engine, load.policy),
                bytes(load.file as u64),
                time(load.load.median),
                spread(load.load),
                load.with_first_call.map_or("–".into(), |first| time(first.median)),
            ]
        })
        .collect();
    table(&["", "file", "load", "p10 – p90", "load and first call"], &rows)
}

pub fn memory(memory: &[Memory]) -> String {
    let rows: Vec<_> = memory
        .iter()
        .map(|memory| {
            vec![
                memory.engine.into(),
                kilobytes(memory.first),
                kilobytes(memory.more),
                time(memory.cold),
            ]
        })
        .collect();
    table(&["", "first plugin", "each more", "first call of a new process"], &rows)
}

pub fn throughput(throughput: &[Throughput]) -> String {
    let rows: Vec<_> = throughput
        .iter()
        .map(|case| {
            let one = case.calls[0].median;
            let mut row = vec![case.name.clone()];
            row.extend(case.calls.iter().map(|calls| per_second(calls.median)));
            row.extend(case.calls.iter().skip(1).map(|calls| ratio(calls.median / one)));
            row
        })
        .collect();
    let (counts, ratios) =
        (THREADS.map(|n| format!("by {n}")), THREADS.map(|n| format!("{n} : 1")));
    let mut head = vec!["calls per second, by so many threads"];
    head.extend(counts.iter().map(String::as_str));
    head.extend(ratios.iter().skip(1).map(String::as_str));
    table(&head, &rows)
}

pub fn programs(sizes: &[Size]) -> String {
    if sizes.is_empty() {
        return "Not built for this run (`--no-sizes`).\n".into();
    }
    let row = |size: &Size| vec![size.what.to_string(), bytes(size.bytes)];
    table(&["", "stripped program"], &sizes.iter().map(row).collect::<Vec<_>>())
}

/// The files of the policies, a row for each engine.
pub fn files(files: &[(&'static str, &'static str, u64)]) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (engine, _, size) in files {
        match rows.last_mut() {
            Some(row) if row[0] == *engine => row.push(bytes(*size)),
            _ => rows.push(vec![engine.to_string(), bytes(*size)]),
        }
    }
    table(&["", "noop", "PII guard", "compute", "secrets"], &rows)
}

/// The machine and versions of the measurement.
pub fn machine(command: &str, took: std::time::Duration) -> String {
    let extism = if cfg!(feature = "extism") { machine::extism() } else { "left out".into() };
    let row = |name: &str, value: String| vec![name.to_string(), value];
    let rows = [
        row("date", machine::date()),
        row("command", format!("`{command}`, {} s", took.as_secs())),
        row("commit", machine::commit()),
        row("processor", machine::processor()),
        row("system", machine::system()),
        row("rustc", machine::rustc()),
        row("cpex-core", machine::version("cpex-core")),
        row("wasmi", machine::version("wasmi")),
        row("wasmtime", machine::version("wasmtime")),
        row("Extism", extism),
    ];
    let mut table = String::from("| | |\n| --- | --- |\n");
    rows.iter().for_each(|row| table.push_str(&format!("| {} |\n", row.join(" | "))));
    table
}
