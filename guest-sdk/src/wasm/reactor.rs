//! The first steps of a module for `wasm32-wasip1`. Without it, the linker would have each call of
//! an export begin and end the C library.

unsafe extern "C" {
    safe fn __wasm_call_ctors();
}

#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    __wasm_call_ctors();
}
