//! One grant of system access, of whichever kind.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;

use cpex_wasmi_abi::{AccessKind, AccessRequest};

use super::keys::key_of;
use crate::logging::yaml_scalar;
use crate::policy::{
    ClockGrant, CommandGrant, FileGrant, NetworkGrant, NetworkRequest, PathKind, RandomGrant,
};
use crate::text::pattern::is_name;

/// A grant of an [`Access`](super::Access).
#[derive(Clone, Copy)]
pub(super) enum Grant<'a> {
    Files(&'a FileGrant),
    Network(&'a NetworkGrant),
    Env(&'a str),
    Clock(ClockGrant),
    Random(RandomGrant),
    Command(&'a CommandGrant),
    Function(&'a str),
    State(&'a str),
}

impl Grant<'_> {
    pub(super) const fn kind(&self) -> AccessKind {
        match self {
            Self::Files(_) => AccessKind::Files,
            Self::Network(_) => AccessKind::Network,
            Self::Env(_) => AccessKind::Env,
            Self::Clock(_) => AccessKind::Clock,
            Self::Random(_) => AccessKind::Random,
            Self::Command(_) => AccessKind::Command,
            Self::Function(_) => AccessKind::Function,
            Self::State(_) => AccessKind::State,
        }
    }

    /// Returns true if all that a request asks for is granted: by a line of a manifest, or when it is used.
    pub(super) fn covers(&self, request: &AccessRequest<'_>) -> bool {
        match (self, *request) {
            (Self::Files(grant), AccessRequest::Files { permission, path }) => {
                grant.covers(permission, path)
            }
            (Self::Network(grant), _) => NetworkRequest::of(request)
                .and_then(Result::ok)
                .is_some_and(|asked| grant.covers(&asked)),
            (Self::Env(pattern), AccessRequest::Env(asked))
            | (Self::Function(pattern), AccessRequest::Function(asked))
            | (Self::State(pattern), AccessRequest::State(asked)) => is_name(pattern, asked),
            (Self::Command(grant), AccessRequest::Command(program)) => grant.program == program,
            (Self::Clock(_) | Self::Random(_), _) => request.kind() == self.kind(),
            (
                Self::Files(_)
                | Self::Env(_)
                | Self::Function(_)
                | Self::State(_)
                | Self::Command(_),
                _,
            ) => false,
        }
    }

    /// Returns true if a request asks for some of what is granted.
    pub(super) fn is_near(&self, request: &AccessRequest<'_>) -> bool {
        let within = match (self, *request) {
            (Self::Env(pattern), AccessRequest::Env(asked))
            | (Self::Function(pattern), AccessRequest::Function(asked))
            | (Self::State(pattern), AccessRequest::State(asked)) => is_name(asked, pattern),
            (Self::Network(grant), _) => {
                NetworkRequest::of(request).and_then(Result::ok).is_some_and(|asked| {
                    grant.host.covers(&asked.host) || asked.host.covers(&grant.host)
                })
            }
            _ => false,
        };
        within || self.covers(request)
    }

    /// Returns the key that grants it, and what tells it from others under that key.
    pub(super) fn title(self) -> String {
        let key = key_of(self.kind());
        match self {
            Self::Files(grant) => format!("{key}: {}", grant.seen_as()),
            Self::Network(grant) => format!("{key}: {}", grant.host),
            Self::Env(pattern) | Self::Function(pattern) | Self::State(pattern) => {
                format!("{key}: {pattern}")
            }
            Self::Command(grant) => format!("{key}: {}", grant.program),
            Self::Clock(_) | Self::Random(_) => key.into(),
        }
    }

    /// Returns it as it stands under its key.
    pub(super) fn entry(self) -> YamlValue {
        match self {
            Self::Env(pattern) | Self::Function(pattern) | Self::State(pattern) => {
                YamlValue::Scalar(yaml_scalar(pattern))
            }
            Self::Clock(ClockGrant::System) | Self::Random(RandomGrant::System) => {
                YamlValue::Scalar("system".into())
            }
            Self::Clock(ClockGrant::Fixed(time)) => {
                YamlValue::Mapping(vec![("fixed", time.as_secs().to_string())])
            }
            Self::Random(RandomGrant::Seeded(seed)) => {
                YamlValue::Mapping(vec![("seed", seed.to_string())])
            }
            Self::Files(grant) => {
                let kind = if grant.kind == PathKind::Dir { "dir" } else { "file" };
                let mut members = vec![(kind, yaml_scalar(&grant.path))];
                members.extend(grant.guest_path.as_ref().map(|path| ("as", yaml_scalar(path))));
                members.push(("permission", grant.permission.name().into()));
                YamlValue::Mapping(members)
            }
            Self::Network(grant) => network(grant),
            Self::Command(grant) => YamlValue::Mapping(vec![
                ("program", yaml_scalar(&grant.program)),
                ("args", list(&grant.args, |arg| yaml_scalar(arg))),
            ]),
        }
    }
}

fn network(grant: &NetworkGrant) -> YamlValue {
    let NetworkGrant { host, ports, schemes, methods, allow_private } = grant;
    let mut members = vec![
        ("host", yaml_scalar(&host.to_string())),
        ("schemes", list(schemes, |scheme| scheme.name().into())),
    ];
    if !ports.is_empty() {
        members.push(("ports", list(ports, u16::to_string)));
    }
    if !methods.is_empty() {
        members.push(("methods", list(methods, |method| yaml_scalar(method.as_str()))));
    }
    if *allow_private {
        members.push(("allow_private", "true".into()));
    }
    YamlValue::Mapping(members)
}

fn list<T>(values: &[T], shown: impl FnMut(&T) -> String) -> String {
    format!("[{}]", values.iter().map(shown).collect::<Vec<_>>().join(", "))
}

/// A value in YAML.
pub(super) enum YamlValue {
    Scalar(String),
    Mapping(Vec<(&'static str, String)>),
}

impl YamlValue {
    /// Returns it in one line.
    pub(super) fn flow(&self) -> String {
        match self {
            Self::Scalar(text) => text.clone(),
            Self::Mapping(members) => {
                let members = members.iter().map(|(key, value)| format!("{key}: {value}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// Returns the lines of YAML for all grants of a kind.
pub(super) fn lines(kind: AccessKind, entries: Vec<YamlValue>) -> String {
    let key = key_of(kind);
    let scalars = entries.iter().all(|entry| matches!(entry, YamlValue::Scalar(_)));
    if !super::is_list(kind) {
        return entries.iter().map(|entry| format!("{key}: {}\n", entry.flow())).collect();
    }
    if entries.is_empty() {
        return String::new();
    }
    if scalars {
        return format!("{key}: {}\n", list(&entries, YamlValue::flow));
    }
    let mut lines = format!("{key}:\n");
    for entry in &entries {
        let YamlValue::Mapping(members) = entry else { continue };
        for (at, (key, value)) in members.iter().enumerate() {
            let dash = if at == 0 { "-" } else { " " };
            lines.push_str(&format!("  {dash} {key}: {value}\n"));
        }
    }
    lines
}
