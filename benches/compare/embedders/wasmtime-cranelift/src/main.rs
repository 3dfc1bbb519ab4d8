//! Asks a plugin for room for a request: `embed-wasmtime-cranelift PLUGIN`.

use std::env;
use std::error::Error;

use wasmtime::{Config, Engine, Linker, Module, Store};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("usage: embed-wasmtime-cranelift PLUGIN")?;
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config)?;
    let module = Module::from_file(&engine, path)?;
    let mut store = Store::new(&engine, ());
    store.set_fuel(1_000_000)?;
    let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
    let input = instance.get_typed_func::<u32, u32>(&mut store, "input")?;
    println!("room at {}", input.call(&mut store, 100)?);
    Ok(())
}
