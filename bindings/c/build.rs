//! Names the shared library as `bindings/c/build` installs it, so that programs find it by that name.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let name = match system.as_str() {
        "macos" | "ios" => "-Wl,-install_name,@rpath/libcpex_wasmi.0.dylib",
        // Apps have no versions of libraries.
        "android" => "-Wl,-soname,libcpex_wasmi.so",
        "windows" | "none" => return,
        _ => "-Wl,-soname,libcpex_wasmi.so.0",
    };
    println!("cargo::rustc-cdylib-link-arg={name}");
}
