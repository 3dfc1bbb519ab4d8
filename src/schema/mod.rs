//! The JSON Schema of a plugin's configuration, which its manifest brings along: a subset of the
//! standard that a hostile plugin cannot use to make the host work without end.
//!
//! What is outside the subset is refused when the schema is parsed; nothing of a schema is ever
//! ignored. A check that cannot be finished is a check that failed.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::model::JsonMap;
use serde_json::{Number, Value};

use self::kind::Kinds;
use self::number::Exact;

mod check;
mod describe;
mod explain;
mod identity;
mod keyword;
mod kind;
mod meter;
mod number;
mod parse;
mod place;
mod reference;
mod rules;
#[cfg(test)]
mod tests;
mod words;

/// The size of the largest schema that is read, in bytes: that of a manifest.
const MAX_BYTES: usize = cpex_wasmi_abi::Manifest::MAX_BYTES;
/// How deep schemas may stand in one another.
const MAX_NESTING: usize = 32;
/// How many schemas a check may be in at once; a `$ref` counts as one more.
const MAX_DEPTH: usize = 64;
/// What a check may do: about one step for each schema, rule, key, and 64 bytes looked at.
const MAX_STEPS: u32 = 1_000_000;
/// How many problems are told at once.
const MAX_PROBLEMS: usize = 20;

/// A schema that has been read and is within the subset.
#[derive(Debug)]
pub(crate) struct Schema {
    root: Node,
    definitions: Vec<Node>,
}

impl Schema {
    /// Reads a schema: a JSON object, `true` or `false`.
    ///
    /// # Errors
    ///
    /// What is wrong with it or not supported, each with the place where it stands as a JSON
    /// pointer; twenty problems at most.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<String>> {
        parse::parse(text)
    }

    /// What in a configuration does not fit, each as a path such as `config.rules[2].name` and a
    /// message such as ``is not known; did you mean `limit`?``.
    ///
    /// There are about twenty at most. None means that all of it fits.
    pub(crate) fn check(&self, config: &JsonMap) -> Vec<(String, String)> {
        check::check(self, config)
    }

    fn target(&self, target: Target) -> Option<&Node> {
        match target {
            Target::Root => Some(&self.root),
            Target::Definition(position) => self.definitions.get(position),
        }
    }
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
    /// Whether a value that fails the rule is so wrong that the other rules say nothing of use.
    fn is_decisive(&self) -> bool {
        matches!(self, Self::Never | Self::Values(_) | Self::Kinds(_))
    }
}

#[derive(Debug)]
struct Values {
    values: Vec<Value>,
    /// What [`identity::of`] makes of them.
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

/// How many there may be of something.
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
