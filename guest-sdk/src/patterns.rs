//! Patterns that the host looks for in fields, of which nothing is copied into the plugin.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;
#[cfg(target_arch = "wasm32")]
use core::sync::atomic::{AtomicU32, Ordering};

use cpex_wasmi_abi::{MEMORY, Status, pattern as p};

use crate::regex::with_room;
use crate::result::check;
use crate::{Error, Result, sys};

pub use searchable::Searchable;

mod rewrite;
mod searchable;

/// The first size of the buffer for matches, in bytes.
const ROOM: usize = 1024;

/// Regular expressions that the host looks for in all texts of a field: in each string of a tool's arguments, say.
///
/// They are compiled at their first use in an instance. The host shares them between all instances of the plugin.
///
/// ```
/// use cpex_wasmi_guest::prelude::*;
///
/// static KEYS: Patterns = Patterns::new(&[r"\bAKIA[0-9A-Z]{16}\b", r"\bghp_[A-Za-z0-9]{36}\b"]);
///
/// fn mask(call: &Call) -> Result<Verdict> {
///     for tool_call in call.tool_calls()? {
///         KEYS.mask(tool_call.arguments(), '*', 4, 0)?;
///     }
///     allow()
/// }
/// ```
///
/// For texts of the plugin's own, see [`regex`](crate::regex).
#[derive(Debug)]
pub struct Patterns {
    texts: &'static [&'static str],
    /// The rules of their syntax.
    #[cfg(not(target_arch = "wasm32"))]
    flags: u32,
    /// The number of the set on the host, and one more.
    #[cfg(target_arch = "wasm32")]
    number: AtomicU32,
    /// The numbers that a set of its own gives back in the end, or natively its texts.
    #[cfg(target_arch = "wasm32")]
    owned: Vec<u32>,
    #[cfg(not(target_arch = "wasm32"))]
    owned: Vec<String>,
}

