//! Sets of patterns, each of which may match.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use cpex_wasmi_abi::{MEMORY, pattern as p};

use super::pattern::{Error, Pattern, failed, with_room};
use crate::patterns::word;
use crate::sys;

/// The size of the record of a match, in bytes.
const RECORD: usize = 12;

/// Several patterns that are looked for in one call of the host.
#[derive(Clone)]
pub struct RegexSet(Arc<Set>);

struct Set {
    number: u32,
    members: Vec<Pattern>,
    texts: Vec<String>,
}

impl RegexSet {
    /// Compiles patterns.
    ///
    /// # Errors
    ///
    /// If one is not valid, or they are larger than patterns may be.
    pub fn new<I, S>(patterns: I) -> Result<Self, Error>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<str>,
    {
        Self::with_flags(patterns.into_iter().map(|pattern| pattern.as_ref().into()).collect(), 0)
    }

    /// A set without patterns, which matches nothing.
    ///
    /// # Panics
    ///
    /// If the plugin has as many sets as the host keeps for it.
    #[allow(clippy::panic, reason = "the interface of the crate `regex` has no error here")]
    pub fn empty() -> Self {
        match Self::with_flags(Vec::new(), 0) {
            Ok(set) => set,
            Err(error) => panic!("{error}"),
        }
    }

    pub(super) fn with_flags(texts: Vec<String>, flags: u32) -> Result<Self, Error> {
        let members = texts.iter().map(|text| Pattern::new(text, flags));
        let members = members.collect::<Result<Vec<_>, _>>()?;
        let numbers: Vec<u8> =
            members.iter().flat_map(|member| member.number().to_le_bytes()).collect();
        let number = with_room(|| sys::pattern_set(&numbers));
        let number = u32::try_from(number).map_err(|_| Error::CompiledTooBig(1 << 16))?;
        Ok(Self(Arc::new(Set { number, members, texts })))
    }

    /// True if one of the patterns has a match.
    pub fn is_match(&self, haystack: &str) -> bool {
        let mut found = false;
        self.search(haystack, &mut [0; p::HEAD + RECORD], |_| {
            found = true;
            false
        });
        found
    }

    /// The patterns that have a match.
    pub fn matches(&self, haystack: &str) -> SetMatches {
        let mut matched = vec![false; self.len()].into_boxed_slice();
        let mut room = vec![0; self.len().saturating_mul(RECORD).saturating_add(p::HEAD)];
        self.search(haystack, &mut room, |position| {
            if let Some(matched) = matched.get_mut(position) {
                *matched = true;
            }
            true
        });
        SetMatches(matched)
    }

    /// The number of patterns.
    pub fn len(&self) -> usize {
        self.0.members.len()
    }

    /// True if there are no patterns.
    pub fn is_empty(&self) -> bool {
        self.0.members.is_empty()
    }

    /// The texts of the patterns.
    pub fn patterns(&self) -> &[String] {
        &self.0.texts
    }

    /// Tells of each pattern that has a match, until `tell` wants no more.
    fn search(&self, haystack: &str, room: &mut [u8], mut tell: impl FnMut(usize) -> bool) {
        let (mut first, mut from) = (0, 0);
        while first != p::FINISHED {
            let text = Some(haystack.as_bytes());
            let answer = sys::search(MEMORY, 0, text, self.0.number, first, from, p::ANY, room);
            let count = usize::try_from(answer).unwrap_or_else(|_| failed(answer));
            for record in 0..count {
                let position = word(room, record.saturating_mul(RECORD).saturating_add(p::HEAD));
                if !tell(usize::try_from(position).unwrap_or(usize::MAX)) {
                    return;
                }
            }
            (first, from) = (word(room, 0), word(room, 4));
        }
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        sys::pattern_drop(self.number);
    }
}

impl Default for RegexSet {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for RegexSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RegexSet").field(&self.0.texts).finish()
    }
}

/// The patterns of a set that have a match.
#[derive(Clone, Debug)]
pub struct SetMatches(Box<[bool]>);

impl SetMatches {
    /// True if any pattern has a match.
    pub fn matched_any(&self) -> bool {
        self.0.contains(&true)
    }

    /// True if all patterns have a match.
    pub fn matched_all(&self) -> bool {
        !self.0.contains(&false)
    }

    /// True if the pattern at this position has a match.
    pub fn matched(&self, position: usize) -> bool {
        self.0.get(position).copied().unwrap_or(false)
    }

    /// The number of patterns in the set.
    #[allow(clippy::len_without_is_empty, reason = "as the crate `regex` has it")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The positions of the patterns that have a match.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        let all = self.0.iter().enumerate();
        all.filter(|(_, matched)| **matched).map(|(position, _)| position)
    }
}

impl IntoIterator for SetMatches {
    type Item = usize;
    type IntoIter = vec::IntoIter<usize>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter().collect::<Vec<_>>().into_iter()
    }
}
