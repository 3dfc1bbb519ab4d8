//! Policies: what an operator grants a plugin.
#![allow(unsafe_code, reason = "names of functions, for the linker")]

use core::mem::MaybeUninit;
use serde_json::Value;

use crate::error::{Code, Error, Failure, guarded, guarded_or, made};
use crate::json;
use crate::raw::{Text, given};

/// A policy: what an operator grants a plugin, and its limits. Threads may read it at once, as loading does.
pub struct Policy(pub(crate) cpex_wasmi::Policy);

/// Makes a policy that grants nothing but time and memory.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_policy_new() -> Option<Box<Policy>> {
    guarded_or(None, || Some(Box::new(Policy(cpex_wasmi::Policy::default()))))
}

/// Reads a policy from YAML or JSON: the content of `sandbox_policy`, a mapping with that key and `capabilities` beside
/// it, or a whole entry of CPEX. Returns null and sets `policy`, or returns an error with the place of each problem.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_policy_parse(
    text: Text<'_>,
    policy: Option<&mut MaybeUninit<Option<Box<Policy>>>>,
) -> Option<Box<Error>> {
    made(policy, "the place for the policy", || {
        let text = text.read("the policy")?;
        Ok(Policy(cpex_wasmi::Policy::from_yaml(text)?))
    })
}

/// Sets the name that logs and errors have for the plugin, in place of the one in its manifest.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_policy_set_name(
    policy: Option<&mut Policy>,
    name: Text<'_>,
) -> Option<Box<Error>> {
    guarded(move || {
        given(policy, "the policy")?.0.name = Some(name.read("the name")?.into());
        Ok(())
    })
}

/// Sets the plugin's own configuration: a JSON object.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_policy_set_config(
    policy: Option<&mut Policy>,
    config: Text<'_>,
) -> Option<Box<Error>> {
    guarded(move || {
        let policy = given(policy, "the policy")?;
        let wrong = |message| Failure::new(Code::InvalidPolicy, message);
        let Value::Object(config) = json::read(config, "the configuration", wrong)? else {
            return Err(wrong("the configuration is not an object".into()));
        };
        policy.0.config = config.into_iter().collect();
        Ok(())
    })
}

/// Frees a policy. Null is fine.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_policy_free(policy: Option<Box<Policy>>) {
    guarded_or((), || drop(policy));
}
