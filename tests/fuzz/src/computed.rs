//! Functions that the host computes: hashes, encodings, addresses, URLs, globs and checks by schemas.

use std::net::IpAddr;

use cpex_wasmi::abi::{Field, MEMORY, UrlParts, encoding, pattern as p};
use cpex_wasmi::testing::Session;
use cpex_wasmi::{Capability, HostFunction, LogRecord, Manifest, Policy, Request, Status};
use cpex_wasmi_schema::Schema;
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha512};

use HostFunction as F;

/// Calls a function on an input and another text: what comes before and after the first zero byte behind the first two. The first byte
/// chooses the function, the second the algorithm and the room for the result. Of a field, the answer is that of memory.
pub fn computed(data: &[u8]) {
    let Some(([which, how], data)) = data.split_first_chunk() else { return };
    let mut halves = data.splitn(2, |byte| *byte == 0);
    let (input, other) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    let mut plugin = Plugin::new(input, other, usize::from(how >> 4).pow(3));
    let number = u32::from(how & 7);
    match which % 11 {
        0 => plugin.digests(number),
        1 => plugin.codes(number),
        2 => plugin.encodes(number),
        3 => drop(plugin.call(F::Decode, &[number])),
        4 => plugin.tells_entropy(),
        5 => {
            let equal = plugin.call_on_other(F::Equal, &[]);
            assert_eq!(equal.code, i32::from(input == other));
        }
        6 => plugin.looks_in_networks(),
        7 => plugin.reads_urls(),
        8 => plugin.tells_suffix(number),
        9 => plugin.matches_globs(),
        _ => plugin.checks_by_schemas(),
    }
}

/// A pattern of a schema, by the crate `regex`.
#[derive(Debug)]
struct Reference(regex::Regex);

impl cpex_wasmi_schema::Pattern for Reference {
    fn steps(&self, _: usize) -> u32 {
        0
    }

    fn is_match(&self, text: &str) -> Option<bool> {
        Some(self.0.is_match(text))
    }
}

/// An answer, and the bytes that were written.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    code: i32,
    bytes: Vec<u8>,
}

impl Answer {
    fn is_written(&self) -> bool {
        usize::try_from(self.code).is_ok_and(|len| len == self.bytes.len())
    }
}

struct Plugin<'d> {
    session: Session,
    input: &'d [u8],
    other: &'d [u8],
    room: usize,
}

