//! Finds secrets as the plugin `secrets` does, written as for CPEX, with the interface of the crate `regex`.
#![forbid(unsafe_code)]

/// The only line that differs where the plugin is built into a gateway: `use regex::{Error, Regex};` there.
pub(crate) use cpex_wasmi_guest::regex::{Error, Regex};

#[allow(unused_imports, reason = "as a native plugin has it")]
mod cpex {
    pub(crate) use crate::Extensions;
    pub(crate) use cpex_wasmi_guest::cpex::*;
}

mod formats;
mod scanner;

cpex_wasmi_guest::cpex_plugin! {
    name: "secrets-cpex",
    description: "Blocks or masks access keys and tokens in tool arguments and results",
    config_schema: include_str!("../config.schema.json"),
    plugin: scanner::Scanner = scanner::Scanner::new,
    hooks: { "cmf.tool_pre_invoke" => cpex::CmfHook, "cmf.tool_post_invoke" => cpex::CmfHook },
}

#[cfg(test)]
mod tests;
