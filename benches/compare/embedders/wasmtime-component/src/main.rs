//! Instantiates a component: `embed-wasmtime-component PLUGIN`.

use std::env;
use std::error::Error;

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Store};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("usage: embed-wasmtime-component PLUGIN")?;
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config)?;
    let component = Component::from_file(&engine, path)?;
    let mut store = Store::new(&engine, ());
    store.set_fuel(1_000_000)?;
    let instance = Linker::new(&engine).instantiate(&mut store, &component)?;
    println!("decides: {}", instance.get_func(&mut store, "decide").is_some());
    Ok(())
}
