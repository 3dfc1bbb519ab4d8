//! Regular expressions that the host runs for plugins: compiled once, in linear time, within bounds.
//!
//! The engine is that of the crate `regex`. As one search cannot be interrupted, it is bounded beforehand: see
//! [`Reach`].

#[cfg(feature = "std")]
mod cache;
mod ecma;
mod glob;
mod reach;
mod required;
mod search;
mod set;
mod size;
mod template;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use cpex_wasmi_abi::pattern as flag;
use regex_automata::meta;
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_syntax::hir::Hir;

#[cfg(feature = "std")]
pub(crate) use cache::Cache;
pub(crate) use reach::MAX_WORK;
use reach::Reach;
use required::Trigram;
pub(crate) use search::{Find, Found, Pace, Position};
pub(crate) use set::{Seen, Set};
pub(crate) use template::Template;

/// The size of the longest pattern, in bytes.
pub(crate) const MAX_PATTERN_BYTES: usize = 64 << 10;

/// The most states of the automaton of one pattern.
pub(crate) const MAX_STATES: usize = 1 << 16;

/// The most memory that the automaton of one pattern may take, in bytes.
const MAX_AUTOMATON_BYTES: usize = 4 << 20;

/// The memory in which one search keeps the states that it has met, in bytes, and as much again for the way back.
const SEARCH_BYTES: usize = 256 << 10;

/// The most searches whose memory is kept for the next.
const KEPT_SEARCHES: usize = 16;

/// The greatest depth of groups in a pattern.
const MAX_DEPTH: u32 = 100;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: Box<str>,
    flags: u32,
    regex: meta::Regex,
    /// The number of states of its automaton: the most work that one byte of a text can be.
    states: usize,
    reach: Reach,
    /// The length of the shortest match, in bytes. [`usize::MAX`] if nothing matches.
    shortest: usize,
    /// Each match has one of them in it. Empty if that is not so.
    trigrams: Box<[Trigram]>,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// The reason in words, if it is not valid or larger than a pattern may be.
    pub(crate) fn new(text: &str, flags: u32) -> Result<Self, Refusal> {
        if text.len() > MAX_PATTERN_BYTES {
            return Err(Refusal::invalid(format!(
                "the pattern has {} bytes, and may have {MAX_PATTERN_BYTES}",
                text.len()
            )));
        }
        let Some(syntax) = syntax_of(flags) else {
            return Err(Refusal::invalid(format!(
                "the pattern has the flags {flags:#x}, of which some are unknown"
            )));
        };
        let expression = if flags & flag::GLOB == 0 {
            Cow::Borrowed(text)
        } else if flags & !(flag::GLOB | flag::CASE_INSENSITIVE) == 0 {
            Cow::Owned(glob::translated(text).map_err(Refusal::invalid)?)
        } else {
            return Err(Refusal::invalid(format!(
                "the glob has the flags {flags:#x}, and may only ignore case"
            )));
        };
        let hir = syntax::parse_with(&expression, &syntax)
            .map_err(|error| Refusal::invalid(error.to_string()))?;
        let utf8 = syntax.get_utf8();
        // The engine builds one of its own, of which it tells no size.
        if size::least_states(&hir) > MAX_STATES {
            return Err(Refusal { states: 0, ..Refusal::too_large() });
        }
        let states = states_of(&hir, utf8).filter(|states| *states <= MAX_STATES);
        let states = states.ok_or_else(Refusal::too_large)?;
        let regex = meta::Builder::new()
            .configure(
                meta::Config::new()
                    .utf8_empty(utf8)
                    .nfa_size_limit(Some(MAX_AUTOMATON_BYTES))
                    .onepass_size_limit(Some(SEARCH_BYTES))
                    .hybrid_cache_capacity(SEARCH_BYTES)
                    .pool_capacity(KEPT_SEARCHES),
            )
            .build_from_hir(&hir)
            .map_err(|_| Refusal::too_large())?;
        Ok(Self {
            text: text.into(),
            flags,
            regex,
            states,
            reach: Reach::of(&hir),
            shortest: hir.properties().minimum_len().unwrap_or(usize::MAX),
            trigrams: required::trigrams(&hir).into(),
        })
    }

    /// Compiles a pattern of a JSON Schema, in one line of words if it is refused.
    pub(crate) fn of_schema(text: &str) -> Result<Self, Refusal> {
        let pattern = ecma::translated(text).map_err(|reason| Refusal::invalid(reason.into()))?;
        // The last line says what is wrong; those before it show where, in the translated text.
        Self::new(&pattern, 0).map_err(|refusal| {
            let last = refusal.reason.lines().last().unwrap_or_default();
            Refusal { reason: last.strip_prefix("error: ").unwrap_or(last).into(), ..refusal }
        })
    }

    /// True if a text has a match, wherever. `None` if it is too long for the pattern.
    pub(crate) fn is_match(&self, text: &str) -> Option<bool> {
        let mut at = 0;
        loop {
            let (mut slots, mut pace) = (Vec::new(), Pace::new());
            match self.search(text.as_bytes(), at, Find::Any, &mut slots, &mut pace) {
                Found::Match(..) => return Some(true),
                Found::Nothing => return Some(false),
                Found::TooLong => return None,
                Found::Unfinished(next) => at = next,
            }
        }
    }

    /// The text of the pattern.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// True if it was compiled from this.
    pub(crate) fn is(&self, text: &str, flags: u32) -> bool {
        self.flags == flags && *self.text == *text
    }

    /// The number of states of its automaton.
    pub(crate) fn states(&self) -> usize {
        self.states
    }

    /// The length of its shortest match, in bytes.
    pub(crate) fn shortest(&self) -> usize {
        self.shortest
    }

    /// The number of its groups, with the whole match.
    pub(crate) fn groups(&self) -> usize {
        self.regex.captures_len()
    }

    /// The name of each of its groups, in their order; empty where a group has none.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let all = self.regex.group_info().pattern_names(regex_automata::PatternID::ZERO);
        all.map(Option::unwrap_or_default)
    }
}

