//! The outcome of a call, for people.

use cpex_wasmi::{Decision, Telemetry, Violation, visible};
use serde_json::Value;

use super::Called;
use super::diff::Change;
use crate::fit;
use crate::style::{self, ADDED, BOLD, CHANGED, DIM, ERROR, GOOD, REMOVED, grouped, paint};

/// The characters of a value that are shown.
const MAX_VALUE: usize = 120;

/// Renders verdict, changes and cost.
pub(super) fn render(called: &Called) -> String {
    let manifest = called.plugin.module().manifest();
    let who = format!("{} {}", manifest.name, visible(&manifest.version));
    let verdict = match &called.decision {
        Decision::Allow => paint(GOOD, "ALLOW").to_string(),
        Decision::Deny(_) => paint(ERROR, "DENY").to_string(),
    };
    let mut out = format!("{verdict}  {who} · {}\n", called.hook);
    if let Decision::Deny(violation) = &called.decision {
        out.push_str(&violated(violation));
    }
    let changes = called.changes();
    if !changes.is_empty() {
        out.push('\n');
        for change in &changes {
            out.push_str(&format!("{}\n", fit::words(&format!("  {}", changed(change)), 6)));
        }
    }
    out.push_str(&reported(&called.telemetry));
    out.push('\n');
    out.push_str(&format!(
        "{}\n",
        paint(DIM, fit::parts(&style::receipt(&called.measured.receipt)))
    ));
    if let Some(summary) = &called.measured.summary {
        out.push_str(&summary.render());
    }
    out
}

/// Counters and values that the plugin reports, a line each.
fn reported(telemetry: &Telemetry) -> String {
    let counters = telemetry.metrics.iter().map(|(name, value)| (name, grouped(*value)));
    let values = telemetry.metadata.iter().map(|(key, value)| (key, shown(value)));
    let mut out = String::new();
    for (name, value) in counters.chain(values) {
        if out.is_empty() {
            out.push('\n');
        }
        let line = format!("  {} {value}", paint(DIM, format_args!("{}:", visible(name))));
        out.push_str(&format!("{}\n", fit::words(&line, 4)));
    }
    out
}

fn violated(violation: &Violation) -> String {
    let Violation { code, reason, description, proto_error_code, .. } = violation;
    let line = format!("  {}: {}", paint(BOLD, visible(code)), visible(reason));
    let mut out = format!("{}\n", fit::words(&line, 4));
    for line in description.iter().flat_map(|text| text.lines()) {
        out.push_str(&format!("{}\n", fit::words(&format!("  {}", visible(line)), 4)));
    }
    for (name, value) in violation.details_as_json() {
        let value = shown(&value);
        out.push_str(&format!("  {} {value}\n", paint(DIM, format_args!("{}:", visible(name)))));
    }
    if let Some(code) = proto_error_code {
        out.push_str(&format!("  {} {code}\n", paint(DIM, "protocol error code:")));
    }
    out
}

fn changed(change: &Change) -> String {
    match change {
        Change::Added(path, new) => {
            format!("{} {} = {}", paint(ADDED, "+"), visible(path), shown(new))
        }
        Change::Member(path, new) => {
            format!("{} {} {}", paint(ADDED, "+"), visible(path), shown(new))
        }
        Change::Removed(path, old) => {
            format!("{} {}  {}", paint(REMOVED, "-"), visible(path), shown(old))
        }
        Change::Changed(path, old, new) => {
            let (sign, path) = (paint(CHANGED, "~"), visible(path));
            format!("{sign} {path}  {} → {}", shown(old), shown(new))
        }
    }
}

/// A value as JSON, safe to show, and cut off where it gets long.
fn shown(value: &Value) -> String {
    let text = visible(&value.to_string());
    match text.char_indices().nth(MAX_VALUE) {
        None => text,
        Some((end, _)) => {
            let start = text.get(..end).unwrap_or_default();
            format!("{start}… ({} bytes)", grouped(u64::try_from(text.len()).unwrap_or(u64::MAX)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_and_odd_ones_made_visible() {
        assert_eq!(shown(&"\u{1b}[2J\u{202e}".into()), "\"\\u001b[2J\\u{202e}\"");
        let long = shown(&"x".repeat(500).into());
        assert!(long.starts_with("\"xxx") && long.ends_with("… (502 bytes)"), "{long}");
    }
}
