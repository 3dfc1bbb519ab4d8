//! Output of a plugin, which is one text until secrets are masked and lines made of it.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use cpex_wasmi_abi::model::Secret;

use super::Session;
use crate::Level;
use crate::text::redact::{MARK, across_lines, masked};
use crate::text::secrets::{MOST_WORK, Secrets};

impl Secrets {
    /// The length of the longest secret with a line break in it, in bytes. 0 if there is none.
    fn longest_across_lines(&self) -> usize {
        let own = self.own.as_ref().map_or(0, |own| own.longest_across_lines());
        across_lines(self.given()).max(own)
    }
}

impl Session {
    /// The bytes of a plugin's output that are held, because a secret in it may go on in another line. 0 if
    /// no secret has a line break in it.
    pub(crate) fn held_bytes(&self) -> usize {
        self.secrets.longest_across_lines()
    }

    /// Notes what looking for secrets in so many bytes of output takes.
    pub(crate) fn pay_to_look(&mut self, len: usize) {
        self.usage.moved(self.secrets.work(len).unwrap_or(len));
    }

    /// Logs the start of a plugin's output, line by line and without secrets, and gives how many bytes that
    /// are. Of the rest, `held` bytes or more, a secret may go on, unless `held` is 0.
    pub(crate) fn log_output(&mut self, level: Level, output: &[u8], held: usize) -> usize {
        let text = Secret::from(String::from_utf8_lossy(output));
        let text = text.expose();
        let (mut found, mut left) = (Vec::new(), MOST_WORK);
        let known = self.secrets.work(text.len()).is_some()
            && self.secrets.find(text, &mut found, &mut left);
        self.usage.moved(MOST_WORK.saturating_sub(left));
        if !known {
            self.log_line(level, MARK.as_bytes());
            return output.len();
        }
        let cut = if held == 0 { text.len() } else { settled(text, held, &found) };
        let shown = masked(text, cut, found);
        for line in shown.strip_suffix('\n').unwrap_or(&shown).split('\n') {
            // Each is looked through again: a pattern may be bound to where a text begins and ends.
            self.log_line(level, line.strip_suffix('\r').unwrap_or(line).as_bytes());
        }
        given_length(output, cut)
    }
}

/// The place to cut a text so that the part before is settled: behind a line, or where the last bytes that
/// are to be held begin, if that would be too little; and never in a secret.
fn settled(text: &str, held: usize, found: &[Range<usize>]) -> usize {
    let most = text.floor_char_boundary(text.len().saturating_sub(held));
    let inside = |at: usize| found.iter().find(|range| range.start < at && at < range.end);
    let lines = text.get(..most).unwrap_or_default().rmatch_indices('\n');
    let mut ends = lines.map(|(at, _)| at.saturating_add(1)).take_while(|end| *end > most / 2);
    // Of the last lines only: each is looked for in all that was found.
    match ends.by_ref().take(LINES_LOOKED_AT).find(|end| inside(*end).is_none()) {
        Some(end) => end,
        None => inside(most).map_or(most, |range| range.end),
    }
}

/// The lines behind which a text may be cut, at most.
const LINES_LOOKED_AT: usize = 16;

/// The length of the input for the first `shown` bytes of the text that was made of it: what is no UTF-8
/// was replaced.
fn given_length(given: &[u8], shown: usize) -> usize {
    let (mut text, mut bytes) = (0_usize, 0_usize);
    for chunk in given.utf8_chunks() {
        let valid = chunk.valid().len();
        if text.saturating_add(valid) >= shown {
            return bytes.saturating_add(shown.saturating_sub(text));
        }
        let replaced =
            if chunk.invalid().is_empty() { 0 } else { char::REPLACEMENT_CHARACTER.len_utf8() };
        text = text.saturating_add(valid).saturating_add(replaced);
        bytes = bytes.saturating_add(valid).saturating_add(chunk.invalid().len());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn output_is_cut_behind_a_line_and_not_in_a_secret() {
        let one = |range: Range<usize>| vec![range];
        assert_eq!(settled("aaaa\nbbbb\ncccc", 4, &[]), 10);
        assert_eq!(settled("aaaa\nbbbb\ncccc", 5, &[]), 5);
        assert_eq!(settled("aaaa\nbbbb\ncccc", 6, &[]), 5);
        assert_eq!(settled("aaaa\nbbbb\ncccc", 4, &one(8..12)), 12);
        assert_eq!(settled("aaaa\nbbbb\ncccc", 4, &one(8..10)), 10);
        assert_eq!(settled("aaaaüaaaaa", 6, &[]), 4, "between characters");
    }

    #[test]
    fn bytes_that_are_no_text_are_counted_as_they_were_given() {
        for (given, shown, length) in
            [(&b"abc"[..], 2, 2), (b"\xffabc", 4, 2), (b"a\xff\xffb\n", 8, 4), (b"a\xe2\x82", 4, 3)]
        {
            assert_eq!(given_length(given, shown), length, "{given:?} {shown}");
        }
    }
}
