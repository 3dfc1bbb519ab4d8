//! The memory of a script: keys, pointers and values in each form, as plugins would give them.

/// The use of a word.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// A key, or a value as bare text.
    Text,
    Json,
    Postcard,
}

use Form::{Json, Postcard, Text};

/// One after the other, from address 0.
const WORDS: &[(Form, &str)] = &[
    (Text, ""),
    (Text, "a"),
    (Text, "text"),
    (Text, "/text"),
    (Text, "/0"),
    (Text, "/a"),
    (Text, "/a/0/b"),
    (Text, "/-"),
    (Text, "A"),
    (Text, "k"),
    (Text, "/content"),
    (Text, "secret"),
    (Text, "alice"),
    (Text, "admin"),
    (Text, "iss"),
    (Text, "SECRET-LABEL-4711"),
    (Text, "true"),
    (Text, "42"),
    (Text, "2030-01-01T00:00:00Z"),
    (Text, "ä€😀"),
    (Json, "null"),
    (Json, "true"),
    (Json, "-1.5e3"),
    (Json, "\"x\""),
    (Json, "[1,\"b\",{\"c\":null}]"),
    (Json, "{}"),
    (Json, "{\"a\":1,\"text\":\"new\"}"),
    (Json, "{\"content_type\":\"text\",\"text\":\"new\"}"),
    (Json, "{\"tool_call_id\":\"1\",\"name\":\"other\",\"arguments\":{\"a\":[2]}}"),
    (Json, "{\"code\":\"c\",\"reason\":\"r\"}"),
    (Json, "{\"subject_id\":\"bob\"}"),
    (Json, "{\"token\":\"t\",\"audience\":\"a\"}"),
    // Null, true, a number, a text and a list; a bare text; a violation.
    (Postcard, "\x00"),
    (Postcard, "\x01\x01"),
    (Postcard, "\x02\x04"),
    (Postcard, "\x04\x01a"),
    (Postcard, "\x05\x01\x00"),
    (Postcard, "\x01a"),
    (Postcard, "\x01c\x01r\x00\x00"),
];

/// All words, as they stand in memory.
pub(super) fn words() -> Vec<u8> {
    WORDS.iter().flat_map(|(_, word)| word.bytes()).collect()
}

/// The address and length of a word of some form.
pub(super) fn place(form: Form, byte: u8) -> Option<(u32, u32)> {
    let fitting = || WORDS.iter().enumerate().filter(|(_, (other, _))| *other == form);
    let position = usize::from(byte).checked_rem(fitting().count())?;
    let (position, (_, word)) = fitting().nth(position)?;
    let before: usize = WORDS.get(..position)?.iter().map(|(_, word)| word.len()).sum();
    Some((u32::try_from(before).ok()?, u32::try_from(word.len()).ok()?))
}
