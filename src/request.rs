use alloc::collections::BTreeSet;
use alloc::string::String;

use cpex_wasmi_abi::model::{
    ContentPart, Extensions, HttpExtension, JsonMap, Message, MessagePayload, PluginContext, Role,
    SubjectExtension, SubjectType, ToolCall, ToolResult,
};
use serde::Serialize;

/// What a hook is called with: the payload, and what travels beside it.
///
/// The builders make the common requests short:
///
/// ```
/// use cpex_wasmi::Request;
///
/// let request = Request::tool_call("get_compensation")
///     .argument("employee_id", 42)
///     .label("PII")
///     .subject("alice")
///     .role("hr_admin");
/// assert_eq!(request.message().tool_calls().count(), 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What the hook is about.
    pub payload: Payload,
    /// The typed slots beside it.
    pub extensions: Extensions,
    /// What the plugin kept from earlier hooks of the same request.
    pub context: PluginContext,
}

/// What a hook is about.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Payload {
    /// A message: the payload of the `cmf.*` hooks.
    Message(MessagePayload),
}

impl Serialize for Payload {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Message(payload) => payload.serialize(serializer),
        }
    }
}

impl Request {
    /// A request about `payload`, with no extensions and an empty context.
    pub fn new(payload: impl Into<Payload>) -> Self {
        Self {
            payload: payload.into(),
            extensions: Extensions::default(),
            context: PluginContext::default(),
        }
    }

    /// A request about one text message.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self::new(Message::text(role, text))
    }

    /// A request about one tool call, made by the model.
    pub fn tool_call(name: impl Into<String>) -> Self {
        let content =
            ToolCall { tool_call_id: "call-1".into(), name: name.into(), ..ToolCall::default() };
        Self::new(Message::with_content(
            Role::Assistant,
            alloc::vec![ContentPart::ToolCall { content }],
        ))
    }

    /// A request about one tool result.
    pub fn tool_result(name: impl Into<String>, content: impl Into<serde_json::Value>) -> Self {
        let content = ToolResult {
            tool_call_id: "call-1".into(),
            tool_name: name.into(),
            content: content.into(),
            is_error: false,
        };
        Self::new(Message::with_content(
            Role::Tool,
            alloc::vec![ContentPart::ToolResult { content }],
        ))
    }

    /// The message.
    pub fn message(&self) -> &Message {
        let Payload::Message(payload) = &self.payload;
        &payload.message
    }

    /// Sets an argument of the last tool call, if there is one.
    #[must_use]
    pub fn argument(
        mut self,
        name: impl Into<String>,
        value: impl Into<serde_json::Value>,
    ) -> Self {
        let Payload::Message(payload) = &mut self.payload;
        if let Some(call) = payload.message.tool_calls_mut().last() {
            call.arguments.insert(name.into(), value.into());
        }
        self
    }

    /// Adds a part to the message.
    #[must_use]
    pub fn part(mut self, part: ContentPart) -> Self {
        let Payload::Message(payload) = &mut self.payload;
        payload.message.content.push(part);
        self
    }

    /// Adds a security label.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        let security = self.extensions.security.get_or_insert_default();
        security.labels.insert(label.into());
        self
    }

    /// Names the subject, as a user.
    #[must_use]
    pub fn subject(mut self, id: impl Into<String>) -> Self {
        let subject = self.subject_mut();
        subject.id = Some(id.into());
        subject.subject_type.get_or_insert(SubjectType::User);
        self
    }

    /// Gives the subject a role.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.subject_mut().roles.insert(role.into());
        self
    }

    /// Gives the subject a claim.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.subject_mut().claims.insert(name.into(), value.into());
        self
    }

    /// Sets a request header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let http = self.extensions.http.get_or_insert_default();
        http.request_headers.insert(name.into(), value.into());
        self
    }

    /// Sets a value of the custom slot.
    #[must_use]
    pub fn custom(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.extensions.custom.get_or_insert_default().insert(name.into(), value.into());
        self
    }

    /// Sets the extensions, all of them.
    #[must_use]
    pub fn extensions(mut self, extensions: Extensions) -> Self {
        self.extensions = extensions;
        self
    }

    /// Sets the context.
    #[must_use]
    pub fn context(mut self, context: PluginContext) -> Self {
        self.context = context;
        self
    }

    /// Applies what a plugin changed, as the next plugin of a pipeline should see it.
    pub fn apply(&mut self, changes: Changes) {
        let Changes { payload, labels, http, custom, local_state, global_state } = changes;
        if let Some(payload) = payload {
            self.payload = payload;
        }
        if let Some(labels) = labels {
            self.extensions.security.get_or_insert_default().labels = labels;
        }
        if let Some(http) = http {
            self.extensions.http = Some(http);
        }
        if let Some(custom) = custom {
            self.extensions.custom = Some(custom);
        }
        if let Some(state) = local_state {
            self.context.local_state = state;
        }
        if let Some(state) = global_state {
            self.context.global_state = state;
        }
    }

    fn subject_mut(&mut self) -> &mut SubjectExtension {
        let security = self.extensions.security.get_or_insert_default();
        security.subject.get_or_insert_default()
    }
}

impl From<MessagePayload> for Payload {
    fn from(payload: MessagePayload) -> Self {
        Self::Message(payload)
    }
}

impl From<Message> for Payload {
    fn from(message: Message) -> Self {
        Self::Message(message.into())
    }
}

impl From<MessagePayload> for Request {
    fn from(payload: MessagePayload) -> Self {
        Self::new(payload)
    }
}

/// What a plugin changed. Each part is the new value of the whole part, or `None` where the plugin
/// left it alone.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Changes {
    /// The payload.
    pub payload: Option<Payload>,
    /// The security labels: the old ones and the new.
    pub labels: Option<BTreeSet<String>>,
    /// The HTTP slot, of which only headers can change.
    pub http: Option<HttpExtension>,
    /// The custom slot.
    pub custom: Option<JsonMap>,
    /// The plugin's own state.
    pub local_state: Option<JsonMap>,
    /// The state that the request's plugins share.
    pub global_state: Option<JsonMap>,
}

impl Changes {
    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Drops what a denied operation does not change: everything but the context.
    pub(crate) fn keep_context(self) -> Self {
        let Self { local_state, global_state, .. } = self;
        Self { local_state, global_state, ..Self::default() }
    }
}
