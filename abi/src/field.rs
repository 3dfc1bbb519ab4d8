use core::fmt;

use crate::Capability;

/// Calls a macro with the table of fields.
///
/// Each row is `number Name "path" (Slot, Shape, indexed|single) reads READ writes WRITE
/// "description";` where READ is `open`, `subject`, `credentials`, `inbound_token`,
/// `delegated_token` or a [`Capability`], and WRITE is `never`, or one of `replace`, `entries` and
/// `grow`, bare or with the [`Capability`] it needs.
#[macro_export]
macro_rules! for_each_field {
    ($callback:ident) => {
        $callback! {
            0x0100 Payload "payload" (Payload, Record, single) reads open writes replace
                "The whole payload of the hook.";
            0x0101 MessageSchemaVersion "message.schema_version" (Payload, Text, single) reads open writes never
                "The version of the message schema.";
            0x0102 MessageRole "message.role" (Payload, Text, single) reads open writes never
                "`system`, `developer`, `user`, `assistant` or `tool`.";
            0x0103 MessageChannel "message.channel" (Payload, Text, single) reads open writes never
                "`analysis`, `commentary` or `final`.";
            0x0104 MessageText "message.text" (Payload, Text, single) reads open writes never
                "All text parts of the message, joined.";
            0x0105 Part "message.part" (Payload, Record, indexed) reads open writes replace
                "A content part of the message, whole.";
            0x0106 PartType "message.part.content_type" (Payload, Text, indexed) reads open writes never
                "What kind of content part it is, by its name in JSON: `text`, `tool_call` and so on.";
            0x0107 PartText "message.part.text" (Payload, Text, indexed) reads open writes replace
                "The text of a content part of kind `text` or `thinking`.";
            0x0108 PayloadType "payload_type" (Payload, Text, single) reads open writes never
                "What the payload is: `message`, `identity`, `delegation`, `elicitation`, or the name the embedder gave a type of its own.";
            0x0109 MessageThinking "message.thinking" (Payload, Text, single) reads open writes never
                "All thinking parts of the message, joined.";
            0x0120 ToolCall "tool_call" (Payload, Record, indexed) reads open writes replace
                "A tool call of the message, whole. The index counts tool calls only.";
            0x0121 ToolCallId "tool_call.tool_call_id" (Payload, Text, indexed) reads open writes never
                "The correlation identifier of a tool call.";
            0x0122 ToolCallName "tool_call.name" (Payload, Text, indexed) reads open writes never
                "The name of the tool that is called.";
            0x0123 ToolCallNamespace "tool_call.namespace" (Payload, Text, indexed) reads open writes never
                "The namespace of the tool that is called.";
            0x0124 ToolCallArguments "tool_call.arguments" (Payload, JsonMap, indexed) reads open writes entries
                "The arguments of a tool call, by name.";
            0x0140 ToolResult "tool_result" (Payload, Record, indexed) reads open writes replace
                "A tool result of the message, whole. The index counts tool results only.";
            0x0141 ToolResultCallId "tool_result.tool_call_id" (Payload, Text, indexed) reads open writes never
                "The correlation identifier of the call that a tool result answers.";
            0x0142 ToolResultName "tool_result.tool_name" (Payload, Text, indexed) reads open writes never
                "The name of the tool that gave the result.";
            0x0143 ToolResultContent "tool_result.content" (Payload, Json, indexed) reads open writes replace
                "What the tool gave.";
            0x0144 ToolResultIsError "tool_result.is_error" (Payload, Bool, indexed) reads open writes replace
                "Whether the result is an error.";

            0x0150 Resource "resource" (Payload, Record, indexed) reads open writes replace
                "A resource of the message, whole. The index counts resources only.";
            0x0151 ResourceUri "resource.uri" (Payload, Text, indexed) reads open writes never
                "The URI of a resource.";
            0x0152 ResourceContent "resource.content" (Payload, Text, indexed) reads open writes replace
                "The content of a resource, if that is text.";
            0x0153 ResourceMimeType "resource.mime_type" (Payload, Text, indexed) reads open writes never
                "The MIME type of a resource.";
            0x0158 ResourceRef "resource_ref" (Payload, Record, indexed) reads open writes replace
                "A resource reference of the message, whole. The index counts resource references only.";
            0x0159 ResourceRefUri "resource_ref.uri" (Payload, Text, indexed) reads open writes never
                "The URI of a resource that is referred to.";

            0x0160 PromptRequest "prompt_request" (Payload, Record, indexed) reads open writes replace
                "A prompt request of the message, whole. The index counts prompt requests only.";
            0x0161 PromptRequestName "prompt_request.name" (Payload, Text, indexed) reads open writes never
                "The name of the prompt that is used.";
            0x0162 PromptRequestArguments "prompt_request.arguments" (Payload, JsonMap, indexed) reads open writes entries
                "The arguments of a prompt request, by name.";
            0x0168 PromptResult "prompt_result" (Payload, Record, indexed) reads open writes replace
                "A prompt result of the message, whole, with its messages. The index counts prompt results only.";
            0x0169 PromptResultName "prompt_result.prompt_name" (Payload, Text, indexed) reads open writes never
                "The name of the prompt that gave the result.";
            0x016a PromptResultContent "prompt_result.content" (Payload, Text, indexed) reads open writes replace
                "The text of a prompt result, if it has one.";

            0x0180 PayloadRawToken "payload.raw_token" (Payload, Text, single) reads inbound_token writes never
                "The token to be resolved, in `identity.resolve`.";
            0x0181 PayloadBearerToken "payload.bearer_token" (Payload, Text, single) reads inbound_token writes never
                "The token to be exchanged, in `token.delegate`.";
            0x0182 PayloadActorToken "payload.actor_token" (Payload, Text, single) reads inbound_token writes never
                "The token of who acts for the owner of the other, in `token.delegate`.";

            0x0200 Security "security" (Security, Record, single) reads open writes never
                "The whole security slot, without what the plugin's capabilities hide.";
            0x0201 SecurityLabels "security.labels" (Security, TextSet, single) reads ReadLabels writes grow AppendLabels
                "The security labels. Membership ignores case, as in CPEX. Labels can be added, never removed.";
            0x0202 SecurityClassification "security.classification" (Security, Text, single) reads open writes never
                "The data classification.";
            0x0203 Subject "security.subject" (Security, Record, single) reads subject writes never
                "The authenticated subject, without what the plugin's capabilities hide.";
            0x0204 SubjectId "security.subject.id" (Security, Text, single) reads subject writes never
                "The subject's identifier.";
            0x0205 SubjectType "security.subject.subject_type" (Security, Text, single) reads subject writes never
                "`user`, `agent`, `service` or `system`.";
            0x0206 SubjectRoles "security.subject.roles" (Security, TextSet, single) reads ReadRoles writes never
                "The subject's roles.";
            0x0207 SubjectPermissions "security.subject.permissions" (Security, TextSet, single) reads ReadPermissions writes never
                "The subject's permissions.";
            0x0208 SubjectTeams "security.subject.teams" (Security, TextSet, single) reads ReadTeams writes never
                "The subject's teams.";
            0x0209 SubjectClaims "security.subject.claims" (Security, TextMap, single) reads ReadClaims writes never
                "The subject's claims, by name.";
            0x020a SecurityAuthMethod "security.auth_method" (Security, Text, single) reads open writes never
                "How the subject was authenticated.";
            0x020b SecurityClient "security.client" (Security, Record, single) reads ReadClient writes never
                "The OAuth client that brokers the request.";
            0x020c SecurityCallerWorkload "security.caller_workload" (Security, Record, single) reads ReadWorkload writes never
                "The attested workload that the request came from.";
            0x020d SecurityThisWorkload "security.this_workload" (Security, Record, single) reads ReadWorkload writes never
                "Our own attested workload.";
            0x020e SecurityObjects "security.objects" (Security, Record, single) reads open writes never
                "What is known of managed objects, by name.";
            0x020f SecurityData "security.data" (Security, Record, single) reads open writes never
                "What may be done with data elements, by name.";
            0x0210 ClientId "security.client.client_id" (Security, Text, single) reads ReadClient writes never
                "The identifier of the OAuth client.";
            0x0211 ClientTrustLevel "security.client.trust_level" (Security, Text, single) reads ReadClient writes never
                "`first_party`, `third_party`, `internal`, or a level of the operator's own.";
            0x0212 CallerWorkloadSpiffeId "security.caller_workload.spiffe_id" (Security, Text, single) reads ReadWorkload writes never
                "The SPIFFE identifier of the workload that the request came from.";
            0x0213 ThisWorkloadSpiffeId "security.this_workload.spiffe_id" (Security, Text, single) reads ReadWorkload writes never
                "The SPIFFE identifier of our own workload.";

            0x0300 Http "http" (Http, Record, single) reads ReadHeaders writes never
                "The whole HTTP slot.";
            0x0301 HttpRequestHeaders "http.request_headers" (Http, TextMap, single) reads ReadHeaders writes entries WriteHeaders
                "The request headers, by name. Names ignore case.";
            0x0302 HttpResponseHeaders "http.response_headers" (Http, TextMap, single) reads ReadHeaders writes entries WriteHeaders
                "The response headers, by name. Names ignore case.";
            0x0303 HttpMethod "http.method" (Http, Text, single) reads ReadHeaders writes never
                "The request method.";
            0x0304 HttpPath "http.path" (Http, Text, single) reads ReadHeaders writes never
                "The request path.";
            0x0305 HttpHost "http.host" (Http, Text, single) reads ReadHeaders writes never
                "The host the request is for.";
            0x0306 HttpScheme "http.scheme" (Http, Text, single) reads ReadHeaders writes never
                "The URL scheme of the request.";

            0x0400 Request "request" (Request, Record, single) reads open writes never
                "The whole request slot.";
            0x0401 RequestEnvironment "request.environment" (Request, Text, single) reads open writes never
                "The environment the request runs in.";
            0x0402 RequestId "request.request_id" (Request, Text, single) reads open writes never
                "The identifier of the request.";
            0x0403 RequestTimestamp "request.timestamp" (Request, Text, single) reads open writes never
                "When the request came, as the host was told.";
            0x0404 RequestTraceId "request.trace_id" (Request, Text, single) reads open writes never
                "The identifier of the distributed trace.";
            0x0405 RequestSpanId "request.span_id" (Request, Text, single) reads open writes never
                "The identifier of the span in the trace.";

            0x0500 Meta "meta" (Meta, Record, single) reads open writes never
                "The whole meta slot.";
            0x0501 MetaEntityType "meta.entity_type" (Meta, Text, single) reads open writes never
                "What kind of entity is touched: `tool`, `resource`, `prompt`, `llm`.";
            0x0502 MetaEntityName "meta.entity_name" (Meta, Text, single) reads open writes never
                "The name of the entity that is touched.";
            0x0503 MetaTags "meta.tags" (Meta, TextSet, single) reads open writes never
                "The entity's tags.";
            0x0504 MetaScope "meta.scope" (Meta, Text, single) reads open writes never
                "The scope the entity lives in.";
            0x0505 MetaProperties "meta.properties" (Meta, TextMap, single) reads open writes never
                "The entity's properties, by name.";

            0x0600 Custom "custom" (Custom, JsonMap, single) reads open writes entries
                "The custom slot: anything, by name.";

            0x0700 ContextLocal "context.local_state" (Context, JsonMap, single) reads open writes entries
                "State of this plugin that lasts for the request, by name.";
            0x0701 ContextGlobal "context.global_state" (Context, JsonMap, single) reads open writes entries
                "State that all plugins of the request share, by name.";

            0x0800 Config "config" (Config, JsonMap, single) reads open writes never
                "The operator's configuration of the plugin, by name. Readable during initialisation and shutdown too.";

            0x0900 Agent "agent" (Agent, Record, single) reads ReadAgent writes never
                "The whole agent slot.";
            0x0901 AgentInput "agent.input" (Agent, Text, single) reads ReadAgent writes never
                "What the agent was given.";
            0x0902 AgentSessionId "agent.session_id" (Agent, Text, single) reads ReadAgent writes never
                "The session the agent acts in.";
            0x0903 AgentConversationId "agent.conversation_id" (Agent, Text, single) reads ReadAgent writes never
                "The conversation the agent acts in.";
            0x0904 AgentTurn "agent.turn" (Agent, Unsigned, single) reads ReadAgent writes never
                "Which turn of the conversation it is.";
            0x0905 AgentId "agent.agent_id" (Agent, Text, single) reads ReadAgent writes never
                "The agent's identifier.";
            0x0906 AgentParentId "agent.parent_agent_id" (Agent, Text, single) reads ReadAgent writes never
                "The identifier of the agent that called this one.";
            0x0907 AgentConversation "agent.conversation" (Agent, Record, single) reads ReadAgent writes never
                "The conversation so far.";

            0x0a00 Delegation "delegation" (Delegation, Record, single) reads ReadDelegation writes never
                "The whole delegation slot.";
            0x0a01 DelegationDepth "delegation.depth" (Delegation, Unsigned, single) reads ReadDelegation writes never
                "How many delegations the request stands on.";
            0x0a02 DelegationOrigin "delegation.origin_subject_id" (Delegation, Text, single) reads ReadDelegation writes replace AppendDelegation
                "Who delegated first.";
            0x0a03 DelegationActor "delegation.actor_subject_id" (Delegation, Text, single) reads ReadDelegation writes replace AppendDelegation
                "Who acts now.";
            0x0a04 Delegated "delegation.delegated" (Delegation, Bool, single) reads ReadDelegation writes never
                "Whether anything was delegated.";
            0x0a05 DelegationAge "delegation.age_seconds" (Delegation, Float, single) reads ReadDelegation writes replace AppendDelegation
                "How old the delegation is, in seconds.";
            0x0a06 DelegationHop "delegation.chain" (Delegation, Record, indexed) reads ReadDelegation writes grow AppendDelegation
                "A delegation of the chain, oldest first. The chain can grow, never shrink or change.";

            0x0b00 CandidateConstraint "candidate_constraint" (CandidateConstraint, Record, single) reads open writes replace WriteCandidateConstraint
                "Which model back ends the request may go to.";

            0x0c00 Mcp "mcp" (Mcp, Record, single) reads open writes never
                "The whole MCP slot: tool, resource and prompt as their server describes them.";
            0x0c01 McpToolName "mcp.tool.name" (Mcp, Text, single) reads open writes never
                "The name of the tool.";
            0x0c02 McpToolServerId "mcp.tool.server_id" (Mcp, Text, single) reads open writes never
                "The server that the tool is on.";
            0x0c03 McpToolInputSchema "mcp.tool.input_schema" (Mcp, Json, single) reads open writes never
                "The schema of the tool's arguments.";
            0x0c04 McpToolOutputSchema "mcp.tool.output_schema" (Mcp, Json, single) reads open writes never
                "The schema of the tool's results.";
            0x0c05 McpResourceUri "mcp.resource.uri" (Mcp, Text, single) reads open writes never
                "The URI of the resource.";
            0x0c06 McpResourceServerId "mcp.resource.server_id" (Mcp, Text, single) reads open writes never
                "The server that the resource is on.";
            0x0c07 McpPromptName "mcp.prompt.name" (Mcp, Text, single) reads open writes never
                "The name of the prompt.";
            0x0c08 McpPromptServerId "mcp.prompt.server_id" (Mcp, Text, single) reads open writes never
                "The server that the prompt is on.";

            0x0d00 Completion "completion" (Completion, Record, single) reads open writes never
                "The whole completion slot.";
            0x0d01 CompletionStopReason "completion.stop_reason" (Completion, Text, single) reads open writes never
                "`end`, `return`, `call`, `max_tokens` or `stop_sequence`.";
            0x0d02 CompletionModel "completion.model" (Completion, Text, single) reads open writes never
                "The model that answered.";
            0x0d03 CompletionLatency "completion.latency_ms" (Completion, Unsigned, single) reads open writes never
                "How long the model took, in milliseconds.";

            0x0e00 Provenance "provenance" (Provenance, Record, single) reads open writes never
                "The whole provenance slot.";
            0x0e01 ProvenanceSource "provenance.source" (Provenance, Text, single) reads open writes never
                "Where the message comes from.";
            0x0e02 ProvenanceMessageId "provenance.message_id" (Provenance, Text, single) reads open writes never
                "The message's identifier.";
            0x0e03 ProvenanceParentId "provenance.parent_id" (Provenance, Text, single) reads open writes never
                "The identifier of the message it answers.";

            0x0f00 Llm "llm" (Llm, Record, single) reads open writes never
                "The whole LLM slot.";
            0x0f01 LlmModelId "llm.model_id" (Llm, Text, single) reads open writes never
                "The model's identifier.";
            0x0f02 LlmProvider "llm.provider" (Llm, Text, single) reads open writes never
                "Who runs the model.";

            0x1000 Framework "framework" (Framework, Record, single) reads open writes never
                "The whole framework slot.";
            0x1001 FrameworkName "framework.framework" (Framework, Text, single) reads open writes never
                "The name of the framework the agent runs in.";
            0x1002 FrameworkVersion "framework.framework_version" (Framework, Text, single) reads open writes never
                "The framework's version.";
            0x1003 FrameworkNodeId "framework.node_id" (Framework, Text, single) reads open writes never
                "The node of the framework's graph.";
            0x1004 FrameworkGraphId "framework.graph_id" (Framework, Text, single) reads open writes never
                "The framework's graph.";
            0x1005 FrameworkMetadata "framework.metadata" (Framework, JsonMap, single) reads open writes never
                "Anything else about the framework, by name.";

            0x1100 RawCredentials "raw_credentials" (RawCredentials, Record, single) reads credentials writes never
                "What is known of the request's tokens, without the tokens and without what the plugin's capabilities hide.";
            0x1101 InboundToken "raw_credentials.inbound_tokens" (RawCredentials, TextMap, single) reads inbound_token writes never
                "The tokens that came with the request, by whose they are: `user`, `client`, `caller_workload`, or a role of the operator's own.";
            0x1102 DelegatedToken "raw_credentials.delegated_tokens" (RawCredentials, Text, indexed) reads delegated_token writes never
                "The tokens minted for the request, in the order of the list in `raw_credentials`.";
        }
    };
}

