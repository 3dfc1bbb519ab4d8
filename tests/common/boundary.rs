//! The boundary without a module: host functions called as a plugin would, with a memory of bytes.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation)]

use cpex_wasmi::abi::{Field, NO_INDEX, NO_KEY, Status};
use cpex_wasmi::testing::Session;
use cpex_wasmi::{HostFunction, LogRecord, Manifest, Outcome, Policy, Request};
use serde_json::Value;

use super::{HOOK, Logs};

/// The address of a value: field, index, key.
pub(crate) type At<'k> = (Field, u32, Option<&'k str>);

/// The first value of a field.
pub(crate) const fn at(field: Field) -> At<'static> {
    (field, 0, None)
}

pub(crate) const APPEND: u32 = NO_INDEX;

pub(crate) struct Boundary {
    session: Session,
    pub(crate) logs: Logs,
}

impl Boundary {
    pub(crate) fn new(policy: Policy, request: impl Into<Request>) -> Self {
        let mut manifest = Manifest::new("guest", "1.0.0");
        manifest.hooks.push(HOOK.into());
        let logs = Logs::default();
        let lines = logs.clone();
        let sink = move |record: &LogRecord<'_>| lines.push(record);
        let mut session = Session::new(&manifest, policy, sink).unwrap();
        session.start(HOOK, request.into()).unwrap();
        Self { session, logs }
    }

    pub(crate) fn read(&mut self, at: At<'_>) -> Result<Vec<u8>, Status> {
        self.reading(HostFunction::Read, at)
    }

    pub(crate) fn text(&mut self, at: At<'_>) -> Result<String, Status> {
        self.reading(HostFunction::ReadText, at).map(|text| String::from_utf8(text).unwrap())
    }

    pub(crate) fn json(&mut self, at: At<'_>) -> Result<Value, Status> {
        self.reading(HostFunction::ReadJson, at).map(|json| serde_json::from_slice(&json).unwrap())
    }

    pub(crate) fn contains(&mut self, at: At<'_>) -> Result<bool, Status> {
        let (args, mut memory) = arguments(at, b"");
        let [field, index, key, len, ..] = args;
        let answer = self.call(HostFunction::Contains, &[field, index, key, len], &mut memory);
        answer.map(|answer| answer != 0)
    }

    pub(crate) fn count(&mut self, field: Field, index: u32) -> Result<usize, Status> {
        self.call(HostFunction::Count, &[field.number(), index], &mut [])
    }

    pub(crate) fn write(&mut self, at: At<'_>, postcard: &[u8]) -> Result<(), Status> {
        self.writing(HostFunction::Write, at, postcard)
    }

    pub(crate) fn write_text(&mut self, at: At<'_>, text: &str) -> Result<(), Status> {
        self.writing(HostFunction::WriteText, at, text.as_bytes())
    }

    pub(crate) fn write_json(&mut self, at: At<'_>, json: &Value) -> Result<(), Status> {
        self.writing(HostFunction::WriteJson, at, json.to_string().as_bytes())
    }

    pub(crate) fn remove(&mut self, at: At<'_>) -> Result<bool, Status> {
        let (args, mut memory) = arguments(at, b"");
        let [field, index, key, len, ..] = args;
        let answer = self.call(HostFunction::Remove, &[field, index, key, len], &mut memory);
        answer.map(|answer| answer != 0)
    }

    pub(crate) fn deny(&mut self, function: HostFunction, violation: &[u8]) -> Result<(), Status> {
        let len = violation.len() as u32;
        self.call(function, &[0, len], &mut violation.to_vec()).map(drop)
    }

    pub(crate) fn deny_text(&mut self, code: &str, reason: &str) -> Result<(), Status> {
        let (start, end) = (code.len() as u32, reason.len() as u32);
        let mut memory = [code, reason].concat().into_bytes();
        self.call(HostFunction::DenyText, &[0, start, start, end], &mut memory).map(drop)
    }

