//! Helpers of the components: the bindings, and how a policy becomes the world's export.

#[allow(unsafe_code, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "policy",
        pub_export_macro: true,
        export_macro_name: "export",
        default_bindings_module: "compare_component",
    });
}

pub use bindings::*;

/// The tool calls of a request.
pub fn tool_calls(request: &Request) -> impl Iterator<Item = &ToolCall> {
    request.message.content.iter().filter_map(|part| match part {
        Part::ToolCall(call) => Some(call),
        _ => None,
    })
}

/// The texts of a request.
pub fn texts(request: &Request) -> impl Iterator<Item = &str> {
    request.message.content.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

/// The outcome of a request that nothing is said against.
pub fn allow() -> Outcome {
    Outcome { violation: None, state: Vec::new(), arguments: None }
}

/// The outcome of one that is denied.
pub fn deny(code: &str, reason: String) -> Outcome {
    let violation = Violation { code: code.into(), reason };
    Outcome { violation: Some(violation), ..allow() }
}

pub const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

pub fn fnv1a_from(hash: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(hash, step)
}

/// Exports a function from a request to an outcome.
#[macro_export]
macro_rules! plugin {
    ($policy:path) => {
        struct Plugin;

        impl $crate::Guest for Plugin {
            fn decide(request: $crate::Request) -> $crate::Outcome {
                $policy(request)
            }
        }

        $crate::export!(Plugin);
    };
}