/// Declares [`Patterns`] that the module lists: the host compiles them when it loads the module, refuses it if one is not
/// valid, and shows them in `cpex-wasmi inspect`.
///
/// ```
/// use cpex_wasmi_guest::{Patterns, patterns};
///
/// patterns! {
///     /// Formats of keys.
///     static KEYS = [r"\bAKIA[0-9A-Z]{16}\b", r"\bghp_[A-Za-z0-9]{36}\b"];
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! patterns {
    ($($(#[$attribute:meta])* $visibility:vis static $name:ident = $texts:expr;)*) => {
        $($(#[$attribute])*
        $visibility static $name: $crate::Patterns = {
            const TEXTS: &[&str] = &$texts;

            #[cfg(target_arch = "wasm32")]
            const _: () = {
                #[used]
                #[unsafe(link_section = "cpex.patterns")]
                static LIST: [u8; $crate::rt::list_len(TEXTS)] = $crate::rt::list(TEXTS);
            };

            $crate::Patterns::new(TEXTS)
        };)*
    };
}

/// A match of a pattern in a text of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// The pattern, by its position.
    pub pattern: usize,
    /// The JSON Pointer of the text in the value; empty if the value is the text.
    pub pointer: String,
    /// The place of the match in the text, in bytes.
    pub range: Range<usize>,
}

impl Patterns {
    /// Patterns in the syntax of the crate `regex`.
    pub const fn new(texts: &'static [&'static str]) -> Self {
        Self {
            texts,
            #[cfg(not(target_arch = "wasm32"))]
            flags: 0,
            #[cfg(target_arch = "wasm32")]
            number: AtomicU32::new(0),
            owned: Vec::new(),
        }
    }

    /// Compiles patterns that are only known when the plugin runs, such as those of its configuration: to be done in `init`.
    /// The host has given them back when the value is dropped.
    ///
    /// ```no_run
    /// # use cpex_wasmi_guest::prelude::*;
    /// # fn init(config: JsonMap) -> Result<()> {
    /// let words: Vec<String> = config.get_as("words")?.unwrap_or_default();
    /// let patterns = Patterns::compiled(&words)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`compile`](Self::compile).
    pub fn compiled(texts: &[impl AsRef<str>]) -> Result<Self> {
        Self::with_flags(texts, 0)
    }

    /// Compiles globs, each of which stands for whole texts, such as paths: as [`compiled`](Self::compiled).
    ///
    /// | in a glob | stands for |
    /// | --- | --- |
    /// | `*` | any characters, but no `/` |
    /// | `?` | a character, but no `/` |
    /// | `[a-z]`, `[!a-z]` | a character of the class, or another one, but no `/` |
    /// | `**/`, `/**/` | any number of parts, also none |
    /// | `/**` at the end | anything below |
    /// | `{a,b}` | one of the alternatives, which are globs |
    /// | `\*` | the character itself |
    ///
    /// ```
    /// # use cpex_wasmi_guest::prelude::*;
    /// let allowed = Patterns::globs(&["src/**/*.{rs,toml}", "docs/**"])?;
    /// assert!(allowed.is_match("src/regex/glob.rs")?);
    /// assert_eq!(allowed.matching("docs/a/b.md")?, [1]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// A path is compared as it is written. One with `..` in it may lead elsewhere.
    ///
    /// # Errors
    ///
    /// As [`compile`](Self::compile).
    pub fn globs(globs: &[impl AsRef<str>]) -> Result<Self> {
        Self::with_flags(globs, p::GLOB)
    }

    fn with_flags(texts: &[impl AsRef<str>], flags: u32) -> Result<Self> {
        let mut patterns = Self::new(&[]);
        let (number, mut members) = sys::hosted(|| compiled(texts, flags))?;
        members.push(number);
        #[cfg(target_arch = "wasm32")]
        {
            patterns.number = AtomicU32::new(number.wrapping_add(1));
            patterns.owned = members;
        }
        #[cfg(not(target_arch = "wasm32"))]
        {
            patterns.owned.extend(texts.iter().map(|text| text.as_ref().into()));
            patterns.flags = flags;
        }
        Ok(patterns)
    }

    /// Compiles the patterns now: to be done once, when the plugin is initialised.
    ///
    /// # Errors
    ///
    /// [`Status::Failed`] if a pattern is not valid; the host is told why. [`Status::QuotaExceeded`] if there are more than
    /// the host keeps.
    pub fn compile(&self) -> Result<()> {
        self.number().map(drop)
    }

    /// True if a pattern has a match in a text of the plugin's.
    ///
    /// # Errors
    ///
    /// As [`compile`](Self::compile); [`Status::TooLarge`] if the text is too long for the size of a pattern.
    pub fn is_match(&self, text: &str) -> Result<bool> {
        let mut found = false;
        // Room for one.
        self.search(text, &mut [0; 2 * p::HEAD], |_| {
            found = true;
            false
        })?;
        Ok(found)
    }

    /// The patterns that have a match in a text of the plugin's, by position.
    ///
    /// # Errors
    ///
    /// As [`is_match`](Self::is_match).
    pub fn matching(&self, text: &str) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        self.search(text, &mut [0; 16 * p::HEAD], |pattern| {
            found.push(pattern);
            true
        })?;
        Ok(found)
    }

    /// Tells of each pattern that has a match in a text, until `tell` wants no more.
    fn search(
        &self,
        text: &str,
        room: &mut [u8],
        mut tell: impl FnMut(usize) -> bool,
    ) -> Result<()> {
        sys::hosted(|| {
            let number = self.number()?;
            let (mut first, mut from) = (0, 0);
            while first != p::FINISHED {
                let text = Some(text.as_bytes());
                let found = sys::search(MEMORY, 0, text, number, first, from, p::ANY, room);
                for place in 1..=check(found)? {
                    if !tell(word(room, place.wrapping_mul(p::HEAD)) as usize) {
                        return Ok(());
                    }
                }
                (first, from) = (word(room, 0), word(room, 4));
            }
            Ok(())
        })
    }

    /// All matches in the texts of a value.
    ///
    /// # Errors
    ///
    /// As [`is_match`](Self::is_match), and the host's status; [`Status::Absent`] if the value is not there.
    pub fn scan(&self, value: impl Searchable) -> Result<Vec<Found>> {
        self.scanned(&value, usize::MAX)
    }

    /// True if a pattern has a match in a text of a value.
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan).
    pub fn is_in(&self, value: impl Searchable) -> Result<bool> {
        Ok(!self.scanned(&value, 1)?.is_empty())
    }

    /// Replaces each match in the texts of a value: `$1`, `$name` and `${name}` stand for groups. Returns how many there were.
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan), and those of a write to the value.
    pub fn replace(&self, value: impl Searchable, template: &str) -> Result<usize> {
        self.replaced(&value, p::EXPAND, template)
    }

    /// Replaces each character of each match by `mark`, but for the `first` and the `last` ones. Returns how many matches
    /// there were.
    ///
    /// # Errors
    ///
    /// As [`replace`](Self::replace).
    pub fn mask(&self, value: impl Searchable, mark: char, first: u8, last: u8) -> Result<usize> {
        let how = p::MASK | (u32::from(first) << 8) | (u32::from(last) << 16);
        self.replaced(&value, how, mark.encode_utf8(&mut [0; 4]))
    }

    fn scanned(&self, value: &dyn Searchable, most: usize) -> Result<Vec<Found>> {
        let (number, place) = (self.number()?, value.searched());
        let mut room = vec![0; ROOM];
        let mut all = Vec::new();
        let (mut first, mut from, mut text) = (0, 0, 0);
        while first != p::FINISHED && all.len() < most {
            let count = match place.scan(number, first, from, text, &mut room) {
                // Not even a single one fits.
                Err(error) if error.status() == Status::TooLarge && room.len() < 1 << 20 => {
                    let len = room.len().wrapping_mul(8);
                    room.resize(len, 0);
                    continue;
                }
                count => count?,
            };
            let mut at = p::HEAD;
            for _ in 0..count {
                let len = word(&room, at.wrapping_add(12)) as usize;
                let pointer = at.wrapping_add(16);
                let end = pointer.wrapping_add(len);
                let bytes = room.get(pointer..end).unwrap_or_default();
                all.push(Found {
                    pattern: word(&room, at) as usize,
                    pointer: sys::text(sys::copy(bytes)?),
                    range: word(&room, at.wrapping_add(4)) as usize
                        ..word(&room, at.wrapping_add(8)) as usize,
                });
                at = end;
            }
            (first, from, text) = (word(&room, 0), word(&room, 4), word(&room, 8));
        }
        Ok(all)
    }

    fn replaced(&self, value: &dyn Searchable, how: u32, template: &str) -> Result<usize> {
        let (number, place) = (self.number()?, value.searched());
        let mut head = [0; p::HEAD];
        let mut all = 0_usize;
        let (mut first, mut text) = (0, 0);
        while first != p::FINISHED {
            let count = place.replace(number, (first, text), how, template, &mut head)?;
            all = all.wrapping_add(count);
            (first, text) = (word(&head, 0), word(&head, 8));
        }
        Ok(all)
    }

    /// The number of the set on the host.
    #[cfg(target_arch = "wasm32")]
    fn number(&self) -> Result<u32> {
        match self.number.load(Ordering::Relaxed).checked_sub(1) {
            Some(number) => Ok(number),
            None => {
                let (number, _) = compiled(self.texts, 0)?;
                self.number.store(number.wrapping_add(1), Ordering::Relaxed);
                Ok(number)
            }
        }
    }

    /// The number of the set on the host. A test has a host of its own each time.
    #[cfg(not(target_arch = "wasm32"))]
    fn number(&self) -> Result<u32> {
        let compiled = match &*self.owned {
            [] => compiled(self.texts, 0),
            owned => compiled(owned, self.flags),
        };
        compiled.map(|(number, _)| number)
    }
}

