//! Allows everything, as a WebAssembly component.

use compare_component::{Outcome, Request, allow};

fn noop(_: Request) -> Outcome {
    allow()
}

compare_component::plugin!(noop);
