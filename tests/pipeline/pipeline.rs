//! A plugin directory, a manager, requests.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use cpex_wasmi_conformance::to_json;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::runtime::Builder;

use crate::common::{HOOK, fixture};
use crate::logs::Lines;
use crate::upstream::adapter::WasmFactory;
use crate::upstream::cmf::{CmfHook, ContentPart, Message, MessagePayload, Role, ToolCall};
use crate::upstream::context::PluginContextTable;
use crate::upstream::error::PluginError;
use crate::upstream::executor::PipelineResult;
use crate::upstream::extensions::raw_credentials::{
    DelegationKey, DelegationMode, RawCredentialsExtension, RawDelegatedToken, RawInboundToken,
    TokenKind, TokenRole,
};
use crate::upstream::extensions::{Extensions, MetaExtension, SecurityExtension};
use crate::upstream::{PluginManager, configured};

/// A plugin directory.
pub(crate) struct Plugins(TempDir);

impl Plugins {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// A directory with these fixtures.
    pub(crate) fn of(fixtures: &[&str]) -> Self {
        fixtures.iter().fold(Self::new(), |plugins, name| {
            let wasm = fixture(name);
            plugins.with(&format!("{name}.wasm"), &wasm)
        })
    }

    /// The directory with another module in it.
    pub(crate) fn with(self, name: &str, wasm: &[u8]) -> Self {
        std::fs::write(self.path().join(name), wasm).unwrap();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn factory(&self) -> WasmFactory {
        WasmFactory::new(self.path()).unwrap()
    }

    /// A manager that has loaded this configuration.
    pub(crate) fn load(&self, yaml: &str) -> Result<Arc<PluginManager>, Box<PluginError>> {
        self.load_with(yaml, &self.factory(), |_| {})
    }

    /// Starts with a factory that is set up otherwise, and with native plugins.
    pub(crate) fn load_with(
        &self,
        yaml: &str,
        factory: &WasmFactory,
        register: impl FnOnce(&PluginManager),
    ) -> Result<Arc<PluginManager>, Box<PluginError>> {
        self.load_into(yaml, factory, |manager| register(manager))
    }

    /// As [`load_with`](Self::load_with), for what keeps the manager.
    pub(crate) fn load_into(
        &self,
        yaml: &str,
        factory: &WasmFactory,
        register: impl FnOnce(&Arc<PluginManager>),
    ) -> Result<Arc<PluginManager>, Box<PluginError>> {
        let manager = Arc::new(PluginManager::default());
        register(&manager);
        load(&manager, factory, &configured(yaml))?;
        Ok(manager)
    }

    /// A manager that has loaded this configuration and initialised its plugins.
    pub(crate) async fn start(&self, yaml: &str) -> Arc<PluginManager> {
        let manager = self.load(yaml).unwrap();
        manager.initialize().await.unwrap();
        manager
    }

    /// Starts with a factory that is set up otherwise.
    pub(crate) async fn start_with(&self, yaml: &str, factory: &WasmFactory) -> Arc<PluginManager> {
        let manager = self.load_with(yaml, factory, |_| {}).unwrap();
        manager.initialize().await.unwrap();
        manager
    }

    /// The reason why a text in the place of a configuration is not loaded.
    pub(crate) fn refused_as_written(&self, text: &str) -> String {
        load(&Arc::new(PluginManager::default()), &self.factory(), text).unwrap_err().to_string()
    }

    /// The reason why a configuration is not loaded.
    pub(crate) fn refused(&self, yaml: &str) -> String {
        match self.load(yaml).map(drop) {
            Err(error) if matches!(*error, PluginError::Config { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }
}

fn load(
    manager: &Arc<PluginManager>,
    factory: &WasmFactory,
    yaml: &str,
) -> Result<(), Box<PluginError>> {
    factory.register(manager, yaml)?;
    manager.load_config_yaml(yaml)
}

/// An entry of a configuration, for the tool's first hook. What is added is in YAML's flow style.
pub(crate) fn entry(name: &str, module: &str, added: &str) -> String {
    format!("  - {{ name: {name}, kind: 'wasm://{module}.wasm', hooks: [{HOOK}], {added} }}\n")
}

/// A configuration of such entries.
pub(crate) fn configuration(entries: &[String]) -> String {
    format!("plugins:\n{}", entries.concat())
}

/// Runs a test on a single-threaded and on a multi-threaded runtime.
pub(crate) fn on_both(test: impl AsyncFn()) {
    on_each(test, || {});
}

/// The traces while a test runs on a single-threaded, then on a multi-threaded runtime, on
/// whichever thread.
pub(crate) fn traced_on_both(test: impl AsyncFn()) -> String {
    let lines = Lines::default();
    let all = lines.clone();
    lines.gather(|| on_each(test, move || all.gather_here()));
    lines.text()
}

fn on_each(test: impl AsyncFn(), started: impl Fn() + Send + Sync + 'static) {
    Builder::new_current_thread().enable_time().build().unwrap().block_on(test());
    let mut threads = Builder::new_multi_thread();
    let threads = threads.worker_threads(2).on_thread_start(started).enable_time();
    threads.build().unwrap().block_on(test());
}

/// A message with one tool call.
pub(crate) fn tool_call(name: &str) -> MessagePayload {
    tool_call_with(name, &[])
}

/// A message with one tool call with these arguments.
pub(crate) fn tool_call_with(name: &str, arguments: &[(&str, &str)]) -> MessagePayload {
    let arguments =
        arguments.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let content =
        ToolCall { tool_call_id: "call-1".into(), name: name.into(), arguments, ..tool() };
    let content = vec![ContentPart::ToolCall { content }];
    MessagePayload {
        message: Message {
            schema_version: "2.0".into(),
            role: Role::Assistant,
            content,
            channel: None,
        },
    }
}

fn tool() -> ToolCall {
    ToolCall {
        tool_call_id: String::new(),
        name: String::new(),
        arguments: Default::default(),
        namespace: None,
    }
}

/// Extensions with these security labels.
pub(crate) fn labelled(labels: &[&str]) -> Extensions {
    let mut security = SecurityExtension::default();
    for label in labels {
        security.add_label(*label);
    }
    Extensions { security: Some(Arc::new(security)), ..Extensions::default() }
}

/// Extensions about a tool, for routes and conditions.
pub(crate) fn about_tool(name: &str) -> Extensions {
    let meta = MetaExtension {
        entity_type: Some("tool".into()),
        entity_name: Some(name.into()),
        ..MetaExtension::default()
    };
    Extensions { meta: Some(Arc::new(meta)), ..Extensions::default() }
}

/// The entry of a plugin, with what else its configuration says.
pub(crate) fn granting(
    name: &str,
    module: &str,
    hook: &str,
    capabilities: &[&str],
    more: &str,
) -> String {
    let granted = capabilities.join(", ");
    format!(
        "  - {{ name: {name}, kind: 'wasm://{module}.wasm', hooks: [{hook}], \
         capabilities: [{granted}], {more} }}\n"
    )
}

/// A request of the fixtures.
pub(crate) fn request<T: DeserializeOwned>(name: &str) -> T {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/requests");
    let json = std::fs::read(Path::new(path).join(name).with_extension("json")).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// Extensions with everything in them, tokens too.
pub(crate) fn full_extensions() -> Extensions {
    let mut extensions: Extensions = request("full_extensions");
    let mut credentials = RawCredentialsExtension::default();
    for (role, token) in [
        (TokenRole::User, "inbound-user"),
        (TokenRole::CallerWorkload, "inbound-workload"),
        (TokenRole::Custom("batch".into()), "inbound-batch"),
    ] {
        let token = RawInboundToken::new(token, "Authorization", TokenKind::Jwt);
        credentials.inbound_tokens.insert(role, token);
    }
    for audience in ["hr", "mail"] {
        let mode = DelegationMode::AsClient;
        let key = DelegationKey::new(mode, audience, vec!["read".into()]).with_subject_id("alice");
        let token = RawDelegatedToken::new(
            format!("minted-{audience}"),
            "Authorization",
            audience,
            vec!["read".into()],
            chrono::DateTime::UNIX_EPOCH,
        );
        credentials.delegated_tokens.insert(key, token);
    }
    extensions.raw_credentials = Some(Arc::new(credentials));
    crate::upstream::fill(&mut extensions);
    extensions
}

/// All that is in extensions, slot by slot, tokens too: to be compared.
pub(crate) fn slots(extensions: &Extensions) -> Map<String, Value> {
    let mut rest = extensions.clone();
    let credentials = rest.raw_credentials.take();
    let Value::Object(mut slots) = to_json(&rest) else { panic!("extensions are an object") };
    if let Some(credentials) = credentials {
        // They are in no JSON, and `Debug` keeps the tokens back.
        let inbound = credentials.inbound_tokens.iter();
        let inbound = inbound.map(|(role, token)| format!("{role:?} {token:?} {}", *token.token));
        let minted = credentials.delegated_tokens.iter();
        let minted = minted.map(|(key, token)| format!("{key:?} {token:?} {}", *token.token));
        let tokens: BTreeSet<_> = inbound.chain(minted).collect();
        slots.insert("raw_credentials".into(), to_json(&tokens));
    }
    slots
}

/// The values that the plugins of a table of contexts keep, by their names.
pub(crate) fn local_states(manager: &PluginManager, table: &PluginContextTable) -> Value {
    let states = manager.plugin_names().into_iter().filter_map(|name| {
        let id = manager.get_plugin(&name)?.id();
        Some((name, to_json(table.local_states.get(&id)?)))
    });
    states.collect::<Map<_, _>>().into()
}

/// The codes of the errors of plugins that may fail.
pub(crate) fn error_codes(result: &PipelineResult) -> Vec<&str> {
    result.errors.iter().map(|error| error.code.as_deref().unwrap_or_default()).collect()
}

/// Calls the tool's first hook.
pub(crate) async fn invoke(
    manager: &PluginManager,
    payload: MessagePayload,
    extensions: Extensions,
) -> PipelineResult {
    invoke_hook(manager, HOOK, payload, extensions, None).await
}

pub(crate) async fn invoke_hook(
    manager: &PluginManager,
    hook: &str,
    payload: MessagePayload,
    extensions: Extensions,
    table: Option<PluginContextTable>,
) -> PipelineResult {
    let (result, tasks) = manager.invoke_named::<CmfHook>(hook, payload, extensions, table).await;
    assert!(tasks.wait_for_background_tasks().await.is_empty());
    result
}

/// The payload as the pipeline left it.
pub(crate) fn payload(result: &PipelineResult) -> &MessagePayload {
    result.modified_payload.as_ref().unwrap().as_any().downcast_ref().unwrap()
}

/// The extensions as the pipeline left them.
pub(crate) fn extensions(result: &PipelineResult) -> &Extensions {
    result.modified_extensions.as_ref().unwrap()
}

/// The code of the violation.
pub(crate) fn denied(result: &PipelineResult) -> &str {
    assert!(result.is_denied(), "it was allowed");
    &result.violation.as_ref().unwrap().code
}

/// An argument of the tool call, as the pipeline left it.
pub(crate) fn argument<'r>(result: &'r PipelineResult, name: &str) -> Option<&'r str> {
    payload(result).message.get_tool_calls().first()?.arguments.get(name)?.as_str()
}

/// A request header, as the pipeline left it.
pub(crate) fn header<'r>(result: &'r PipelineResult, name: &str) -> Option<&'r str> {
    extensions(result).http.as_ref()?.get_request_header(name)
}

pub(crate) fn has_label(result: &PipelineResult, label: &str) -> bool {
    extensions(result).security.as_ref().is_some_and(|security| security.has_label(label))
}
