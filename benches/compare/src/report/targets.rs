//! The project's targets, and whether they are met.

use super::format::{bytes, kilobytes, ratio, table, time};
use super::tables::{KNOWN, LEAN, LEAN_PRISTINE, NATIVE, series};
use crate::measure::by_loop::ByLoop;
use crate::measure::calls::Calls;
use crate::measure::sizes::SMALLEST;
use crate::request::Secrets;
use crate::run::Results;
use crate::sample::Summary;

/// The case of a component that Cranelift compiled.
const COMPONENT: &str = "Cranelift component, pooled";

/// A target with its figure: as text, and as a part of the target, which is met by at most 1. `None` if it was not measured.
struct Target {
    what: String,
    target: &'static str,
    measured: Option<(String, f64)>,
    /// The result of the build by the loop, where it differs.
    by_loop: Option<(String, f64)>,
}

pub fn targets(results: &Results) -> String {
    let [noop, allowed, denied, compute] = &results.policies[..] else { return String::new() };
    let with_loop = |calls| (calls, results.by_loop.iter().find(|again| again.is_of(calls)));
    let [noop, allowed, denied, compute] = [noop, allowed, denied, compute].map(with_loop);
    let sizes = |name: &str| results.sizes.iter().find(|size| size.what == name);
    let mut large = results.loads.iter().filter(|load| load.policy == "large");
    let large = large.find_map(|load| Some((load.file, load.with_first_call?.median)));
    let memory = results.memory.iter().find(|memory| memory.engine == "cpex-wasmi lean");
    let threads = results.throughput.iter().find(|case| case.name == LEAN);
    let growth = series(&results.growth).into_iter().find(|(name, _)| name == LEAN);
    let rows = [
        of_native("noop, lean, pooled, beside native", noop, LEAN, [3.0; 2], "at most 3×"),
        of_native("PII guard that allows, lean, pooled", allowed, LEAN, [6.0; 2], "at most 6×"),
        of_native(
            "PII guard that denies, lean, pooled",
            denied,
            LEAN,
            [3.0, 4.0],
            "at most 3×, by the loop 4×",
        ),
        of_native("compute, lean, pooled", compute, LEAN, [3.0, 5.0], "at most 3×, by the loop 5×"),
        of_lean("PII guard that allows, cpex style, beside lean", allowed),
        of_lean("PII guard that denies, cpex style, beside lean", denied),
        of_others("PII guard that allows, cpex style, beside the fastest other", allowed),
        of_others("PII guard that denies, cpex style, beside the fastest other", denied),
        of_component("compute, cpex style, beside Cranelift's component", compute),
        pristine("noop, lean: pristine instead of pooled", noop),
        pristine("compute, lean: pristine instead of pooled", compute),
        Target {
            by_loop: None,
            what: "load and first call of a module of 100 kB or more".into(),
            target: "under 2 ms",
            measured: large.map(|(file, took)| {
                let shown = format!("{} for {}", time(took), bytes(file as u64));
                (shown, if file >= 100_000 { took / 2e-3 } else { f64::INFINITY })
            }),
        },
        Target {
            by_loop: None,
            what: "one more plugin that is loaded (one page, idle)".into(),
            target: "under 100 KiB",
            measured: memory.map(|memory| (kilobytes(memory.more), memory.more / 100.0)),
        },
        Target {
            by_loop: None,
            what: "two threads on one plugin, beside one".into(),
            target: "at least 1.95×",
            measured: threads.map(|case| {
                let scales = case.calls[1].median / case.calls[0].median;
                (ratio(scales), 1.95 / scales)
            }),
        },
        Target {
            by_loop: None,
            what: "stripped program that runs plugins, without `text`, built to be small".into(),
            target: "under 2 MB",
            measured: sizes(SMALLEST).map(|size| (bytes(size.bytes), size.bytes as f64 / 2e6)),
        },
        Target {
            by_loop: None,
            what: "one field of a message of 1 MiB, beside one of 1 KiB".into(),
            target: "flat: at most 1.1×",
            measured: growth.and_then(|(_, times)| {
                let growth = times.last()? / times.get(1)?;
                Some((ratio(growth), growth / 1.1))
            }),
        },
    ];
    let rows: Vec<_> = rows.into_iter().chain(text_targets(results)).map(row).collect();
    table(&["", "target", "measured", "met", "by the loop", "met"], &rows)
}

fn row(target: Target) -> Vec<String> {
    let told = |figure: Option<(String, f64)>, without: &str| match figure {
        None => [without.to_string(), "–".to_string()],
        Some((figure, part)) => [figure, met(part)],
    };
    let [measured, met] = told(target.measured, "not measured");
    let [by_loop, met_by_loop] = told(target.by_loop, "–");
    vec![target.what, target.target.into(), measured, met, by_loop, met_by_loop]
}

/// The word for a part of a target, and how far a missed one is away.
fn met(part: f64) -> String {
    match part {
        part if part <= 1.0 => "yes".into(),
        part if part.is_infinite() => "**no**".into(),
        part => format!("**no**, by {:.0} %", ((part - 1.0) * 100.0).ceil()),
    }
}

/// A policy's figures by both builds, each by the names of cases.
type Both<'a> = (&'a Calls, Option<&'a ByLoop>);

fn figures<'a>((calls, by_loop): Both<'a>) -> [Box<dyn Fn(&str) -> Option<Summary> + 'a>; 2] {
    [Box::new(|name| calls.of(name)), Box::new(move |name| by_loop?.of(name))]
}

