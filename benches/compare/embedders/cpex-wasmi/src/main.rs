//! Calls a plugin with a request: `embed-cpex-wasmi PLUGIN`.

use std::error::Error;
use std::{env, fs};

use cpex_wasmi::{Decision, Engine, Plugin, Policy, Request};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("usage: embed-cpex-wasmi PLUGIN")?;
    let plugin = Plugin::load(&Engine::new()?, &fs::read(path)?, Policy::default())?;
    match plugin.call("cmf.tool_pre_invoke", Request::tool_call("search"))?.decision {
        Decision::Allow => println!("allowed"),
        Decision::Deny(violation) => println!("denied: {}", violation.reason),
    }
    Ok(())
}
