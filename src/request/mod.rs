//! Requests: what plugins are called for.

mod payload;
#[cfg(feature = "std")]
mod view;

use alloc::string::String;

use cpex_wasmi_abi::model::{
    ContentPart, Extensions, Message, PluginContext, Role, SubjectExtension, SubjectType, ToolCall,
    ToolResult,
};

pub use payload::{CustomPayload, Payload, PayloadType};
#[cfg(feature = "std")]
pub use view::{FieldValue, LookUpError, RequestView};

/// The request of a hook: the payload, and what travels beside it.
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
/// assert_eq!(request.message().unwrap().tool_calls().count(), 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The payload.
    pub payload: Payload,
    /// The typed slots beside it.
    pub extensions: Extensions,
    /// The values kept from earlier hooks of the request.
    pub context: PluginContext,
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

    /// The message, if the request is about one.
    pub fn message(&self) -> Option<&Message> {
        self.payload.as_message().map(|payload| &payload.message)
    }

    /// Sets an argument of the last tool call, if there is one.
    #[must_use]
    pub fn argument(
        mut self,
        name: impl Into<String>,
        value: impl Into<serde_json::Value>,
    ) -> Self {
        if let Some(payload) = self.payload.as_message_mut()
            && let Some(call) = payload.message.tool_calls_mut().last()
        {
            call.arguments.insert(name.into(), value.into());
        }
        self
    }

    /// Adds a part to the message, if the request is about one.
    #[must_use]
    pub fn part(mut self, part: ContentPart) -> Self {
        if let Some(payload) = self.payload.as_message_mut() {
            payload.message.content.push(part);
        }
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

    fn subject_mut(&mut self) -> &mut SubjectExtension {
        let security = self.extensions.security.get_or_insert_default();
        security.subject.get_or_insert_default()
    }
}

impl<T: Into<Payload>> From<T> for Request {
    fn from(payload: T) -> Self {
        Self::new(payload)
    }
}
