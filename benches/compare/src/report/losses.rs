//! The calls in which another sandbox is faster than a style of cpex-wasmi.

use super::format::{ratio, table, time};
use crate::measure::calls::Calls;
use crate::run::Results;
use crate::sample::Summary;

/// The styles of cpex-wasmi, each with a heading.
const STYLES: [(&str, &str); 2] =
    [("cpex-wasmi lean", "lean style"), ("cpex-wasmi cpex-style", "CPEX's own style")];

/// A table for each style: each call in which another sandbox is faster, with all that are.
pub fn losses(results: &Results) -> String {
    let calls = results.policies.iter().chain([&results.heavy]).chain(results.texts.all());
    let named = calls.map(|calls| (calls.workload.clone(), calls));
    let growth = results.growth.iter();
    let growth = growth.map(|calls| (format!("tool name beside {}", calls.workload), calls));
    let calls: Vec<_> = named.chain(growth).collect();
    let of = |(engine, heading)| {
        let (mut compared, mut rows) = (0, Vec::new());
        for (name, calls) in &calls {
            for isolation in ["pooled", "pristine"] {
                let Some((ours, others)) = compare(calls, engine, isolation) else { continue };
                compared += 1;
                let faster = others.iter().filter(|(_, other)| other.median < ours.median);
                let faster: Vec<_> = faster
                    .map(|(name, other)| {
                        let times = ratio(ours.median / other.median);
                        format!("{name} {} ({times})", time(other.median))
                    })
                    .collect();
                if !faster.is_empty() {
                    let call = format!("{name}, {isolation}");
                    rows.push(vec![call, time(ours.median), faster.join(", ")]);
                }
            }
        }
        let won = compared - rows.len();
        let count = format!("In {won} of {compared} calls, no other sandbox was faster.");
        if rows.is_empty() {
            return count;
        }
        let head = [&format!("{heading}: call"), "cpex-wasmi", "faster"];
        format!("{}\n{count}", table(&head, &rows))
    };
    STYLES.map(of).join("\n\n")
}

/// A style's time of a call, and those of other sandboxes.
fn compare<'a>(
    calls: &'a Calls,
    engine: &str,
    isolation: &str,
) -> Option<(Summary, Vec<(&'a str, Summary)>)> {
    let cases = calls.cases.iter().filter(|(case, _)| case.isolation.name() == isolation);
    let (ours, others): (Vec<_>, Vec<_>) =
        cases.partition(|(case, _)| case.engine.starts_with("cpex-wasmi"));
    let ours = ours.iter().find(|(case, _)| case.engine == engine)?;
    let others = others.iter().map(|(case, summary)| (case.engine, *summary)).collect();
    Some((ours.1, others))
}
