//! `call --watch`: a call whenever a file that it reads has changed.
//!
//! The files are looked at, several times a second, and not subscribed to: that works on each file system, and with editors that
//! put a new file in the place of the old one.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::args::CallArgs;
use crate::failure::{Exit, Failure, Form};
use crate::input::Source;
use crate::style::{DIM, paint};
use crate::terminal;

/// The time between two looks at the files.
const INTERVAL: Duration = Duration::from_millis(100);

/// The state of a file: when it was written and its length in bytes. `None` if it cannot be had.
type State = Option<(SystemTime, u64)>;

/// Calls, waits for a change, and calls again. It ends when nobody reads the output any more.
pub(super) fn run(args: &CallArgs) -> Result<Exit, Failure> {
    let files = files(args)?;
    loop {
        // Before the call: a change during it is one after it.
        let before = states(&files);
        let exit = match super::once(args) {
            Ok(exit) => exit,
            Err(failure) => {
                failure.report(if args.json { Form::Json(super::failed()) } else { Form::Text })
            }
        };
        if terminal::is_unread() {
            return Ok(exit);
        }
        let waits = format!("waiting for a change of {}", named(&files));
        terminal::note(&format!("{}\n", paint(DIM, cpex_wasmi::visible(&waits))));
        wait(&files, &before);
    }
}

/// The files to look at. There is no second call of what is read from the standard input.
fn files(args: &CallArgs) -> Result<Vec<&Path>, Failure> {
    let mut files = Vec::new();
    for (option, source) in args.subject.sources() {
        match source {
            Some(Source::Stdin) => {
                return Err(Failure::usage(format!(
                    "`--watch` cannot read `{option}` from the standard input again; give a file"
                )));
            }
            Some(Source::File(path)) => files.push(path.as_path()),
            Some(Source::Inline(_)) | None => {}
        }
    }
    Ok(files)
}

fn named(files: &[&Path]) -> String {
    let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    names.join(", ")
}

fn states(files: &[&Path]) -> Vec<State> {
    files.iter().map(|file| state(file)).collect()
}

fn state(file: &Path) -> State {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Waits until a file has changed, and is still for one interval.
fn wait(files: &[&Path], before: &[State]) {
    let mut last = before.to_vec();
    loop {
        thread::sleep(INTERVAL);
        let now = states(files);
        if now != before && now == last {
            return;
        }
        last = now;
    }
}
