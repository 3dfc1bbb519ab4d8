/// The hooks that a plugin can handle, by name, and when each is called.
///
/// The names are those of `cpex-core` 0.2.3, which has two for what comes before and after a
/// prompt. An embedder may call a plugin for hooks of its own, too; this is for tools that warn of
/// misspelt ones.
pub const KNOWN_HOOKS: &[(&str, &str)] = &[
    ("cmf.tool_pre_invoke", "before a tool is called"),
    ("cmf.tool_post_invoke", "after a tool has answered"),
    ("cmf.llm_input", "before a model is asked"),
    ("cmf.llm_output", "after a model has answered"),
    ("cmf.prompt_pre_invoke", "before a prompt template is used"),
    ("cmf.prompt_post_invoke", "after a prompt template was used"),
    ("cmf.prompt_pre_fetch", "before a prompt template is used"),
    ("cmf.prompt_post_fetch", "after a prompt template was used"),
    ("cmf.resource_pre_fetch", "before a resource is read"),
    ("cmf.resource_post_fetch", "after a resource was read"),
    ("cmf.http_request", "for an HTTP request that is none of these"),
    ("identity.resolve", "when a token has to be made sense of"),
    ("token.delegate", "when a token is wanted for what is called next"),
    ("elicit", "when a person has to be asked"),
];
