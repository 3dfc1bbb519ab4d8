//! The keys of a policy and of a plugin's entry: one table for the reader and for the JSON Schema.

use super::network::FORBIDDEN;
use super::{FilePermission, access, limits};

/// A key of a mapping.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// Its values. A key that is not required may be empty (`key:`), which says as little as its absence.
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// True if it must not be empty where it is there.
    pub(crate) filled: bool,
    /// A sentence for people who edit a configuration.
    pub(crate) about: &'static str,
}

/// The form of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Text,
    /// A text that matches a regular expression, for what cannot be said otherwise.
    Pattern(&'static str),
    /// A text that is none of these, whatever their case.
    Except(&'static [&'static str]),
    /// A whole number within these bounds.
    Whole(u64, u64),
    /// A whole number with a sign, of 32 bits.
    Signed,
    Switch,
    Choice(&'static [&'static str]),
    /// The name of a capability.
    Capability,
    List(&'static Shape),
    Map(&'static Mapping),
    /// `system`, or a mapping.
    SystemOr(&'static Mapping),
    /// A mapping from any names to values of this form.
    Table(&'static Shape),
    /// A text, or a list of them.
    OneOrMore,
    /// The plugins of a route or group: a list of names, each with an override or without; or a mapping,
    /// which is an orchestrator's.
    References,
    /// A list of steps, or a mapping with one: how callers are identified.
    Authentication,
    Any,
}

/// The keys of a mapping.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) keys: &'static [Key],
    /// Keys of which exactly one has to be there.
    pub(crate) one_of: &'static [&'static str],
    /// True if it may have other keys too.
    pub(crate) open: bool,
}

impl Key {
    /// The default, as the sentence for people ends with it.
    pub(crate) fn default(&self) -> Option<&'static str> {
        let (_, default) = self.about.rsplit_once("Default: ")?;
        default.strip_suffix('.')
    }
}

impl Mapping {
    const fn of(keys: &'static [Key]) -> Self {
        Self { keys, one_of: &[], open: false }
    }

    /// A mapping that may have other keys too.
    pub(crate) const fn open(keys: &'static [Key]) -> Self {
        Self { keys, one_of: &[], open: true }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.keys.iter().map(|key| key.name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The names that the value of a key is one of.
    pub(crate) fn choices(&self, name: &str) -> &'static [&'static str] {
        match self.find(name).map(|key| key.shape) {
            Some(Shape::Choice(names)) => names,
            _ => &[],
        }
    }
}

pub(crate) const fn key(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, required: false, filled: false, about }
}

/// A key that has a value if it is there.
pub(crate) const fn filled(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, required: false, filled: true, about }
}

pub(crate) const fn required(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, required: true, filled: true, about }
}

pub(crate) const TEXTS: Shape = Shape::List(&Shape::Text);

/// An entry under `plugins:`, as `cpex-core` has it.
pub(crate) static ENTRY: Mapping = Mapping::of(&[
    required("name", Shape::Text, "The plugin's name in logs, errors and violations."),
    required(
        "kind",
        Shape::Text,
        "`wasm://` and the path of a module below the plugin directory, or a kind of another host.",
    ),
    key("description", Shape::Text, "For people."),
    key("author", Shape::Text, "For people."),
    key("version", Shape::Text, "A version for people. It is not compared with anything."),
    key("hooks", TEXTS, "The hooks that the plugin is called for. Its manifest must offer each."),
    filled(
        "mode",
        Shape::Choice(MODES),
        "The mode in which the plugin runs with others. Default: sequential.",
    ),
    filled("priority", Shape::Signed, "The lowest runs first within a mode. Default: 100."),
    filled(
        "on_error",
        Shape::Choice(ON_ERROR),
        "`fail` denies the operation when a call fails; with the others, it goes on. Default: fail.",
    ),
    key(
        "capabilities",
        Shape::List(&Shape::Capability),
        "The parts of a request that the plugin may read and change. All that its manifest asks \
         for.",
    ),
    key("tags", TEXTS, "For people."),
    key(
        "conditions",
        Shape::List(&Shape::Map(&CONDITION)),
        "Conditions: the plugin runs if one is met.",
    ),
    key("config", Shape::Map(&CONFIG), "The plugin's own settings, and its `sandbox_policy`."),
]);

const MODES: &[&str] =
    &["sequential", "transform", "audit", "concurrent", "fire_and_forget", "disabled"];
const ON_ERROR: &[&str] = &["fail", "ignore", "disable"];

pub(crate) static CONDITION: Mapping = Mapping::of(&[
    key("server_ids", TEXTS, "Servers that the tool, prompt or resource is of."),
    key("tenant_ids", TEXTS, "Tenants of the caller."),
    key("tools", TEXTS, "Names of tools."),
    key("prompts", TEXTS, "Names of prompts."),
    key("resources", TEXTS, "URIs of resources."),
    key("agents", TEXTS, "Agents that call."),
    key("user_patterns", TEXTS, "Users that call."),
    key("content_types", TEXTS, "MIME types of resources."),
]);

/// The plugin's own settings, whose keys only its manifest knows, and the policy.
pub(crate) static CONFIG: Mapping = Mapping {
    keys: &[key(
        "sandbox_policy",
        Shape::Map(&SANDBOX_POLICY),
        "The plugin's permissions and limits. Without it: time and memory within the default \
         limits, and no system access.",
    )],
    one_of: &[],
    open: true,
};

