//! Denies one tool by its name, as a WebAssembly component.

use compare_component::{Outcome, Request, allow, deny, tool_calls};

fn tool_name(request: Request) -> Outcome {
    if tool_calls(&request).any(|call| call.name == "shell") {
        return deny("tool", "no shells".into());
    }
    allow()
}

compare_component::plugin!(tool_name);
