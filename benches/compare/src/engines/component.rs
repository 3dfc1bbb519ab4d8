//! wasmtime with components: the request crosses as WIT types, by the bindings that wasmtime makes.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use cpex_core::cmf::MessagePayload;
use cpex_core::context::PluginContext;
use cpex_core::extensions::Extensions;
use cpex_core::hooks::PluginResult;
use cpex_core::registry::AnyHookHandler;
use wasmtime::component::{Component, Linker};
use wasmtime::{Store, StoreLimits};

use super::sandbox::{Handler, Sandbox, result};
use super::wasmtime::{Setup, refuel, store};
use super::{Engine, Folder, Isolation, Stored, wire};
use crate::Result;

mod wit {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "policy",
        // Parameters borrow what they are made of.
        ownership: Borrowing { duplicate_if_necessary: false },
    });
}

pub struct Components {
    setup: Setup,
    linker: Linker<StoreLimits>,
    folder: Folder,
}

impl Components {
    pub fn new(setup: Setup) -> Result<Self> {
        Ok(Self { setup, linker: Linker::new(&setup.engine()?), folder: Folder::new()? })
    }
}

impl Engine for Components {
    fn name(&self) -> &'static str {
        self.setup.name
    }

    fn load(&self, plugin: &Stored, isolation: Isolation) -> Result<Arc<dyn AnyHookHandler>> {
        let engine = self.linker.engine();
        let component = if self.setup.precompiled {
            // SAFETY: the file is of `precompile_component`, and nobody else knows where it is.
            unsafe { Component::deserialize_file(engine, plugin.file()?)? }
        } else {
            Component::new(engine, plugin.bytes()?)?
        };
        let plugin = Plugin(wit::PolicyPre::new(self.linker.instantiate_pre(&component)?)?);
        Ok(Arc::new(Handler::new(plugin, isolation)))
    }

    fn compiled(&self, module: Vec<u8>) -> Result<Vec<u8>> {
        if !self.setup.precompiled {
            return Ok(module);
        }
        Ok(self.linker.engine().precompile_component(&module)?)
    }

    /// Code compiled in advance is mapped into memory from a file.
    fn store(&self, plugin: Vec<u8>) -> Result<Stored> {
        if self.setup.precompiled { self.folder.store(plugin) } else { Ok(Stored::Bytes(plugin)) }
    }

    fn module(&self, policy: &str) -> Option<PathBuf> {
        Some(super::modules().join(format!("component_{policy}.wasm")))
    }

    fn only_loads(&self) -> bool {
        self.setup.precompiled
    }
}

struct Plugin(wit::PolicyPre<StoreLimits>);

struct Instance {
    store: Store<StoreLimits>,
    policy: wit::Policy,
}

impl Sandbox for Plugin {
    type Instance = Instance;

    fn instance(&self) -> Result<Instance> {
        let mut store = store(self.0.engine())?;
        let policy = self.0.instantiate(&mut store)?;
        Ok(Instance { store, policy })
    }

    fn decide(
        instance: &mut Instance,
        message: &MessagePayload,
        extensions: &Extensions,
        context: &mut PluginContext,
    ) -> Result<PluginResult<MessagePayload>> {
        let Instance { store, policy } = instance;
        let request = wire::request(message, extensions)?;
        let content: Vec<_> = request.message.content.iter().map(part).collect();
        refuel(store)?;
        let outcome = policy.call_decide(&mut *store, parameter(&request, &content))?;
        let state = outcome.state.iter().map(|(name, value)| (&**name, Cow::Borrowed(&**value)));
        let violation = outcome.violation.as_ref().map(|violation| compare_wire::Violation {
            code: &violation.code,
            reason: Cow::Borrowed(&violation.reason),
        });
        let arguments = outcome.arguments.as_deref().map(Cow::Borrowed);
        let outcome = compare_wire::Outcome { violation, state: state.collect(), arguments };
        result(outcome, message, context)
    }
}

fn part<'a>(part: &'a compare_wire::Part<'_>) -> wit::Part<'a> {
    match part {
        compare_wire::Part::Text(text) => wit::Part::Text(text),
        compare_wire::Part::Thinking(text) => wit::Part::Thinking(text),
        compare_wire::Part::ToolCall(call) => wit::Part::ToolCall(wit::ToolCall {
            id: call.id,
            name: call.name,
            namespace: call.namespace,
            arguments: &call.arguments,
        }),
    }
}

/// The request as WIT has it; lists of texts are borrowed, not copied.
fn parameter<'a>(
    request: &'a compare_wire::Request<'_>,
    content: &'a [wit::Part<'a>],
) -> wit::Request<'a> {
    use compare_wire::Role;
    wit::Request {
        message: wit::Message {
            schema_version: request.message.schema_version,
            role: match request.message.role {
                Role::System => wit::Role::System,
                Role::Developer => wit::Role::Developer,
                Role::User => wit::Role::User,
                Role::Assistant => wit::Role::Assistant,
                Role::Tool => wit::Role::Tool,
            },
            content,
        },
        request: request.request.as_ref().map(|slot| wit::RequestSlot {
            environment: slot.environment,
            request_id: slot.request_id,
            timestamp: slot.timestamp,
            trace_id: slot.trace_id,
            span_id: slot.span_id,
        }),
        http: request.http.as_ref().map(|slot| wit::HttpSlot {
            request_headers: &slot.request_headers,
            response_headers: &slot.response_headers,
            method: slot.method,
            path: slot.path,
            host: slot.host,
            scheme: slot.scheme,
        }),
        security: request.security.as_ref().map(|slot| wit::SecuritySlot {
            labels: &slot.labels,
            classification: slot.classification,
            subject: slot.subject.as_ref().map(|subject| wit::Subject {
                id: subject.id,
                roles: &subject.roles,
                permissions: &subject.permissions,
                teams: &subject.teams,
                claims: &subject.claims,
            }),
            auth_method: slot.auth_method,
        }),
        meta: request.meta.as_ref().map(|slot| wit::MetaSlot {
            entity_type: slot.entity_type,
            entity_name: slot.entity_name,
            tags: &slot.tags,
            scope: slot.scope,
            properties: &slot.properties,
        }),
    }
}
