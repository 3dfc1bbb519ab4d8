//! `env.get`: environment variables.

use alloc::string::String;

use cpex_wasmi_abi::Status;

use super::{AccessKind, Function, Granted, Invocation, Reply};
use crate::boundary::Input;

pub(crate) struct EnvGet;

impl Function for EnvGet {
    fn kind(&self) -> AccessKind {
        AccessKind::Env
    }

    /// The values are those that were there when the plugin was loaded.
    fn varies(&self, _: &Granted) -> bool {
        false
    }

    fn call(&self, invocation: &mut Invocation<'_>, argument: Input<'_>) -> Reply {
        let value = argument.record::<String>().and_then(|name| get(invocation, &name));
        Reply::Now(value.and_then(|value| argument.format.encode(&value)))
    }
}

fn get(invocation: &Invocation<'_>, name: &str) -> Result<Option<String>, Status> {
    let granted = &invocation.grants.granted;
    if !granted.variable(name) {
        return Err(invocation.denied(AccessKind::Env, "get", name));
    }
    let value = granted.environment.get(name);
    invocation.allowed(AccessKind::Env, "get", name, value.map_or(0, str::len));
    Ok(value.map(String::from))
}