    pub(crate) fn metric(&mut self, name: &str, value: u32) -> Result<(), Status> {
        let len = name.len() as u32;
        let mut memory = name.as_bytes().to_vec();
        self.call(HostFunction::Metric, &[0, len, value], &mut memory).map(drop)
    }

    pub(crate) fn metadata_json(&mut self, key: &str, json: &Value) -> Result<(), Status> {
        let json = json.to_string();
        let (start, len) = (key.len() as u32, json.len() as u32);
        let mut memory = [key, &json].concat().into_bytes();
        self.call(HostFunction::MetadataJson, &[0, start, start, len], &mut memory).map(drop)
    }

    pub(crate) fn log(&mut self, message: &[u8]) {
        let len = message.len() as u32;
        self.call(HostFunction::Log, &[3, 0, len], &mut message.to_vec()).unwrap();
    }

    pub(crate) fn end(mut self, verdict: i32) -> Outcome {
        self.session.end(verdict).unwrap()
    }

    /// The words of the call's error, if the plugin gives up over a status.
    pub(crate) fn gives_up(mut self, status: Status) -> String {
        self.session.end(status.code()).unwrap_err().to_string()
    }

    fn reading(&mut self, function: HostFunction, at: At<'_>) -> Result<Vec<u8>, Status> {
        // Asks for the length first.
        let (args, mut memory) = arguments(at, b"");
        let len = self.call(function, &args, &mut memory)?;
        let (args, mut memory) = arguments(at, &vec![0; len]);
        assert_eq!(self.call(function, &args, &mut memory), Ok(len));
        let start = args[4] as usize;
        Ok(memory[start..start + len].to_vec())
    }

    fn writing(&mut self, function: HostFunction, at: At<'_>, value: &[u8]) -> Result<(), Status> {
        let (args, mut memory) = arguments(at, value);
        self.call(function, &args, &mut memory).map(drop)
    }

    fn call(
        &mut self,
        function: HostFunction,
        args: &[u32],
        memory: &mut [u8],
    ) -> Result<usize, Status> {
        let answer = self.session.dispatch(function, args, memory).unwrap();
        usize::try_from(answer).map_err(|_| Status::from_code(answer).unwrap())
    }
}

/// The six arguments of reading and writing, and a memory with the key and the other bytes in it.
fn arguments((field, index, key): At<'_>, bytes: &[u8]) -> ([u32; 6], Vec<u8>) {
    let mut memory = key.unwrap_or_default().as_bytes().to_vec();
    let start = memory.len() as u32;
    memory.extend_from_slice(bytes);
    let key_len = if key.is_some() { start } else { NO_KEY };
    ([field.number(), index, 0, key_len, start, bytes.len() as u32], memory)
}

/// A plugin in a call, and its memory, in which the arguments of host functions follow each other.
pub(crate) struct Caller {
    pub(crate) session: Session,
    pub(crate) memory: Vec<u8>,
}

impl Caller {
    /// A plugin that asks for access to the system.
    pub(crate) fn new(policy: Policy, request: Request, access: &[&str]) -> Self {
        let mut manifest = Manifest::new("guest", "1.0.0");
        manifest.hooks.push(HOOK.into());
        manifest.access = access.iter().map(|line| (*line).into()).collect();
        let mut session = Session::new(&manifest, policy, |_: &LogRecord<'_>| {}).unwrap();
        session.start(HOOK, request).unwrap();
        Self { session, memory: Vec::new() }
    }

    /// The pointer to bytes and their length.
    pub(crate) fn place(&mut self, bytes: &[u8]) -> [u32; 2] {
        let at = self.memory.len() as u32;
        self.memory.extend(bytes);
        [at, bytes.len() as u32]
    }

    /// The pointer to a key and its length, for a value or one of its entries.
    pub(crate) fn place_key(&mut self, key: Option<&[u8]>) -> [u32; 2] {
        key.map_or([0, NO_KEY], |key| self.place(key))
    }

    pub(crate) fn call(&mut self, function: HostFunction, args: &[u32]) -> i32 {
        self.session.dispatch(function, args, &mut self.memory).unwrap()
    }
}
