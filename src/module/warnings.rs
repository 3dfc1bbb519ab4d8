//! Warnings about a policy for a module: oddities that are not wrong.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::{Capability, CapabilitySet, KNOWN_HOOKS};

use super::Module;
use crate::text::suggest::nearest;
use crate::{Isolation, Policy};

impl Module {
    /// Oddities of this policy for the module that are not wrong, such as a grant that
    /// it does not ask for.
    pub fn warnings(&self, policy: &Policy) -> Vec<String> {
        let unused = policy.capabilities.difference(with_reads(self.requested()));
        // What is asked for is the network.
        let unused = unused.iter().filter(|name| *name != Capability::PerformHttp);
        let mut warnings: Vec<String> = unused
            .map(|name| {
                format!("the capability `{name}` is granted, but the plugin does not ask for it")
            })
            .collect();
        let known = || KNOWN_HOOKS.iter().map(|(name, _)| *name);
        for hook in &self.manifest().hooks {
            // Any other may be of the embedder's own.
            if known().any(|name| name == hook) {
                continue;
            }
            if let Some(near) = nearest(hook, known()) {
                warnings.push(format!(
                    "the plugin handles the hook `{hook}`, which CPEX does not have; did its author \
                     mean `{near}`?"
                ));
            }
        }
        for (write, read) in READS_OF_WRITES {
            let granted = |capability| policy.capabilities.contains(capability);
            if granted(write) && !granted(read) {
                warnings.push(format!(
                    "the capability `{write}` is granted without `{read}`, and cpex-core takes all \
                     that a plugin sees for its change; with cpex-core, the plugin is not loaded \
                     without both"
                ));
            }
        }
        warnings.extend(policy.access.unreachable().map(|host| {
            format!(
                "`allowed_network` grants `{host}`, which is not a public address: nothing is sent \
                 to it without `allow_private: true`"
            )
        }));
        let credentials = self.requested().opens_credentials();
        if credentials && !policy.allow_raw_credentials {
            warnings.push(
                "the plugin asks for credentials, and sees all of them but the tokens; set \
                 `allow_raw_credentials: true` under `sandbox_policy:` if it may read tokens"
                    .into(),
            );
        }
        if cfg!(feature = "std")
            && self.info().has_init
            && self.globals().is_none()
            && policy.snapshot
            && policy.isolation == Isolation::PerCall
        {
            warnings.push(
                "each call initialises the plugin anew, as the state after its initialisation \
                 cannot be kept for the next (docs/policy.md, \"Initialised once\"); set \
                 `isolation: pooled` if calls may share instances, or `snapshot: false` if that is intended"
                    .into(),
            );
        }
        if policy.allow_raw_credentials && !credentials {
            warnings.push(
                "the policy allows raw credentials, but the plugin does not ask for any".into(),
            );
        }
        warnings.extend(policy.access.unused(self.manifest()).into_iter().map(|grant| {
            format!("`{}` is granted, but the plugin does not ask for it", crate::visible(&grant))
        }));
        warnings
    }
}

/// The writable parts, and the capabilities to read them: in CPEX's pipeline, who changes what they do
/// not see replaces all of it.
pub(crate) const READS_OF_WRITES: [(Capability, Capability); 3] = [
    (Capability::WriteHeaders, Capability::ReadHeaders),
    (Capability::AppendLabels, Capability::ReadLabels),
    (Capability::AppendDelegation, Capability::ReadDelegation),
];

/// A request of a plugin, and the grants that it takes.
pub(super) fn with_reads(requested: CapabilitySet) -> CapabilitySet {
    let mut with_reads = requested;
    for (write, read) in READS_OF_WRITES {
        if requested.contains(write) {
            with_reads.insert(read);
        }
    }
    with_reads
}
