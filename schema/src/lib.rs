//! Checks a value by a JSON Schema when neither can be trusted: size, nesting, depth and steps are bounded.
//!
//! A plugin brings the schema of its configuration along in its manifest, and an operator writes the configuration.
//! A hostile plugin must not keep the host busy with it, so this is a subset of the standard:
//!
//! - What is outside the subset is refused by [`Schema::parse`]. No keyword is ever ignored.
//! - Regular expressions are outside the subset, unless the host [brings an engine](Schema::parse_with) for them.
//! - Schemas of other documents are outside the subset.
//! - A check that cannot be finished within its bounds is a check that failed.
//!
//! ```
//! use cpex_wasmi_schema::Schema;
//!
//! let schema = Schema::parse(r#"{"properties": {"limit": {"type": "integer", "minimum": 1}}}"#).unwrap();
//! let mismatch = &schema.check(&serde_json::json!({"limit": 0}))[0];
//! assert_eq!(mismatch.path, "config.limit");
//! assert_eq!(mismatch.message, "is 0, but must be at least 1");
//! ```
//!
//! | bound | value | beyond it |
//! | --- | --- | --- |
//! | size of a schema | 65,536 bytes | the schema is refused |
//! | schemas in one another | 32 | the schema is refused |
//! | schemas that a check is in at once, each `$ref` counted | 64 | the check fails |
//! | steps of a check: one for each schema, rule, key, and 64 bytes of text, 128 for a message | 1,000,000 | the check fails |
//! | problems told at once | about 20 | the others are left out |
//!
//! `docs/plugins.md` in the repository lists the keywords. The crate is `no_std` with `alloc`, and has no unsafe code.
#![no_std]
#![forbid(unsafe_code)]
// Nothing that a guest gives may panic the host; an exception says why it cannot.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::allow_attributes_without_reason
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a failed test panics"
    )
)]

extern crate alloc;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Number, Value};

use self::kind::Kinds;
use self::number::Exact;
use self::pattern::Expression;
pub use self::pattern::{Compile, Pattern};

mod check;
mod describe;
mod explain;
mod identity;
mod keyword;
mod kind;
mod meter;
mod number;
mod parse;
mod pattern;
mod place;
mod reference;
mod rules;
#[cfg(test)]
mod tests;
mod words;

/// The size of the largest schema that is read, in bytes: that of a manifest.
const MAX_BYTES: usize = cpex_wasmi_abi::Manifest::MAX_BYTES;
/// The greatest depth of schemas in one another.
const MAX_NESTING: usize = 32;
/// The most schemas that a check is in at once; a `$ref` counts as one more.
const MAX_DEPTH: usize = 64;
/// The bound on a check: about one step for each schema, rule, key, and 64 bytes looked at.
const MAX_STEPS: u32 = 1_000_000;
/// The most problems that are reported at once.
const MAX_PROBLEMS: usize = 20;

/// A schema that has been read and is within the subset.
#[derive(Debug)]
pub struct Schema {
    root: Node,
    definitions: Vec<Node>,
}

impl Schema {
    /// Reads a schema: a JSON object, `true` or `false`.
    ///
    /// # Errors
    ///
    /// Gives what is wrong or not supported, each with its place as a JSON pointer; twenty problems at most.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        parse::parse(text, None)
    }

    /// Reads a schema that may have the keywords `pattern` and `patternProperties`, for which it takes an engine.
    ///
    /// The engine bounds what it compiles. A pattern says beforehand how many steps a search takes.
    ///
    /// ```
    /// use cpex_wasmi_schema::{Pattern, Schema};
    ///
    /// /// A text that is looked for.
    /// #[derive(Debug)]
    /// struct Literal(String);
    ///
    /// impl Pattern for Literal {
    ///     fn steps(&self, bytes: usize) -> u32 {
    ///         u32::try_from(bytes / 64).unwrap_or(u32::MAX)
    ///     }
    ///     fn is_match(&self, text: &str) -> Option<bool> {
    ///         Some(text.contains(&self.0))
    ///     }
    /// }
    ///
    /// let schema = Schema::parse_with(r#"{"pattern": "acme"}"#, &mut |text| Ok(Box::new(Literal(text.into()))));
    /// let mismatch = &schema.unwrap().check(&"other".into())[0];
    /// assert_eq!(mismatch.message, "does not match the pattern `acme`");
    /// ```
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), and what the engine says of its patterns.
    pub fn parse_with(text: &str, compile: &mut Compile<'_>) -> Result<Self, Vec<String>> {
        parse::parse(text, Some(compile))
    }

    /// Finds what in a configuration does not fit, about twenty mismatches at most. All of it fits if there are none.
    pub fn check(&self, config: &Value) -> Vec<Mismatch> {
        check::check(self, config)
    }

    /// Checks any value, within a number of steps. Its mismatches have JSON Pointers in place of paths.
    ///
    /// ```
    /// let schema = cpex_wasmi_schema::Schema::parse(r#"{"maxProperties": 1}"#).unwrap();
    /// let checked = schema.check_within(&serde_json::json!({"a": 1, "b": 2}), 1_000);
    /// assert_eq!(checked.mismatches.unwrap()[0].message, "has 2 keys, but must have at most 1");
    /// assert!(checked.steps < 200);
    /// ```
    pub fn check_within(&self, value: &Value, steps: u32) -> Checked {
        check::check_within(self, value, steps)
    }

    fn target(&self, target: Target) -> Option<&Node> {
        match target {
            Target::Root => Some(&self.root),
            Target::Definition(position) => self.definitions.get(position),
        }
    }
}

