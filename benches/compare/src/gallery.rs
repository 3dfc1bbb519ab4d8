//! The plugins of `examples/gallery`: the time of a call, natively, here and under Cranelift. `cargo compare gallery` writes it
//! to the gallery's page.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cpex_core::cmf::{ContentPart, Role, ToolCall, ToolResult};
use cpex_core::registry::AnyHookHandler;
use serde_json::{Value, json};

use crate::call::{Case, Workload, agree};
use crate::engines::{self, Engine, Isolation, ours};
use crate::measure::calls::{self, Calls};
use crate::request::{Input, Secrets, text};
use crate::sample::{Effort, Summary};
use crate::{HOOK, Result, report};

/// The names of engines that a plugin is measured in.
const ENGINES: [&str; 3] = ["native", "cpex-wasmi", "Cranelift core"];

/// The lines of the page around the table.
const BEGIN: &str = "<!-- Written by `cargo compare gallery`. -->\n";
const END: &str = "<!-- End of what it writes. -->\n";

/// A plugin with a call of it.
struct Plugin {
    name: &'static str,
    call: &'static str,
    hook: &'static str,
    config: Value,
    input: Input,
}

/// Measures all plugins, and writes the table.
pub fn write(effort: Effort) -> Result<()> {
    let mut rows = Vec::new();
    for plugin in plugins() {
        eprintln!("calls: {}", plugin.name);
        let calls = measure(&plugin, effort)?;
        let [native, here, cranelift] = ENGINES.map(|engine| of(&calls, engine));
        let shown = |summary: Option<Summary>| summary.map_or("–".into(), report::time);
        let ratio =
            native.zip(here).map_or("–".into(), |(native, here)| report::ratio(here, native));
        let name = format!("[{0}]({0}/README.md)", plugin.name);
        rows.push(vec![
            name,
            plugin.call.into(),
            shown(here),
            shown(native),
            ratio,
            shown(cranelift),
        ]);
    }
    let head = ["plugin", "call", "here", "native", "of native", "Cranelift, crates compiled in"];
    let page = folder().join("README.md");
    let old = fs::read_to_string(&page)?;
    let parts =
        old.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or("the gallery's page has no place for the table")?;
    let table = report::table(&head, &rows);
    let machine = report::place();
    fs::write(&page, [before, BEGIN, "\n", &table, "\n", &machine, "\n\n", END, after].concat())?;
    println!("{table}\nwrote {}", page.display());
    Ok(())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/gallery")
}

fn of(calls: &Calls, engine: &str) -> Option<Summary> {
    calls.cases.iter().find(|(case, _)| case.engine == engine).map(|(_, summary)| *summary)
}

/// Loads a plugin wherever it can run, makes sure that all agree, and measures it.
fn measure(plugin: &Plugin, effort: Effort) -> Result<Calls> {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/gallery");
    let file = format!("{}.wasm", plugin.name);
    if !modules.join(&file).exists() {
        return Err(format!("{file} is not built: run scripts/build-gallery").into());
    }
    let case =
        |engine, isolation, handler: Arc<dyn AnyHookHandler>| Case { engine, isolation, handler };
    let [native, here, cranelift] = ENGINES;
    let handler = ours::load(&modules, &file, plugin.hook, plugin.config.clone())?;
    let mut cases = vec![case(here, Isolation::Pooled, handler)];
    if compare_gallery::PLUGINS.contains(&plugin.name) {
        let load = |name, isolation| -> Result<_> {
            let engine: Box<dyn Engine> = engines::by_name(name)?;
            let stored = engines::stored(&*engine, "gallery")?;
            Ok(case(name, isolation, engine.load(&stored, isolation)?))
        };
        cases.insert(0, load(native, Isolation::None)?);
        cases.push(load(cranelift, Isolation::Pooled)?);
    }
    let input = Input {
        payload: plugin.input.payload.clone(),
        extensions: plugin.input.extensions.clone(),
    };
    agree(&cases, &input)?;
    calls::timed(cases, &Workload { name: plugin.name.into(), policy: "gallery", input }, effort)
}

impl Input {
    /// A call of a tool with one text.
    fn argument(tool: &str, text: String) -> Self {
        Self::arguments(tool, [("text", json!(text))])
    }

