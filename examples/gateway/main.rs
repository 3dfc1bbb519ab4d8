//! A small gateway for tool calls. Plugins from YAML, sandboxed and native in one pipeline, run before and
//! after each call. It prints what each of them did and cost.
//!
//! ```console
//! $ cargo gateway
//! ```
//!
//! In what it prints, `->` is the call that goes to the tool, as the plugins left it. `=>` is what
//! the caller gets: the result, or the denial. `local_state` is what a plugin keeps for itself from one
//! hook of a request to the next. [`Gateway::call`] hands it on in the table of contexts.

mod journal;
mod report;

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use cpex_core::cmf::{CmfHook, ContentPart, Message, MessagePayload, Role, ToolCall, ToolResult};
use cpex_core::context::PluginContextTable;
use cpex_core::executor::PipelineResult;
use cpex_core::extensions::{Extensions, HttpExtension, SecurityExtension, SubjectExtension};
use cpex_core::manager::PluginManager;
use cpex_wasmi::cpex::WasmFactory;
use serde_json::{Value, json};

use journal::JournalFactory;
use report::{Heading, Report};

const PLUGINS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
const CONFIG: &str = include_str!("gateway.yaml");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let report = Report::default();
    let manager = Arc::new(PluginManager::default());
    manager.register_factory("builtin/journal", Box::new(JournalFactory(report.clone())));
    let calls = report.clone();
    WasmFactory::new(PLUGINS)?
        .on_call(move |call| calls.add(call.into()))
        .register(&manager, CONFIG)?;
    manager.load_config_yaml(CONFIG)?;
    manager.initialize().await?;

    println!("examples/gateway/gateway.yaml: {} plugins", manager.plugin_count());

    let gateway = Gateway { manager, report };
    let bob = Caller { name: "bob", role: "engineer" };
    let alice = Caller { name: "alice", role: "hr_admin" };
    let salary = json!({ "employee": 42, "ssn": "123-45-6789" });

    gateway.call(&bob, "search", json!({ "query": "holidays in May" }), &["public"]).await;
    gateway.call(&bob, "get_salary", salary.clone(), &["PII"]).await;
    gateway.call(&alice, "get_salary", salary, &["PII"]).await;
    gateway.call(&bob, "import", json!({ "text": "lorem ipsum ".repeat(1500) }), &[]).await;

    gateway.manager.shutdown().await;
    Ok(())
}

struct Caller {
    name: &'static str,
    role: &'static str,
}

struct Gateway {
    manager: Arc<PluginManager>,
    report: Report,
}

impl Gateway {
    /// One tool call, with the plugins before and after it.
    async fn call(&self, caller: &Caller, tool: &str, arguments: Value, labels: &[&str]) {
        let Caller { name, role } = caller;
        println!("\n{name} ({role}) calls {tool} {}", shortened(&arguments));

        let call = ToolCall {
            tool_call_id: "call-1".into(),
            name: tool.into(),
            arguments: arguments.as_object().cloned().into_iter().flatten().collect(),
            namespace: None,
        };
        let call = ContentPart::ToolCall { content: call };
        let extensions = extensions(caller, labels);
        let before = self.run("cmf.tool_pre_invoke", call, extensions, None).await;
        if let Some(violation) = &before.violation {
            return println!("  => denied: {}", violation.reason);
        }
        for error in &before.errors {
            println!("  ignored: {}: {}", error.plugin_name, error.message);
        }

        let Some(sent) = message(&before) else { return };
        let Some(call) = sent.get_tool_calls().into_iter().next() else { return };
        let extensions = before.modified_extensions.clone().unwrap_or_default();
        println!("  -> {tool} {}", shortened(&json!(call.arguments)));
        for (header, value) in headers(&extensions) {
            println!("     {header}: {value}");
        }

        let result = ToolResult {
            tool_call_id: call.tool_call_id.clone(),
            tool_name: tool.into(),
            content: answer(tool),
            is_error: false,
        };
        let result = ContentPart::ToolResult { content: result };
        let table = Some(before.context_table);
        let after = self.run("cmf.tool_post_invoke", result, extensions, table).await;
        match message(&after).and_then(|message| message.get_tool_results().into_iter().next()) {
            Some(result) => println!("  => {}", result.content),
            None => println!("  => denied"),
        }
    }

    /// One hook, and what its plugins did.
    async fn run(
        &self,
        hook: &str,
        part: ContentPart,
        extensions: Extensions,
        table: Option<PluginContextTable>,
    ) -> PipelineResult {
        let message = Message::with_content(Role::Assistant, vec![part]);
        let payload = MessagePayload { message };
        let invoked = self.manager.invoke_named::<CmfHook>(hook, payload, extensions, table);
        let (result, _) = invoked.await;
        println!("{}", Heading(hook));
        for row in self.report.take() {
            println!("{row}");
        }
        result
    }
}

fn extensions(caller: &Caller, labels: &[&str]) -> Extensions {
    let mut security = SecurityExtension {
        subject: Some(SubjectExtension {
            id: Some(caller.name.into()),
            roles: [caller.role.to_owned()].into(),
            ..SubjectExtension::default()
        }),
        ..SecurityExtension::default()
    };
    for label in labels {
        security.add_label(*label);
    }
    Extensions {
        security: Some(Arc::new(security)),
        http: Some(Arc::new(HttpExtension::default())),
        ..Extensions::default()
    }
}

/// The results of this gateway's tools.
fn answer(tool: &str) -> Value {
    match tool {
        "search" => json!({ "hits": 3 }),
        "get_salary" => json!({ "salary": 98000, "ssn": "123-45-6789" }),
        _ => json!({ "done": true }),
    }
}

/// The message as the plugins left it.
fn message(result: &PipelineResult) -> Option<&Message> {
    let payload = result.modified_payload.as_ref()?;
    payload.as_any().downcast_ref::<MessagePayload>().map(|payload| &payload.message)
}

fn headers(extensions: &Extensions) -> HashMap<String, String> {
    extensions.http.iter().flat_map(|http| http.request_headers.clone()).collect()
}

/// JSON on one line, cut where it is long.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    if text.len() <= 60 {
        return text;
    }
    let head: String = text.chars().take(24).collect();
    format!("{head}… ({} bytes)", text.len())
}
