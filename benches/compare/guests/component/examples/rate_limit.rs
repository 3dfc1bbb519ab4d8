//! Bounds the calls of a user in a minute, as a WebAssembly component.

use compare_component::{Outcome, Request, allow, deny};

fn rate_limit(request: Request) -> Outcome {
    let subject = request.security.and_then(|security| security.subject);
    let user = subject.and_then(|subject| subject.id).unwrap_or_default();
    let time = request.request.and_then(|request| request.timestamp).unwrap_or_default();
    if compare_texts::calls_in_minute(&user, &time) > compare_texts::MOST_CALLS {
        return deny("rate_limited", "too many calls".into());
    }
    allow()
}

compare_component::plugin!(rate_limit);
