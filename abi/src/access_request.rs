//! Requests of a manifest for access to the system, as texts.

use alloc::format;
use alloc::string::String;
use core::fmt;

use crate::{AccessKind, MAX_STATE_KEY_BYTES};

/// One line of [`Manifest::access`](crate::Manifest::access): the system access that a plugin asks for.
///
/// A line is the name of an [`AccessKind`], and for most a colon and more. Names may be patterns, in which `*` stands for any
/// text; docs/policy.md, "Patterns", has the rules.
///
/// ```
/// use cpex_wasmi_abi::AccessRequest;
///
/// let request = AccessRequest::parse("env:API_REGION").unwrap();
/// assert_eq!(request, AccessRequest::Env("API_REGION"));
/// assert_eq!(request.to_string(), "env:API_REGION");
/// assert_eq!(AccessRequest::parse("env:"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRequest<'a> {
    /// Environment variables: a name, or a pattern of names.
    Env(&'a str),
    /// A directory or file.
    Files {
        /// The name of the permission, such as `read-only`.
        permission: &'a str,
        /// The path, as the plugin sees it; its last part may be a pattern.
        path: &'a str,
    },
    /// Requests to a host.
    Network {
        /// The methods, with commas between them; empty: any that is granted.
        methods: &'a str,
        /// `http` or `https`.
        scheme: &'a str,
        /// A host name or address, with `*.` at its start for subdomains.
        host: &'a str,
        /// The port; `None`: any.
        port: Option<u16>,
    },
    /// The time of day.
    Clock,
    /// Random numbers.
    Random,
    /// A program, by the path that the policy has for it.
    Command(&'a str),
    /// Functions of the embedder's: a name, or a pattern of names.
    Function(&'a str),
    /// Keys of state: a key, or a pattern of keys.
    State(&'a str),
}

impl<'a> AccessRequest<'a> {
    /// Reads a line; `None` if it has another form.
    pub fn parse(line: &'a str) -> Option<Self> {
        let (name, rest) = match line.split_once(':') {
            Some((name, rest)) => (name, Some(rest)),
            None => (line, None),
        };
        let kind = AccessKind::from_name(name)?;
        if kind.takes_argument() != rest.is_some() {
            return None;
        }
        let rest = rest.unwrap_or_default();
        match kind {
            AccessKind::Env => is_variable(rest).then_some(Self::Env(rest)),
            AccessKind::Files => files(rest),
            AccessKind::Network => network(rest),
            AccessKind::Clock => Some(Self::Clock),
            AccessKind::Random => Some(Self::Random),
            AccessKind::Command => {
                (!rest.is_empty() && !rest.contains('\0')).then_some(Self::Command(rest))
            }
            AccessKind::Function => is_function_pattern(rest).then_some(Self::Function(rest)),
            AccessKind::State => is_state_pattern(rest).then_some(Self::State(rest)),
        }
    }

    /// Returns the kind of access.
    pub const fn kind(&self) -> AccessKind {
        match self {
            Self::Env(_) => AccessKind::Env,
            Self::Files { .. } => AccessKind::Files,
            Self::Network { .. } => AccessKind::Network,
            Self::Clock => AccessKind::Clock,
            Self::Random => AccessKind::Random,
            Self::Command(_) => AccessKind::Command,
            Self::Function(_) => AccessKind::Function,
            Self::State(_) => AccessKind::State,
        }
    }

    /// The use that a plugin makes of it, in words that follow "may": "read the environment variable `X`".
    pub fn description(&self) -> String {
        match *self {
            Self::Env("*") => "read all environment variables".into(),
            Self::Env(pattern) if pattern.contains('*') => {
                format!("read the environment variables `{pattern}`")
            }
            Self::Env(name) => format!("read the environment variable `{name}`"),
            Self::Files { permission, path } => {
                let pattern = path.contains('*');
                let (before, after) = match permission {
                    "read-only" if pattern => ("read and list files", ""),
                    "read-only" => ("read and list", ""),
                    "full-access" if pattern => ("read, change, add and remove files", ""),
                    "full-access" => ("read, change, add and remove files in", ""),
                    "drop-box" if pattern => ("add files", ", without reading or listing any"),
                    "drop-box" => ("add files to", ", without reading or listing any"),
                    "fixed-mutable" if pattern => {
                        ("read and change files", ", without adding or removing any")
                    }
                    "fixed-mutable" => {
                        ("read and change files in", ", without adding or removing any")
                    }
                    "list-only" if pattern => ("list files", ", without reading"),
                    "list-only" => ("list", ", without reading"),
                    "private-scratch" => ("keep files of its own in", " during a call"),
                    _ => ("use", " in a way unknown to this host"),
                };
                format!("{before} `{path}`{after}")
            }
            Self::Network { methods, scheme, host, port } => {
                let methods =
                    if methods.is_empty() { String::new() } else { format!("{methods} ") };
                let port = port.map_or_else(|| "any port".into(), |port| format!("port {port}"));
                let host = match host.strip_prefix("*.") {
                    Some(parent) => format!("any subdomain of `{parent}`"),
                    None => format!("`{host}`"),
                };
                format!("send {methods}requests to {host} by {scheme}, {port}")
            }
            Self::Clock => "see the time of day".into(),
            Self::Random => "have random numbers".into(),
            Self::Command(program) => format!("run the program `{program}`"),
            Self::Function("*") => "call all functions of the embedder's".into(),
            Self::Function(pattern) if pattern.contains('*') => {
                format!("call the functions `{pattern}`")
            }
            Self::Function(name) => format!("call the function `{name}`"),
            Self::State("*") => "keep state under all keys".into(),
            Self::State(pattern) if pattern.contains('*') => {
                format!("keep state under the keys `{pattern}`")
            }
            Self::State(key) => format!("keep state under the key `{key}`"),
        }
    }
}

/// True if a function can have this name: 1 to 128 letters, digits, `-`, `_` and `.`.
pub fn is_function_name(name: &str) -> bool {
    is_function_pattern(name) && !name.contains('*')
}

/// True for the name of a function, or a pattern of names.
pub fn is_function_pattern(pattern: &str) -> bool {
    is_name_pattern(pattern, MAX_FUNCTION_BYTES)
        && pattern.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.*".contains(&byte))
}

/// True if state can be granted by this: a key, or a pattern of keys.
fn is_state_pattern(pattern: &str) -> bool {
    (1..=MAX_STATE_KEY_BYTES).contains(&pattern.len()) && pattern.matches('*').count() <= MAX_STARS
}

/// The number of `*` in a pattern of variables, functions or keys. Each part between two is searched for by itself.
const MAX_STARS: usize = 8;

/// The longest name or pattern of functions, in bytes.
const MAX_FUNCTION_BYTES: usize = 128;

/// The longest name or pattern of environment variables, in bytes.
const MAX_VARIABLE_BYTES: usize = 256;

/// True for the name of a variable, or a pattern of names.
fn is_variable(pattern: &str) -> bool {
    is_name_pattern(pattern, MAX_VARIABLE_BYTES) && !pattern.contains(['=', '\0'])
}

/// True if a pattern is not empty, and within the bounds of length and of `*`.
fn is_name_pattern(pattern: &str, max_bytes: usize) -> bool {
    (1..=max_bytes).contains(&pattern.len()) && pattern.matches('*').count() <= MAX_STARS
}

fn files(rest: &str) -> Option<AccessRequest<'_>> {
    let (permission, path) = rest.split_once(':')?;
    // Only the name of a file can be a pattern.
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let wrong =
        permission.is_empty() || path.is_empty() || path.contains('\0') || folder.contains('*');
    (!wrong).then_some(AccessRequest::Files { permission, path })
}

fn network(rest: &str) -> Option<AccessRequest<'_>> {
    let (methods, url) = rest.split_once(' ').unwrap_or(("", rest));
    let (scheme, authority) = url.split_once("://")?;
    let default = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    // An IPv6 address stands in brackets, as in a URL.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port = match port {
        None => Some(default),
        Some("*") => None,
        // Parsing would take a sign.
        Some(port) if port.starts_with('+') => return None,
        Some(port) => Some(port.parse().ok().filter(|port| *port > 0)?),
    };
    let name = host.strip_prefix("*.").unwrap_or(host);
    let wrong = name.is_empty() || name.contains(['*', '/', '@', '?', '#', ' ', '\0']);
    (!wrong).then_some(AccessRequest::Network { methods, scheme, host, port })
}