pub(crate) static SANDBOX_POLICY: Mapping = Mapping::of(&[
    access::FILES,
    access::NETWORK,
    access::ENV,
    access::CLOCK,
    access::RANDOM,
    access::COMMAND,
    access::FUNCTION,
    access::STATE,
    key("resources", Shape::Map(&RESOURCES), "The limits of each call."),
    key(
        "isolation",
        Shape::Choice(&["per_call", "pooled"]),
        "`pooled` is faster, and calls share instances. Default: per_call.",
    ),
    key(
        "when_exhausted",
        Shape::Choice(&["grow", "wait", "refuse"]),
        "The reaction of a call while `max_instances` others are under way. Default: grow.",
    ),
    key(
        "snapshot",
        Shape::Switch,
        "`false`: each instance is initialised on its own. Default: true.",
    ),
    key(
        "allow_state",
        Shape::Switch,
        "`true`: the plugin may keep state from one call to the next. Default: false.",
    ),
    key(
        "allow_raw_credentials",
        Shape::Switch,
        "`true`: a plugin that may see credentials may read the tokens themselves. Default: false.",
    ),
    key(
        "log_level",
        Shape::Choice(LOG_LEVELS),
        "Less severe lines of the plugin's log are dropped. Default: trace.",
    ),
    key(
        "sha256",
        Shape::Pattern("^[0-9a-fA-F]{64}$"),
        "The digest of the only module that may be loaded, as `sha256sum` prints it.",
    ),
]);

/// The entries under the keys that grant access.
pub(super) static FILE_GRANTS: Shape = Shape::Map(&FILE_GRANT);
pub(super) static NETWORK_GRANTS: Shape = Shape::Map(&NETWORK_GRANT);
pub(super) static COMMAND_GRANTS: Shape = Shape::Map(&COMMAND_GRANT);

const LOG_LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace", "off"];

pub(crate) static FIXED: Mapping = Mapping::of(&[required(
    "fixed",
    // Plugins are told times in nanoseconds, in 64 bits.
    Shape::Whole(0, u64::MAX / 1_000_000_000),
    "The fixed time, in seconds since 1970 in UTC.",
)]);

pub(crate) static SEED: Mapping = Mapping::of(&[required(
    "seed",
    Shape::Whole(0, u64::MAX),
    "The seed of the numbers. Such numbers are not secret.",
)]);

pub(crate) static FILE_GRANT: Mapping = Mapping {
    keys: &[
        key("dir", Shape::Text, "A directory of this machine, with all that is in it."),
        key("file", Shape::Text, "A file of this machine; `*` in its name stands for any text."),
        required("permission", Shape::Choice(&FilePermission::NAMES), "The permission."),
        key("as", Shape::Text, "The path by which the plugin knows it. Default: the same."),
    ],
    one_of: &["dir", "file"],
    open: false,
};

pub(crate) static NETWORK_GRANT: Mapping = Mapping::of(&[
    required(
        "host",
        Shape::Text,
        "A host name or an address; `*.` at its start stands for all names below.",
    ),
    key("ports", Shape::List(&Shape::Whole(1, 65_535)), "The ports. Default: any."),
    key(
        "schemes",
        Shape::List(&Shape::Choice(&["https", "http"])),
        "The URL schemes. Default: https only.",
    ),
    key("methods", Shape::List(&Shape::Except(FORBIDDEN)), "The request methods. Default: any."),
    key(
        "allow_private",
        Shape::Switch,
        "`true`: the host may have an address that is not public. Default: false.",
    ),
]);

pub(crate) static COMMAND_GRANT: Mapping = Mapping::of(&[
    required("program", Shape::Pattern(r"^/|:\\"), "The program's absolute path."),
    key(
        "args",
        TEXTS,
        "One pattern for each argument; a last `**` stands for any number of them. Default: no arguments.",
    ),
]);

/// The limits of a plugin.
pub(crate) static RESOURCES: Mapping = Mapping::of(limits::KEYS);

/// The keys of a document that is a `sandbox_policy` with capabilities beside it.
pub(crate) static BARE: Mapping = Mapping::of(&[
    key("sandbox_policy", Shape::Map(&SANDBOX_POLICY), "The policy."),
    key(
        "capabilities",
        Shape::List(&Shape::Capability),
        "The parts of a request that the plugin \
        may read and change.",
    ),
]);

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn the_defaults_that_are_told_are_the_defaults() {
        for key in SANDBOX_POLICY.keys {
            let is = |name: &str| key.default() == Some(name);
            match key.name {
                "isolation" => assert!(is("per_call")),
                "when_exhausted" => assert!(is("grow")),
                "snapshot" => assert!(is("true")),
                "allow_state" | "allow_raw_credentials" => assert!(is("false")),
                "log_level" => assert!(is("trace")),
                _ => {}
            }
        }
    }

    #[test]
    fn every_key_is_in_the_operators_documents() {
        let entries = include_str!("../../docs/pipeline.md");
        let policies = include_str!("../../docs/policy.md");
        let named =
            |doc: &str, key| doc.contains(&format!("`{key}`")) || doc.contains(&format!(" {key}:"));
        for key in ENTRY.names().chain(SANDBOX_POLICY.names()).chain(RESOURCES.names()) {
            assert!(named(entries, key), "docs/pipeline.md lacks `{key}`");
        }
        for key in SANDBOX_POLICY.names().chain(RESOURCES.names()) {
            assert!(named(policies, key), "docs/policy.md lacks `{key}`");
        }
    }
}