/// A pattern that was not compiled.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The reason in words.
    pub(crate) reason: String,
    /// The states that were built before it was known.
    pub(crate) states: usize,
}

impl Refusal {
    fn invalid(reason: String) -> Self {
        Self { reason, states: 0 }
    }

    fn too_large() -> Self {
        let reason = format!(
            "the pattern is too large: its automaton may have {MAX_STATES} states and \
             {MAX_AUTOMATON_BYTES} bytes; repeat less, or leave out Unicode classes with `(?-u:…)`"
        );
        Self { reason, states: MAX_STATES }
    }
}

/// The number of states of a pattern's automaton. `None` if it takes too much memory.
///
/// The engine builds the automaton again: [`meta::Builder`] takes expressions only, and a [`meta::Regex`] tells no number. An engine
/// put together from its public parts would lack those that search for what a pattern begins or ends with.
fn states_of(pattern: &Hir, utf8: bool) -> Option<usize> {
    let automaton = thompson::Compiler::new()
        .configure(thompson::Config::new().utf8(utf8).nfa_size_limit(Some(MAX_AUTOMATON_BYTES)))
        .build_from_hir(pattern);
    automaton.ok().map(|automaton| automaton.states().len())
}

/// The rules of a pattern's syntax. `None` if there is an unknown flag.
fn syntax_of(flags: u32) -> Option<syntax::Config> {
    let on = |which: u32| flags & which != 0;
    (flags & !flag::ALL == 0).then(|| {
        syntax::Config::new()
            .case_insensitive(on(flag::CASE_INSENSITIVE))
            .multi_line(on(flag::MULTI_LINE))
            .dot_matches_new_line(on(flag::DOT_MATCHES_NEW_LINE))
            .crlf(on(flag::CRLF))
            .swap_greed(on(flag::SWAP_GREED))
            .ignore_whitespace(on(flag::IGNORE_WHITESPACE))
            .unicode(!on(flag::NO_UNICODE))
            .octal(on(flag::OCTAL))
            .utf8(!on(flag::BYTES))
            .nest_limit(MAX_DEPTH)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_over_a_bound_are_refused_in_words() {
        for (text, says) in [
            ("(", "unclosed group"),
            (r"((((((((\w{50}){50}){50}){50}){50}){50}){50}){50})", "too large"),
            (&"a".repeat(MAX_PATTERN_BYTES + 1), "bytes"),
            (&format!("{}a{}", "(".repeat(200), ")".repeat(200)), "nest"),
        ] {
            let error = Pattern::new(text, 0).unwrap_err().reason;
            assert!(error.contains(says), "{error}");
        }
        assert!(Pattern::new("a", 1 << 20).unwrap_err().reason.contains("unknown"));
    }
}
