//! The project's targets, and whether they are met.

use super::format::{bytes, kilobytes, ratio, table, time};
use super::tables::{KNOWN, LEAN, LEAN_PRISTINE, NATIVE, series};
use crate::measure::calls::Calls;
use crate::run::Results;

/// What should be, and what is: both as text, and whether it is met; none if it was not measured.
struct Target {
    what: &'static str,
    target: &'static str,
    measured: Option<(String, bool)>,
}

pub fn targets(results: &Results) -> String {
    let [noop, allowed, denied, compute] = &results.policies[..] else { return String::new() };
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
        of_native("compute, known style, pooled", compute, KNOWN, 20.0, "at most 20×"),
        pristine("noop, lean: pristine instead of pooled", noop),
        pristine("compute, lean: pristine instead of pooled", compute),
        Target {
            what: "load and first call of a module of 100 kB or more",
            target: "under 2 ms",
            measured: large.map(|(file, took)| {
                let shown = format!("{} for {}", time(took), bytes(file as u64));
                (shown, took < 2e-3 && file >= 100_000)
            }),
        },
        Target {
            what: "one more plugin that is loaded (one page, idle)",
            target: "under 100 KiB",
            measured: memory.map(|memory| (kilobytes(memory.more), memory.more < 100.0)),
        },
        Target {
            what: "two threads on one plugin, beside one",
            target: "at least 1.9×",
            measured: threads.map(|case| {
                let scales = case.calls[1].median / case.calls[0].median;
                (ratio(scales), scales >= 1.9)
            }),
        },
        Target {
            what: "stripped program that runs plugins, built to be small",
            target: "under 2 MB",
            measured: sizes("cpex-wasmi, without cpex-core, built to be small")
                .map(|size| (bytes(size.bytes), size.bytes < 2_000_000)),
        },
        Target {
            what: "one field of a message of 1 MiB, beside one of 1 KiB",
            target: "flat: at most 1.1×",
            measured: growth.and_then(|(_, times)| {
                let growth = times.last()? / times.get(1)?;
                Some((ratio(growth), growth <= 1.1))
            }),
        },
    ];
    let rows: Vec<_> = rows.into_iter().map(row).collect();
    table(&["", "target", "measured", "met"], &rows)
}

fn row(target: Target) -> Vec<String> {
    let (measured, met) = match target.measured {
        None => ("not measured".into(), "–"),
        Some((measured, true)) => (measured, "yes"),
        Some((measured, false)) => (measured, "**no**"),
    };
    vec![target.what.into(), target.target.into(), measured, met.into()]
}

fn of_native(
    what: &'static str,
    calls: &Calls,
    case: &str,
    most: f64,
    target: &'static str,
) -> Target {
    let both = calls.of(case).zip(calls.of(NATIVE));
    let measured = both.map(|(case, native)| case.median / native.median);
    Target { what, target, measured: measured.map(|times| (ratio(times), times <= most)) }
}

fn pristine(what: &'static str, calls: &Calls) -> Target {
    let both = calls.of(LEAN_PRISTINE).zip(calls.of(LEAN));
    let more = both.map(|(pristine, pooled)| pristine.median - pooled.median);
    let shown = |more: f64| match more {
        more if more > 0.0 => format!("{} more", time(more)),
        _ => "no more".into(),
    };
    let measured = more.map(|more| (shown(more), more < 3e-6));
    Target { what, target: "under 3 µs more", measured }
}