/// The figure of a target: times, and as a part of the most that it may be.
fn times_of(times: Option<f64>, most: f64) -> Option<(String, f64)> {
    times.map(|times| (ratio(times), times / most))
}

/// A case beside native Rust. `most` has the targets by tail calls and by the loop.
fn of_native(
    what: &'static str,
    calls: Both<'_>,
    case: &str,
    most: [f64; 2],
    target: &'static str,
) -> Target {
    let [measured, by_loop] = figures(calls).map(|of| Some(of(case)?.median / of(NATIVE)?.median));
    let [measured, by_loop] = [times_of(measured, most[0]), times_of(by_loop, most[1])];
    Target { what: what.into(), target, measured, by_loop }
}

/// CPEX's own style beside the lean style.
fn of_lean(what: &'static str, calls: Both<'_>) -> Target {
    let beside = figures(calls).map(|of| Some(of(KNOWN)?.median / of(LEAN)?.median));
    let [measured, by_loop] = beside.map(|times| times_of(times, 2.0));
    Target { what: what.into(), target: "at most 2×", measured, by_loop }
}

/// CPEX's own style beside the fastest of the other sandboxes, pooled.
fn of_others(what: &'static str, calls: Both<'_>) -> Target {
    let others = calls.0.cases.iter().filter(|(case, _)| {
        !case.engine.starts_with("cpex-wasmi") && case.isolation.name() == "pooled"
    });
    let fastest = others.map(|(_, summary)| summary.median).min_by(f64::total_cmp);
    let beside = figures(calls).map(|of| Some(of(KNOWN)?.median / fastest?));
    let [measured, by_loop] = beside.map(|times| times_of(times, 1.0));
    Target { what: what.into(), target: "less than 1×", measured, by_loop }
}

/// CPEX's own style beside a component that Cranelift compiled, pooled.
fn of_component(what: &'static str, calls: Both<'_>) -> Target {
    let component = calls.0.of(COMPONENT).map(|summary| summary.median);
    let [measured, by_loop] = figures(calls).map(|of| Some(of(KNOWN)?.median / component?));
    let [measured, by_loop] = [times_of(measured, 1.0), times_of(by_loop, 1.5)];
    Target { what: what.into(), target: "less than 1×, by the loop 1.5×", measured, by_loop }
}

fn pristine(what: &'static str, calls: Both<'_>) -> Target {
    let shown = |more: f64| match more {
        more if more > 0.0 => format!("{} more", time(more)),
        _ => "no more".into(),
    };
    let [measured, by_loop] = figures(calls).map(|of| {
        let more = of(LEAN_PRISTINE)?.median - of(LEAN)?.median;
        Some((shown(more), more / 3e-6))
    });
    Target { what: what.into(), target: "under 3 µs more", measured, by_loop }
}

/// The targets for work on texts, for each style by itself.
fn text_targets(results: &Results) -> Vec<Target> {
    let styles =
        [("lean", LEAN, "cpex-wasmi lean"), ("cpex style", KNOWN, "cpex-wasmi cpex-style")];
    let (texts, mut targets) = (&results.texts, Vec::new());
    for (style, case, engine) in styles {
        let target = |what: &str, target, measured| Target {
            what: format!("{what}, {style}"),
            target,
            measured,
            by_loop: None,
        };
        let clean = texts.scans_of(Secrets::None);
        let small = clean.first().and_then(|calls| calls.of(case));
        let small = small.map(|small| (time(small.median), small.median / 4e-6));
        targets.push(target("scan of 1 KiB, clean", "at most 4 µs", small));
        let large = clean.get(2);
        for (what, calls) in [
            ("scan of 100 KiB, clean, beside native", large),
            ("mask of 100 KiB of JSON, clean, beside native", texts.masks.first()),
            ("mask of 100 KiB of JSON, 8 matches, beside native", texts.masks.get(1)),
        ] {
            let times = calls.and_then(|calls| times(calls, case));
            let measured = times.map(|times| (ratio(times), times / 1.3));
            targets.push(target(what, "at most 1.3×", measured));
        }
        let most = texts.scans.iter().flat_map(|(_, sizes)| sizes);
        let most = most.filter_map(|calls| of_cranelift(calls, case)).max_by(f64::total_cmp);
        targets.push(target(
            "scan of any size, beside the faster of Cranelift's",
            "less than 1×",
            most.map(|most| (ratio(most), most)),
        ));
        let load =
            results.loads.iter().find(|load| load.policy == "secrets" && load.engine == engine);
        targets.push(target(
            "load of `secrets`",
            "under 3 ms",
            load.map(|load| (time(load.load.median), load.load.median / 3e-3)),
        ));
        targets.push(target(
            "file of `secrets`",
            "under 100 kB",
            load.map(|load| (bytes(load.file as u64), load.file as f64 / 1e5)),
        ));
    }
    targets
}

/// The time of a case beside native Rust.
fn times(calls: &Calls, case: &str) -> Option<f64> {
    Some(calls.of(case)?.median / calls.of(NATIVE)?.median)
}

/// The time of a case beside the faster way to use Cranelift.
fn of_cranelift(calls: &Calls, case: &str) -> Option<f64> {
    let cranelift = calls.cases.iter().filter(|(case, _)| case.engine.starts_with("Cranelift"));
    let fastest = cranelift.map(|(_, summary)| summary.median).min_by(f64::total_cmp)?;
    Some(calls.of(case)?.median / fastest)
}
