//! Patterns that are asked about the same texts, one after the other.
//!
//! Code that looks for several patterns in many texts asks the host for each pattern and each text, and most have no match. Once
//! patterns were asked about one text, the next is searched for all of them in one call of the host. The answer is kept
//! for the others, with a copy of the text: it holds for the same bytes only.

use alloc::vec::Vec;
use core::cell::Cell;

use cpex_wasmi_abi::{MEMORY, pattern as p};

use super::copied::Copied;
use super::pattern::Pattern;
use crate::patterns::word;
use crate::sys;

/// The fewest patterns that are searched for together.
const FEWEST: usize = 3;

/// The texts in a row of which most answers may be of no use.
const MISSES: u32 = 8;

/// The most sets that are made in the life of an instance.
const SETS: u32 = 16;

/// The size of the record of a match, in bytes.
const RECORD: usize = 12;

/// Returns true if the text, of a [length that fits](Copied::FITS), is known to have no match of the pattern.
#[inline(never)]
pub(super) fn has_none(pattern: &Pattern, text: &[u8]) -> bool {
    memo(
        |memo| {
            if memo.text.is(text) { memo.answer(pattern) } else { memo.next_text(pattern, text) }
        },
    )
}

/// Forgets a pattern that is given back.
pub(super) fn forget(number: u32) {
    memo(|memo| {
        let mut learned = memo.learned.take();
        if learned.first.number == number || learned.known.iter().any(|one| one.number == number) {
            learned.clear(memo);
        }
        memo.learned.set(learned);
    });
}

/// Gives back what was made of patterns, for good. Returns true if there was something.
pub(crate) fn give_back() -> bool {
    memo(|memo| {
        let mut learned = memo.learned.take();
        let had_set = learned.set.is_some();
        learned.clear(memo);
        learned.sets_made = SETS;
        memo.learned.set(learned);
        had_set
    })
}

#[cfg(target_arch = "wasm32")]
fn memo<T>(work: impl FnOnce(&Memo) -> T) -> T {
    static MEMO: sys::Single<Memo> = sys::Single::new(Memo::new());
    work(MEMO.get())
}

#[cfg(not(target_arch = "wasm32"))]
fn memo<T>(work: impl FnOnce(&Memo) -> T) -> T {
    std::thread_local! {
        static MEMO: Memo = const { Memo::new() };
    }
    MEMO.with(work)
}

/// The text that was asked about last, and what is known of it.
struct Memo {
    text: Copied,
    /// Bits of patterns, by their numbers.
    bits: [Cell<Bits>; 8],
    learned: Cell<Learned>,
}

/// Facts of 32 patterns.
#[derive(Clone, Copy, Default)]
struct Bits {
    /// They have no match in the text.
    unmatched: u32,
    /// They were asked about the text.
    asked: u32,
    /// They are among those that are asked about the same texts.
    known: u32,
    /// They are in the set on the host.
    members: u32,
}

impl Bits {
    const NONE: Self = Self { unmatched: 0, asked: 0, known: 0, members: 0 };
}

impl Memo {
    const fn new() -> Self {
        Self {
            text: Copied::new(),
            bits: [const { Cell::new(Bits::NONE) }; 8],
            learned: Cell::new(Learned::new()),
        }
    }

    /// Answers a question about the text.
    fn answer(&self, pattern: &Pattern) -> bool {
        let bits = self.change(pattern.number(), |bits, bit| bits.asked |= bit);
        let bit = bit_of(pattern.number());
        if bits.unmatched & bit == 0 && bits.known & bit == 0 {
            self.learn(pattern);
        }
        bits.unmatched & bit != 0
    }

    fn is_member(&self, pattern: &Pattern) -> bool {
        self.change(pattern.number(), |_, _| ()).members & bit_of(pattern.number()) != 0
    }

    #[cold]
    #[inline(never)]
    fn learn(&self, pattern: &Pattern) {
        let mut learned = self.learned.take();
        learned.add(Member::of(pattern), self);
        self.learned.set(learned);
    }

    /// Answers a question about another text.
    #[inline(never)]
    fn next_text(&self, pattern: &Pattern, text: &[u8]) -> bool {
        let mut learned = self.learned.take();
        let answer = learned.next_text(pattern, text, self);
        self.learned.set(learned);
        answer
    }

    fn change(&self, number: u32, change: impl FnOnce(&mut Bits, u32)) -> Bits {
        let place = self.bits.get((number / u32::BITS) as usize);
        let mut bits = place.map(Cell::get).unwrap_or_default();
        change(&mut bits, bit_of(number));
        if let Some(place) = place {
            place.set(bits);
        }
        bits
    }

    fn change_all(&self, mut change: impl FnMut(&mut Bits)) {
        for place in &self.bits {
            let mut bits = place.get();
            if bits.known != 0 {
                change(&mut bits);
                place.set(bits);
            }
        }
    }
}

const fn bit_of(number: u32) -> u32 {
    1 << (number % u32::BITS)
}

/// A pattern that is searched for with others.
#[derive(Clone, Copy)]
struct Member {
    number: u32,
    /// The length of its shortest match.
    shortest: usize,
}

impl Member {
    const NONE: Self = Self { number: u32::MAX, shortest: 0 };

