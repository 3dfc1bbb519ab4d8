//! The rules that hosts are held against.

use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_guest::prelude::*;

use crate::host::{is_near, skeleton};

/// The operator's rules.
pub(crate) struct Rules {
    /// Hosts that may not be named, with those below them.
    blocked: Vec<String>,
    /// The only hosts that may be named, with those below them; all, if there are none.
    allowed: Vec<String>,
    /// Hosts that others may not look like.
    known: Vec<String>,
    /// True if hosts in other alphabets may be named.
    allows_international: bool,
}

/// A rule that a host breaks.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    Blocked,
    NotAllowed,
    LookAlike,
    International,
    Malformed,
}

impl Rule {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::NotAllowed => "not_allowed",
            Self::LookAlike => "look_alike",
            Self::International => "international",
            Self::Malformed => "malformed",
        }
    }

    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Blocked => "there is a URL of a blocked host",
            Self::NotAllowed => "there is a URL of a host that is not allowed",
            Self::LookAlike => "there is a URL of a host that looks like a known one",
            Self::International => "there is a URL of a host in another alphabet",
            Self::Malformed => "there is a URL whose host is malformed",
        }
    }
}

impl Rules {
    /// Reads the configuration, which the host has held against the schema.
    pub(crate) fn of(config: JsonMap) -> Result<Self> {
        Ok(Self {
            blocked: hosts(config, "blocked")?,
            allowed: hosts(config, "allowed")?,
            known: hosts(config, "known")?,
            allows_international: config.text_is("international", "allow")?,
        })
    }

    /// The rule that a host breaks.
    pub(crate) fn broken_by(&self, host: &str) -> Option<Rule> {
        let is = |hosts: &[String]| hosts.iter().any(|other| is_below(host, other));
        if host.is_empty() || host.contains(['%', '@']) {
            return Some(Rule::Malformed);
        }
        if is(&self.blocked) {
            return Some(Rule::Blocked);
        }
        if is(&self.known) {
            return None;
        }
        if self.known.iter().any(|known| looks_like(host, known)) {
            return Some(Rule::LookAlike);
        }
        let international =
            !host.is_ascii() || host.split('.').any(|label| label.starts_with("xn--"));
        if international && !self.allows_international {
            return Some(Rule::International);
        }
        (!self.allowed.is_empty() && !is(&self.allowed)).then_some(Rule::NotAllowed)
    }
}

/// True if a host is another, or below it.
fn is_below(host: &str, other: &str) -> bool {
    host.strip_suffix(other).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// True if a host, or what it ends with, looks like a known one, or has it within.
fn looks_like(host: &str, known: &str) -> bool {
    let labels = known.split('.').count();
    let mut rest = host;
    while rest.split('.').count() > labels {
        // As in `known.com.evil.net`.
        if rest.strip_prefix(known).is_some_and(|rest| rest.starts_with('.')) {
            return true;
        }
        rest = rest.split_once('.').map_or("", |(_, rest)| rest);
    }
    let (one, other) = (skeleton(rest), skeleton(known));
    one == other || other.len() > 7 && is_near(&one, &other)
}

/// A list of hosts, in lower case.
fn hosts(config: JsonMap, name: &str) -> Result<Vec<String>> {
    let Some(Value::Array(values)) = config.get(name)? else { return Ok(Vec::new()) };
    Ok(values.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect())
}
