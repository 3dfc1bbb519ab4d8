//! Messages of a plugin, without secrets.

use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::model::Secret;

use super::Session;
use crate::boundary::MAX_MESSAGE_BYTES;
use crate::text::redact::{MARK, masked};
use crate::text::secrets::MOST_WORK;

impl Session {
    /// True if the plugin was given a token in this call.
    pub(crate) fn gave_tokens(&self) -> bool {
        !self.secrets.given().is_empty()
    }

    /// The start of a plugin's message, without secrets, and with what is no UTF-8 replaced.
    pub(crate) fn message_of(&mut self, message: &[u8]) -> String {
        self.message(message, false)
    }

    /// As [`message_of`](Self::message_of), of a panic. A plugin may have cut it where a secret stands: the
    /// start of one at its end is masked too.
    pub(crate) fn panic_of(&mut self, message: &[u8]) -> String {
        self.message(message, true)
    }

    fn message(&mut self, message: &[u8], is_cut: bool) -> String {
        let limit = MAX_MESSAGE_BYTES;
        // Most are all text, and nothing is to be masked: then they are shown as they are.
        if self.secrets.is_empty()
            && message.len() <= limit
            && let Ok(text) = core::str::from_utf8(message)
        {
            return text.into();
        }
        // A secret that begins before the limit is looked at as a whole.
        let kept = message.len().min(limit.saturating_add(self.secrets.longest()));
        let message = message.get(..kept).unwrap_or(message);
        let Some(work) = self.secrets.work(kept) else { return MARK.into() };
        // What may hold a token is overwritten when it is dropped.
        let text = Secret::from(String::from_utf8_lossy(message));
        let (mut found, mut left) = (Vec::new(), MOST_WORK);
        let known = self.secrets.find(text.expose(), &mut found, &mut left);
        if let begun @ 1.. = if is_cut { self.secrets.begun(text.expose()) } else { 0 } {
            let end = text.expose().len();
            found.push(end.saturating_sub(begun)..end);
        }
        let shown = if known { masked(text.expose(), limit, found) } else { MARK.into() };
        self.usage.moved(work.saturating_add(MOST_WORK.saturating_sub(left)));
        shown
    }
}
