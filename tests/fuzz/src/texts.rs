//! Regular expressions and texts, of which both may be anything.

use cpex_wasmi::abi::{MEMORY, pattern as p};
use cpex_wasmi::testing::Session;
use cpex_wasmi::{HostFunction, LogRecord, Manifest, Policy, Request};

/// The room for results in a plugin's memory: few records, so that searches are gone on with.
const ROOM: usize = p::HEAD + 40;

/// Searches a text for a pattern: what comes after and before the first zero byte, under the flags of the first byte. Its two
/// highest bits choose what stands for a match: a mask, or the text's first line, as it is or with groups in it. Matches, those from
/// the middle on and the new text are those of the crate `regex`.
pub fn texts(data: &[u8]) {
    let Some((flags, data)) = data.split_first() else { return };
    let mut halves = data.splitn(2, |byte| *byte == 0);
    let (Some(Ok(pattern)), Some(text)) = (halves.next().map(str::from_utf8), halves.next()) else {
        return;
    };
    let (flags, how) = (u32::from(*flags) & 0x3f, flags >> 6);
    let mut plugin = Plugin::new(pattern, text);
    let Ok(number) = u32::try_from(plugin.compile(flags)) else { return };
    let Some(reference) = reference(pattern, flags) else { return };
    let Ok(text) = str::from_utf8(text) else {
        let _ = plugin.matches(number);
        return;
    };
    // Some texts are too long for their pattern.
    let Some(found) = plugin.matches(number) else { return };
    let expected: Vec<_> =
        reference.find_iter(text).map(|found| (found.start(), found.end())).collect();
    assert_eq!(found, expected, "`{pattern}` in {text:?}");
    assert_eq!(plugin.any(number), Some(!expected.is_empty()));
    let middle = text.ceil_char_boundary(text.len() / 2);
    if let Some(found) = plugin.matches_from(number, middle) {
        let expected = reference.find_at(text, middle).map(|found| (found.start(), found.end()));
        assert_eq!(found.first().copied(), expected, "`{pattern}` in {text:?} from {middle} on");
    }
    let line = text.lines().next().unwrap_or_default();
    let (how, template, expected) = match how {
        0 => {
            let mask = |found: &regex::Captures<'_>| "*".repeat(found[0].chars().count());
            (p::MASK, "*", reference.replace_all(text, mask))
        }
        1 => (p::LITERAL, line, reference.replace_all(text, regex::NoExpand(line))),
        _ => (p::EXPAND, line, reference.replace_all(text, line)),
    };
    plugin.replaces(number, text, (how, template), &expected);
}

fn reference(pattern: &str, flags: u32) -> Option<regex::Regex> {
    let on = |flag| flags & flag != 0;
    let mut builder = regex::RegexBuilder::new(pattern);
    builder
        .case_insensitive(on(p::CASE_INSENSITIVE))
        .multi_line(on(p::MULTI_LINE))
        .dot_matches_new_line(on(p::DOT_MATCHES_NEW_LINE))
        .crlf(on(p::CRLF))
        .swap_greed(on(p::SWAP_GREED))
        .ignore_whitespace(on(p::IGNORE_WHITESPACE));
    builder.build().ok()
}

/// A plugin with a pattern, a text and room for results in its memory.
struct Plugin {
    session: Session,
    memory: Vec<u8>,
    pattern: [u32; 2],
    text: [u32; 2],
    room: [u32; 2],
}

impl Plugin {
    fn new(pattern: &str, text: &[u8]) -> Self {
        let mut manifest = Manifest::new("fuzz", "1.0.0");
        manifest.hooks.push("cmf.tool_pre_invoke".into());
        let quiet = |_: &LogRecord<'_>| {};
        let mut session = Session::new(&manifest, Policy::default(), quiet).unwrap();
        let text_shown = String::from_utf8_lossy(text);
        let request = Request::tool_call("t").argument("text", text_shown);
        session.start("cmf.tool_pre_invoke", request).unwrap();
        let memory = [pattern.as_bytes(), text, &[0; ROOM]].concat();
        let number = |len: usize| u32::try_from(len).unwrap();
        let ends = [number(pattern.len()), number(pattern.len().saturating_add(text.len()))];
        Self {
            session,
            memory,
            pattern: [0, ends[0]],
            text: [ends[0], number(text.len())],
            room: [ends[1], number(ROOM)],
        }
    }

    fn call(&mut self, function: HostFunction, args: &[u32]) -> i32 {
        self.session.dispatch(function, args, &mut self.memory).unwrap()
    }

    fn compile(&mut self, flags: u32) -> i32 {
        let ([text, len], [out, out_len]) = (self.pattern, self.room);
        self.call(HostFunction::Pattern, &[text, len, flags, out, out_len])
    }

    fn word(&self, at: usize) -> u32 {
        let start = usize::try_from(self.room[0]).unwrap().saturating_add(at);
        let word = self.memory.get(start..).and_then(|rest| rest.first_chunk());
        u32::from_le_bytes(*word.unwrap())
    }

    /// The records of all searches from a place on, until they are finished.
    fn search(
        &mut self,
        number: u32,
        what: u32,
        size: usize,
        start: usize,
    ) -> Option<Vec<(usize, usize)>> {
        let ([text, len], [out, out_len]) = (self.text, self.room);
        let (mut first, mut from, mut all) = (0, u32::try_from(start).unwrap(), Vec::new());
        while first != p::FINISHED {
            let args = [MEMORY, 0, text, len, number, first, from, what, out, out_len];
            let count = usize::try_from(self.call(HostFunction::Search, &args)).ok()?;
            for record in 0..count {
                let at = record.saturating_mul(size).saturating_add(p::HEAD);
                let place = |at| usize::try_from(self.word(at)).unwrap();
                all.push((place(at.saturating_add(4)), place(at.saturating_add(8))));
            }
            (first, from) = (self.word(0), self.word(4));
        }
        Some(all)
    }

    fn matches(&mut self, number: u32) -> Option<Vec<(usize, usize)>> {
        self.matches_from(number, 0)
    }

    fn matches_from(&mut self, number: u32, start: usize) -> Option<Vec<(usize, usize)>> {
        self.search(number, p::MATCHES, 12, start)
    }

    fn any(&mut self, number: u32) -> Option<bool> {
        self.search(number, p::ANY, 12, 0).map(|found| !found.is_empty())
    }

    /// Replaces matches in the argument, and holds it against what is expected.
    fn replaces(mut self, number: u32, text: &str, (how, template): (u32, &str), expected: &str) {
        let [out, out_len] = self.room;
        let length = u32::try_from(template.len()).unwrap();
        let at = u32::try_from(self.memory.len()).unwrap();
        self.memory.extend_from_slice(template.as_bytes());
        let (mut first, mut number_of_text) = (0, 0);
        while first != p::FINISHED {
            let place = [0x0124, 0, 0, u32::MAX, number, first, number_of_text, how];
            let args = [&place[..], &[at, length, out, out_len]].concat();
            let answer = self.session.dispatch(HostFunction::Replace, &args, &mut self.memory);
            let Ok(0..) = answer else { return };
            (first, number_of_text) = (self.word(0), self.word(8));
        }
        let outcome = self.session.end(0).unwrap();
        let changed = outcome.changes.payload.as_ref().and_then(|payload| {
            let message = payload.as_message()?;
            let cpex_wasmi::model::ContentPart::ToolCall { content } =
                message.message.content.first()?
            else {
                return None;
            };
            content.arguments.get("text")?.as_str().map(str::to_owned)
        });
        assert_eq!(changed.as_deref().unwrap_or(text), expected, "replaced by {template:?}");
    }
}