/// Which part of a request a field belongs to. A write copies the part it changes, and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Slot {
    /// What the hook is about.
    Payload,
    /// The security extension.
    Security,
    /// The HTTP extension.
    Http,
    /// The request extension.
    Request,
    /// The meta extension.
    Meta,
    /// The custom extension.
    Custom,
    /// The plugin's context.
    Context,
    /// The plugin's configuration.
    Config,
    /// The agent extension.
    Agent,
    /// The delegation extension.
    Delegation,
    /// The candidate constraint extension.
    CandidateConstraint,
    /// The MCP extension.
    Mcp,
    /// The completion extension.
    Completion,
    /// The provenance extension.
    Provenance,
    /// The LLM extension.
    Llm,
    /// The framework extension.
    Framework,
    /// The raw credentials extension.
    RawCredentials,
}

/// What kind of value a field holds, which says how it is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// A string. postcard: `String`.
    Text,
    /// A truth value. postcard: `bool`.
    Bool,
    /// A whole number of 0 or more. postcard: `u64`.
    Unsigned,
    /// A number. postcard: `f64`.
    Float,
    /// A JSON value. postcard: [`Value`](crate::Value).
    Json,
    /// A set of strings. postcard: `Vec<String>`, sorted; an added member: `String`.
    TextSet,
    /// Strings by name. postcard: `Vec<(String, String)>`, sorted by name; an entry: `String`.
    TextMap,
    /// JSON values by name. postcard: `Vec<(String, Value)>`, sorted by name; an entry:
    /// [`Value`](crate::Value).
    JsonMap,
    /// A structure of its own, see the records in the documentation.
    Record,
}

