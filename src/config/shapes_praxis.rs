//! The keys of a configuration around the entries of plugins, as praxis-policy has them.
//!
//! The engine refuses keys that it does not know, so these only have what says more about plugins.

use crate::policy::keys::{ENTRY, Mapping, Shape, TEXTS, filled, key};

const SWITCH: Shape = Shape::Switch;
const COUNT: Shape = Shape::Whole(0, u64::MAX);

pub(super) static CONFIGURATION: Mapping = Mapping::open(&[
    key("plugins", Shape::List(&Shape::Map(&ENTRY)), "The plugins."),
    key("engine_settings", Shape::Map(&SETTINGS), "Settings for all plugins."),
    key("global", Shape::Map(&GLOBAL), "Policy for all requests."),
    key("groups", GROUPS, "Named groups that routes join."),
    key("routes", Shape::List(&Shape::Map(&ROUTE)), "Routes, each with its policy."),
    key("secrets", Shape::Any, "The providers of secrets."),
]);

static SETTINGS: Mapping = Mapping::open(&[
    filled(
        "dispatch",
        Shape::Choice(&["policy", "hooks"]),
        "`policy`: steps name the plugins to run. `hooks`: a plugin runs at its hooks. Default: policy.",
    ),
    filled("plugin_timeout", COUNT, "Seconds for a plugin's call. Default: 30."),
    filled("audit_timeout_milliseconds", COUNT, "Milliseconds for a record of an audit."),
    filled("short_circuit_on_deny", SWITCH, "`true`: a denial ends a band. Default: true."),
    filled("route_cache_max_entries", COUNT, "Default: 10000."),
    key("effect_log_path", Shape::Text, "The log of effects."),
    filled("effect_log_compaction_threshold", COUNT, "Entries before the log is compacted."),
    filled("capture_content_provenance", SWITCH, "`true`: hashes of payloads. Default: false."),
    key("content_provenance_key", Shape::Text, "The key of these hashes."),
    key("audit_stream_namespace", Shape::Text, "The prefix of audit streams."),
]);

static GLOBAL: Mapping = Mapping::open(&[
    key("defaults", GROUPS, "Policy for `tool`, `resource`, `prompt`, `llm` and `http`."),
    key("authentication", Shape::Authentication, "The identification of callers."),
    key("authorization", Shape::Any, "The steps for all requests."),
    key("assertions", Shape::Any, "Headers that the engine asserts."),
    key("response", Shape::Any, "Responses to denials."),
    key("pdp", Shape::Any, "Decision points."),
    key("session_store", Shape::Any, "The store of sessions."),
    key("attribute_files", Shape::Any, "Files with attributes."),
]);

const GROUPS: Shape = Shape::Table(&Shape::Map(&GROUP));

pub(super) static GROUP: Mapping = Mapping::open(&[
    key("description", Shape::Text, "For people."),
    key("metadata", Shape::Table(&Shape::Text), "For tools."),
    key("plugins", Shape::References, "Overrides of plugins that steps name."),
    key("authentication", Shape::Authentication, "The identification of callers."),
    key("authorization", Shape::Any, "The steps."),
    key("args", Shape::Any, "Stages for arguments."),
    key("result", Shape::Any, "Stages for results."),
    key("assertions", Shape::Any, "Headers that the engine asserts."),
    key("response", Shape::Any, "Responses to denials."),
]);

static ROUTE: Mapping = Mapping::open(&[
    key("tool", Shape::OneOrMore, "Tools: a name, a pattern with `*`, or a list of names."),
    key("resource", Shape::OneOrMore, "Resources, by URI."),
    key("prompt", Shape::OneOrMore, "Prompts, by name."),
    key("llm", Shape::OneOrMore, "Models, by name."),
    key("http", Shape::Any, "Requests, by path and method."),
    key("meta", Shape::Map(&META), "Tags, scope and properties."),
    key("groups", Shape::OneOrMore, "Groups that the route joins."),
    key("plugins", Shape::References, "Overrides of plugins that steps name."),
    key("authentication", Shape::Authentication, "The identification of callers."),
    key("authorization", Shape::Any, "The steps."),
    key("args", Shape::Any, "Stages for arguments."),
    key("result", Shape::Any, "Stages for results."),
    key("assertions", Shape::Any, "Headers that the engine asserts."),
    key("response", Shape::Any, "Responses to denials."),
]);

static META: Mapping = Mapping::open(&[
    key("tags", TEXTS, "Names of groups, among others."),
    key("scope", Shape::Text, "The scope that the request must have."),
    key("properties", Shape::Table(&Shape::Text), "For tools."),
]);

/// Keys of the kinds of things that a route is for.
pub(super) const MATCHERS: [&str; 5] = ["tool", "resource", "prompt", "llm", "http"];
