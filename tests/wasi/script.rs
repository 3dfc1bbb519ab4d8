//! Guests that call functions of WASI one after the other, and give what came of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cpex_wasmi::{Engine, Error, Plugin, Policy};

use crate::common::*;

/// The place of results, by position.
const RESULTS: usize = 60_000;

/// Functions to be called, in the order of the calls.
#[derive(Default)]
pub(crate) struct Script {
    imports: BTreeMap<String, String>,
    data: Vec<(usize, Vec<u8>)>,
    next: usize,
    body: String,
    calls: usize,
    shown: (usize, usize),
    pub(crate) init: bool,
}

/// A text in the guest's memory: pointer and length.
pub(crate) type Text = (i64, i64);

impl Script {
    pub(crate) fn new() -> Self {
        Self { next: 1024, ..Self::default() }
    }

    /// Puts a text into the guest's memory.
    pub(crate) fn text(&mut self, text: impl AsRef<[u8]>) -> Text {
        let text = text.as_ref();
        let at = self.next;
        self.data.push((at, text.to_vec()));
        self.next += text.len().next_multiple_of(8);
        (at as i64, text.len() as i64)
    }

    /// A list of buffers, each by pointer and length.
    pub(crate) fn buffers(&mut self, buffers: &[Text]) -> Text {
        let bytes: Vec<u8> = buffers
            .iter()
            .flat_map(|(at, len)| [(*at as u32).to_le_bytes(), (*len as u32).to_le_bytes()])
            .flatten()
            .collect();
        (self.text(bytes).0, buffers.len() as i64)
    }

    /// Calls a function; `types` has an `i` or `l` for each parameter. Gives the position of the result.
    pub(crate) fn call(&mut self, name: &str, types: &str, args: &[i64]) -> usize {
        assert_eq!(types.len(), args.len(), "{name}");
        let types = types.chars().map(|kind| if kind == 'l' { "i64" } else { "i32" });
        let types: Vec<&str> = types.collect();
        self.imports.insert(name.into(), types.join(" "));
        let args: Vec<String> = types
            .iter()
            .zip(args)
            .map(|(kind, arg)| {
                let arg = if *kind == "i32" { i64::from(*arg as i32) } else { *arg };
                format!("({kind}.const {arg})")
            })
            .collect();
        let at = RESULTS + self.calls;
        let call = format!("(call $wasi_{name} {})", args.join(" "));
        writeln!(self.body, "(i32.store8 (i32.const {at}) {call})").unwrap();
        self.calls += 1;
        self.calls - 1
    }

    /// Opens a path from a directory: with these flags, and rights to read (2) and write (64).
    pub(crate) fn open(
        &mut self,
        fd: i64,
        path: impl AsRef<[u8]>,
        flags: i64,
        rights: i64,
    ) -> usize {
        let (at, len) = self.text(path);
        let rights = rights | 0x07ff_ffff & !(2 | 64);
        self.call("path_open", "iiiiillii", &[fd, 1, at, len, flags, rights, -1, 0, 8])
    }

    /// Reads from a file to where texts are shown from.
    pub(crate) fn read(&mut self, fd: i64, len: i64) -> usize {
        let (list, count) = self.buffers(&[(32_768, len)]);
        self.shown = (32_768, len as usize);
        self.call("fd_read", "iiii", &[fd, list, count, 16])
    }

    pub(crate) fn write(&mut self, fd: i64, text: &str) -> usize {
        let text = self.text(text);
        let (list, count) = self.buffers(&[text]);
        self.call("fd_write", "iiii", &[fd, list, count, 16])
    }

    /// Does something with a path.
    pub(crate) fn path(&mut self, name: &str, fd: i64, path: &str) -> usize {
        let (at, len) = self.text(path);
        self.call(name, "iii", &[fd, at, len])
    }

    /// Shows a part of the memory at the end.
    pub(crate) fn show(&mut self, at: usize, len: usize) {
        self.shown = (at, len);
    }

    /// The module.
    pub(crate) fn module(&self, wishes: &[&str]) -> Vec<u8> {
        let mut imports = String::new();
        for (name, types) in &self.imports {
            let result = if name == "proc_exit" { "" } else { "(result i32)" };
            writeln!(
                imports,
                "(import \"wasi_snapshot_preview1\" \"{name}\" (func $wasi_{name} (param {types}) {result}))"
            )
            .unwrap();
        }
        let mut fields = String::new();
        for (at, bytes) in &self.data {
            writeln!(fields, "(data (i32.const {at}) \"{}\")", data(bytes)).unwrap();
        }
        let (body, calls, (at, len)) = (&self.body, self.calls, self.shown);
        let body = body.replace("(i32.store8 (i32.const 59999)", "(drop");
        let tell = format!(
            "(drop (call $deny_text (i32.const {at}) (i32.const {len}) (i32.const {RESULTS}) \
             (i32.const {calls}))) (i32.const 1)"
        );
        if self.init {
            write!(fields, "(func (export \"_initialize\") {body})").unwrap();
            write!(fields, "(func (export \"cpex_invoke\") (param i32) (result i32) {tell})")
        } else {
            write!(fields, "(func (export \"cpex_invoke\") (param i32) (result i32) {body} {tell})")
        }
        .unwrap();
        guest_importing(wishes, &imports, &fields)
    }

    /// Runs it once, and gives the results and what is shown.
    pub(crate) fn run(&self, wishes: &[&str], policy: Policy) -> (Vec<u8>, String) {
        results(&Plugin::load(&engine(), &self.module(wishes), policy).unwrap()).unwrap()
    }

    pub(crate) fn load(&self, engine: &Engine, wishes: &[&str], policy: Policy) -> Plugin {
        Plugin::load(engine, &self.module(wishes), policy).unwrap()
    }
}

/// Calls a script's plugin.
pub(crate) fn results(plugin: &Plugin) -> Result<(Vec<u8>, String), Error> {
    let outcome = call(plugin)?;
    let violation = outcome.decision.violation().unwrap();
    let shown = violation.code.trim_end_matches('\0').to_owned();
    Ok((violation.reason.bytes().collect(), shown))
}