impl fmt::Display for AccessRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().name())?;
        match self {
            Self::Clock | Self::Random => Ok(()),
            Self::Env(name) | Self::Command(name) | Self::Function(name) | Self::State(name) => {
                write!(f, ":{name}")
            }
            Self::Files { permission, path } => write!(f, ":{permission}:{path}"),
            Self::Network { methods, scheme, host, port } => {
                let space = if methods.is_empty() { "" } else { " " };
                write!(f, ":{methods}{space}{scheme}://{host}")?;
                match (port, *scheme) {
                    (Some(443), "https") | (Some(80), "http") => Ok(()),
                    (Some(port), _) => write!(f, ":{port}"),
                    (None, _) => f.write_str(":*"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn a_line_reads_back_as_it_was_written() {
        for line in [
            "env:API_REGION",
            "env:API_*",
            "env:*",
            "env:*_A",
            "env:A*B*",
            "function:acme.*",
            "fs:read-only:data/rules",
            "fs:full-access:/a:b",
            "fs:read-only:data/*.json",
            "fs:read-only:*",
            "network:https://api.example.com",
            "network:https://*.internal.svc:8443",
            "network:GET,POST http://10.0.0.1:*",
            "network:https://[::1]:8443",
            "network:http://localhost",
            "clock",
            "random",
            "exec:/usr/bin/git",
            "function:acme.rate_limit",
            "state:calls",
            "state:calls/*/of the day: *",
        ] {
            assert_eq!(
                AccessRequest::parse(line).map(|request| request.to_string()).as_deref(),
                Some(line)
            );
        }
    }

    #[test]
    fn a_port_is_the_schemes_own_unless_it_is_given() {
        let port = |line| match AccessRequest::parse(line) {
            Some(AccessRequest::Network { port, .. }) => port,
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(port("network:https://a.b"), Some(443));
        assert_eq!(port("network:http://a.b"), Some(80));
        assert_eq!(port("network:https://[::1]"), Some(443));
        assert_eq!(port("network:https://a.b:*"), None);
        assert_eq!(port("network:https://a.b:8443/"), Some(8443));
    }

    #[test]
    fn malformed_lines_are_refused() {
        for line in [
            "",
            "env",
            "env:",
            "env:A=B",
            "fs:",
            "fs:read-only",
            "fs:read-only:",
            "fs::x",
            "fs:read-only:*/x",
            "fs:read-only:a/b*/*.json",
            "network:",
            "network:example.com",
            "network:ftp://a",
            "network:https://",
            "network:https://*",
            "network:https://a.*.b",
            "network:https://a:0",
            "network:https://a:b",
            "network:https://a:+443",
            "network:https://a/path",
            "network:https://user@a",
            "clock:",
            "clock:now",
            "Clock",
            "random:1",
            "exec:",
            "function:",
            "function:a b",
            "clock:*",
            "state:",
            "state",
            "disk:x",
        ] {
            assert_eq!(AccessRequest::parse(line), None, "{line}");
        }
        let longest = format!("env:{}", "A".repeat(MAX_VARIABLE_BYTES));
        assert!(AccessRequest::parse(&longest).is_some());
        assert_eq!(AccessRequest::parse(&format!("{longest}*")), None);
        for kind in ["env", "function", "state"] {
            let most = format!("{kind}:{}", "A*".repeat(MAX_STARS));
            assert!(AccessRequest::parse(&most).is_some(), "{most}");
            assert_eq!(AccessRequest::parse(&format!("{most}*")), None);
        }
    }
}