    fn of(pattern: &Pattern) -> Self {
        Self { number: pattern.number(), shortest: pattern.shortest() }
    }
}

/// The patterns that are asked about the same texts.
#[derive(Default)]
struct Learned {
    known: Vec<Member>,
    /// The set of the first `members` of them on the host.
    set: Option<u32>,
    members: usize,
    sets_made: u32,
    /// The patterns that could have a match in the text; 0 if that was not asked.
    eligible: usize,
    misses: u32,
    /// The place of a text, and the first pattern that was asked about it. Another text may stand there now.
    place: (usize, usize),
    first: Member,
}

impl Default for Member {
    fn default() -> Self {
        Self::NONE
    }
}

impl Learned {
    const fn new() -> Self {
        Self {
            known: Vec::new(),
            set: None,
            members: 0,
            sets_made: 0,
            eligible: 0,
            misses: 0,
            place: (0, 0),
            first: Member::NONE,
        }
    }

    fn next_text(&mut self, pattern: &Pattern, text: &[u8], memo: &Memo) -> bool {
        self.judge(memo);
        if self.known.len() > self.members && self.known.len() >= FEWEST {
            self.make_set(memo);
        }
        let Some(set) = self.set else {
            self.begin(pattern, text, memo);
            return false;
        };
        let members = self.known.iter().take(self.members);
        let eligible = members.filter(|member| member.shortest <= text.len()).count();
        if eligible < 2 || !memo.is_member(pattern) {
            return false;
        }
        self.eligible = eligible;
        self.ask(set, text, memo);
        memo.answer(pattern)
    }

    /// Notes a pattern that was asked about a text that another was asked about.
    fn add(&mut self, member: Member, memo: &Memo) {
        if self.sets_made < SETS && member.number != u32::MAX {
            memo.change(member.number, |bits, bit| {
                bits.known |= bit;
                bits.asked |= bit;
            });
            self.known.push(member);
        }
    }

    /// Gives up if most answers about most texts were of no use.
    fn judge(&mut self, memo: &Memo) {
        let eligible = core::mem::take(&mut self.eligible);
        if eligible == 0 {
            return;
        }
        let mut used = 0_u32;
        memo.change_all(|bits| used = used.wrapping_add(bits.asked.count_ones()));
        if used >= 2 && used.wrapping_mul(4) as usize >= eligible {
            self.misses = 0;
            return;
        }
        self.misses = self.misses.wrapping_add(1);
        if self.misses > MISSES {
            self.clear(memo);
        }
    }

    /// Begins with a text of which nothing is known, unless its place shows that two patterns are asked about it.
    fn begin(&mut self, pattern: &Pattern, text: &[u8], memo: &Memo) {
        let place = (text.as_ptr().addr(), text.len());
        let first = core::mem::replace(&mut self.first, Member::of(pattern));
        let again = core::mem::replace(&mut self.place, place) == place;
        self.clear(memo);
        if again && first.number != pattern.number() && self.sets_made < SETS {
            memo.text.keep(text);
            self.add(first, memo);
            self.add(Member::of(pattern), memo);
        }
    }

    /// Has the host search for all that are known.
    fn make_set(&mut self, memo: &Memo) {
        if self.sets_made >= SETS {
            return;
        }
        let mut numbers = Vec::new();
        for member in &self.known {
            numbers.extend_from_slice(&member.number.to_le_bytes());
        }
        let set = u32::try_from(sys::pattern_set(&numbers));
        self.sets_made = self.sets_made.wrapping_add(1);
        match set {
            Ok(set) => {
                self.drop_set();
                self.set = Some(set);
                self.members = self.known.len();
                memo.change_all(|bits| bits.members = bits.known);
            }
            // There is no room for it, now or later.
            Err(_) => {
                self.clear(memo);
                self.sets_made = SETS;
            }
        }
    }

    /// Asks which patterns have a match in a text.
    fn ask(&mut self, set: u32, text: &[u8], memo: &Memo) {
        memo.text.keep(text);
        memo.change_all(|bits| (bits.unmatched, bits.asked) = (bits.members, 0));
        let mut room = [0; p::HEAD + 16 * RECORD];
        let (mut first, mut from) = (0, 0);
        while first != p::FINISHED {
            let count = sys::search(MEMORY, 0, Some(text), set, first, from, p::ANY, &mut room);
            let Ok(count) = usize::try_from(count) else {
                self.clear(memo);
                self.sets_made = SETS;
                return;
            };
            for record in room.chunks(RECORD).skip(1).take(count) {
                if let Some(member) = self.known.get(word(record, 0) as usize) {
                    memo.change(member.number, |bits, bit| bits.unmatched &= !bit);
                }
            }
            (first, from) = (word(&room, 0), word(&room, 4));
        }
    }

    /// Forgets the text and all patterns.
    fn clear(&mut self, memo: &Memo) {
        self.drop_set();
        self.known.clear();
        (self.members, self.eligible, self.misses) = (0, 0, 0);
        memo.text.clear();
        memo.change_all(|bits| *bits = Bits::default());
    }

    fn drop_set(&mut self) {
        if let Some(set) = self.set.take() {
            sys::pattern_drop(set);
        }
    }
}