impl<'d> Plugin<'d> {
    fn new(input: &'d [u8], other: &'d [u8], room: usize) -> Self {
        let mut manifest = Manifest::new("fuzz", "1.0.0");
        manifest.hooks.push("cmf.tool_pre_invoke".into());
        let policy = Policy::default().grant(Capability::ALL.iter().copied());
        let mut session = Session::new(&manifest, policy, |_: &LogRecord<'_>| {}).unwrap();
        let request = Request::tool_call("t").argument("text", String::from_utf8_lossy(input));
        session.start("cmf.tool_pre_invoke", request).unwrap();
        Self { session, input, other, room }
    }

    /// Calls a function on the input in memory, and on the field if that has the same text.
    fn call(&mut self, function: F, more: &[u32]) -> Answer {
        self.called(function, more, false)
    }

    fn call_on_other(&mut self, function: F, more: &[u32]) -> Answer {
        self.called(function, more, true)
    }

    fn called(&mut self, function: F, more: &[u32], takes_other: bool) -> Answer {
        let memory = self.dispatched(function, true, more, takes_other);
        if str::from_utf8(self.input).is_ok() {
            assert_eq!(self.dispatched(function, false, more, takes_other), memory, "{function}");
        }
        memory
    }

    fn dispatched(
        &mut self,
        function: F,
        in_memory: bool,
        more: &[u32],
        takes_other: bool,
    ) -> Answer {
        let number = |len: usize| u32::try_from(len).unwrap();
        let before = [b"text", self.input, self.other].concat();
        let mut memory = [&before[..], &vec![0xee; self.room], b"guard"].concat();
        let (len, other) = (number(self.input.len()), number(self.other.len()));
        let mut args = match in_memory {
            true => vec![MEMORY, 0, 4, len],
            false => vec![Field::ToolCallArguments.number(), 0, 0, 4],
        };
        args.extend(more);
        if takes_other {
            args.extend([len.saturating_add(4), other]);
        }
        let has_room = args.len() < function.arity();
        if has_room {
            args.extend([number(before.len()), number(self.room)]);
        }
        let code = self.session.dispatch(function, &args, &mut memory).unwrap();
        let (start, rest) = memory.split_at(before.len());
        let (room, end) = rest.split_at(self.room);
        assert!(start == before && end == b"guard", "{function} wrote elsewhere");
        let len = usize::try_from(code).ok().filter(|len| has_room && *len <= self.room);
        let (bytes, rest) = room.split_at(len.unwrap_or(0));
        assert!(rest.iter().all(|byte| *byte == 0xee), "{function} wrote more than it says");
        Answer { code, bytes: bytes.to_vec() }
    }

    fn digests(&mut self, algorithm: u32) {
        let digest = self.call(F::Digest, &[algorithm]);
        let input = self.input;
        let expected = match algorithm {
            0 => Sha256::digest(input).to_vec(),
            1 => Sha512::digest(input).to_vec(),
            3 => fnv1a(input).to_be_bytes().to_vec(),
            5 => crc32(input).to_be_bytes().to_vec(),
            2 | 4 => return,
            _ => return assert_eq!(digest.code, Status::InvalidArgument.code()),
        };
        assert_eq!(usize::try_from(digest.code), Ok(expected.len()));
        assert!(!digest.is_written() || digest.bytes == expected, "{algorithm}");
    }

    /// A secret that is longer than a block stands for its hash.
    fn codes(&mut self, algorithm: u32) {
        let code = self.call_on_other(F::Hmac, &[algorithm]);
        let hash = Sha256::digest(self.other);
        if algorithm == 0 && self.other.len() > 64 {
            let mut hashed = Plugin::new(self.input, &hash, self.room);
            assert_eq!(hashed.call_on_other(F::Hmac, &[0]), code);
        }
    }

    fn encodes(&mut self, which: u32) {
        let text = self.call(F::Encode, &[which]);
        let valid = [encoding::BASE64, encoding::BASE64_URL, encoding::HEX, encoding::PERCENT];
        assert_eq!(text.code >= 0, valid.contains(&which));
        if which == encoding::HEX && text.is_written() {
            let hex: String = self.input.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(text.bytes, hex.as_bytes());
        }
        if text.is_written() {
            let mut back = Plugin::new(&text.bytes, b"", self.input.len());
            assert_eq!(back.call(F::Decode, &[which]).bytes, self.input);
        }
    }

    fn tells_entropy(&mut self) {
        let told = self.call(F::Entropy, &[]).code;
        let len = self.input.len() as f64;
        let counts =
            (0..=u8::MAX).map(|byte| self.input.iter().filter(|found| **found == byte).count());
        let parts = counts.filter(|count| *count > 0).map(|count| count as f64 / len);
        let expected = parts.map(|part| -part * part.log2()).sum::<f64>() * 1000.0;
        assert!((f64::from(told) - expected).abs() <= 1.0, "{told} {expected}");
    }

    fn looks_in_networks(&mut self) {
        let told = self.call_on_other(F::InNetworks, &[]).code;
        let expected = str::from_utf8(self.input).ok().zip(str::from_utf8(self.other).ok());
        let expected = expected.and_then(|(address, networks)| is_in(address, networks));
        // There are more ways to write an address than the naive one reads.
        if let Some(expected) = expected {
            assert_eq!(told, i32::from(expected));
        }
    }

    fn reads_urls(&mut self) {
        let (parts, json) = (self.call(F::Url, &[]), self.call(F::UrlJson, &[]));
        let text = str::from_utf8(self.input).ok();
        let expected = text.and_then(|text| url::Url::parse(text).ok());
        assert_eq!(parts.code >= 0, expected.is_some() && self.input.len() <= 8192);
        assert_eq!(parts.code >= 0, json.code >= 0);
        if json.is_written() && json.code > 0 {
            let json: UrlParts = serde_json::from_slice(&json.bytes).unwrap();
            assert_eq!(json.url, expected.unwrap().as_str());
            if parts.is_written() {
                let parts: UrlParts = postcard::from_bytes(&parts.bytes).unwrap();
                assert_eq!(parts, json);
            }
        }
    }

    /// A registrable domain is a suffix and one part before it.
    fn tells_suffix(&mut self, part: u32) {
        let _ = self.call(F::PublicSuffix, &[part]);
        let (suffix, domain) = (self.call(F::PublicSuffix, &[0]), self.call(F::PublicSuffix, &[1]));
        if domain.code > 0 && domain.is_written() && suffix.is_written() {
            let (suffix, domain) =
                (String::from_utf8(suffix.bytes), String::from_utf8(domain.bytes));
            let (first, rest) = domain.as_ref().unwrap().split_once('.').unwrap();
            assert_eq!((first.is_empty(), Ok(rest)), (false, suffix.as_deref()));
        }
    }

    /// A glob stands for what the crate `globset` says, as far as both have one language.
    fn matches_globs(&mut self) {
        let Ok(glob) = str::from_utf8(self.other) else { return };
        let number = self.compiled(F::Pattern, &[p::GLOB]);
        let Ok(number) = u32::try_from(number) else { return };
        self.room = self.room.max(64);
        let found = self.searched(number);
        let plain = glob.is_ascii() && !glob.contains(['[', '\n']) && !glob.ends_with('/');
        let builder = globset::GlobBuilder::new(glob)
            .literal_separator(true)
            .backslash_escape(true)
            .empty_alternates(true)
            .build();
        let (Ok(native), Ok(text)) = (builder, str::from_utf8(self.input)) else { return };
        // With a class, or what is no ASCII, they differ; a `**/` within braces at the end does, too.
        if plain && text.is_ascii() && !glob.contains("/}") && !glob.contains("/,") {
            let expected = native.compile_matcher().is_match(text);
            assert_eq!(found, expected, "`{glob}` {text:?}");
        }
    }

    fn checks_by_schemas(&mut self) {
        let number = self.compiled(F::Schema, &[]);
        let text = str::from_utf8(self.other).unwrap_or_default();
        if text.contains("\"pattern") {
            return self.checks_by_patterns(text, u32::try_from(number).ok());
        }
        let schema = Schema::parse(text).ok();
        assert_eq!(number >= 0, schema.is_some());
        let (Some(schema), Ok(number)) = (schema, u32::try_from(number)) else { return };
        let of_text = self.dispatched(F::SchemaCheck, false, &[number], false);
        let faults = self.dispatched(F::SchemaCheck, true, &[number], false);
        let json = self.dispatched(F::SchemaCheckJson, true, &[number], false);
        assert_eq!(
            of_text.code.min(0) == 0,
            schema
                .check_within(&Value::from(String::from_utf8_lossy(self.input)), 200_000)
                .mismatches
                .is_some()
        );
        let Ok(value) = serde_json::from_slice::<Value>(self.input) else {
            return assert_eq!(faults.code, Status::Malformed.code());
        };
        // A key that stands twice is malformed.
        if faults.code == Status::Malformed.code() {
            return;
        }
        let expected = schema.check_within(&value, 200_000).mismatches;
        match expected {
            None => assert_eq!((faults.code, json.code), (Status::TooLarge.code(), faults.code)),
            Some(expected) => {
                assert_eq!(
                    (faults.code == 0, json.code == 0),
                    (expected.is_empty(), expected.is_empty())
                );
                if json.code > 0 && json.is_written() {
                    let told: Vec<Value> = serde_json::from_slice(&json.bytes).unwrap();
                    assert_eq!(told.len(), expected.len());
                }
            }
        }
    }

    /// Compares with the crate `regex` where a pattern means the same there.
    fn checks_by_patterns(&mut self, schema: &str, number: Option<u32>) {
        let Some(number) = number else { return };
        let faults = self.dispatched(F::SchemaCheckJson, true, &[number], false);
        drop(self.dispatched(F::SchemaCheck, false, &[number], false));
        let mut same = true;
        let schema = Schema::parse_with(schema, &mut |text| {
            same &=
                text.chars().all(|char| char.is_ascii_alphanumeric() || "^$|*+? @-".contains(char));
            let regex = regex::Regex::new(text).map_err(|error| error.to_string())?;
            Ok(Box::new(Reference(regex)))
        });
        let Ok(value) = serde_json::from_slice::<Value>(self.input) else { return };
        if let (Ok(schema), true) = (schema, same)
            && ![Status::TooLarge.code(), Status::Malformed.code()].contains(&faults.code)
            && let Some(expected) = schema.check_within(&value, 200_000).mismatches
        {
            assert_eq!(faults.code == 0, expected.is_empty());
        }
    }

    /// Has the other text compiled.
    fn compiled(&mut self, function: F, more: &[u32]) -> i32 {
        let mut memory = [self.other, &vec![0; self.room]].concat();
        let len = u32::try_from(self.other.len()).unwrap();
        let args = [&[0, len], more, &[len, u32::try_from(self.room).unwrap()]].concat();
        self.session.dispatch(function, &args, &mut memory).unwrap()
    }

    fn searched(&mut self, pattern: u32) -> bool {
        let mut memory = [self.input, &[0; 64]].concat();
        let len = u32::try_from(self.input.len()).unwrap();
        let args = [MEMORY, 0, 0, len, pattern, 0, 0, p::ANY, len, 64];
        self.session.dispatch(F::Search, &args, &mut memory).unwrap() > 0
    }
}

fn fnv1a(input: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    input.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

fn crc32(input: &[u8]) -> u32 {
    let bit = |crc: u32| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1));
    let step = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| bit(crc));
    !input.iter().fold(u32::MAX, step)
}

/// Tells if an address is in one of networks, or `None` if one of them is written in an odd way.
fn is_in(address: &str, networks: &str) -> Option<bool> {
    let bits = |address: &str| match address.parse().ok()? {
        IpAddr::V4(address) => Some((u128::from(u32::from(address)) << 96, 32)),
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => None,
        IpAddr::V6(address) => Some((u128::from(address), 128)),
    };
    let (address, width) = bits(address)?;
    let mut found = false;
    for network in networks.split([' ', ',']).filter(|network| !network.is_empty()) {
        let (start, len) = network.split_once('/').unwrap_or((network, "-"));
        let (start, of) = bits(start)?;
        let len = if len == "-" { of } else { len.parse().ok().filter(|len: &u32| *len <= of)? };
        let mask = u128::MAX.checked_shl(128_u32.saturating_sub(len)).unwrap_or(0);
        // A network has no bits behind its prefix.
        if start & !mask != 0 {
            return None;
        }
        found |= of == width && (address ^ start) & mask == 0;
    }
    Some(found)
}
