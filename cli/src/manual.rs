//! `completions` and `man`: files for shells and for `man`, made from the arguments that the commands have.

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::failure::{Exit, Failure};
use crate::terminal;

/// Prints a shell's completions.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "cpex-wasmi", &mut script);
    terminal::out(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Allow)
}

/// Prints one page, or writes all.
pub(crate) fn man(args: &ManArgs) -> Result<Exit, Failure> {
    let mut root = Cli::command().disable_help_subcommand(true);
    // It gives the commands their whole names, such as `cpex-wasmi-call`.
    root.build();
    match &args.output {
        Some(dir) => write_all(&root, dir)?,
        None => terminal::out(&page(command(&root, args.of.as_deref())?))?,
    }
    Ok(Exit::Allow)
}

fn command<'a>(root: &'a Command, name: Option<&str>) -> Result<&'a Command, Failure> {
    let Some(name) = name else { return Ok(root) };
    root.find_subcommand(name).ok_or_else(|| {
        let known: Vec<_> = root.get_subcommands().map(Command::get_name).collect();
        Failure::usage(format!("there is no command `{name}`; there are `{}`", known.join("`, `")))
    })
}

fn page(command: &Command) -> String {
    let mut page = Vec::new();
    // Nothing fails to be written to memory.
    let _ = Man::new(command.clone()).render(&mut page);
    String::from_utf8_lossy(&page).into_owned()
}

fn write_all(root: &Command, dir: &Path) -> Result<(), Failure> {
    let unwritten = |path: &Path, error: &std::io::Error| {
        Failure::failed("output", format!("{}: cannot be written: {error}", path.display()))
    };
    fs::create_dir_all(dir).map_err(|error| unwritten(dir, &error))?;
    for command in std::iter::once(root).chain(root.get_subcommands()) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let file = dir.join(format!("{name}.1"));
        fs::write(&file, page(command)).map_err(|error| unwritten(&file, &error))?;
        terminal::note(&format!("wrote {}\n", file.display()));
    }
    Ok(())
}