/// Who may read a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Every plugin.
    Open,
    /// A plugin with any capability that opens a part of the subject.
    Subject,
    /// A plugin with this capability.
    Needs(Capability),
    /// A plugin with any capability that opens a part of the raw credentials.
    Credentials,
    /// A plugin with this capability, if the operator also allows raw credentials.
    Token(Capability),
}

/// How a field may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Write {
    /// Not at all.
    Never,
    /// By a new value for the whole field or, in a record, for the value that a JSON Pointer names.
    Replace(Option<Capability>),
    /// Entry by entry: set or remove.
    Entries(Option<Capability>),
    /// By new members only; a new value of an indexed field is written with the index
    /// [`NO_INDEX`](crate::NO_INDEX).
    Grow(Option<Capability>),
}

/// What the table says about one field.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FieldInfo {
    /// The number that crosses the boundary. It never changes.
    pub number: u32,
    /// The name in documents and errors: the path in CPEX's own JSON, where it has one.
    pub path: &'static str,
    /// The part of the request it belongs to.
    pub slot: Slot,
    /// The kind of value.
    pub shape: Shape,
    /// Whether there are several of it, told apart by an index.
    pub indexed: bool,
    /// Who may read it.
    pub read: Access,
    /// How it may be changed.
    pub write: Write,
    /// What it is, for the documentation.
    pub description: &'static str,
}

