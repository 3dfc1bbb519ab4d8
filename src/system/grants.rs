//! The grants of one plugin, and the services of its engine.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use cpex_wasmi_abi::model::JsonMap;
use cpex_wasmi_abi::{CapabilitySet, Field, Manifest, Stateful};

use super::{Granted, Services};
#[cfg(feature = "std")]
use crate::WhenExhausted;
use crate::logging::{LogRecord, contained};
use crate::sync::Counts;
use crate::{Error, Level, LevelFilter, Limits, Policy};

/// The operator's grants to one plugin; shared by all its calls.
pub(crate) struct Grants {
    pub(crate) plugin: String,
    /// An identifier, as names of plugins may be equal.
    #[cfg(feature = "http")]
    pub(crate) number: u64,
    pub(crate) hooks: Vec<String>,
    pub(crate) capabilities: CapabilitySet,
    /// The slots that these open, a bit for each.
    pub(crate) open_slots: u32,
    pub(crate) allow_raw_credentials: bool,
    pub(crate) limits: Limits,
    pub(crate) stateful: Stateful,
    /// The number of instances for calls: one, if they share their state.
    #[cfg(feature = "std")]
    pub(crate) max_instances: usize,
    #[cfg(feature = "std")]
    pub(crate) when_exhausted: WhenExhausted,
    pub(crate) log_level: LevelFilter,
    pub(crate) config: JsonMap,
    pub(crate) granted: Granted,
    pub(crate) services: Services,
    pub(crate) counts: Counts,
    /// The regular expressions that its instances share.
    #[cfg(all(feature = "text", feature = "std"))]
    pub(crate) patterns: crate::regex::Cache,
    /// The JSON Schemas that its instances share.
    #[cfg(all(feature = "text", feature = "std"))]
    pub(crate) schemas: crate::schemas::Cache,
}

impl Grants {
    /// Takes what of the system is to be had at load, which may fail.
    pub(crate) fn new(
        manifest: &Manifest,
        policy: Policy,
        services: Services,
    ) -> Result<Self, Error> {
        let plugin: String = policy.name_of(manifest).into();
        let granted = Granted::new(manifest, policy.access, &services)
            .map_err(|problem| Error::from_problems(vec![problem]).with_plugin(&plugin))?;
        #[cfg(feature = "http")]
        static NEXT: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(0);
        Ok(Self {
            plugin,
            #[cfg(feature = "http")]
            number: NEXT.fetch_add(1, core::sync::atomic::Ordering::Relaxed),
            hooks: manifest.hooks.clone(),
            capabilities: policy.capabilities,
            open_slots: Self::open_slots(policy.capabilities),
            allow_raw_credentials: policy.allow_raw_credentials,
            #[cfg(feature = "std")]
            max_instances: match manifest.stateful {
                Stateful::Yes => 1,
                _ => policy.max_instances,
            },
            #[cfg(feature = "std")]
            when_exhausted: match policy.when_exhausted {
                // One more would be without the state.
                WhenExhausted::Grow if manifest.stateful.is_kept() => {
                    WhenExhausted::Wait(policy.limits.deadline.unwrap_or(Policy::DEFAULT_MAX_WAIT))
                }
                then => then,
            },
            stateful: manifest.stateful,
            limits: policy.limits,
            log_level: policy.log_level,
            granted,
            services,
            config: policy.config,
            counts: Counts::default(),
            #[cfg(all(feature = "text", feature = "std"))]
            patterns: crate::regex::Cache::default(),
            #[cfg(all(feature = "text", feature = "std"))]
            schemas: crate::schemas::Cache::default(),
        })
    }

    /// Tells the embedder something about the plugin's instances.
    pub(crate) fn tell(&self, level: Level, message: &str) {
        if let Some(sink) = &self.services.sink {
            let (plugin, hook) = (&*self.plugin, LogRecord::HOST);
            let _ = contained(|| sink.log(&LogRecord { plugin, hook, level, message }));
        }
    }

    /// A [bit](Field::slot_bit) for each slot that the plugin may read.
    fn open_slots(capabilities: CapabilitySet) -> u32 {
        let open = |field: &&Field| capabilities.opens(field.info().read);
        let slots = Field::ALL.iter().filter(|field| field.number() % 0x100 == 0);
        slots.filter(open).fold(0, |bits, field| bits | field.slot_bit())
    }

    /// True if the plugin may be given tokens.
    pub(crate) fn opens_tokens(&self) -> bool {
        self.allow_raw_credentials && self.capabilities.opens_credentials()
    }
}
