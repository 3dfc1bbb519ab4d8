//! The keys of a policy and of a plugin's entry: one table for the reader and for the JSON Schema.

use super::FilePermission;
use super::network::FORBIDDEN;

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

const fn whole(name: &'static str, least: u64, most: u64, about: &'static str) -> Key {
    key(name, Shape::Whole(least, most), about)
}

pub(crate) const TEXTS: Shape = Shape::List(&Shape::Text);

/// An entry under `plugins:`, as `cpex-core` has it.
pub(crate) static ENTRY: Mapping = Mapping::of(&[
    required("name", Shape::Text, "What logs, errors and violations call the plugin."),
    required(
        "kind",
        Shape::Text,
        "`wasm://` and the path of a module below the plugin directory; or a kind of another host's.",
    ),
    key("description", Shape::Text, "For people."),
    key("author", Shape::Text, "For people."),
    key("version", Shape::Text, "For people. Nothing is compared with it."),
    key("hooks", TEXTS, "The hooks that the plugin is called for. Its manifest has to offer each."),
    filled("mode", Shape::Choice(MODES), "How the plugin runs beside others. Default: sequential."),
    filled("priority", Shape::Signed, "Lower runs first within a mode. Default: 100."),
    filled(
        "on_error",
        Shape::Choice(ON_ERROR),
        "`fail` denies the operation when a call fails; with the others, it goes on. Default: fail.",
    ),
    key(
        "capabilities",
        Shape::List(&Shape::Capability),
        "What the plugin may read and change of a request. All that its manifest asks for.",
    ),
    key("tags", TEXTS, "For people."),
    key(
        "conditions",
        Shape::List(&Shape::Map(&CONDITION)),
        "When the plugin runs: if one of them is met.",
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
        "What the plugin may use and touch. Without it: time and memory within the default limits, and nothing of the system.",
    )],
    one_of: &[],
    open: true,
};

