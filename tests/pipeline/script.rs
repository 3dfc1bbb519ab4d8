//! Plugins that make host calls, one after the other.

use std::fmt::Write as _;

use cpex_wasmi::Manifest;
use cpex_wasmi::abi::{Field, HostFunction, IMPORT_MODULE, NO_INDEX, NO_KEY, Status, codec};
use serde_json::Value;

use crate::common::boundary::At;
use crate::common::{HOOK, data, module, with_section};

/// The place for what was read, after the texts.
const BUFFER: u32 = 0x8000;

/// For an index: a new one.
pub(crate) const APPEND: u32 = NO_INDEX;

/// A plugin that makes these calls and allows. A call that the host refuses ends it, with that
/// status; one that was to be refused and is not, with a result that is none.
#[derive(Clone)]
pub(crate) struct Script<'a> {
    hook: &'a str,
    capabilities: Vec<&'a str>,
    calls: Vec<(String, Option<Status>)>,
    texts: Vec<u8>,
}

impl<'a> Script<'a> {
    /// A plugin for the tool's first hook, which asks for these capabilities.
    pub(crate) fn new(capabilities: &[&'a str]) -> Self {
        let capabilities = capabilities.to_vec();
        Self { hook: HOOK, capabilities, calls: Vec::new(), texts: Vec::new() }
    }

    pub(crate) fn on(self, hook: &'a str) -> Self {
        Self { hook, ..self }
    }

    pub(crate) fn text(mut self, at: At<'_>, text: &str) -> Self {
        let (at, value) = (self.at(at), self.put(text));
        self.call("write_text", &format!("{at} {value}"))
    }

    pub(crate) fn json(mut self, at: At<'_>, json: &Value) -> Self {
        let (at, value) = (self.at(at), self.put(&json.to_string()));
        self.call("write_json", &format!("{at} {value}"))
    }

    pub(crate) fn remove(mut self, at: At<'_>) -> Self {
        let at = self.at(at);
        self.call("remove", &at)
    }

    pub(crate) fn read(mut self, at: At<'_>) -> Self {
        let at = self.at(at);
        self.call("read_json", &format!("{at} (i32.const {BUFFER}) (i32.const {BUFFER})"))
    }

    /// Reads a value as JSON and keeps it in its own state.
    pub(crate) fn keep(self, at: At<'_>, name: &str) -> Self {
        let mut read = self.read(at);
        let at = read.at((Field::ContextLocal, 0, Some(name)));
        read.call("write_json", &format!("{at} (i32.const {BUFFER}) (local.get $result)"))
    }

    /// Reads a value as text and keeps it in its own state.
    pub(crate) fn keep_text(self, at: At<'_>, name: &str) -> Self {
        self.copy_text(at, (Field::ContextLocal, 0, Some(name)))
    }

    /// Reads a value as text and writes it to another place.
    pub(crate) fn copy_text(mut self, from: At<'_>, to: At<'_>) -> Self {
        let (from, to) = (self.at(from), self.at(to));
        self.call("read_text", &format!("{from} (i32.const {BUFFER}) (i32.const {BUFFER})"))
            .call("write_text", &format!("{to} (i32.const {BUFFER}) (local.get $result)"))
    }

    /// The last call is to be refused.
    pub(crate) fn refused(mut self, with: Status) -> Self {
        self.calls.last_mut().unwrap().1 = Some(with);
        self
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        assert!(self.texts.len() < BUFFER as usize);
        let mut body = String::new();
        for (position, (call, refused)) in (1..).zip(&self.calls) {
            let stop = match refused {
                None => "(i32.lt_s (local.get $result) (i32.const 0)) \
                    (then (return (local.get $result)))"
                    .into(),
                // The result tells which call it was, by the thousand.
                Some(status) => format!(
                    "(i32.ne (local.get $result) (i32.const {})) \
                    (then (return (i32.add (i32.const {}) (local.get $result))))",
                    status.code(),
                    1000_i32.saturating_mul(position)
                ),
            };
            writeln!(body, "(local.set $result {call}) (if {stop})").unwrap();
        }
        let mut imports = String::new();
        for function in HostFunction::ALL {
            let name = function.info().name;
            let params = " i32".repeat(function.arity());
            imports += &format!(
                r#"(import "{IMPORT_MODULE}" "{name}" (func ${name} (param{params}) (result i32)))"#
            );
        }
        let module = module(&format!(
            r#"{imports} (memory (export "memory") 1) (data (i32.const 0) "{}")
            (func (export "cpex_invoke") (param i32) (result i32) (local $result i32)
            {body} (i32.const 0))"#,
            data(&self.texts)
        ));
        with_section(module, Manifest::SECTION, &self.manifest())
    }

    fn manifest(&self) -> Vec<u8> {
        let (hooks, none): (_, [&str; 0]) = ([self.hook], []);
        let capabilities = self.capabilities.as_slice();
        let body = ("guest", "1.0.0", "", hooks.as_slice(), capabilities, none.as_slice(), false);
        let mut manifest = Vec::new();
        codec::encode(&(1_u16, 0_u16), &mut manifest).unwrap();
        codec::encode(&(body, None::<&str>), &mut manifest).unwrap();
        manifest
    }

    fn call(mut self, function: &str, arguments: &str) -> Self {
        self.calls.push((format!("(call ${function} {arguments})"), None));
        self
    }

    fn at(&mut self, (field, index, key): At<'_>) -> String {
        let key = match key {
            Some(key) => self.put(key),
            None => format!("(i32.const 0) (i32.const {NO_KEY})"),
        };
        format!("(i32.const {}) (i32.const {index}) {key}", field.number())
    }

    /// A text's place and length.
    fn put(&mut self, text: &str) -> String {
        let start = self.texts.len();
        self.texts.extend_from_slice(text.as_bytes());
        format!("(i32.const {start}) (i32.const {})", text.len())
    }
}
