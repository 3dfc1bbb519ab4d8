//! The policy: an operator's grants to one plugin.

mod access;
mod digest;
pub(crate) mod entry;
mod grants;
#[cfg_attr(
    not(feature = "yaml"),
    allow(dead_code, reason = "some of it is for the JSON Schema only")
)]
pub(crate) mod keys;
mod limits;
mod network;
mod parse;
mod read_access;
mod read_network;
pub(crate) mod values;

use alloc::string::String;
use core::time::Duration;

use cpex_wasmi_abi::model::JsonMap;
use cpex_wasmi_abi::{Capability, CapabilitySet, Manifest};

use crate::LevelFilter;

pub use access::Access;
pub(crate) use access::{feature_of, grant_for};
pub use digest::Digest;
pub use grants::{ClockGrant, CommandGrant, FileGrant, FilePermission, PathKind, RandomGrant};
pub use limits::Limits;
pub(crate) use network::NetworkRequest;
pub use network::{
    AddressGuard, HostPattern, InvalidHost, InvalidMethod, Method, NetworkGrant, Scheme,
};
#[cfg(feature = "http")]
pub(crate) use network::{Host, is_token};

/// The number of instances that are kept, whatever a policy says.
#[cfg(any(feature = "std", test))]
pub(crate) const MAX_INSTANCES: u16 = 1024;

/// A policy: an operator's grants to one plugin. The default grants nothing but time and memory.
///
/// ```
/// use cpex_wasmi::{Capability, Policy};
///
/// let policy = Policy::default()
///     .grant([Capability::ReadLabels])
///     .config("role", "hr_admin");
/// ```
///
/// An operator writes it as YAML, which [`Policy::from_value`] reads once it is parsed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// The operator's name of the plugin. `None`: the name in its manifest. Only an embedder sets
    /// it: [`Policy::from_value`] leaves it out, whatever the name of an entry.
    pub name: Option<String>,
    /// The digest of the only module that may be loaded. `None`: any module.
    pub digest: Option<Digest>,
    /// The capabilities granted.
    pub capabilities: CapabilitySet,
    /// The access that the plugin has.
    pub limits: Limits,
    /// The sharing of instances between calls.
    pub isolation: Isolation,
    /// The number of instances for calls: at most so many are kept, if they are pooled, and what
    /// becomes of a call for which there is none says [`when_exhausted`](Self::when_exhausted). No more than
    /// 1,024 are kept, and a policy in YAML cannot ask for more.
    /// Default: 10.
    pub max_instances: usize,
    /// The behaviour of a call while [`max_instances`](Self::max_instances) others are under way.
    pub when_exhausted: WhenExhausted,
    /// True if `_initialize` and `cpex_init` run in the first instance only, and later ones begin as
    /// they left that one. They run in each all the same if the module changes tables, drops segments,
    /// has a mutable global of a reference type or more than 100 mutable ones, or is larger than 8 MiB,
    /// and without the feature `std`; or if the initialisation used what may be different the next
    /// time, of which the log is told. Default: yes.
    pub snapshot: bool,
    /// True if a plugin that keeps state from one call to the next may run. It takes
    /// [`Isolation::Pooled`]. The plugin has one instance, or up to `max_instances` if its manifest says
    /// that each may have a state of its own; calls wait for one as
    /// [`when_exhausted`](Self::when_exhausted) says. No instance is dropped, but one in which a call
    /// failed on its way, and the state with it: the log is told, and the call's receipt
    /// ([`Receipt::state_lost`](crate::Receipt::state_lost)). Default: no.
    pub allow_state: bool,
    /// True if a plugin that may see credentials may read the tokens themselves. It then gets an
    /// instance of its own for each call, whose memory is overwritten afterwards, and tokens are
    /// kept out of what it logs and says. Default: no.
    pub allow_raw_credentials: bool,
    /// The least severe lines of the plugin's log that reach the sink. Others are dropped unread,
    /// without counting as logged; the plugin is told that they were written. Default: all.
    pub log_level: LevelFilter,
    /// The plugin's own configuration.
    pub config: JsonMap,
    /// The plugin's system access, if its manifest asks for it. Default: nothing.
    pub access: Access,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            name: None,
            digest: None,
            capabilities: CapabilitySet::EMPTY,
            limits: Limits::default(),
            isolation: Isolation::default(),
            max_instances: Self::DEFAULT_MAX_INSTANCES,
            when_exhausted: WhenExhausted::default(),
            snapshot: true,
            allow_state: false,
            allow_raw_credentials: false,
            log_level: LevelFilter::Trace,
            config: JsonMap::new(),
            access: Access::default(),
        }
    }
}

