//! The kinds of system access: `AccessKind`, the keys that grant them, and the tables of the documents.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use crate::output::{Output, read};

/// The rows of `access.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Access {
    kind: Vec<Kind>,
}

/// One kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    name: String,
    variant: String,
    argument: bool,
    lines: Vec<String>,
    about: String,
    key: String,
    shape: String,
    grants: String,
    feature: Option<String>,
    #[serde(default)]
    note: String,
}

impl Access {
    /// Reads the description.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        toml::from_str(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes all that follows.
    pub(crate) fn write(&self, output: &mut Output<'_>) -> Result<(), String> {
        let source = "`abi/access.toml`";
        output.rust_from(source, "abi/src/access_kind.rs", &self.kinds())?;
        output.rust_from(source, "src/policy/access/keys.rs", &self.keys())?;
        output.lines("docs/policy.md", "| the manifest asks |", "", &self.table())
    }

    /// A `match` on a kind with an arm for each.
    fn arms(&self, arm: impl Fn(&Kind) -> String) -> String {
        self.kind.iter().fold(String::new(), |mut arms, kind| {
            let _ = writeln!(arms, "AccessKind::{} => {},", kind.variant, arm(kind));
            arms
        })
    }

    fn kinds(&self) -> String {
        let mut code = String::from(
            "//! The kinds of system access.\n\n\
             use core::fmt;\n\n\
             /// A kind of system access: a part of the system that plugins may be given.\n\
             ///\n\
             /// A new kind is a new variant, so that no `match` forgets it.\n\
             #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\n\
             pub enum AccessKind {\n",
        );
        for Kind { variant, about, lines, .. } in &self.kind {
            let _ = writeln!(code, "/// {}: {}.\n{variant},", capital(about), in_code(lines, ", "));
        }
        code.push_str(
            "}\n\nimpl AccessKind {\n/// All kinds.\npub const ALL: &'static [Self] = &[\n",
        );
        for kind in &self.kind {
            let _ = writeln!(code, "AccessKind::{},", kind.variant);
        }
        let _ = write!(
            code,
            "];\n\n\
             /// Returns the name, such as `network`.\n\
             pub const fn name(self) -> &'static str {{ match self {{ {} }} }}\n\n\
             /// Returns true if a colon and what is asked for follow the name in a line of a manifest.\n\
             pub const fn takes_argument(self) -> bool {{ match self {{ {} }} }}\n\n\
             /// Returns the kind of this name.\n\
             pub fn from_name(name: &str) -> Option<Self> {{\n\
             Self::ALL.iter().copied().find(|kind| kind.name() == name)\n}}\n}}\n\n\
             impl fmt::Display for AccessKind {{\n\
             fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{ f.write_str(self.name()) }}\n}}\n",
            self.arms(|kind| format!("{:?}", kind.name)),
            self.arms(|kind| kind.argument.to_string()),
        );
        code
    }

    /// The keys of a policy.
    fn keys(&self) -> String {
        let used = ["Key", "Shape", "key"].map(String::from).into_iter();
        let names = self.kind.iter().flat_map(|kind| shapes(&kind.shape));
        let names: BTreeSet<_> = used.chain(names).collect();
        let mut code = format!(
            "//! The keys of a policy that grant system access, and the features that they take.\n\n\
             use cpex_wasmi_abi::AccessKind;\n\n\
             use crate::policy::keys::{{{}}};\n\n",
            Vec::from_iter(names).join(", ")
        );
        for Kind { variant, shape, about, key, grants, .. } in &self.kind {
            let _ = writeln!(
                code,
                "/// Grants {about}.\npub(in crate::policy) const {}: Key = key({key:?}, {shape}, {grants:?});\n",
                variant.to_uppercase()
            );
        }
        let _ = write!(
            code,
            "/// Returns the key that grants a kind of access.\n\
             pub(in crate::policy) const fn key_of(kind: AccessKind) -> &'static str {{ match kind {{ {} }} }}\n\n\
             /// Returns the feature that a kind of access takes, and true if this host is built with it.\n\
             pub(crate) const fn feature_of(kind: AccessKind) -> Option<(&'static str, bool)> {{ match kind {{ {} }} }}\n",
            self.arms(|kind| format!("{:?}", kind.key)),
            self.arms(|kind| match &kind.feature {
                Some(feature) => format!("Some(({feature:?}, cfg!(feature = {feature:?})))"),
                None => "None".into(),
            }),
        );
        code
    }

    /// The table of `docs/policy.md`.
    fn table(&self) -> String {
        let mut text = String::from(
            "| the manifest asks | the policy grants | feature | meaning |\n| --- | --- | --- | --- |\n",
        );
        for Kind { lines, key, feature, about, note, .. } in &self.kind {
            let feature = feature.as_ref().map_or(String::new(), |feature| format!("`{feature}`"));
            let note = if note.is_empty() { String::new() } else { format!(". {note}") };
            let _ = writeln!(
                text,
                "| {} | `{key}` | {feature} | {}{note} |",
                in_code(lines, ", "),
                capital(about)
            );
        }
        text
    }
}

/// The names of constants in the shape of a value.
fn shapes(shape: &str) -> impl Iterator<Item = String> {
    let words = shape.split(|char: char| !(char.is_ascii_uppercase() || char == '_'));
    words.filter(|word| word.len() > 1).map(Into::into)
}

fn in_code(lines: &[String], separator: &str) -> String {
    let lines: Vec<_> = lines.iter().map(|line| format!("`{line}`")).collect();
    lines.join(separator)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or(String::new(), |first| format!("{}{}", first.to_uppercase(), chars.as_str()))
}
