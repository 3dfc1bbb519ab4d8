//! Hashes the text of a message, byte by byte, as a WebAssembly component.

use compare_component::{FNV_OFFSET, Outcome, Part, Request, allow, fnv1a_from};

fn hash_text(request: Request) -> Outcome {
    let mut hash = FNV_OFFSET;
    for part in &request.message.content {
        if let Part::Text(text) = part {
            hash = fnv1a_from(hash, text.as_bytes());
        }
    }
    Outcome { state: vec![("hash".into(), format!("{hash:016x}"))], ..allow() }
}

compare_component::plugin!(hash_text);
