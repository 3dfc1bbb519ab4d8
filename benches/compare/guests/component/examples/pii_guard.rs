//! Denies calls on data labelled `PII` without the permission, as a WebAssembly component.

use compare_component::{Outcome, Request, allow, deny, tool_calls};

fn pii_guard(request: Request) -> Outcome {
    let Some(security) = &request.security else { return allow() };
    if !security.labels.iter().any(|label| label.eq_ignore_ascii_case("PII")) {
        return allow();
    }
    let subject = security.subject.as_ref();
    if subject.is_some_and(|subject| subject.roles.iter().any(|role| role == "hr_admin")) {
        return allow();
    }
    let Some(call) = tool_calls(&request).next() else { return allow() };
    let who = subject.and_then(|subject| subject.id.as_deref()).unwrap_or("nobody");
    deny("pii_access", [who, " may not pass personal data to ", &call.name].concat())
}

compare_component::plugin!(pii_guard);