    /// A call of a tool.
    fn arguments<const N: usize>(tool: &str, arguments: [(&str, Value); N]) -> Self {
        let call = ToolCall {
            tool_call_id: "call_8fz2Qk1".into(),
            name: tool.into(),
            arguments: arguments.map(|(name, value)| (name.into(), value)).into(),
            namespace: None,
        };
        Self::of(Role::Assistant, ContentPart::ToolCall { content: call })
    }

    /// With one more header.
    fn header(mut self, name: &str, value: &str) -> Self {
        let mut http = self.extensions.http.as_deref().cloned().unwrap_or_default();
        http.request_headers.insert(name.into(), value.into());
        self.extensions.http = Some(Arc::new(http));
        self
    }

    /// A tool's result with one text.
    fn result(tool: &str, text: String) -> Self {
        let result = ToolResult {
            tool_call_id: "call_8fz2Qk1".into(),
            tool_name: tool.into(),
            content: json!({ "text": text }),
            is_error: false,
        };
        Self::of(Role::Tool, ContentPart::ToolResult { content: result })
    }
}

/// The token of RFC 7515, A.3, and a time before its end.
const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
const TOKEN_TIME: u64 = 1_300_819_379;

/// The key of the token.
fn token_keys() -> Value {
    json!({ "keys": [{
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }]})
}

fn arguments_schema() -> Value {
    serde_json::from_str(compare_gallery::ARGUMENTS_SCHEMA).unwrap_or_default()
}

fn plugins() -> Vec<Plugin> {
    let state = |keys: &[&str]| json!({ "allowed_state": keys });
    let with = |name, call, text: &str| {
        let text = [&crate::request::text(1, Secrets::None), " ", text].concat();
        let input = Input::argument(name, text);
        Plugin { name, call, hook: HOOK, config: json!({}), input }
    };
    let token = |name| Plugin {
        config: json!({ "mode": "mask" }),
        input: Input::argument(name, text(1, Secrets::One)),
        ..with(name, "1 KiB of arguments, one token", "")
    };
    vec![
        Plugin {
            config: json!({ "tools": { "arguments_guard": arguments_schema() } }),
            input: Input::arguments(
                "arguments_guard",
                [
                    ("amount", json!(12.5)),
                    ("to", json!("DE89370400440532013000")),
                    ("text", json!(text(1, Secrets::None))),
                ],
            ),
            ..with("arguments_guard", "1 KiB of arguments that fit their schema", "")
        },
        Plugin {
            config: json!({ "sandbox_policy": state(&["failures/*", "open/*"]) }),
            ..with("circuit_breaker", "a tool that works", "")
        },
        with(
            "exfiltration",
            "1 KiB of arguments, one harmless base64",
            "aGVsbG8gd29ybGQsIHRoaXMgaXMgYSBoYXJtbGVzcyB0ZXh0",
        ),
        Plugin {
            hook: "cmf.tool_post_invoke",
            config: json!({ "max_bytes": 100_000, "words": ["berlin wall", "brown bear"], "mode": "mask" }),
            input: Input::result("output_guard", text(1, Secrets::None)),
            ..with("output_guard", "1 KiB of result, two words that are not in it", "")
        },
        with("pii", "1 KiB of arguments, one e-mail address", "ada@example.com"),
        Plugin {
            config: json!({ "limit": 1_000_000_000, "seconds": 60, "sandbox_policy": state(&["calls/*"]) }),
            ..with("rate_limiter", "a call within the limit", "")
        },
        token("secrets"),
        token("secrets_cpex"),
        Plugin {
            input: Input::argument("sql", "SELECT name FROM staff /* all */ WHERE id = 7".into()),
            ..with("sql", "a short `SELECT` with a comment", "")
        },
        Plugin {
            config: json!({
                "keys": token_keys(),
                "algorithms": ["ES256"],
                "sandbox_policy": { "clock": { "fixed": TOKEN_TIME } },
            }),
            input: Input::argument("token_guard", String::new()).header("authorization", TOKEN),
            ..with("token_guard", "a call with a token (ECDSA on P-256)", "")
        },
        Plugin {
            config: json!({ "blocked": ["bad.example"] }),
            ..with("url_reputation", "1 KiB of arguments, 12 harmless URLs", "")
        },
    ]
}