/// The sharing of instances between calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isolation {
    /// Each call gets an instance of its own: nothing of one call is there in the next.
    #[default]
    PerCall,
    /// Calls reuse instances, which is faster. What a plugin leaves in its memory, later calls of
    /// the same plugin may find.
    Pooled,
}

/// The behaviour of a call while as many are under way as the plugin has instances for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenExhausted {
    /// It gets an instance more. Where instances are pooled, so many are kept afterwards as before.
    ///
    /// A plugin that keeps state gets none, which would not have the state: its calls wait for an
    /// instance, at most for the [deadline](crate::Limits::deadline) of a call.
    #[default]
    Grow,
    /// It waits for one of the others to end, at most for this long, and those that wait are served in
    /// the order of arrival. Then it fails with `instances_exhausted`.
    ///
    /// [`Plugin::call`](crate::Plugin::call) lets its thread sleep meanwhile. The future of
    /// [`Plugin::call_async`](crate::Plugin::call_async) is woken when it is served, and when its time is
    /// over if the engine's clock has a timer ([`Clock::sleep`](crate::Clock::sleep)), as the host's own
    /// has. With another clock it looks at the time when it is polled.
    Wait(Duration),
    /// It fails at once, with `instances_exhausted`.
    Refuse,
}

impl Policy {
    /// The default number of instances.
    pub const DEFAULT_MAX_INSTANCES: usize = 10;
    /// The default time that a call waits for an instance, if the policy lets it wait.
    pub const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(1);

    /// Gives the plugin the name that [`Plugin::name`](crate::Plugin::name), log records and errors
    /// have, instead of the one in its manifest.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Lets only the module with this digest be loaded.
    #[must_use]
    pub fn digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// Grants capabilities, beside those granted before.
    #[must_use]
    pub fn grant(mut self, capabilities: impl IntoIterator<Item = Capability>) -> Self {
        for capability in capabilities {
            self.capabilities.insert(capability);
        }
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps up to `max_instances` instances for later calls, instead of making one for each.
    #[must_use]
    pub fn pooled(mut self, max_instances: usize) -> Self {
        self.isolation = Isolation::Pooled;
        self.max_instances = max_instances;
        self
    }

    /// Sets how many instances there are for calls.
    #[must_use]
    pub fn max_instances(mut self, instances: usize) -> Self {
        self.max_instances = instances;
        self
    }

    /// Says what a call does while `max_instances` others are under way.
    #[must_use]
    pub fn when_exhausted(mut self, then: WhenExhausted) -> Self {
        self.when_exhausted = then;
        self
    }

    /// Initialises each instance on its own, instead of the first only.
    #[must_use]
    pub fn without_snapshot(mut self) -> Self {
        self.snapshot = false;
        self
    }

    /// Lets a plugin keep state from one call to the next.
    #[must_use]
    pub fn allow_state(mut self) -> Self {
        self.allow_state = true;
        self
    }

    /// Lets a plugin that may see credentials read the tokens themselves.
    #[must_use]
    pub fn allow_raw_credentials(mut self) -> Self {
        self.allow_raw_credentials = true;
        self
    }

    /// Drops lines of the plugin's log that are less severe than this.
    #[must_use]
    pub fn log_level(mut self, least: LevelFilter) -> Self {
        self.log_level = least;
        self
    }

    /// Grants access to the system, instead of what was granted before.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Sets one value of the plugin's own configuration.
    #[must_use]
    pub fn config(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.config.insert(name.into(), value.into());
        self
    }

    /// The name of a plugin with this manifest.
    pub(crate) fn name_of<'a>(&'a self, manifest: &'a Manifest) -> &'a str {
        self.name.as_deref().unwrap_or(&manifest.name)
    }
}
