//! The groups of matches.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Index;

use super::haystack::Haystack;
use super::matches::AnyMatch;
use super::pattern::{Groups, Pattern};
use super::replace::expand;

/// The most matches whose groups are asked for at once.
const GROUPS_AT_ONCE: usize = 8;

/// The groups of a match.
pub struct AnyCaptures<'h, H: ?Sized> {
    haystack: &'h H,
    pattern: Arc<Pattern>,
    /// Two places a group; `u32::MAX` where it has no part in the match.
    slots: Vec<u32>,
}

impl<'h, H: Haystack + ?Sized> AnyCaptures<'h, H> {
    pub(super) fn new(haystack: &'h H, pattern: Arc<Pattern>, slots: Vec<u32>) -> Self {
        Self { haystack, pattern, slots }
    }

    /// The match of a group. Group 0 is the whole match.
    pub fn get(&self, group: usize) -> Option<AnyMatch<'h, H>> {
        let slot = group.checked_mul(2)?;
        let place = |slot: usize| {
            let place = self.slots.get(slot).copied().filter(|place| *place != u32::MAX)?;
            usize::try_from(place).ok()
        };
        Some(AnyMatch::new(self.haystack, place(slot)?, place(slot.checked_add(1)?)?))
    }

    /// The whole match.
    pub fn get_match(&self) -> AnyMatch<'h, H> {
        self.get(0).unwrap_or_else(|| AnyMatch::new(self.haystack, 0, 0))
    }

    /// The match of the group with this name.
    pub fn name(&self, name: &str) -> Option<AnyMatch<'h, H>> {
        self.get(position(&self.pattern, name)?)
    }

    /// The number of groups, with the whole match.
    #[allow(clippy::len_without_is_empty, reason = "group 0 is always there")]
    pub fn len(&self) -> usize {
        self.pattern.groups()
    }

    /// All groups, in their order.
    pub fn iter(&self) -> SubCaptureMatches<'_, 'h, H> {
        SubCaptureMatches { captures: self, next: 0 }
    }
}

impl AnyCaptures<'_, str> {
    /// Appends a replacement, in which `$1`, `$name` and `${name}` stand for groups.
    pub fn expand(&self, replacement: &str, dst: &mut String) {
        expand(self, replacement, dst);
    }
}

/// The number of the group with this name.
fn position(pattern: &Pattern, name: &str) -> Option<usize> {
    pattern.names().iter().position(|known| !name.is_empty() && **known == *name)
}

impl<H: Haystack + ?Sized> Index<usize> for AnyCaptures<'_, H> {
    type Output = H;

    #[allow(clippy::panic, reason = "an index that is not there panics, here as elsewhere")]
    fn index(&self, group: usize) -> &H {
        match self.get(group) {
            Some(found) => self.haystack.part(found.start(), found.end()),
            None => panic!("no group at index '{group}'"),
        }
    }
}

impl<H: Haystack + ?Sized> Index<&str> for AnyCaptures<'_, H> {
    type Output = H;

    #[allow(clippy::panic, reason = "a name that is not there panics, here as elsewhere")]
    fn index(&self, name: &str) -> &H {
        match self.name(name) {
            Some(found) => self.haystack.part(found.start(), found.end()),
            None => panic!("no group named '{name}'"),
        }
    }
}

impl<H: Haystack + ?Sized> fmt::Debug for AnyCaptures<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Captures").field(&self.slots).finish()
    }
}

/// The groups of one match, in their order.
pub struct SubCaptureMatches<'c, 'h, H: ?Sized = str> {
    captures: &'c AnyCaptures<'h, H>,
    next: usize,
}

impl<'h, H: Haystack + ?Sized> Iterator for SubCaptureMatches<'_, 'h, H> {
    type Item = Option<AnyMatch<'h, H>>;

    fn next(&mut self) -> Option<Self::Item> {
        let group = self.next;
        (group < self.captures.len()).then(|| {
            self.next = group.saturating_add(1);
            self.captures.get(group)
        })
    }
}

/// The groups of all matches that do not overlap.
pub struct AnyCaptureMatches<'r, 'h, H: ?Sized> {
    pattern: &'r Arc<Pattern>,
    haystack: &'h H,
    found: Groups,
}

impl<'r, 'h, H: Haystack + ?Sized> AnyCaptureMatches<'r, 'h, H> {
    pub(super) fn new(pattern: &'r Arc<Pattern>, haystack: &'h H) -> Self {
        Self { pattern, haystack, found: Groups::new(pattern, 0, GROUPS_AT_ONCE) }
    }
}

impl<'h, H: Haystack + ?Sized> Iterator for AnyCaptureMatches<'_, 'h, H> {
    type Item = AnyCaptures<'h, H>;

    fn next(&mut self) -> Option<Self::Item> {
        let slots = self.found.next(self.pattern, self.haystack.bytes())?;
        Some(AnyCaptures::new(self.haystack, self.pattern.clone(), slots))
    }
}

/// The names of a pattern's groups; `None` for one without a name.
pub struct CaptureNames<'r>(core::slice::Iter<'r, Box<str>>);

impl<'r> CaptureNames<'r> {
    pub(super) fn new(pattern: &'r Pattern) -> Self {
        Self(pattern.names().iter())
    }
}

impl<'r> Iterator for CaptureNames<'r> {
    type Item = Option<&'r str>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|name| Some(&**name).filter(|name| !name.is_empty()))
    }
}
