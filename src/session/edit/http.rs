//! Edits of HTTP headers.

use alloc::collections::BTreeMap;
use alloc::string::String;

use cpex_wasmi_abi::model::HttpExtension;
use cpex_wasmi_abi::{CapabilitySet, Field, Status};

use super::{Edit, copied};
use crate::text::Name;
use crate::view::Item;

type Headers = BTreeMap<String, String>;

impl Edit<'_> {
    /// Sets a header, in the place of any whose name differs in case only.
    pub(super) fn set_header(&mut self, name: &str, value: String) -> Result<(), Status> {
        if !is_name(name) {
            return Err(Status::InvalidArgument);
        }
        if !is_value(&value) {
            return Err(Status::Malformed);
        }
        let same = Name::new(name);
        let headers = self.headers()?;
        headers.retain(|other, _| !same.is(other));
        headers.insert(name.into(), value);
        self.worked = self.worked.saturating_add(same.compared());
        Ok(())
    }

    /// Removes a header, and says whether it was there.
    pub(super) fn remove_header(&mut self, name: &str) -> Result<bool, Status> {
        let name = Name::new(name);
        let there = match self.current().item(self.field, 0, CapabilitySet::EMPTY) {
            Some(Item::TextMap(map)) => map.find(&|other| name.is(other)).is_some(),
            _ => false,
        };
        if there {
            self.headers()?.retain(|other, _| !name.is(other));
        }
        self.worked = self.worked.saturating_add(name.compared());
        Ok(there)
    }

    fn headers(&mut self) -> Result<&mut Headers, Status> {
        let extensions = self.extensions;
        let http: &mut HttpExtension =
            copied(&mut self.changes.http, || extensions.http().map(Option::unwrap_or_default))?;
        Ok(match self.field {
            Field::HttpRequestHeaders => &mut http.request_headers,
            _ => &mut http.response_headers,
        })
    }
}

/// True if a header of this name can be sent: a token, as in RFC 9110.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// True if a header of this value can be sent without becoming another header: no control
/// characters but the tab, as in RFC 9110.
fn is_value(value: &str) -> bool {
    value.chars().all(|char| char == '\t' || !char.is_control())
}
