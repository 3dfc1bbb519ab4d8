//! Configurations of engines as operators write them: read, checked as a whole, and described to editors.
//!
//! One reader and one check serve [`Policy::from_yaml`](crate::Policy::from_yaml), the command line and the
//! module `cpex`: all of them refuse the same things, in the same words, with the same places.
//!
//! ```
//! use cpex_wasmi::Engine;
//! use cpex_wasmi::config::{Document, PluginDirectory, check};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let document = Document::parse("
//! plugins:
//!   - name: pii-guard
//!     kind: wasm://pii_guard.wasm
//!     hooks: [cmf.tool_pre_invoke]
//!     capabilities: [read_labels]
//! ")?;
//! let directory = PluginDirectory::new("fixtures", Engine::builder())?;
//! let report = check(&document, Some(&directory));
//! for problem in &report.problems {
//!     println!("{problem}"); // line 6, column 5: plugin `pii-guard` (wasm://pii_guard.wasm): …
//! }
//! # assert_eq!(report.problems.len(), 1);
//! # Ok(())
//! # }
//! ```

mod agreement;
mod ambiguous;
mod beneath;
mod check;
mod dialect;
mod directory;
mod document;
mod fits;
mod overrides;
mod references;
mod scalar;
mod schema;
mod shapes;
mod shapes_praxis;
mod yaml;

pub use check::{Checked, Report, check, check_entry, check_for};
#[cfg(feature = "pipeline")]
pub(crate) use check::{check_value, unprefixed};
pub use dialect::Dialect;
pub use directory::PluginDirectory;
#[cfg(feature = "pipeline")]
pub(crate) use directory::SCHEME;
pub use document::Document;
pub use schema::{configuration_schema, configuration_schema_for, policy_schema};
