//! The arguments of the commands that make plugins.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::{module, source};
use crate::input::Source;

/// Arguments of `embed`.
#[derive(Debug, Args)]
#[command(after_help = EMBED_EXAMPLES)]
pub(crate) struct EmbedArgs {
    /// The module, without a manifest; `-` reads it from the standard input
    #[arg(value_parser = module())]
    pub(crate) module: Source,
    /// The manifest, YAML or JSON
    #[arg(long, value_name = "FILE", value_parser = source())]
    pub(crate) manifest: Source,
    /// The file to write the plugin to
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

const EMBED_EXAMPLES: &str = "\
Examples:
  cpex-wasmi embed guard.wasm --manifest guard.yaml --output plugin.wasm

The manifest; name, version and hooks are required:
  name: guard
  version: 1.0.0
  description: Denies uploads of labelled data
  hooks: [cmf.tool_pre_invoke]
  capabilities: [read_labels]
  access: [\"fs:read-only:rules\"]
  stateful: false
  config_schema: {type: object}

No code of the plugin runs. The result is written only if the host would accept it.

Exit status:
  0  written
  2  an argument is invalid, a file is missing or unreadable, or the manifest is malformed
  3  the result would not be a plugin, or cannot be written";

/// Arguments of `new`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cpex-wasmi new my-policy
  cpex-wasmi new my-policy --path plugins/my-policy
  cpex-wasmi new my-policy --style cpex
  cpex-wasmi new my-policy --sdk-path ../cpex-wasmi/guest-sdk

The project uses the SDK of the checkout that this tool was built from, if it still exists.

Exit status:
  0  made
  2  an argument is invalid, the directory exists, or the SDK is missing
  3  the project cannot be written")]
pub(crate) struct NewArgs {
    /// The name of the plugin and of its package
    pub(crate) name: String,
    /// The directory to make; it must not exist yet [default: ./NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Option<PathBuf>,
    /// The style of the plugin
    #[arg(long, value_enum, default_value_t)]
    pub(crate) style: Style,
    /// The directory `guest-sdk` of a checkout of cpex-wasmi [default: the checkout that this tool was
    /// built from]
    #[arg(long, value_name = "DIR")]
    pub(crate) sdk_path: Option<PathBuf>,
}

/// The style of a new plugin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Style {
    /// The SDK's functions, without std, for modules of a few kilobytes
    #[default]
    Lean,
    /// CPEX's traits `Plugin` and `HookHandler`, to share code with native plugins
    Cpex,
}

/// Arguments of `build`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cpex-wasmi build
  cpex-wasmi build my-policy
  cpex-wasmi build --target wasm32-wasip1 -- --features rules

The installed toolchain is used if it has the target. Otherwise Debian's compiler is used, if it is installed: \
`RUSTC_BOOTSTRAP=1 cargo build -Zbuild-std=std,panic_abort` in /usr/bin. The module is checked afterwards.

Exit status:
  0  built
  2  an argument is invalid, or there is no project
  3  there is no compiler for wasm, the project does not build, or its module is not a plugin")]
pub(crate) struct BuildArgs {
    /// The directory of the project [default: the current directory]
    pub(crate) dir: Option<PathBuf>,
    /// The target to build for
    #[arg(long, value_enum, default_value_t)]
    pub(crate) target: Target,
    /// Install a compiler for the target if there is none: by rustup, or else from Debian's packages
    #[arg(long)]
    pub(crate) install: bool,
    /// Further arguments for cargo
    #[arg(last = true, value_name = "CARGO ARGUMENTS")]
    pub(crate) cargo: Vec<OsString>,
}

/// The target that a module is built for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// Plugins that need no WASI
    #[default]
    #[value(name = "wasm32-unknown-unknown")]
    Unknown,
    /// Plugins that use the standard library's files, variables or output
    #[value(name = "wasm32-wasip1")]
    Wasip1,
}

impl Target {
    /// The name that compilers have for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "wasm32-unknown-unknown",
            Self::Wasip1 => "wasm32-wasip1",
        }
    }
}
