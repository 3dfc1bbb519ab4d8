//! The call of a hook, from which all views start.

use crate::{
    Agent, CandidateConstraint, Completion, Delegation, Field, Framework, Http, Items, JsonMap,
    Llm, Mcp, Message, Meta, Payload, PromptRequest, PromptResult, Provenance, RawCredentials,
    Request, Resource, ResourceRef, Result, Security, ToolCall, ToolResult,
};

/// One call of a hook: the way to everything the plugin may read and change.
///
/// Nothing is fetched until it is asked for.
#[derive(Debug)]
pub struct Call {
    hook: &'static str,
}

impl Call {
    pub(crate) const fn new(hook: &'static str) -> Self {
        Self { hook }
    }

    /// The name of the hook, such as `cmf.tool_pre_invoke`.
    pub const fn hook(&self) -> &'static str {
        self.hook
    }

    /// The payload as a whole.
    pub const fn payload(&self) -> Payload {
        Payload::VIEW
    }

    /// The message that is the payload of the `cmf.*` hooks.
    pub const fn message(&self) -> Message {
        Message::VIEW
    }

    /// The tool calls in the message.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn tool_calls(&self) -> Result<Items<ToolCall>> {
        Items::of(Field::ToolCall)
    }

    /// The tool results in the message.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn tool_results(&self) -> Result<Items<ToolResult>> {
        Items::of(Field::ToolResult)
    }

    /// The resources in the message.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn resources(&self) -> Result<Items<Resource>> {
        Items::of(Field::Resource)
    }

    /// The references to resources in the message.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn resource_refs(&self) -> Result<Items<ResourceRef>> {
        Items::of(Field::ResourceRef)
    }

    /// The prompt templates that the message uses.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn prompt_requests(&self) -> Result<Items<PromptRequest>> {
        Items::of(Field::PromptRequest)
    }

    /// The results of prompt templates, in the message.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn prompt_results(&self) -> Result<Items<PromptResult>> {
        Items::of(Field::PromptResult)
    }

    /// Labels, classification and subject.
    pub const fn security(&self) -> Security {
        Security::VIEW
    }

    /// The HTTP request that the operation came with.
    pub const fn http(&self) -> Http {
        Http::VIEW
    }

    /// The source of the operation.
    pub const fn request(&self) -> Request {
        Request::VIEW
    }

    /// The resource that the operation touches.
    pub const fn meta(&self) -> Meta {
        Meta::VIEW
    }

    /// The subject that acts.
    pub const fn agent(&self) -> Agent {
        Agent::VIEW
    }

    /// On whose authority the request stands.
    pub const fn delegation(&self) -> Delegation {
        Delegation::VIEW
    }

    /// The request's tokens, where the operator allows it.
    pub const fn raw_credentials(&self) -> RawCredentials {
        RawCredentials::VIEW
    }

    /// Which model back ends the request may go to.
    pub const fn candidate_constraint(&self) -> CandidateConstraint {
        CandidateConstraint::VIEW
    }

    /// Tool, resource and prompt as their server describes them.
    pub const fn mcp(&self) -> Mcp {
        Mcp::VIEW
    }

    /// Facts about a model's answer.
    pub const fn completion(&self) -> Completion {
        Completion::VIEW
    }

    /// The source of the message.
    pub const fn provenance(&self) -> Provenance {
        Provenance::VIEW
    }

    /// Which model is used.
    pub const fn llm(&self) -> Llm {
        Llm::VIEW
    }

    /// The framework that the agent runs in.
    pub const fn framework(&self) -> Framework {
        Framework::VIEW
    }

    /// The custom slot: anything, by name.
    pub const fn custom(&self) -> JsonMap {
        JsonMap::of(Field::Custom)
    }

    /// State of this plugin that lasts for the request.
    pub const fn local_state(&self) -> JsonMap {
        JsonMap::of(Field::ContextLocal)
    }

    /// State that all plugins of the request share.
    pub const fn global_state(&self) -> JsonMap {
        JsonMap::of(Field::ContextGlobal)
    }

    /// The operator's configuration of this plugin. It cannot be changed.
    pub const fn config(&self) -> JsonMap {
        JsonMap::of(Field::Config)
    }
}
