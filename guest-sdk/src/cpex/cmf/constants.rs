//! Names that CPEX gives to hooks and entities.

/// The version of the message schema.
pub const SCHEMA_VERSION: &str = "2.0";

/// An entity that is a tool.
pub const ENTITY_TOOL: &str = "tool";
/// An entity that is a model.
pub const ENTITY_LLM: &str = "llm";
/// An entity that is a prompt template.
pub const ENTITY_PROMPT: &str = "prompt";
/// An entity that is a resource.
pub const ENTITY_RESOURCE: &str = "resource";
/// An entity that is an HTTP request.
pub const ENTITY_HTTP: &str = "http";
/// The name of all entities of a kind.
pub const ENTITY_NAME_GLOBAL: &str = "*";

/// Before a tool is called.
pub const HOOK_CMF_TOOL_PRE_INVOKE: &str = "cmf.tool_pre_invoke";
/// After a tool has answered.
pub const HOOK_CMF_TOOL_POST_INVOKE: &str = "cmf.tool_post_invoke";
/// Before a model is asked.
pub const HOOK_CMF_LLM_INPUT: &str = "cmf.llm_input";
/// After a model has answered.
pub const HOOK_CMF_LLM_OUTPUT: &str = "cmf.llm_output";
/// Before a prompt template is used.
pub const HOOK_CMF_PROMPT_PRE_INVOKE: &str = "cmf.prompt_pre_invoke";
/// After a prompt template was used.
pub const HOOK_CMF_PROMPT_POST_INVOKE: &str = "cmf.prompt_post_invoke";
/// Before a resource is read.
pub const HOOK_CMF_RESOURCE_PRE_FETCH: &str = "cmf.resource_pre_fetch";
/// After a resource was read.
pub const HOOK_CMF_RESOURCE_POST_FETCH: &str = "cmf.resource_post_fetch";
/// For an HTTP request that is none of these.
pub const HOOK_CMF_HTTP_REQUEST: &str = "cmf.http_request";
