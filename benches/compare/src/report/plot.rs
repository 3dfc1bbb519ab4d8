//! Plots as SVG that is readable on light and dark pages. All have a logarithmic axis: the figures
//! differ by orders of magnitude.

use std::fmt::Write as _;

const STYLE: &str = "\
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.small { font-size: 11px; fill: #57606a }
.rule { stroke: #d0d7de }
.c0 { --c: #57606a } .c1 { --c: #1a7f37 } .c2 { --c: #0969da } .c3 { --c: #bc4c00 } .c4 { --c: #8250df }
.bar { fill: var(--c) } .line { fill: none; stroke: var(--c); stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.small { fill: #8d96a0 }
.rule { stroke: #30363d }
.c0 { --c: #8d96a0 } .c1 { --c: #3fb950 } .c2 { --c: #58a6ff } .c3 { --c: #f0883e } .c4 { --c: #bc8cff }
}
</style>
";

/// A figure of a plot.
pub struct Bar {
    pub name: String,
    pub value: f64,
    pub shown: String,
}

/// The colour of a case: native, ours, and each of the others.
fn colour(name: &str) -> usize {
    let kinds = ["native", "cpex-wasmi", "Cranelift", "Pulley"];
    kinds.iter().position(|kind| name.starts_with(kind)).unwrap_or(4)
}

/// A horizontal bar for each figure.
pub fn bars(title: &str, bars: &[Bar], tick: impl Fn(f64) -> String) -> String {
    const LEFT: f64 = 250.0;
    const WIDTH: f64 = 430.0;
    let decades = Decades::of(bars.iter().map(|bar| bar.value));
    let x = |value: f64| LEFT + WIDTH * decades.share(value);
    let bottom = 40.0 + 22.0 * bars.len() as f64;
    let mut svg = begun(title, 760.0, bottom + 26.0);
    for decade in decades.ticks() {
        let at = x(decade);
        rule(&mut svg, (at, 34.0), (at, bottom));
        label(&mut svg, (at, bottom + 16.0), "middle", "small", &tick(decade));
    }
    for (row, bar) in bars.iter().enumerate() {
        let (y, end) = (40.0 + 22.0 * row as f64, x(bar.value));
        label(&mut svg, (LEFT - 8.0, y + 13.0), "end", "", &bar.name);
        let (class, width) = (colour(&bar.name), end - LEFT);
        let _ = writeln!(
            svg,
            r#"<rect class="bar c{class}" x="{LEFT}" y="{y}" width="{width:.1}" height="16" rx="2"/>"#
        );
        label(&mut svg, (end + 6.0, y + 13.0), "start", "small", &bar.shown);
    }
    svg + "</svg>\n"
}

/// A line for each series, with a point for each name on the horizontal axis.
pub fn lines(
    title: &str,
    points: &[String],
    series: &[(String, Vec<f64>)],
    tick: impl Fn(f64) -> String,
) -> String {
    const LEFT: f64 = 70.0;
    const WIDTH: f64 = 450.0;
    const TOP: f64 = 44.0;
    const HEIGHT: f64 = 300.0;
    let decades = Decades::of(series.iter().flat_map(|(_, values)| values).copied());
    let x = |point: usize| LEFT + WIDTH * point as f64 / (points.len() - 1).max(1) as f64;
    let y = |value: f64| TOP + HEIGHT * (1.0 - decades.share(value));
    let mut svg = begun(title, 760.0, TOP + HEIGHT + 34.0);
    for decade in decades.ticks() {
        rule(&mut svg, (LEFT, y(decade)), (LEFT + WIDTH, y(decade)));
        label(&mut svg, (LEFT - 8.0, y(decade) + 4.0), "end", "small", &tick(decade));
    }
    for (point, name) in points.iter().enumerate() {
        label(&mut svg, (x(point), TOP + HEIGHT + 20.0), "middle", "small", name);
    }
    // Names stand at the ends of their lines, one below the other where these meet.
    let end = |values: &[f64]| values.last().map_or(0.0, |value| y(*value));
    let mut order: Vec<_> = series.iter().collect();
    order.sort_by(|(_, a), (_, b)| end(a).total_cmp(&end(b)));
    let mut lowest = 0.0;
    for (name, values) in order {
        let path: Vec<_> =
            (0..).zip(values).map(|(n, v)| format!("{:.1},{:.1}", x(n), y(*v))).collect();
        let class = colour(name);
        let _ = writeln!(svg, r#"<polyline class="line c{class}" points="{}"/>"#, path.join(" "));
        let at = f64::max(end(values) + 4.0, lowest + 16.0);
        label(&mut svg, (LEFT + WIDTH + 10.0, at), "start", "", name);
        lowest = at;
    }
    svg + "</svg>\n"
}

/// The powers of ten around all values.
struct Decades {
    low: f64,
    high: f64,
}

impl Decades {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.map(f64::log10) {
            (low, high) = (low.min(value.floor()), high.max(value.ceil()));
        }
        Self { low, high: high.max(low + 1.0) }
    }

    fn share(&self, value: f64) -> f64 {
        ((value.log10() - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        (self.low as i32..=self.high as i32).map(|power| 10f64.powi(power))
    }
}

fn begun(title: &str, width: f64, height: f64) -> String {
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">"#
    );
    let _ = writeln!(svg, "\n<title>{title}</title>\n{STYLE}");
    label(&mut svg, (10.0, 20.0), "start", "", title);
    svg
}

fn rule(svg: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ = writeln!(
        svg,
        r#"<line class="rule" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#
    );
}

fn label(svg: &mut String, (x, y): (f64, f64), anchor: &str, class: &str, text: &str) {
    let _ = writeln!(
        svg,
        r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#
    );
}
