//! Checks before a plugin is loaded: its entry, its manifest, and what `cpex-core` makes of
//! its changes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::{Capability, CapabilitySet, Manifest};
use serde_json::Value;

use crate::module::warnings::READS_OF_WRITES;
use crate::{ErrorKind, Problem};

/// The hooks that an entry lists.
pub(super) fn hooks(entry: &Value) -> Vec<&str> {
    let hooks = entry.get("hooks").and_then(Value::as_array);
    hooks.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Refuses an entry without a name, and one without hooks: it says which the manifest offers, if that is known.
pub(super) fn identity(entry: &Value, manifest: Option<&Manifest>, problems: &mut Vec<Problem>) {
    let invalid =
        |path: &str, message: String| Problem::new(ErrorKind::InvalidPolicy, message).about(path);
    if entry.get("name").and_then(Value::as_str) == Some("") {
        let message = "`name` is empty; give the plugin a name: logs, errors and violations use it";
        problems.push(invalid("name", message.into()));
    }
    if hooks(entry).is_empty() {
        let mut message = String::from(
            "`hooks` is empty, so the plugin would never be called; add the hooks it is for",
        );
        if let Some(manifest) = manifest {
            let offered: Vec<_> = manifest.hooks.iter().map(|hook| crate::visible(hook)).collect();
            let offered = offered.join(", ");
            message.push_str(&format!(", such as those it offers: `hooks: [{offered}]`"));
        }
        problems.push(invalid("hooks", message));
    }
}

/// Refuses grants that a pipeline would make something else of than the operator means: a plugin
/// that may change what it may not see.
pub(super) fn grants(
    granted: CapabilitySet,
    requested: CapabilitySet,
    problems: &mut Vec<Problem>,
) {
    let harm = |write| match write {
        Capability::WriteHeaders => {
            "replace all headers of the request by those that the plugin sets"
        }
        _ => "drop what the plugin adds wherever there is something already",
    };
    for (write, read) in READS_OF_WRITES {
        // What the plugin asks for is told of by itself.
        if granted.contains(write) && !granted.contains(read) && !requested.contains(read) {
            let harm = harm(write);
            problems.push(Problem::new(
                ErrorKind::CapabilityDenied(read),
                format!(
                    "`{write}` is granted without `{read}`, and the pipeline would {harm}; add \
                     `- {read}` under `capabilities:` of its entry"
                ),
            ));
        }
    }
}
