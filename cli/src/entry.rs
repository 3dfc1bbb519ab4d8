//! The entry that an operator writes to run a plugin, in a CPEX configuration, as YAML.

use cpex_wasmi::{Capability, CapabilitySet, Limits, ModuleInfo, yaml_scalar};

/// An entry under `plugins:`, ready to be pasted.
pub(crate) struct Entry<'a> {
    /// The plugin's name.
    pub(crate) name: &'a str,
    /// The file name of the module.
    pub(crate) file: &'a str,
    /// The hooks it handles.
    pub(crate) hooks: &'a [String],
    /// The capabilities to grant.
    pub(crate) capabilities: Vec<Capability>,
    /// True if it keeps state from one call to the next.
    pub(crate) stateful: bool,
    /// True if it has a configuration of its own.
    pub(crate) has_config: bool,
    /// The system access to grant, as YAML.
    pub(crate) access: String,
    /// Facts about the module.
    pub(crate) info: &'a ModuleInfo,
}

impl Entry<'_> {
    /// The entry as YAML, as an element of the list `plugins:`.
    pub(crate) fn yaml(&self) -> String {
        let Self { name, file, hooks, capabilities, stateful, has_config, access, info } = self;
        let mut out = format!("- name: {}\n", yaml_scalar(name));
        out.push_str(&format!("  kind: {}\n", yaml_scalar(&format!("wasm://{file}"))));
        out.push_str("  hooks:\n");
        for hook in *hooks {
            out.push_str(&format!("    - {}\n", yaml_scalar(hook)));
        }
        if !capabilities.is_empty() {
            out.push_str(&indented(&capability_list(capabilities.iter().copied()), 2));
        }
        out.push_str("  config:\n");
        if *has_config {
            out.push_str("    # Put the plugin's own settings here.\n");
        }
        out.push_str("    sandbox_policy:\n");
        out.push_str(&indented(access, 6));
        let limits = Limits::default();
        let memory = u64::try_from(limits.memory_bytes).unwrap_or(u64::MAX);
        out.push_str("      resources:\n");
        out.push_str(&format!("        max_fuel: {}\n", limits.fuel));
        if let Some(deadline) = limits.deadline {
            out.push_str(&format!("        max_execution_time_ms: {}\n", deadline.as_millis()));
        }
        let memory = memory.max(info.initial_memory_bytes);
        out.push_str(&format!("        max_memory_bytes: {memory}\n"));
        if *stateful {
            out.push_str(&indented(STATE, 6));
        }
        let granted: CapabilitySet = capabilities.iter().copied().collect();
        if granted.opens_credentials() {
            out.push_str("      # Only if it may read the tokens themselves:\n");
            out.push_str("      # allow_raw_credentials: true\n");
        }
        out
    }
}

/// The keys that let a plugin keep state, under `sandbox_policy:`.
pub(crate) const STATE: &str = "isolation: pooled\nallow_state: true\n";

/// The key `capabilities:` with its list.
pub(crate) fn capability_list(capabilities: impl Iterator<Item = Capability>) -> String {
    let mut out = String::from("capabilities:\n");
    for capability in capabilities {
        out.push_str(&format!("  - {capability}\n"));
    }
    out
}

/// Text with this many spaces before each line.
pub(crate) fn indented(text: &str, spaces: usize) -> String {
    text.lines().map(|line| format!("{:spaces$}{line}\n", "")).collect()
}
