//! Hashes the text of a message by SHA-256, as a WebAssembly component.

use compare_component::{Outcome, Request, allow, texts};

fn sha256(request: Request) -> Outcome {
    let hash = texts(&request).next().map(compare_texts::sha256).unwrap_or_default();
    Outcome { state: vec![("sha256".into(), hash)], ..allow() }
}

compare_component::plugin!(sha256);