pub(crate) static SANDBOX_POLICY: Mapping = Mapping::of(&[
    key(
        "allowed_filesystem",
        Shape::List(&Shape::Map(&FILE_GRANT)),
        "Directories and files that the plugin may touch. Default: none.",
    ),
    key(
        "allowed_network",
        Shape::List(&Shape::Map(&NETWORK_GRANT)),
        "HTTP requests that the plugin may send. Default: none.",
    ),
    key(
        "allowed_env",
        Shape::List(&Shape::Pattern("^[^=]+$")),
        "Environment variables that the plugin may read: names, or the start of names and `*`. Default: none.",
    ),
    key(
        "clock",
        Shape::SystemOr(&FIXED),
        "The time that the plugin is told: `system`, or one that stands still. Default: none.",
    ),
    key(
        "random",
        Shape::SystemOr(&SEED),
        "Random numbers for the plugin: `system`, or those of a seed. Default: none.",
    ),
    key(
        "allowed_commands",
        Shape::List(&Shape::Map(&COMMAND_GRANT)),
        "Programs that the plugin may run. Default: none.",
    ),
    key(
        "allowed_functions",
        TEXTS,
        "Functions of the embedding program that the plugin may call, by name. Default: none.",
    ),
    key("resources", Shape::Map(&RESOURCES), "The limits of each call."),
    key(
        "isolation",
        Shape::Choice(&["per_call", "pooled"]),
        "`pooled` is faster, and calls share instances. Default: per_call.",
    ),
    key(
        "when_exhausted",
        Shape::Choice(&["grow", "wait", "refuse"]),
        "What a call does while `max_instances` others are under way. Default: grow.",
    ),
    key(
        "snapshot",
        Shape::Switch,
        "`false`: each instance is initialised on its own. Default: true.",
    ),
    key(
        "allow_state",
        Shape::Switch,
        "`true`: a plugin may run that keeps state from one call to the next. Default: false.",
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

const LOG_LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace", "off"];

pub(crate) static FIXED: Mapping = Mapping::of(&[required(
    "fixed",
    // Plugins are told times in nanoseconds, in 64 bits.
    Shape::Whole(0, u64::MAX / 1_000_000_000),
    "The time that stands still, in seconds since 1970 in UTC.",
)]);

pub(crate) static SEED: Mapping = Mapping::of(&[required(
    "seed",
    Shape::Whole(0, u64::MAX),
    "The seed that the numbers are made from. They are no secret.",
)]);

pub(crate) static FILE_GRANT: Mapping = Mapping {
    keys: &[
        key("dir", Shape::Text, "A directory of this machine, with all that is in it."),
        key("file", Shape::Text, "A file of this machine; `*` in its name stands for any text."),
        required("permission", Shape::Choice(&FilePermission::NAMES), "What may be done with it."),
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

/// The number of instances that are kept, whatever a policy says.
pub(crate) const MAX_INSTANCES: u16 = 1024;

/// The longest time that a call can take or wait, in milliseconds: a day.
const DAY_MS: u64 = 86_400_000;
/// More fuel than a call can use up in a day.
const MOST_FUEL: u64 = 1_000_000_000_000_000;
/// More bytes than a call can go through in a day.
const MOST_BYTES: u64 = 1 << 40;
/// Bytes that are held in memory at once.
const MOST_HELD_BYTES: u64 = 1 << 30;
/// Things that are done or open in one call.
const MOST_THINGS: u64 = 1_000_000;

/// Limits, each with the least and the most that makes sense: no module has more tables than 100, no value that a plugin
/// gives is larger than 1 MiB, and without a host call, a plugin can neither read nor decide.
pub(crate) static RESOURCES: Mapping = Mapping::of(&[
    whole("max_memory_bytes", 65_536, 1 << 32, "The memory of an instance. Default: 67108864."),
    whole("max_fuel", 1, MOST_FUEL, "Fuel for a call. Default: 5000000000."),
    whole("max_execution_time_ms", 1, DAY_MS, "The time that a call may take. Default: 1000."),
    whole(
        "max_instances",
        1,
        MAX_INSTANCES as u64,
        "Instances that are kept with `isolation: pooled`; see `when_exhausted`. Default: 10.",
    ),
    whole(
        "max_wait_ms",
        1,
        DAY_MS,
        "How long a call waits with `when_exhausted: wait`. Default: 1000.",
    ),
    whole("max_tables", 0, 100, "Tables of a module. Default: 10."),
    whole("max_table_elements", 0, 10_000_000, "Elements of a table. Default: 10000."),
    whole("max_host_calls", 1, MOST_FUEL / 100, "Calls of host functions. Default: 100000."),
    whole(
        "max_read_bytes",
        0,
        MOST_BYTES,
        "Bytes that a call reads of the request. Default: 16777216.",
    ),
    whole("max_write_bytes", 0, MOST_BYTES, "Bytes that a call writes. Default: 4194304."),
    whole("max_log_bytes", 0, MOST_HELD_BYTES, "Bytes that a call logs. Default: 16384."),
    whole(
        "max_file_read_bytes",
        0,
        MOST_BYTES,
        "Bytes that a call reads of files. Default: 16777216.",
    ),
    whole(
        "max_file_write_bytes",
        0,
        MOST_BYTES,
        "Bytes that a call writes to files. Default: 4194304.",
    ),
    whole("max_open_files", 0, MOST_THINGS, "Files that are open at once. Default: 16."),
    whole(
        "max_http_requests",
        0,
        MOST_THINGS,
        "HTTP requests of a call, redirects too. Default: 10.",
    ),
    whole(
        "max_http_request_bytes",
        0,
        1 << 20,
        "The size of an HTTP request: URL, headers and body. Default: 1048576.",
    ),
    whole(
        "max_http_response_bytes",
        0,
        MOST_HELD_BYTES,
        "The size of an HTTP response: headers and body. Default: 1048576.",
    ),
    whole("max_commands", 0, MOST_THINGS, "Programs that a call runs. Default: 4."),
    whole(
        "max_command_output_bytes",
        0,
        MOST_HELD_BYTES,
        "The output of a program. Default: 262144.",
    ),
    whole("init_fuel", 1, MOST_FUEL, "Fuel for making an instance. Default: 1000000000."),
    whole(
        "max_init_time_ms",
        1,
        DAY_MS,
        "The time that making an instance may take. Default: 5000.",
    ),
]);

/// The keys of a document that is a `sandbox_policy` with capabilities beside it.
pub(crate) static BARE: Mapping = Mapping::of(&[
    key("sandbox_policy", Shape::Map(&SANDBOX_POLICY), "The policy."),
    key("capabilities", Shape::List(&Shape::Capability), "What the plugin may read and change."),
]);

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString as _};
    use core::time::Duration;

    use super::*;
    use crate::Policy;

    /// A number as documents have it.
    fn grouped(number: u64) -> String {
        match number.checked_div(1000) {
            None | Some(0) => number.to_string(),
            Some(more) => format!("{},{:03}", grouped(more), number % 1000),
        }
    }

    fn default_of(name: &str) -> u64 {
        let Policy { limits, max_instances, .. } = Policy::default();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let size = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        match name {
            "max_memory_bytes" => size(limits.memory_bytes),
            "max_fuel" => limits.fuel,
            "max_execution_time_ms" => millis(limits.deadline.unwrap_or(Duration::from_secs(1))),
            "max_instances" => size(max_instances),
            "max_wait_ms" => millis(Policy::DEFAULT_MAX_WAIT),
            "max_tables" => size(limits.tables),
            "max_table_elements" => size(limits.table_elements),
            "max_host_calls" => limits.host_calls,
            "max_read_bytes" => limits.bytes_read,
            "max_write_bytes" => limits.bytes_written,
            "max_log_bytes" => limits.log_bytes,
            "max_file_read_bytes" => limits.file_bytes_read,
            "max_file_write_bytes" => limits.file_bytes_written,
            "max_open_files" => limits.open_files,
            "max_http_requests" => limits.http_requests,
            "max_http_request_bytes" => limits.http_request_bytes,
            "max_http_response_bytes" => limits.http_response_bytes,
            "max_commands" => limits.commands,
            "max_command_output_bytes" => limits.command_output_bytes,
            "init_fuel" => limits.init_fuel,
            "max_init_time_ms" => millis(limits.init_deadline.unwrap_or(Duration::from_secs(5))),
            other => panic!("{other} is in no table"),
        }
    }

    #[test]
    fn the_documents_and_the_schema_show_the_default_of_each_limit() {
        let document = include_str!("../../docs/limits.md");
        for Key { name, about, .. } in RESOURCES.keys {
            let default = default_of(name);
            assert!(about.ends_with(&format!("Default: {default}.")), "{name}: {about}");
            let row = document.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
            let cell = row.and_then(|row| row.split(" | ").nth(2)).unwrap_or_default();
            let shown = cell.split(&[' ', ';']).next().map(|text| text.trim_end_matches(','));
            assert_eq!(shown, Some(grouped(default).as_str()), "docs/limits.md: {name}");
        }
    }

    #[test]
    fn the_documents_show_the_range_of_each_limit() {
        let document = include_str!("../../docs/limits.md");
        for Key { name, shape, .. } in RESOURCES.keys {
            let Shape::Whole(least, most) = *shape else { panic!("{name} is no number") };
            let row = document.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
            let range = format!("| {} to {} |", grouped(least), grouped(most));
            assert!(row.is_some_and(|row| row.contains(&range)), "docs/limits.md: {name} {range}");
        }
    }

    #[test]
    fn the_defaults_that_are_told_are_the_defaults() {
        let told = |key: &Key| {
            let number: u64 = key.default().unwrap().parse().unwrap();
            (String::from(key.name), serde_json::Value::from(number))
        };
        // How long calls wait is told only to those that do.
        let told = RESOURCES.keys.iter().filter(|key| key.name != "max_wait_ms").map(told);
        let resources: serde_json::Map<_, _> = told.collect();
        let policy = serde_json::json!({ "resources": resources });
        let (told, default) = (Policy::from_value(&policy).unwrap(), Policy::default());
        assert_eq!(told.limits, default.limits);
        assert_eq!(told.max_instances, default.max_instances);
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
        let entries = include_str!("../../docs/cpex.md");
        let policies = include_str!("../../docs/policy.md");
        let named =
            |doc: &str, key| doc.contains(&format!("`{key}`")) || doc.contains(&format!(" {key}:"));
        for key in ENTRY.names().chain(SANDBOX_POLICY.names()).chain(RESOURCES.names()) {
            assert!(named(entries, key), "docs/cpex.md lacks `{key}`");
        }
        for key in SANDBOX_POLICY.names().chain(RESOURCES.names()) {
            assert!(named(policies, key), "docs/policy.md lacks `{key}`");
        }
    }
}
