//! The requests that are measured.

use std::sync::Arc;

use cpex_core::cmf::{ContentPart, Message, MessagePayload, Role, ToolCall};
use cpex_core::extensions::{
    Extensions, HttpExtension, MetaExtension, RequestExtension, SecurityExtension, SubjectExtension,
};
use serde_json::json;

/// A payload, and what travels beside it.
pub struct Input {
    pub payload: MessagePayload,
    pub extensions: Extensions,
}

impl Input {
    /// A tool call of somebody with these roles, and what usually travels beside it.
    pub fn tool_call(roles: &[&str]) -> Self {
        let call = ToolCall {
            tool_call_id: "call_8fz2Qk1".into(),
            name: "get_compensation".into(),
            arguments: [
                ("employee_id".into(), json!(42)),
                ("fields".into(), json!(["base", "bonus", "equity"])),
                ("period".into(), json!({ "from": "2026-01-01", "to": "2026-06-30" })),
                ("reason".into(), json!("annual review")),
            ]
            .into(),
            namespace: Some("hr".into()),
        };
        let content = vec![
            ContentPart::Text { text: "I will look up the employee's compensation.".into() },
            ContentPart::ToolCall { content: call },
        ];
        let payload = MessagePayload { message: Message::with_content(Role::Assistant, content) };
        Self { payload, extensions: extensions(roles) }
    }

    /// This with a text of so many bytes before it.
    pub fn with_text(mut self, len: usize) -> Self {
        let text = "The quick brown fox jumps over the lazy dog. ";
        let text = text.chars().cycle().take(len).collect();
        self.payload.message.content.insert(0, ContentPart::Text { text });
        self
    }
}

/// The number of secrets in a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    None,
    /// In the middle.
    One,
    /// In each quarter of a KiB.
    Many,
}

impl Secrets {
    pub const ALL: [Self; 3] = [Self::None, Self::One, Self::Many];

    pub fn name(self) -> &'static str {
        match self {
            Self::None => "clean",
            Self::One => "one match",
            Self::Many => "many matches",
        }
    }

    /// True if a secret is at this one of so many places.
    fn is_at(self, place: usize, of: usize) -> bool {
        match self {
            Self::None => false,
            Self::One => place == of / 2,
            Self::Many => true,
        }
    }
}

impl Input {
    /// A message with a text of so many KiB.
    pub fn text(kib: usize, secrets: Secrets) -> Self {
        let content = ContentPart::Text { text: text(kib, secrets) };
        Self::of(Role::User, content)
    }

    /// A message with one part.
    pub fn of(role: Role, content: ContentPart) -> Self {
        let message = Message::with_content(role, vec![content]);
        Self { payload: MessagePayload { message }, extensions: extensions(&["engineer"]) }
    }

    /// A tool call with some 100 KiB of arguments: a list of 800 records, with secrets in eight of them if there are any.
    pub fn records(secrets: Secrets) -> Self {
        let record = |number: usize| {
            let note = &format!(
                "order {number:05} to berlin, see https://example.com/a?b=c, and the quick brown fox"
            );
            let note = match number % 100 == 50 && secrets != Secrets::None {
                true => format!("use {} for it", secret()),
                false => note.clone(),
            };
            json!({ "id": number, "name": "Ada Lovelace", "note": note })
        };
        let records: Vec<_> = (0..800).map(record).collect();
        let mut input = Self::tool_call(&["engineer"]);
        for part in &mut input.payload.message.content {
            if let ContentPart::ToolCall { content } = part {
                content.arguments = [("records".into(), json!(records))].into();
            }
        }
        input
    }
}

/// A text of so many KiB.
pub fn text(kib: usize, secrets: Secrets) -> String {
    let words =
        ["the quick brown fox ", "order 12345 to berlin ", "see https://example.com/a?b=c "];
    let clean: String = words.into_iter().cycle().take(16).collect();
    let quarter = |place| match secrets.is_at(place, kib * 4) {
        true => [&clean[..200], " ", &secret(), " ", &clean[242..256]].concat(),
        false => clean[..256].to_string(),
    };
    (0..kib * 4).map(quarter).collect()
}

/// A token, put together here so that no scanner of sources finds one.
fn secret() -> String {
    format!("ghp_{}", "aB3dE6gH9".repeat(4))
}

fn extensions(roles: &[&str]) -> Extensions {
    let mut security = SecurityExtension::default();
    security.add_label("PII");
    security.add_label("INTERNAL");
    security.classification = Some("confidential".into());
    security.auth_method = Some("jwt".into());
    security.subject = Some(SubjectExtension {
        id: Some("alice@example.com".into()),
        roles: texts(roles),
        permissions: texts(&["tools.call", "hr.read"]),
        teams: texts(&["payroll"]),
        claims: pairs(&[("iss", "https://idp.example.com"), ("aud", "agents"), ("tid", "acme")]),
        ..SubjectExtension::default()
    });
    let http = HttpExtension {
        request_headers: pairs(&[
            ("Host", "gateway.example.com"),
            ("Content-Type", "application/json"),
            ("User-Agent", "agent/1.4"),
            ("Accept", "application/json"),
            ("X-Request-Id", "4711-0815"),
            ("X-Tenant", "acme"),
        ]),
        method: Some("POST".into()),
        path: Some("/v1/tools/call".into()),
        host: Some("gateway.example.com".into()),
        scheme: Some("https".into()),
        ..HttpExtension::default()
    };
    let request = RequestExtension {
        environment: Some("production".into()),
        request_id: Some("4711-0815".into()),
        timestamp: Some("2026-06-30T12:00:00Z".into()),
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
        span_id: Some("00f067aa0ba902b7".into()),
    };
    let meta = MetaExtension {
        entity_type: Some("tool".into()),
        entity_name: Some("get_compensation".into()),
        tags: texts(&["hr", "sensitive"]),
        properties: pairs(&[("owner", "people-team")]),
        ..MetaExtension::default()
    };
    Extensions {
        request: Some(Arc::new(request)),
        http: Some(Arc::new(http)),
        security: Some(Arc::new(security)),
        meta: Some(Arc::new(meta)),
        ..Extensions::default()
    }
}

fn texts<C: FromIterator<String>>(texts: &[&str]) -> C {
    texts.iter().map(|text| text.to_string()).collect()
}

fn pairs<C: FromIterator<(String, String)>>(pairs: &[(&str, &str)]) -> C {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}
