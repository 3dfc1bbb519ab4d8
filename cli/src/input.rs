//! Files and the standard input, and JSON from them.

mod numbers;
mod pinpoint;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cpex_wasmi::model::Strict;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Track;

use crate::failure::Failure;
use crate::terminal;

pub(crate) use pinpoint::payload;

/// The largest input that is read, in bytes. It keeps `/dev/zero` from filling the memory.
const MAX_BYTES: usize = 64 << 20;

/// The source of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The standard input, given as `-`.
    Stdin,
    /// A file.
    File(PathBuf),
    /// The text itself, given in place of a file.
    Inline(String),
}

impl From<OsString> for Source {
    fn from(text: OsString) -> Self {
        if text == "-" { Self::Stdin } else { Self::File(text.into()) }
    }
}

impl Source {
    /// As [`From`], but what begins with `{` is the input itself. A file of such a name is `./{…`.
    pub(crate) fn or_inline(text: OsString) -> Self {
        match text.into_string() {
            Ok(text) if text.trim_start().starts_with(['{', '[']) => Self::Inline(text),
            Ok(text) => OsString::from(text).into(),
            Err(text) => text.into(),
        }
    }

    /// The name for messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin => "standard input".into(),
            Self::File(path) => path.display().to_string(),
            Self::Inline(_) => "the JSON given".into(),
        }
    }

    /// Reads bytes: all of them, or one more than `most`. `what` says what they are for.
    pub(crate) fn up_to(&self, most: usize, what: &str) -> Result<Vec<u8>, Failure> {
        let bytes = match self {
            Self::Stdin => start(io::stdin().lock(), most),
            Self::File(path) => open(path).and_then(|file| start(file, most)),
            Self::Inline(text) => Ok(text.clone().into_bytes()),
        };
        bytes.map_err(|problem| {
            Failure::input(format!("{}: cannot read {what}: {problem}", self.name()))
        })
    }

    /// Reads text. `what` says what it is for, as in `the payload`.
    pub(crate) fn text(&self, what: &str) -> Result<String, Failure> {
        let bytes = self.up_to(MAX_BYTES, what)?;
        if bytes.len() > MAX_BYTES {
            let most = MAX_BYTES >> 20;
            let name = self.name();
            return Err(Failure::input(format!(
                "{name}: cannot read {what}: it has more than {most} MiB"
            )));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Failure::input(format!(
                "{}: cannot read {what}: it is not UTF-8 text, at byte {at}",
                self.name()
            ))
        })?;
        // Some editors put a byte order mark first.
        Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        })
    }
}

/// Refuses more than one `-`.
pub(crate) fn one_stdin<'a>(
    sources: impl IntoIterator<Item = (&'static str, Option<&'a Source>)>,
) -> Result<(), Failure> {
    let from_stdin: Vec<_> = sources
        .into_iter()
        .filter_map(|(option, source)| (source == Some(&Source::Stdin)).then_some(option))
        .collect();
    if from_stdin.len() > 1 {
        let options = from_stdin.join("` and `");
        return Err(Failure::usage(format!(
            "`{options}` are both `-`, but there is one standard input; give files for the others"
        )));
    }
    Ok(())
}

/// Opens a file; the error says what to change.
fn open(path: &Path) -> Result<File, String> {
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "the file does not exist".into(),
        _ => error.to_string(),
    })?;
    match file.metadata() {
        Ok(metadata) if metadata.is_dir() => Err("it is a directory; give a file in it".into()),
        _ => Ok(file),
    }
}

/// Reads all of it, or one byte more than `most`.
fn start(reader: impl Read, most: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut reader = reader.take(u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1));
    reader.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Reads JSON. Warns of keys that are not known, which have no effect.
pub(crate) fn json<T: DeserializeOwned>(source: &Source, what: &str) -> Result<T, Failure> {
    let text = source.text(what)?;
    parse(&text, source, what).map_err(|malformed| malformed.failure)
}

