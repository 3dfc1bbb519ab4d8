//! Hashes the arguments of tool calls and keeps a summary in the state, as a WebAssembly component.

use compare_component::{FNV_OFFSET, Outcome, Part, Request, allow, fnv1a_from};

fn compute(request: Request) -> Outcome {
    let mut outcome = allow();
    let mut labels = request.security.map(|security| security.labels).unwrap_or_default();
    labels.sort_unstable();
    let headers = request.http.map(|http| http.request_headers).unwrap_or_default();
    let id = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-request-id"));
    for part in request.message.content {
        let Part::ToolCall(call) = part else { continue };
        let mut summary = call.name;
        for label in labels.iter().chain(id.map(|(_, id)| id)) {
            summary.push(' ');
            summary.push_str(label);
        }
        let hash = format!("{:016x}", fnv1a_from(FNV_OFFSET, call.arguments.as_bytes()));
        outcome.state = vec![("summary".into(), summary), ("hash".into(), hash)];
    }
    outcome
}

compare_component::plugin!(compute);
