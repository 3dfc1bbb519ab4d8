//! Counts the secrets in the text of a message, and masks those in the arguments of tool calls, as a WebAssembly component.

use compare_component::{Outcome, Request, allow, texts, tool_calls};

fn secrets(request: Request) -> Outcome {
    let found: usize = texts(&request).map(compare_texts::count).sum();
    let call = tool_calls(&request).next();
    let arguments = call.and_then(|call| compare_texts::masked_json(&call.arguments));
    Outcome { state: vec![("found".into(), found.to_string())], arguments, ..allow() }
}

compare_component::plugin!(secrets);
