//! Makes a component of a core module: `compare-encode MODULE COMPONENT`.

use std::error::Error;
use std::{env, fs};

use wit_component::ComponentEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [module, component] = arguments.as_slice() else {
        return Err("usage: compare-encode MODULE COMPONENT".into());
    };
    let module = fs::read(module)?;
    fs::write(component, ComponentEncoder::default().validate(true).module(&module)?.encode()?)?;
    Ok(())
}
