//! Rewrites a module: adds a custom section, and merges data segments where there are too many.

use wasm_encoder::{ConstExpr, CustomSection, DataSection, RawSection};
use wasmparser::{BinaryReaderError, DataKind, DataSectionReader, Operator, Parser, Payload};

/// The most data segments that the host takes.
const MAX_SEGMENTS: usize = 1000;
/// The most zeros that are written out to merge them, in bytes: that much the largest plugin has.
const MAX_ZEROS: u64 = 16 << 20;

/// The module, and how many data segments it had and has, if they were merged.
pub(super) struct Rewritten {
    pub(super) wasm: Vec<u8>,
    pub(super) merged: Option<(usize, usize)>,
}

/// Adds a custom section at the end. Data segments are merged if there are more than the host takes: linkers
/// that leave out every zero, such as Go's, make tens of thousands.
pub(super) fn with_section(
    wasm: &[u8],
    name: &str,
    content: &[u8],
) -> Result<Rewritten, BinaryReaderError> {
    let mut module = wasm_encoder::Module::new();
    let mut merged = None;
    // With this section, instructions may name data segments by number.
    let mut counted = false;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if matches!(payload, Payload::DataCountSection { .. }) {
            counted = true;
        }
        if let Payload::DataSection(section) = &payload
            && !counted
            && let Some((segments, was)) = fewer(section)?
        {
            merged = Some((was, segments.len()));
            let mut data = DataSection::new();
            for segment in segments {
                data.active(0, &ConstExpr::i32_const(segment.at.cast_signed()), segment.bytes);
            }
            module.section(&data);
        } else if let Some((id, range)) = payload.as_section() {
            let range = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
            let data = range.and_then(|(start, end)| wasm.get(start..end)).unwrap_or_default();
            module.section(&RawSection { id, data });
        }
    }
    module.section(&CustomSection { name: name.into(), data: content.into() });
    Ok(Rewritten { wasm: module.finish(), merged })
}

/// Bytes for one place in the memory.
struct Segment {
    at: u32,
    bytes: Vec<u8>,
}

impl Segment {
    fn end(&self) -> u64 {
        u64::from(self.at).saturating_add(self.bytes.len() as u64)
    }
}

/// Merges the data into as many segments as the host takes, and how many there were; `None` if these are few enough, or
/// overlap.
fn fewer(
    section: &DataSectionReader<'_>,
) -> Result<Option<(Vec<Segment>, usize)>, BinaryReaderError> {
    let was = section.count() as usize;
    if was <= MAX_SEGMENTS {
        return Ok(None);
    }
    let mut segments: Vec<Segment> = Vec::new();
    for data in section.clone() {
        let data = data?;
        let DataKind::Active { memory_index: 0, offset_expr } = data.kind else { return Ok(None) };
        let mut offset = offset_expr.get_operators_reader();
        let (Operator::I32Const { value }, Operator::End) = (offset.read()?, offset.read()?) else {
            return Ok(None);
        };
        segments.push(Segment { at: value.cast_unsigned(), bytes: data.data.into() });
    }
    // Their order means something only where they overlap.
    segments.sort_by_key(|segment| (segment.at, segment.bytes.len()));
    // What is empty says only that there is memory up to there, which others say too.
    segments.dedup_by(|next, one| next.bytes.is_empty() && u64::from(next.at) <= one.end());
    let gap = |(one, next): (&Segment, &Segment)| u64::from(next.at).checked_sub(one.end());
    let gaps = segments.iter().zip(segments.iter().skip(1)).map(gap).collect::<Option<Vec<_>>>();
    let Some(mut gaps) = gaps else { return Ok(None) };
    // As few zeros as will do.
    gaps.sort_unstable();
    let closed = gaps.get(..segments.len().saturating_sub(MAX_SEGMENTS)).unwrap_or_default();
    if closed.iter().fold(0, |sum: u64, gap| sum.saturating_add(*gap)) > MAX_ZEROS {
        return Ok(None);
    }
    Ok(Some((merged(segments, closed), was)))
}

/// Merges segments over these gaps, which are sorted.
fn merged(segments: Vec<Segment>, closed: &[u64]) -> Vec<Segment> {
    let longest = closed.last().copied().unwrap_or(0);
    // Of the longest, there may be more than are to be closed.
    let mut left = closed.iter().filter(|gap| **gap == longest).count();
    let mut merged: Vec<Segment> = Vec::new();
    for segment in segments {
        let gap = merged.last().map(|last| u64::from(segment.at).saturating_sub(last.end()));
        let closes = gap.is_some_and(|gap| gap < longest || (gap == longest && left > 0));
        match merged.last_mut() {
            Some(last) if closes => {
                if gap == Some(longest) {
                    left = left.saturating_sub(1);
                }
                let zeros = gap.and_then(|gap| usize::try_from(gap).ok()).unwrap_or_default();
                last.bytes.resize(last.bytes.len().saturating_add(zeros), 0);
                last.bytes.extend(segment.bytes);
            }
            _ => merged.push(segment),
        }
    }
    merged
}
