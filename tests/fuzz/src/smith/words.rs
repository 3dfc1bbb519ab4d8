//! What a script finds in memory: keys, pointers and values in each form, as plugins would give them.

/// One after the other, from address 0.
pub(super) const WORDS: &[&str] = &[
    "a",
    "text",
    "secret",
    "A",
    "k",
    "alice",
    "admin",
    "iss",
    "SECRET-LABEL-4711",
    "new-label",
    "/a",
    "/0",
    "/0/b",
    "/text",
    "/secret",
    "/parts/0/text",
    "/-",
    "0",
    "1",
    "role",
    "search",
    "true",
    "null",
    "42",
    "-1.5e3",
    "\"x\"",
    "[]",
    "{}",
    "[1,\"b\",{\"c\":null}]",
    "{\"a\":1,\"text\":\"new\"}",
    "{\"code\":\"c\",\"reason\":\"r\"}",
    "{\"code\":\"c\",\"reason\":\"r\",\"description\":\"d\",\"details\":{\"a\":[1]}}",
    "{\"subject_id\":\"bob\"}",
    "{\"token\":\"t\",\"audience\":\"a\"}",
    // In postcard: a text, a set of one, values (null, true, 2, text, list), a violation.
    "\x01a",
    "\x01\x01a",
    "\x00",
    "\x01\x01",
    "\x02\x04",
    "\x04\x01a",
    "\x05\x01\x00",
    "\x01c\x01r\x00\x00",
    "\x01c\x01r\x00\x00\x00\x00",
    "",
    "ä€😀",
    "\0\0\0\0\0\0\0\0",
    "inbound",
    "user",
    "2030-01-01T00:00:00Z",
    "low",
    "approve",
];

/// Where the words end, and the script's own bytes begin.
pub(super) fn end() -> u32 {
    len(WORDS)
}

/// The address and length of a word.
pub(super) fn place(position: usize) -> Option<(u32, u32)> {
    let (before, word) = (WORDS.get(..position)?, WORDS.get(position)?);
    Some((len(before), len(&[word])))
}

fn len(words: &[&str]) -> u32 {
    u32::try_from(words.iter().map(|word| word.len()).sum::<usize>()).unwrap_or(0)
}