/// The result of a check within a number of steps.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// The mismatches, about twenty at most; empty if the value fits. `None` if the check could not be finished, because it
    /// took too many steps, nests too deep, or met a number beyond `f64`.
    pub mismatches: Option<Vec<Mismatch>>,
    /// The steps that it took.
    pub steps: u32,
}

/// A value of a configuration that does not fit its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The place of the value: `config.rules[2].name`, or a JSON Pointer, in which long names are cut and end with `…`.
    pub path: String,
    /// The problem, such as ``is not known; did you mean `limit`?``.
    pub message: String,
}

/// One schema, as the rules that all have to hold. Without any, everything fits.
#[derive(Debug, Default)]
struct Node {
    rules: Vec<Rule>,
}

impl Node {
    fn is_never(&self) -> bool {
        matches!(*self.rules, [Rule::Never])
    }
}

/// One keyword, or those that work together. A rule for one kind of value holds for all others.
#[derive(Debug)]
enum Rule {
    /// The schema `false`.
    Never,
    /// `const` and `enum`.
    Values(Values),
    /// `type`.
    Kinds(Kinds),
    /// `minimum` and its like.
    Number(Box<Bound>),
    /// `multipleOf`.
    MultipleOf(u64),
    /// `minLength` and `maxLength`.
    Text(Range),
    /// `pattern`.
    Pattern(Expression),
    /// The keywords for arrays.
    List(Box<ListRule>),
    /// The keywords for objects.
    Map(Box<MapRule>),
    /// `$ref`.
    Refer(Target),
    /// `allOf`.
    All(Vec<Node>),
    /// `anyOf`.
    Any(Vec<Node>),
    /// `oneOf`.
    One(Vec<Node>),
    /// `not`.
    Not(Box<Node>),
    /// `if`, `then` and `else`.
    If(Box<Condition>),
}

impl Rule {
    /// True if a value that fails the rule is so wrong that the other rules say nothing of use.
    fn is_decisive(&self) -> bool {
        matches!(self, Self::Never | Self::Values(_) | Self::Kinds(_))
    }
}

#[derive(Debug)]
struct Values {
    values: Vec<Value>,
    /// The numbers that [`identity::of`] gives them.
    identities: BTreeSet<String>,
}

#[derive(Debug)]
struct Bound {
    side: Side,
    /// As it is written.
    number: Number,
    exact: Exact,
}

#[derive(Clone, Copy, Debug)]
enum Side {
    AtLeast,
    AtMost,
    MoreThan,
    LessThan,
}

/// A bound on the number of something.
#[derive(Clone, Copy, Debug)]
struct Range {
    least: u64,
    most: u64,
}

impl Range {
    const ANY: Self = Self { least: 0, most: u64::MAX };

    fn is_any(self) -> bool {
        self.least == Self::ANY.least && self.most == Self::ANY.most
    }
}

#[derive(Debug)]
struct ListRule {
    prefix: Vec<Node>,
    items: Option<Node>,
    count: Range,
    unique: bool,
}

#[derive(Debug)]
struct MapRule {
    properties: BTreeMap<String, Node>,
    /// `patternProperties`.
    patterned: Vec<(Expression, Node)>,
    required: Vec<String>,
    additional: Option<Node>,
    names: Option<Node>,
    count: Range,
}

#[derive(Debug)]
struct Condition {
    test: Node,
    then: Option<Node>,
    otherwise: Option<Node>,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    Root,
    Definition(usize),
}
