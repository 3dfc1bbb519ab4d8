//! The tables about work on texts.

use super::tables;
use crate::measure::load::Load;
use crate::measure::texts::{SIZES, Texts};

/// The values of the template.
pub fn values(texts: &Texts) -> [(&'static str, String); 4] {
    let sizes = SIZES.map(|(name, _)| name);
    let scan = |(secrets, calls): &(crate::request::Secrets, Vec<_>)| {
        tables::scans(&format!("scan, {}", secrets.name()), &sizes, calls)
    };
    let scans: Vec<_> = texts.scans.iter().map(scan).collect();
    let masks = tables::scans("mask of 100 KiB of JSON", &["clean", "8 matches"], &texts.masks);
    [
        ("scans", scans.join("\n")),
        ("masks", masks),
        ("sha256", tables::calls(&texts.sha256)),
        ("rate_limit", tables::calls(&texts.rate_limit)),
    ]
}

/// All tables, for a run that measures nothing else.
pub fn texts(texts: &Texts, loads: &[Load]) -> String {
    let mut all = values(texts).map(|(_, table)| table).to_vec();
    all.push(tables::loads(loads));
    all.join("\n")
}
