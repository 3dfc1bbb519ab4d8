//! The keys of a configuration around the entries of plugins, as `cpex-core` has them.

use crate::policy::keys::{ENTRY, Mapping, Shape, TEXTS, filled, key, required};

const SWITCH: Shape = Shape::Switch;

pub(super) static CONFIGURATION: Mapping = Mapping::open(&[
    key("plugins", Shape::List(&Shape::Map(&ENTRY)), "The plugins."),
    key("plugin_settings", Shape::Map(&SETTINGS), "Settings for all plugins."),
    key("global", Shape::Map(&GLOBAL), "Plugins for all requests, with `routing_enabled: true`."),
    key("groups", GROUPS, "Named groups of plugins, with `routing_enabled: true`."),
    key("routes", Shape::List(&Shape::Map(&ROUTE)), "Routes, with `routing_enabled: true`."),
    key("plugin_dirs", TEXTS, "Directories of native plugins."),
]);

pub(super) static SETTINGS: Mapping = Mapping::open(&[
    filled(
        "routing_enabled",
        SWITCH,
        "`true`: routes choose the plugins of a request. Default: false.",
    ),
    filled(
        "plugin_timeout",
        Shape::Whole(0, u64::MAX),
        "Seconds for a plugin's call. Default: 30.",
    ),
    filled("short_circuit_on_deny", SWITCH, "`true`: a denial ends a band. Default: true."),
    filled("parallel_execution_within_band", SWITCH, "Default: false."),
    filled("fail_on_plugin_error", SWITCH, "Default: false."),
    filled("route_cache_max_entries", Shape::Whole(0, u64::MAX), "Default: 10000."),
]);

pub(super) static GLOBAL: Mapping = Mapping::open(&[
    key("policies", GROUPS, "Groups, as under `groups`; `all` is for each request."),
    key("defaults", GROUPS, "Groups for `tool`, `resource`, `prompt` and `llm`."),
    key("authentication", Shape::Authentication, "The identification of callers."),
]);

const GROUPS: Shape = Shape::Table(&Shape::Map(&GROUP));

pub(super) static GROUP: Mapping = Mapping::open(&[
    key("description", Shape::Text, "For people."),
    key("metadata", Shape::Table(&Shape::Text), "For tools."),
    key("plugins", Shape::References, "The plugins, by name, each with an override or without."),
    key("authentication", Shape::Authentication, "The identification of callers."),
]);

pub(super) static ROUTE: Mapping = Mapping::open(&[
    key("tool", Shape::OneOrMore, "Tools: a name, a pattern with `*`, or a list of names."),
    key("resource", Shape::OneOrMore, "Resources, by URI."),
    key("prompt", Shape::OneOrMore, "Prompts, by name."),
    key("llm", Shape::OneOrMore, "Models, by name."),
    key("meta", Shape::Map(&META), "Tags, scope and properties."),
    key("groups", Shape::OneOrMore, "Groups whose plugins are called too."),
    key("when", Shape::Text, "A condition that an orchestrator evaluates."),
    key("plugins", Shape::References, "The plugins, by name, each with an override or without."),
    key("authentication", Shape::Authentication, "The identification of callers."),
]);

static META: Mapping = Mapping::open(&[
    key("tags", TEXTS, "Names of groups, among others."),
    key("scope", Shape::Text, "The scope that the request must have."),
    key("properties", Shape::Table(&Shape::Text), "For tools."),
]);

/// A step of `authentication` that is more than a name.
pub(super) static STEP: Mapping = Mapping::open(&[
    required("name", Shape::Text, "The plugin."),
    key("on_error", Shape::Text, "The reaction to a failure: `continue` or `deny`."),
    key("config", Shape::Any, "Settings that replace the entry's."),
]);

/// `authentication` that is more than a list.
pub(super) static STEPS: Mapping = Mapping::open(&[
    required("steps", Shape::Any, "The steps."),
    filled("replace_inherited", SWITCH, "`true`: steps of groups are left out. Default: false."),
]);

/// Keys of the kinds of things that a route is for.
pub(super) const MATCHERS: [&str; 4] = ["tool", "resource", "prompt", "llm"];
