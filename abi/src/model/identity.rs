//! Tokens to be resolved, whose headers hide them.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;

use super::{IdentityPayload, Secret};

impl IdentityPayload {
    /// A token that came in this way, of which nothing is known yet.
    pub fn new(raw_token: impl Into<Secret>, source: impl Into<String>) -> Self {
        Self { raw_token: raw_token.into(), source: source.into(), ..Self::default() }
    }

    /// The payload as a plugin is given it: with `[redacted]` where its token stands in a header.
    pub fn without_token_in_headers(&self) -> Cow<'_, Self> {
        match self.headers_without_token() {
            Cow::Borrowed(_) => Cow::Borrowed(self),
            Cow::Owned(headers) => Cow::Owned(Self { headers, ..self.clone() }),
        }
    }

    /// The headers as a plugin is given them.
    pub fn headers_without_token(&self) -> Cow<'_, BTreeMap<String, String>> {
        let token = self.raw_token.expose();
        if token.is_empty() || !self.headers.values().any(|value| value.contains(token)) {
            return Cow::Borrowed(&self.headers);
        }
        let shown =
            |(name, value): (&String, &String)| (name.clone(), value.replace(token, "[redacted]"));
        Cow::Owned(self.headers.iter().map(shown).collect())
    }
}
