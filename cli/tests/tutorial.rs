//! `docs/tutorial.md`: each command in it is run, and prints what it shows.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::Place;

const TUTORIAL: &str = include_str!("../../docs/tutorial.md");

/// Set where there has to be a compiler for wasm.
const INSIST: &str = "CPEX_WASMI_BUILDS_WASM";

/// A fenced block: its language, the line before it, and its text.
struct Block {
    language: &'static str,
    before: &'static str,
    text: String,
}

fn blocks() -> Vec<Block> {
    let mut parts = TUTORIAL.split("\n```");
    let mut before = parts.next().unwrap();
    let mut blocks = Vec::new();
    while let (Some(block), Some(after)) = (parts.next(), parts.next()) {
        let (language, text) = block.split_once('\n').unwrap_or((block, ""));
        let before_it = before.trim_end().lines().last().unwrap_or("");
        blocks.push(Block { language, before: before_it, text: format!("{text}\n") });
        before = after;
    }
    blocks
}

/// A text with each number as a `#`: fuel and digests depend on the compiler.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for char in text.trim().chars() {
        match char {
            '0'..='9' | ',' | '.' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            _ => out.push(char),
        }
    }
    out
}

/// A reader of the tutorial, in a folder of its own. Builds share what the tests of `new` have built.
struct Reader {
    place: Place,
    folder: PathBuf,
    target: PathBuf,
}

impl Reader {
    fn new() -> Self {
        let place = Place::new();
        let folder = place.path().to_owned();
        let target = Path::new(env!("CARGO_BIN_EXE_cpex-wasmi")).with_file_name("scaffolded-lean");
        Self { place, folder, target }
    }

    /// Writes the block to the file that the line before it names.
    fn write(&self, block: &Block) {
        let path = block.before.split('`').nth(1).unwrap();
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &block.text).unwrap();
    }

    /// The path that a reader means: what is built is in a folder of ours.
    fn path(&self, text: &str) -> PathBuf {
        match text.split_once("target/") {
            Some(("" | "../transfer-limit/", built)) => self.target.join(built),
            _ => self.folder.join(text),
        }
    }

    fn copy(&self, from: &str, to: &str) {
        std::fs::copy(self.path(from), self.path(to)).unwrap();
    }

    /// Runs a command of the tutorial and gives all that it prints.
    fn run(&mut self, line: &str) -> String {
        let line = line.split(" #").next().unwrap().trim();
        let (program, args) = line.split_once(' ').unwrap();
        let args: Vec<_> = args.split(' ').collect();
        let mut command = match program {
            "cd" => {
                self.folder.push(args[0]);
                return String::new();
            }
            "cpex-wasmi" => Command::new(env!("CARGO_BIN_EXE_cpex-wasmi")),
            "cargo" => Command::new(env!("CARGO")),
            other => Command::new(other),
        };
        let paths = args.iter().map(|text| match text.strip_prefix("target/") {
            Some(_) => self.path(text).into_os_string(),
            None => text.into(),
        });
        command.args(paths).current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.target);
        command.env_remove("RUSTFLAGS").env("COLUMNS", "100");
        let printed = self.finish(&mut command);
        if program == "cpex-wasmi" && args.first() == Some(&"new") {
            // What this workspace has locked, so that nothing has to be resolved.
            let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
            std::fs::copy(lock, self.folder.join("transfer-limit/Cargo.lock")).unwrap();
        }
        printed
    }

    fn finish(&self, command: &mut Command) -> String {
        let output = command.output().unwrap();
        let printed = [output.stderr, output.stdout].concat();
        // Paths of builds are those of this checkout.
        let printed = String::from_utf8(printed).unwrap();
        printed.replace(&format!("{}/", self.target.display()), "target/")
    }
}

#[test]
fn the_program_is_the_example() {
    let example = include_str!("../../examples/deploy.rs");
    let program = example.split_once("\n\n").unwrap().1;
    assert!(blocks().iter().any(|block| block.text == program));
}

#[test]
fn each_command_prints_what_the_tutorial_shows() {
    let deploy = Path::new(env!("CARGO_BIN_EXE_cpex-wasmi")).with_file_name("examples/deploy");
    let mut reader = Reader::new();
    let mut printed = String::new();
    for block in blocks() {
        match block.language {
            "console" => {
                printed.clear();
                let text = block.text.replace("\\\n", " ");
                for line in text.lines().filter_map(|line| line.strip_prefix("$ ")) {
                    let words: Vec<_> = line.split_whitespace().collect();
                    match &words[..] {
                        // The host: its program is an example of this checkout, which is built with the tests.
                        ["cargo", "run", ..] => {
                            if !deploy.exists() {
                                assert!(std::env::var_os(INSIST).is_none(), "{}", deploy.display());
                                eprintln!(
                                    "the end is not tested: `cargo test-all --examples` builds its program"
                                );
                                return;
                            }
                            let mut command = Command::new(&deploy);
                            command.current_dir(&reader.folder);
                            printed = reader.finish(&mut command);
                        }
                        // What a reader installs once is there.
                        ["cargo", "install", ..] | ["rustup", ..] => {}
                        ["cargo", "new", path] => {
                            std::fs::create_dir(reader.folder.join(path)).unwrap();
                        }
                        ["cp", from, to] => reader.copy(from, to),
                        ["mkdir", path] => std::fs::create_dir(reader.folder.join(path)).unwrap(),
                        _ => printed = reader.run(&words.join(" ")),
                    }
                    if printed.contains("error[no_wasm_target]") {
                        assert!(std::env::var_os(INSIST).is_none(), "{printed}");
                        eprintln!("not tested, as no compiler here builds modules:\n{printed}");
                        return;
                    }
                }
            }
            "text" => {
                let printed = without_numbers(&printed);
                for part in without_numbers(&block.text).split('…') {
                    assert!(printed.contains(part.trim()), "\n{printed}\n--- shown:\n{part}");
                }
            }
            _ => reader.write(&block),
        }
    }
    drop(reader.place);
}
