//! The project's targets, and whether they are met.

use super::format::{bytes, kilobytes, ratio, table, time};
use super::tables::{KNOWN, LEAN, LEAN_PRISTINE, NATIVE, series};
use crate::measure::calls::Calls;
use crate::measure::tail_calls::TailCalls;
use crate::run::Results;
use crate::sample::Summary;

/// A target and its figure: both as text, and whether it is met; none if it was not measured.
struct Target {
    what: &'static str,
    target: &'static str,
    measured: Option<(String, bool)>,
    /// The result of the build with tail calls, where it differs.
    tail_calls: Option<(String, bool)>,
}

pub fn targets(results: &Results) -> String {
    let [noop, allowed, denied, compute] = &results.policies[..] else { return String::new() };
    let with_tail_calls = |calls| (calls, results.tail_calls.iter().find(|tail| tail.is_of(calls)));
    let [noop, allowed, denied, compute] = [noop, allowed, denied, compute].map(with_tail_calls);
    let sizes = |name: &str| results.sizes.iter().find(|size| size.what == name);
    let mut large = results.loads.iter().filter(|load| load.policy == "large");
    let large = large.find_map(|load| Some((load.file, load.with_first_call?.median)));
    let memory = results.memory.iter().find(|memory| memory.engine == "cpex-wasmi lean");
    let threads = results.throughput.iter().find(|case| case.name == LEAN);
    let growth = series(&results.growth).into_iter().find(|(name, _)| name == LEAN);
    let rows = [
        of_native("noop, lean, pooled, beside native", noop, LEAN, 3.0, "at most 3×"),
        of_native("PII guard that allows, lean, pooled", allowed, LEAN, 6.0, "at most 6×"),
        of_native("PII guard that denies, lean, pooled", denied, LEAN, 6.0, "at most 6×"),
        of_native("compute, lean, pooled", compute, LEAN, 6.0, "at most 6×"),
        of_native("compute, cpex style, pooled", compute, KNOWN, 20.0, "at most 20×"),
        pristine("noop, lean: pristine instead of pooled", noop),
        pristine("compute, lean: pristine instead of pooled", compute),
        Target {
            tail_calls: None,
            what: "load and first call of a module of 100 kB or more",
            target: "under 2 ms",
            measured: large.map(|(file, took)| {
                let shown = format!("{} for {}", time(took), bytes(file as u64));
                (shown, took < 2e-3 && file >= 100_000)
            }),
        },
        Target {
            tail_calls: None,
            what: "one more plugin that is loaded (one page, idle)",
            target: "under 100 KiB",
            measured: memory.map(|memory| (kilobytes(memory.more), memory.more < 100.0)),
        },
        Target {
            tail_calls: None,
            what: "two threads on one plugin, beside one",
            target: "at least 1.9×",
            measured: threads.map(|case| {
                let scales = case.calls[1].median / case.calls[0].median;
                (ratio(scales), scales >= 1.9)
            }),
        },
        Target {
            tail_calls: None,
            what: "stripped program that runs plugins, built to be small",
            target: "under 2 MB",
            measured: sizes("cpex-wasmi, without cpex-core, built to be small")
                .map(|size| (bytes(size.bytes), size.bytes < 2_000_000)),
        },
        Target {
            tail_calls: None,
            what: "one field of a message of 1 MiB, beside one of 1 KiB",
            target: "flat: at most 1.1×",
            measured: growth.and_then(|(_, times)| {
                let growth = times.last()? / times.get(1)?;
                Some((ratio(growth), growth <= 1.1))
            }),
        },
    ];
    let rows: Vec<_> = rows.into_iter().map(row).collect();
    table(&["", "target", "measured", "met", "by tail calls", "met"], &rows)
}

fn row(target: Target) -> Vec<String> {
    let told = |figure: Option<(String, bool)>, without: &str| match figure {
        None => [without.to_string(), "–".to_string()],
        Some((figure, true)) => [figure, "yes".to_string()],
        Some((figure, false)) => [figure, "**no**".to_string()],
    };
    let [measured, met] = told(target.measured, "not measured");
    let [by_tail_calls, met_by_tail_calls] = told(target.tail_calls, "–");
    vec![target.what.into(), target.target.into(), measured, met, by_tail_calls, met_by_tail_calls]
}

/// A policy's figures by both builds, each by the names of cases.
type Both<'a> = (&'a Calls, Option<&'a TailCalls>);

fn figures<'a>((calls, tail_calls): Both<'a>) -> [Box<dyn Fn(&str) -> Option<Summary> + 'a>; 2] {
    [Box::new(|name| calls.of(name)), Box::new(move |name| tail_calls?.of(name))]
}

fn of_native(
    what: &'static str,
    calls: Both<'_>,
    case: &str,
    most: f64,
    target: &'static str,
) -> Target {
    let [measured, tail_calls] = figures(calls).map(|of| {
        let times = of(case)?.median / of(NATIVE)?.median;
        Some((ratio(times), times <= most))
    });
    Target { what, target, measured, tail_calls }
}

fn pristine(what: &'static str, calls: Both<'_>) -> Target {
    let shown = |more: f64| match more {
        more if more > 0.0 => format!("{} more", time(more)),
        _ => "no more".into(),
    };
    let [measured, tail_calls] = figures(calls).map(|of| {
        let more = of(LEAN_PRISTINE)?.median - of(LEAN)?.median;
        Some((shown(more), more < 3e-6))
    });
    Target { what, target: "under 3 µs more", measured, tail_calls }
}
