//! Replacing matches by what the plugin makes of each.

use alloc::string::String;
use alloc::vec::Vec;

use super::searchable::in_record;
use super::{Found, Patterns, Searchable};
use crate::{Result, Status};

impl Patterns {
    /// Replaces each match in the texts of a value by what `rewrite` makes of it, given the position of the pattern and the
    /// matched text; `None` leaves it. Returns how many were replaced.
    ///
    /// Only texts that have a match are copied into the plugin. Matches of several patterns that overlap: the first one counts,
    /// of those that begin at the same place the longest.
    ///
    /// ```
    /// use cpex_wasmi_guest::prelude::*;
    ///
    /// static NUMBERS: Patterns = Patterns::new(&["[0-9]{4}"]);
    ///
    /// fn mask_years(call: &Call) -> Result<Verdict> {
    ///     for result in call.tool_results()? {
    ///         NUMBERS.rewrite(result, |_, year| year.starts_with("19").then(|| "19xx".into()))?;
    ///     }
    ///     allow()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`replace`](Self::replace).
    pub fn rewrite(
        &self,
        value: impl Searchable,
        mut rewrite: impl FnMut(usize, &str) -> Option<String>,
    ) -> Result<usize> {
        let mut replaced = 0_usize;
        self.rewritten(&value, &mut |text, found| {
            let (count, changed) = changed(text, found, &mut rewrite)?;
            replaced = replaced.wrapping_add(count);
            Ok((count > 0).then_some(changed))
        })?;
        Ok(replaced)
    }

    /// Replaces each text of a value that has a match by what `rewrite` makes of it, given the text and its matches; `None` leaves
    /// it. Returns how many texts were replaced.
    ///
    /// The pattern `\A` matches each text once, whatever is in it.
    ///
    /// # Errors
    ///
    /// As [`replace`](Self::replace), and those of `rewrite`, which end it.
    pub fn rewrite_texts(
        &self,
        value: impl Searchable,
        mut rewrite: impl FnMut(&str, &[Found]) -> Result<Option<String>>,
    ) -> Result<usize> {
        self.rewritten(&value, &mut rewrite)
    }

    fn rewritten(&self, value: &dyn Searchable, rewrite: Rewrite<'_>) -> Result<usize> {
        let all = self.scanned(value, usize::MAX)?;
        let mut replaced = 0_usize;
        // The matches of a text stand together.
        for found in all.chunk_by(|one, other| one.pointer == other.pointer) {
            let Some(first) = found.first() else { continue };
            let (record, pointer) = in_record(value.searched(), &first.pointer);
            let place = if pointer.is_empty() { record } else { record.entry(&pointer) };
            if let Some(changed) = rewrite(&place.required_text()?, found)? {
                place.write_text(&changed)?;
                replaced = replaced.wrapping_add(1);
            }
        }
        Ok(replaced)
    }
}

/// Makes a new text of one and its matches.
type Rewrite<'r> = &'r mut dyn FnMut(&str, &[Found]) -> Result<Option<String>>;

/// The text with its matches rewritten, and how many were.
fn changed(
    text: &str,
    found: &[Found],
    rewrite: &mut dyn FnMut(usize, &str) -> Option<String>,
) -> Result<(usize, String)> {
    // The matches of a pattern stand together, in their order. To merge them takes less code than to sort.
    let mut runs: Vec<_> = found.chunk_by(|one, other| one.pattern == other.pattern).collect();
    let (mut changed, mut count, mut copied) = (String::new(), 0_usize, 0);
    while let Some(found) = next(&mut runs) {
        if found.range.start < copied {
            continue;
        }
        let matched = text.get(found.range.clone()).ok_or(Status::Malformed)?;
        if let Some(new) = rewrite(found.pattern, matched) {
            changed.push_str(text.get(copied..found.range.start).ok_or(Status::Malformed)?);
            changed.push_str(&new);
            copied = found.range.end;
            count = count.wrapping_add(1);
        }
    }
    changed.push_str(text.get(copied..).ok_or(Status::Malformed)?);
    Ok((count, changed))
}

/// Takes the match that begins first, of those the longest.
fn next<'f>(runs: &mut [&'f [Found]]) -> Option<&'f Found> {
    let first = |run: &&mut &[Found]| {
        run.first().map(|found| (found.range.start, usize::MAX.wrapping_sub(found.range.end)))
    };
    let run = runs.iter_mut().filter(|run| !run.is_empty()).min_by_key(first)?;
    let (found, rest) = run.split_first()?;
    *run = rest;
    Some(found)
}
