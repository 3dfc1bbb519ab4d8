//! Cases as files, for the suite in C (`bindings/c/tests/c/hostile.c`).

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use cpex_wasmi::Request;
use serde_json::json;

/// Writes a case into the folder that `CPEX_WASMI_HOSTILE` names, if it is set: the module, the request, and what comes
/// of it and of a harmless one after it. All of them have the limits of `harness.rs`.
pub(crate) fn export(name: &str, wasm: &[u8], request: &Request, expected: [&str; 2]) {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let Some(folder) = std::env::var_os("CPEX_WASMI_HOSTILE").map(PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).unwrap();
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let request = json!({
        "payload_type": request.payload.type_name(),
        "payload": request.payload,
        "extensions": request.extensions,
        "context": request.context,
    });
    let [first, next] = expected;
    let text = format!("{first}\n{next}\n{}\n{request}\n", name.replace('\n', " "));
    std::fs::write(folder.join(format!("{number}.wasm")), wasm).unwrap();
    std::fs::write(folder.join(format!("{number}.case")), text).unwrap();
}
