//! Calls a plugin with no request: `embed-extism PLUGIN`.

use std::env;
use std::error::Error;

use extism::{Manifest, PluginBuilder, Wasm};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("usage: embed-extism PLUGIN")?;
    let manifest = Manifest::new([Wasm::file(path)]);
    let mut plugin = PluginBuilder::new(manifest).with_fuel_limit(1_000_000).build()?;
    println!("{} bytes", plugin.call::<&[u8], &[u8]>("decide", &[])?.len());
    Ok(())
}
