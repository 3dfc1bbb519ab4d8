//! Headers with secrets, of which plugins see markers.
//!
//! Only the engine makes a marker: it asserts a header from a declared secret, after the plugins of a request's hook have run. So
//! markers are there for plugins of the response's hook, to which the embedder hands the extensions of the first. No test can show
//! one to a plugin of the same hook, or in the headers of a response: the engine never does.

use std::sync::Arc;

use cpex_wasmi::abi::{Field, Status};
use praxis_policy::{AplOptions, register_apl};

use crate::native::POST;
use crate::pipeline::*;
use crate::script::Script;
use crate::upstream::executor::PipelineResult;
use crate::upstream::extensions::{Extensions, HttpExtension};
use crate::upstream::secrets::SecretProviderRegistry;

const SECRET: &str = "sk-live-abc123";
const MARKER: &str = "<redacted secret.legacy>";
const KEY: &str = "x-api-key";

fn request_header(name: &str) -> (Field, u32, Option<&str>) {
    (Field::HttpRequestHeaders, 0, Some(name))
}

/// Calls a plugin for the response of a request onto which the engine put a secret: what it left.
async fn responded(script: &Script<'_>, capabilities: &[&str]) -> PipelineResult {
    let secrets = tempfile::tempdir().unwrap();
    std::fs::write(secrets.path().join("legacy.key"), SECRET).unwrap();
    let plugins = Plugins::new().with("guest.wasm", &script.build());
    let yaml = format!(
        "
engine_settings: {{ dispatch: policy }}
secrets:
  providers: {{ local: {{ kind: file, base_dir: '{}' }} }}
  values: {{ legacy: {{ provider: local, ref: legacy.key }} }}
global:
  assertions: {{ request: {{ headers: [{{ name: X-API-Key, from: secret.legacy }}] }} }}
plugins:
{}routes:
  - tool: pay
    authorization: {{ post_invocation: ['run(guest)'] }}
",
        secrets.path().display(),
        granting("guest", "guest", POST, capabilities, "")
    );
    let engine = plugins
        .load_into(&yaml, &plugins.factory(), |engine| {
            register_apl(engine, AplOptions::in_process());
            assert!(engine.set_secret_providers(SecretProviderRegistry::with_builtin_backends()));
        })
        .unwrap();
    engine.initialize().await.unwrap();
    let http = HttpExtension { method: Some("POST".into()), ..HttpExtension::default() };
    let sent = Extensions { http: Some(Arc::new(http)), ..about_tool("pay") };
    let asked = invoke(&engine, tool_call("pay"), sent).await;
    assert_eq!(header(&asked, KEY), Some(SECRET), "{:?}", asked.violation);
    let carried = extensions(&asked).clone();
    let result = invoke_hook(&engine, POST, tool_call("pay"), carried, None).await;
    assert!(!result.is_denied(), "{:?}", result.violation);
    result
}

#[test]
fn a_plugin_sees_a_marker_in_the_place_of_a_secret() {
    on_both(async || {
        let capabilities = ["read_headers", "write_headers"];
        let script = Script::new(&capabilities)
            .on(POST)
            .copy_text(request_header(KEY), request_header("x-value"))
            .copy_text(
                (Field::Http, 0, Some("/request_headers/X-API-Key")),
                request_header("x-slot"),
            );
        let result = responded(&script, &capabilities).await;
        assert_eq!(header(&result, "x-value"), Some(MARKER));
        assert_eq!(header(&result, "x-slot"), Some(MARKER));
        assert_eq!(header(&result, KEY), Some(SECRET));
    });
}

#[test]
fn a_marker_is_never_written_back() {
    let capabilities = ["read_headers", "write_headers"];
    let script = || Script::new(&capabilities).on(POST).text(request_header("x-mine"), "set");
    on_both(async || {
        for script in [
            // Whatever the plugin makes of it. It cannot replace the whole map.
            script(),
            script().text(request_header(KEY), "forged"),
            script().text(request_header("X-API-KEY"), MARKER),
            script().remove(request_header(KEY)),
            script().remove(request_header(KEY)).text(request_header(KEY), MARKER),
        ] {
            let result = responded(&script, &capabilities).await;
            assert_eq!(header(&result, "x-mine"), Some("set"));
            let http = extensions(&result).http.as_ref().unwrap();
            let keys =
                http.request_headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(KEY));
            let kept: Vec<_> = keys.map(|(_, value)| value.as_str()).collect();
            assert_eq!(kept, [SECRET]);
            // The engine goes on hiding it.
            assert!(!format!("{http:?}").contains(SECRET));
        }
    });
}

#[test]
fn a_marker_takes_the_capability_to_read_headers() {
    on_both(async || {
        let script =
            Script::new(&[]).on(POST).read(request_header(KEY)).refused(Status::CapabilityDenied);
        let result = responded(&script, &[]).await;
        assert_eq!(header(&result, KEY), Some(SECRET));
    });
}