macro_rules! access {
    (open) => {
        Access::Open
    };
    (subject) => {
        Access::Subject
    };
    (credentials) => {
        Access::Credentials
    };
    (inbound_token) => {
        Access::Token(Capability::ReadInboundCredentials)
    };
    (delegated_token) => {
        Access::Token(Capability::ReadDelegatedTokens)
    };
    ($capability:ident) => {
        Access::Needs(Capability::$capability)
    };
}

macro_rules! write {
    (never) => {
        Write::Never
    };
    (replace $($capability:ident)?) => {
        Write::Replace(write!(@ $($capability)?))
    };
    (entries $($capability:ident)?) => {
        Write::Entries(write!(@ $($capability)?))
    };
    (grow $($capability:ident)?) => {
        Write::Grow(write!(@ $($capability)?))
    };
    (@) => {
        None
    };
    (@ $capability:ident) => {
        Some(Capability::$capability)
    };
}

macro_rules! indexed {
    (indexed) => {
        true
    };
    (single) => {
        false
    };
}

macro_rules! define {
    ($($number:literal $name:ident $path:literal ($slot:ident, $shape:ident, $indexed:ident)
        reads $read:ident writes $write:ident $($capability:ident)? $description:literal;)*) => {
        /// A value that a plugin can read, and some of which it can change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u32)]
        pub enum Field {
            $(#[doc = $description] $name = $number,)*
        }

        impl Field {
            /// All fields, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The field with this number, if there is one.
            pub const fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }

            /// What the table says about the field.
            pub const fn info(self) -> &'static FieldInfo {
                match self {
                    $(Self::$name => &FieldInfo {
                        number: $number,
                        path: $path,
                        slot: Slot::$slot,
                        shape: Shape::$shape,
                        indexed: indexed!($indexed),
                        read: access!($read),
                        write: write!($write $($capability)?),
                        description: $description,
                    },)*
                }
            }
        }
    };
}
for_each_field!(define);

impl Field {
    /// The number that crosses the boundary.
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The name in documents and errors.
    pub const fn path(self) -> &'static str {
        self.info().path
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}
