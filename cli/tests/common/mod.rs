//! Helpers for the tests of the command line: a place for files, guests in the text format, and a
//! way to run the binary.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

pub(crate) mod calling;

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cpex_wasmi::abi::codec;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const HOOK: &str = "cmf.tool_pre_invoke";

/// A tool call with two arguments.
pub(crate) const PAYLOAD: &str = r#"{"message": {"role": "assistant", "content": [
    {"content_type": "tool_call", "content": {"tool_call_id": "call-1", "name": "search",
     "arguments": {"ssn": "123-45-6789", "limit": 3}}}]}}"#;

/// A folder of its own for one test, in which the binary runs.
pub(crate) struct Place(TempDir);

impl Place {
    /// A place with [`PAYLOAD`] in `payload.json`.
    pub(crate) fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        place.file("payload.json", PAYLOAD);
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs the binary with nothing on its standard input.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.run_with(args, "")
    }

    pub(crate) fn run_with<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
        stdin: &str,
    ) -> Ran {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may end without reading.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cpex-wasmi"));
        command.args(args).current_dir(self.path());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command
    }
}

/// The result of a run of the binary.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let ran = Self {
            status: output.status.code().expect("an exit status, not a signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!ran.stderr.contains("panicked at"), "{}", ran.stderr);
        ran
    }
}

impl Ran {
    /// Checks the exit status, and shows everything if it is another.
    #[track_caller]
    pub(crate) fn gives(self, status: i32) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert_eq!(self.status, status, "\nstdout:\n{stdout}\nstderr:\n{stderr}");
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "not {text:?} in:\n{}", self.stdout);
        self
    }

    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "not {text:?} in:\n{}", self.stderr);
        self
    }

    /// The one JSON object on the standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// A plugin in wasm's text format.
pub(crate) struct Guest<'a> {
    pub(crate) name: &'a str,
    pub(crate) hooks: &'a [&'a str],
    pub(crate) capabilities: &'a [&'a str],
    pub(crate) access: &'a [&'a str],
    pub(crate) stateful: bool,
    pub(crate) schema: Option<&'a str>,
    pub(crate) abi: (u16, u16),
    /// Imports, each a name and its number of parameters.
    pub(crate) imports: &'a [(&'a str, usize)],
    /// The content of its memory, from address 0.
    pub(crate) data: &'a str,
    /// The body of `cpex_invoke`.
    pub(crate) body: &'a str,
}

impl Default for Guest<'_> {
    fn default() -> Self {
        Self {
            name: "guest",
            hooks: &[HOOK],
            capabilities: &[],
            access: &[],
            stateful: false,
            schema: None,
            abi: (1, 0),
            imports: &[],
            data: "",
            body: "i32.const 0",
        }
    }
}

impl Guest<'_> {
    pub(crate) fn wat(&self) -> String {
        let Self { name, hooks, capabilities, access, stateful, schema, .. } = self;
        let mut manifest = Vec::new();
        codec::encode(&self.abi, &mut manifest).unwrap();
        let body = (name, "1.2.3", "Does what a test wants", hooks, capabilities, access, stateful);
        codec::encode(&(body, schema), &mut manifest).unwrap();
        let mut text = String::from("(module\n");
        for (name, params) in self.imports {
            let params = "i32 ".repeat(*params);
            text.push_str(&format!(
                "(import \"cpex\" \"{name}\" (func ${name} (param {params}) (result i32)))\n"
            ));
        }
        text.push_str(&format!(
            "(memory (export \"memory\") 1)\n(data (i32.const 0) \"{}\")\n\
             (func (export \"cpex_invoke\") (param i32) (result i32) {})\n\
             (@custom \"cpex.manifest\" \"{}\"))",
            escaped(self.data.as_bytes()),
            self.body,
            escaped(&manifest),
        ));
        text
    }

    pub(crate) fn wasm(&self) -> Vec<u8> {
        wat::parse_str(self.wat()).unwrap()
    }
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// Calls `function` with a field, an index, a key and a value, the texts being parts of `data`.
pub(crate) fn write(
    data: &str,
    function: &str,
    field: u32,
    key: Option<&str>,
    value: &str,
) -> String {
    let place =
        |text: &str| format!("i32.const {} i32.const {}", data.find(text).unwrap(), text.len());
    let key = key.map_or_else(|| "i32.const 0 i32.const -1".into(), place);
    format!("i32.const {field} i32.const 0 {key} {} call ${function} drop\n", place(value))
}
