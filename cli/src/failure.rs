//! Failures of commands, and the exit status of each.

use std::process::ExitCode;

use cpex_wasmi::{ErrorKind, Place, Receipt};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::style::{self, DIM, ERROR, HINT, paint};
use crate::terminal::Unwritten;
use crate::{fit, json, terminal};

/// The exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The plugin allows, or all is well.
    Allow = 0,
    /// The plugin denies.
    Deny = 1,
    /// The arguments or an input are wrong.
    Usage = 2,
    /// The module or the call failed.
    Failed = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The form of a failure's message.
pub(crate) enum Form {
    /// To people, on the standard error.
    Text,
    /// As an object on the standard output: the key `error`, beside these, which the command always prints. Of them,
    /// `problems` and `receipt` are filled in.
    Json(Map<String, Value>),
}

/// The failure of a command.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    problems: Vec<Problem>,
    hint: Option<String>,
    /// Boxed, as few failures have one.
    receipt: Option<Box<Receipt>>,
    /// More that is known, as a member of the object and as lines for people.
    more: Option<Box<(&'static str, Value, String)>>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// A stable code.
    pub(crate) code: &'static str,
    /// The fault and what to change, on one line.
    pub(crate) message: String,
    /// The file, if it is one that stands in the arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// The line in it, and the column, both counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<u32>,
    /// The path of the value in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
}

impl Problem {
    /// The problem for people, as a line.
    pub(crate) fn render(&self) -> String {
        let label = format!("error[{}]", self.code);
        format!("{}: {}\n", paint(ERROR, label), cpex_wasmi::visible(&self.told()))
    }

    /// The message, with the place before it.
    fn told(&self) -> String {
        let mut told = String::new();
        if let Some(file) = &self.file {
            told.push_str(file);
            if let (Some(line), Some(column)) = (self.line, self.column) {
                told.push_str(&format!(":{line}:{column}"));
            }
            told.push_str(": ");
        }
        told.push_str(&self.message);
        told
    }

    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        let (file, line, column, path) = (None, None, None, None);
        Self { code, message: message.into(), file, line, column, path }
    }

    /// Says where it stands.
    #[must_use]
    pub(crate) fn at(self, place: Option<Place>) -> Self {
        let (line, column) = (place.map(|place| place.line), place.map(|place| place.column));
        Self { line, column, ..self }
    }
}

impl From<&cpex_wasmi::Problem> for Problem {
    fn from(problem: &cpex_wasmi::Problem) -> Self {
        let new = Self::new(problem.kind.code(), problem.message.as_str());
        Self { path: problem.path.clone(), ..new }.at(problem.place)
    }
}

/// A failure in JSON.
#[derive(Serialize)]
struct JsonError {
    code: &'static str,
    message: String,
    /// All that is wrong, if that is more than one thing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Problem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Failure {
    /// The arguments do not make sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// A file that was given cannot be used.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "invalid_input", message)
    }

    /// A file that was given has all these problems.
    pub(crate) fn inputs(problems: Vec<Problem>) -> Self {
        Self { exit: Exit::Usage, problems, hint: None, receipt: None, more: None }
    }

    /// All of these problems are in the way, through no fault of the arguments.
    pub(crate) fn all(problems: Vec<Problem>) -> Self {
        Self { exit: Exit::Failed, ..Self::inputs(problems) }
    }

    /// The plugin does not handle the hook that was asked for.
    pub(crate) fn unknown_hook(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, ErrorKind::UnknownHook.code(), message)
    }

    /// The operation failed, through no fault of the arguments.
    pub(crate) fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, code, message)
    }

    fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        let problems = vec![Problem::new(code, message)];
        Self { exit, problems, hint: None, receipt: None, more: None }
    }

    /// Says what to do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts something before each message, such as the call it is about.
    #[must_use]
    pub(crate) fn within(mut self, place: &str) -> Self {
        for problem in &mut self.problems {
            problem.message = format!("{place}: {}", problem.message);
        }
        self
    }

    /// Adds more that is known: a member of the object, and lines for people.
    #[must_use]
    pub(crate) fn with(mut self, key: &'static str, value: Value, lines: String) -> Self {
        self.more = Some(Box::new((key, value, lines)));
        self
    }

    /// Says which file it is about.
    #[must_use]
    pub(crate) fn of_file(mut self, name: &str) -> Self {
        for problem in &mut self.problems {
            problem.file = Some(name.into());
        }
        self
    }

    /// Tells it, and gives the exit status.
    pub(crate) fn report(self, form: Form) -> Exit {
        let (exit, text) = (self.exit, self.render());
        let Form::Json(keys) = form else {
            terminal::err(&text);
            return exit;
        };
        let line = json::line(&self.into_json(keys));
        // That it cannot be written is the lesser failure of the two, and may be the same.
        if let Err(unwritten) = terminal::out(&line) {
            terminal::err(&text);
            let other = Self::from(unwritten).render();
            if other != text {
                terminal::err(&other);
            }
        }
        exit
    }

    /// True if it is the arguments or an input that are wrong.
    pub(crate) fn is_usage(&self) -> bool {
        self.exit == Exit::Usage
    }

    /// All that is wrong.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    fn into_json(self, mut keys: Map<String, Value>) -> Map<String, Value> {
        let Self { mut problems, hint, receipt, more, .. } = self;
        if let Some(key) = keys.get_mut("problems") {
            *key = json!(problems);
        }
        if let Some(key) = keys.get_mut("receipt") {
            *key = json!(receipt);
        }
        keys.extend(more.map(|more| (more.0.to_owned(), more.1)));
        let code = problems.first().map_or("internal", |problem| problem.code);
        let messages: Vec<_> = problems.iter().map(Problem::told).collect();
        let message = messages.join("; ");
        if matches!(problems.as_slice(), [only] if only.line.is_none()) {
            problems.clear();
        }
        keys.insert("error".into(), json!(JsonError { code, message, problems, hint }));
        keys
    }

    fn render(&self) -> String {
        let mut out = String::new();
        for problem in &self.problems {
            out.push_str(&problem.render());
        }
        if let Some(hint) = &self.hint {
            out.push_str(&format!("{}: {}\n", paint(HINT, "hint"), cpex_wasmi::visible(hint)));
        }
        if let Some(receipt) = &self.receipt {
            out.push_str(&format!("{}\n", paint(DIM, fit::parts(&style::receipt(receipt)))));
        }
        if let Some(more) = &self.more {
            out.push_str(&more.2);
        }
        out
    }
}

impl From<cpex_wasmi::Error> for Failure {
    fn from(error: cpex_wasmi::Error) -> Self {
        let exit = match error.kind() {
            ErrorKind::InvalidPolicy | ErrorKind::UnknownHook => Exit::Usage,
            _ => Exit::Failed,
        };
        let problems = match error.problems() {
            [_, _, ..] => error.problems().iter().map(Problem::from).collect(),
            _ => vec![Problem::new(error.code(), error.to_string())],
        };
        // What takes long in a build without optimisation need not with it.
        let is_slow = cfg!(debug_assertions) && error.kind() == ErrorKind::Timeout;
        let hint = "this tool was built without optimisation, so that calls take many times as \
                    long; `cargo install --path cli` builds an optimised one";
        Self {
            exit,
            problems,
            hint: is_slow.then(|| hint.into()),
            receipt: error.receipt().copied().map(Box::new),
            more: None,
        }
    }
}

impl From<Unwritten> for Failure {
    fn from(Unwritten(error): Unwritten) -> Self {
        Self::failed("output", format!("the result cannot be written: {error}"))
    }
}
