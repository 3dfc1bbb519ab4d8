//! The examples of `docs/abi.md` are executed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

use cpex_wasmi::abi::{Field, MEMORY, Param};
use cpex_wasmi::testing::Session;
use cpex_wasmi::{
    Access, Capability, ClockGrant, Engine, HostFunction, LogRecord, Manifest, Policy, Request,
};

const DOC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/abi.md");

/// The content of each fenced block of a language.
fn blocks<'a>(doc: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    doc.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

#[test]
fn the_manifest_of_the_example_reads_as_described() {
    let doc = std::fs::read_to_string(DOC).unwrap();
    let manifests = blocks(&doc, "abi-manifest");
    let [manifest] = *manifests else { panic!("there should be one example") };
    let mut expected = Manifest::new("shy", "1.0.0");
    expected.hooks = vec!["cmf.tool_pre_invoke".into()];
    expected.capabilities = vec!["read_labels".into()];
    assert_eq!(Manifest::decode(&hex(manifest)).unwrap(), expected);
}

#[test]
fn the_examples_do_what_they_show() {
    let doc = std::fs::read_to_string(DOC).unwrap();
    let blocks = blocks(&doc, "abi");
    assert!(blocks.len() >= 5);
    for block in blocks {
        let mut session = session();
        for line in block.lines() {
            execute(&mut session, line);
        }
    }
}

fn session() -> Session {
    let mut manifest = Manifest::new("example", "1.0.0");
    manifest.hooks.push("cmf.tool_pre_invoke".into());
    manifest.access = vec!["state:*".into(), "clock".into()];
    let clock = ClockGrant::Fixed(std::time::Duration::from_secs(1_300_819_379));
    let access = Access::default().state("*").clock(clock);
    let policy = Policy::default().access(access).grant([
        Capability::ReadLabels,
        Capability::AppendLabels,
        Capability::ReadHeaders,
        Capability::WriteHeaders,
    ]);
    let mut session = Session::new(&manifest, policy, |_: &LogRecord<'_>| {}).unwrap();
    let request = Request::tool_call("get_compensation")
        .argument("employee_id", 42)
        .argument("ssn", "123-45-6789")
        .label("PII")
        .subject("alice")
        .role("engineer")
        .header("X-Trace", "t-1");
    session.start("cmf.tool_pre_invoke", request).unwrap();
    session
}

/// Bytes written as text in quotes, or in hex.
fn bytes(written: &str) -> Vec<u8> {
    match written.strip_prefix('"') {
        Some(_) => serde_json::from_str::<String>(written).unwrap().into_bytes(),
        None => hex(written),
    }
}

/// Splits at commas that are not in quotes.
fn arguments(list: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for char in list.chars() {
        match char {
            ',' if !quoted => {
                out.push(String::new());
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = char == '\\' && !escaped;
        out.last_mut().unwrap().push(char);
    }
    out.iter().map(|argument| argument.trim().to_owned()).collect()
}

/// Executes a line such as `read_text(tool_call.name, 0, -, 64) -> 16 "get_compensation"`.
fn execute(session: &mut Session, line: &str) {
    let (call, expected) = line.rsplit_once("->").unwrap();
    let (name, list) = call.trim().split_once('(').unwrap();
    let function = HostFunction::from_name(name.trim()).unwrap();
    if !Engine::host_functions().any(|offered| offered == function) {
        return;
    }
    let list = match list.strip_suffix(')').unwrap() {
        "" => Vec::new(),
        list => arguments(list),
    };
    assert_eq!(list.len(), function.info().params.len(), "{line}");

    let mut memory = vec![0xee; 8];
    let mut args = Vec::new();
    let mut buffer = None;
    for (written, (parameter, kind)) in list.iter().zip(function.info().params) {
        match kind {
            Param::Number if written == "memory" => args.push(MEMORY),
            Param::Number if *parameter == "field" => {
                let field = Field::ALL.iter().find(|field| field.path() == written);
                args.push(field.unwrap_or_else(|| panic!("{line}")).number());
            }
            Param::Number => args.push(written.parse().unwrap()),
            Param::Key if written == "-" => args.extend([0, u32::MAX]),
            Param::Key | Param::Bytes => {
                let bytes = bytes(written);
                args.extend([memory.len() as u32, bytes.len() as u32]);
                memory.extend(bytes);
            }
            Param::Buffer => {
                let len: usize = written.parse().unwrap();
                args.extend([memory.len() as u32, len as u32]);
                buffer = Some(memory.len()..memory.len() + len);
                memory.resize(memory.len() + len, 0xee);
            }
        }
    }

    let result = session.dispatch(function, &args, &mut memory);
    if expected.trim() == "ends" {
        result.unwrap_err();
        return;
    }
    let result = result.unwrap();
    let (number, content) = expected.trim().split_once(' ').unwrap_or((expected.trim(), ""));
    assert_eq!(result, number.parse::<i32>().unwrap(), "{line}");
    if let Some(buffer) = buffer {
        let expected = if content.is_empty() { Vec::new() } else { bytes(content) };
        let (written, rest) = memory[buffer].split_at(expected.len());
        assert_eq!(written, expected, "{line}: {}", String::from_utf8_lossy(written));
        assert!(rest.iter().all(|byte| *byte == 0xee), "{line}: more was written than is shown");
    }
}
