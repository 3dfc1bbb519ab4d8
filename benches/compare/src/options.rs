//! The command line.

use std::path::PathBuf;

use crate::Result;

pub const HELP: &str = "\
Measures CPEX policies natively, in cpex-wasmi and in other sandboxes, and writes what it finds
to docs/performance.md and docs/performance/.

cargo compare [--quick] [--only NAME]... [--no-sizes] [--no-loop] [--out DIR]
cargo compare --rows texts [--quick] [--only NAME]...
cargo compare gallery [--quick]

gallery      only measure the plugins that scripts/build-gallery has built, and write the table of
             examples/gallery/README.md
--quick      few samples: to see it work, not to rely on
--only NAME  only engines whose name contains NAME, and native Rust; may be repeated
--no-sizes   do not build the programs whose size is measured, which takes minutes the first time
--no-loop    do not build cpex-wasmi once more, with `portable-dispatch`, to measure its calls
--rows texts only measure work on texts, and print its tables
--out DIR    write performance.md and performance/ to DIR
--help       show this";

pub struct Options {
    pub quick: bool,
    pub only: Vec<String>,
    pub sizes: bool,
    pub by_loop: bool,
    pub out: PathBuf,
    /// True if only work on texts is to be measured.
    pub only_texts: bool,
    /// As it was given.
    pub command: String,
}

impl Options {
    /// The options of a command line, without the program's name; `None`: help was asked for.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let docs = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"));
        let mut options = Self {
            quick: false,
            only: Vec::new(),
            sizes: true,
            by_loop: true,
            out: docs,
            only_texts: false,
            command: "cargo compare".into(),
        };
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let value = arguments.next_if(|next| !next.starts_with("--"));
                value.ok_or_else(|| format!("`{argument}` needs a value; see --help"))
            };
            let shown = match &*argument {
                "--quick" => {
                    options.quick = true;
                    argument
                }
                "--no-sizes" => {
                    options.sizes = false;
                    argument
                }
                "--no-loop" => {
                    options.by_loop = false;
                    argument
                }
                "--only" => {
                    let name = value()?;
                    let shown = format!("--only '{name}'");
                    options.only.push(name);
                    shown
                }
                "--rows" => match &*value()? {
                    "texts" => {
                        options.only_texts = true;
                        "--rows texts".into()
                    }
                    other => return Err(format!("there are no rows `{other}`; see --help").into()),
                },
                "--out" => {
                    options.out = value()?.into();
                    "--out DIR".into()
                }
                "--help" | "-h" => return Ok(None),
                _ => return Err(format!("unknown argument `{argument}`; see --help").into()),
            };
            options.command = format!("{} {shown}", options.command);
        }
        Ok(Some(options))
    }

    /// True if an engine is to be measured.
    pub fn includes(&self, engine: &str) -> bool {
        let engine = engine.to_lowercase();
        engine == "native"
            || self.only.is_empty()
            || self.only.iter().any(|name| engine.contains(&name.to_lowercase()))
    }
}
