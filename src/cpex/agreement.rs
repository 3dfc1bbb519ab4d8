//! What has to agree before a plugin is loaded: its entry, its manifest, and what `cpex-core` makes of
//! its changes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use cpex_core::plugin::PluginConfig;
use cpex_wasmi_abi::{Capability, CapabilitySet, Manifest};

use crate::module::READS_OF_WRITES;
use crate::{ErrorKind, Problem};

/// The hooks that the entry lists and the manifest must offer.
pub(super) fn hooks<'c>(
    config: &'c PluginConfig,
    manifest: &Manifest,
    problems: &mut Vec<Problem>,
) -> Vec<&'c str> {
    if config.name.is_empty() {
        let message = "`name` is empty; logs, errors and violations go by it";
        problems.push(Problem::new(ErrorKind::InvalidPolicy, message));
    }
    if config.hooks.is_empty() {
        let offered = manifest.hooks.iter().map(|hook| crate::visible(hook)).collect::<Vec<_>>();
        problems.push(Problem::new(
            ErrorKind::InvalidPolicy,
            format!(
                "`hooks` is empty, so the plugin would never be called; add those it is for, of \
                 the ones it offers: `hooks: [{}]`",
                offered.join(", ")
            ),
        ));
    }
    config.hooks.iter().map(String::as_str).collect()
}

/// Refuses grants that `cpex-core` would make something else of than the operator means: a plugin
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
                    "`{write}` is granted without `{read}`, and cpex-core would {harm}; add \
                     `- {read}` under `capabilities:` of its entry"
                ),
            ));
        }
    }
}