/// Gives back what the plugin has compiled for itself.
#[cfg(target_arch = "wasm32")]
impl Drop for Patterns {
    fn drop(&mut self) {
        for number in &self.owned {
            let _ = sys::pattern_drop(*number);
        }
    }
}

/// The number of a set on the host, and those of its patterns.
fn compiled(texts: &[impl AsRef<str>], flags: u32) -> Result<(u32, Vec<u32>)> {
    let mut members = Vec::new();
    let mut numbers = Vec::new();
    for text in texts {
        let mut room = [0; 256];
        let text = text.as_ref().as_bytes();
        let number = with_room(|| sys::pattern(text, flags, &mut room));
        if number == Status::Malformed.code() {
            return Err(Error::failed(reason(&room)));
        }
        let number = numbered(number)?;
        members.push(number);
        numbers.extend_from_slice(&number.to_le_bytes());
    }
    Ok((numbered(with_room(|| sys::pattern_set(&numbers)))?, members))
}

/// The number that the host answered.
fn numbered(answer: i32) -> Result<u32> {
    check(answer).map(|_| answer.cast_unsigned())
}

/// The reason why a pattern is not valid, which the host wrote to the beginning of a buffer of zeros.
pub(crate) fn reason(room: &[u8]) -> &str {
    let len = room.iter().position(|byte| *byte == 0).unwrap_or(room.len());
    let valid = room.get(..len).unwrap_or_default().utf8_chunks().next();
    valid.map(|chunk| chunk.valid()).unwrap_or_default()
}

/// The four bytes at a place, as a number. Those of a text that ends before say that all is finished.
pub(crate) fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.map_or(p::FINISHED, |word| u32::from_le_bytes(*word))
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "a plugin's definition is public")]
mod tests;
