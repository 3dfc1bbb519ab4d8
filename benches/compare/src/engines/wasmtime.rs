//! Helpers of both ways to use wasmtime: how it is set up.

use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreLimits,
    StoreLimitsBuilder,
};

use crate::Result;

/// Fuel for one call: more than any needs.
const FUEL: u64 = 1_000_000_000;

/// Bytes of memory that a plugin may have, as many as cpex-wasmi gives by default.
const MEMORY: usize = 16 << 20;

/// The engine of a plugin's code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Machine code.
    Cranelift,
    /// Wasmtime's interpreter.
    Pulley,
}

/// The way to use wasmtime.
#[derive(Clone, Copy)]
pub struct Setup {
    pub name: &'static str,
    pub backend: Backend,
    /// True if plugins were compiled in advance.
    pub precompiled: bool,
}

impl Setup {
    /// An engine that meters, and takes memory for instances from a pool, which makes new ones cheap. All
    /// else is wasmtime's default: optimised for speed, memory initialised by copy-on-write mappings.
    pub fn engine(self) -> Result<Engine> {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(200).total_component_instances(200);
        pool.total_memories(200).total_tables(200).max_memory_size(MEMORY);
        let mut config = Config::new();
        config.consume_fuel(true);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        if self.backend == Backend::Pulley {
            config.target("pulley64")?;
        }
        Ok(Engine::new(&config)?)
    }
}

/// A store with the limits of a sandbox.
pub fn store(engine: &Engine) -> Result<Store<StoreLimits>> {
    let limits = StoreLimitsBuilder::new().memory_size(MEMORY).build();
    let mut store = Store::new(engine, limits);
    store.limiter(|limits| limits);
    refuel(&mut store)?;
    Ok(store)
}

/// Gives a store fuel for one more call.
pub fn refuel(store: &mut Store<StoreLimits>) -> Result<()> {
    Ok(store.set_fuel(FUEL)?)
}