/// Reads a value of JSON.
pub(crate) fn value(text: &str) -> Result<Value, String> {
    let Strict(value) = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match numbers::beyond_64_bits(text) {
        Some(number) => Err(number.problem()),
        None => Ok(value),
    }
}

/// Reads a value of JSON. What is no JSON is a text, but for what begins as only JSON does, and numbers that no value
/// can have.
pub(crate) fn value_or_text(text: &str) -> Result<Value, String> {
    match value(text) {
        Err(_) if !text.trim_start().starts_with(['{', '[', '"']) && !is_number(text) => {
            Ok(text.into())
        }
        read => read,
    }
}

/// True for what is written as a number, such as `1e999`.
fn is_number(text: &str) -> bool {
    text.trim().parse::<f64>().is_ok() && text.trim().ends_with(|last: char| last.is_ascii_digit())
}

/// JSON that is not what it should be.
struct Malformed {
    failure: Failure,
    /// True if it is JSON at all.
    is_json: bool,
    /// The path to the value that is wrong.
    path: String,
}

fn parse<T: DeserializeOwned>(text: &str, source: &Source, what: &str) -> Result<T, Malformed> {
    let name = source.name();
    if text.trim().is_empty() {
        let failure = Failure::input(format!("{name}: it is empty; {what} must be a JSON object"));
        return Err(Malformed { failure, is_json: false, path: String::new() });
    }
    // A key that stands twice is refused wherever it is: of most types, the last one would win.
    read::<Strict>(text, &name, what, &mut |_| {})?;
    if let Some(number) = numbers::beyond_64_bits(text) {
        let (line, column) = number.place();
        let failure =
            Failure::input(format!("{name}:{line}:{column}: in {what}: {}", number.problem()));
        return Err(Malformed { failure, is_json: true, path: String::new() });
    }
    let mut unknown = Vec::new();
    let value = read(text, &name, what, &mut |key| unknown.push(key))?;
    if !unknown.is_empty() {
        terminal::warn(&format!(
            "{name}: in {what}, not known to this version and not seen by the plugin: `{}`",
            unknown.join("`, `")
        ));
    }
    Ok(value)
}

/// Reads all of a text, and names the keys that are not known.
fn read<T: DeserializeOwned>(
    text: &str,
    name: &str,
    what: &str,
    unknown: &mut dyn FnMut(String),
) -> Result<T, Malformed> {
    let mut track = Track::new();
    let mut reader = serde_json::Deserializer::from_str(text);
    let deserializer = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    let value = serde_ignored::deserialize(deserializer, |path| unknown(path_of(&path).join(".")))
        .map_err(|error| malformed(&error, &track.path().to_string(), name, what))?;
    reader.end().map_err(|error| malformed(&error, ".", name, what))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error, path: &str, name: &str, what: &str) -> Malformed {
    let (line, column) = (error.line(), error.column());
    let message = without_place(error);
    let is_json = error.is_data();
    // Where the syntax is wrong, line and column say it all; where an enum is, the path ends in a
    // step that has no name.
    let path = path.trim_end_matches('?').trim_end_matches('.').to_owned();
    let at = match path.as_str() {
        _ if !is_json => "not valid JSON: ".into(),
        "" => String::new(),
        path => format!("`{path}`: "),
    };
    let failure = Failure::input(format!("{name}:{line}:{column}: in {what}: {at}{message}"));
    Malformed { failure, is_json, path }
}

/// The message of an error without the place, which stands elsewhere.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(message) => message.to_owned(),
        None => text,
    }
}

/// The keys on the way to a value.
fn path_of(path: &serde_ignored::Path<'_>) -> Vec<String> {
    use serde_ignored::Path;
    let (parent, key) = match path {
        Path::Root => return Vec::new(),
        Path::Seq { parent, index } => (*parent, Some(index.to_string())),
        Path::Map { parent, key } => (*parent, Some(key.clone())),
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => (*parent, None),
    };
    let mut keys = path_of(parent);
    keys.extend(key);
    keys
}
