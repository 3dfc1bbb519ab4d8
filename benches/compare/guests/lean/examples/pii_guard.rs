//! As `fixtures/plugins/pii_guard`, with a reason that names the subject and the tool.
#![no_std]
#![no_main]

extern crate alloc;

use cpex_wasmi_guest::prelude::*;

plugin! {
    name: "pii-guard",
    capabilities: ["read_labels", "read_subject", "read_roles"],
    hooks: { "cmf.tool_pre_invoke" => guard },
}

fn guard(call: &Call) -> Result<Verdict> {
    let security = call.security();
    if !security.has_label("PII")? || security.subject().has_role("hr_admin")? {
        return allow();
    }
    for tool_call in call.tool_calls()? {
        let who = security.subject().id()?;
        let who = who.as_deref().unwrap_or("nobody");
        let reason = [who, " may not pass personal data to ", &tool_call.name()?].concat();
        return deny("pii_access", &reason);
    }
    allow()
}
