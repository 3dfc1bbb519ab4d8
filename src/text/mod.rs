//! Texts and names: what is masked in them, and how they are compared.

pub(crate) mod pattern;
pub(crate) mod redact;
mod same_name;
pub(crate) mod secrets;

pub(crate) use cpex_wasmi_abi::suggest;
pub(crate) use same_name::Name;
pub(crate) use secrets::Secrets;
