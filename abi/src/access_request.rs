//! Requests of a manifest for access to the system, as texts.

use alloc::format;
use alloc::string::String;
use core::fmt;

/// One line of [`Manifest::access`](crate::Manifest::access): what a plugin wants of the system.
///
/// | line | what it asks for |
/// | --- | --- |
/// | `env:API_REGION` | an environment variable; `env:API_*` all that begin so |
/// | `fs:read-only:data/rules` | a directory or file and what is in it, with the permission that a policy has for it; `data/rules/*.json` the files there that are named so |
/// | `network:https://api.example.com` | requests to a host; `*.` at its start stands for its subdomains. A port follows as in a URL (without one: the scheme's own, `:*`: any), methods stand before: `network:GET,POST https://…` |
/// | `clock` | the time of day |
/// | `random` | random numbers |
/// | `exec:/usr/bin/git` | a program |
/// | `function:acme.rate_limit` | a function of the embedder's |
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
#[non_exhaustive]
pub enum AccessRequest<'a> {
    /// Environment variables: a name, or the start of names and `*`.
    Env(&'a str),
    /// A directory or file.
    Files {
        /// The name of the permission, such as `read-only`.
        permission: &'a str,
        /// The path, as the plugin sees it; a `*` in its last part stands for any text.
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
    /// A function of the embedder's, by name.
    Function(&'a str),
}

impl<'a> AccessRequest<'a> {
    /// Reads a line; `None` if it is none of the forms above.
    pub fn parse(line: &'a str) -> Option<Self> {
        let (kind, rest) = line.split_once(':').unwrap_or((line, ""));
        match kind {
            "clock" if line == kind => Some(Self::Clock),
            "random" if line == kind => Some(Self::Random),
            "env" => is_variable(rest).then_some(Self::Env(rest)),
            "fs" => {
                let (permission, path) = rest.split_once(':')?;
                // Only the name of a file can be a pattern.
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let wrong = permission.is_empty()
                    || path.is_empty()
                    || path.contains('\0')
                    || folder.contains('*');
                (!wrong).then_some(Self::Files { permission, path })
            }
            "network" => network(rest),
            "exec" => (!rest.is_empty() && !rest.contains('\0')).then_some(Self::Command(rest)),
            "function" => is_function_name(rest).then_some(Self::Function(rest)),
            _ => None,
        }
    }

    /// The use that a plugin makes of it, in words that follow "may": "read the environment variable `X`".
    pub fn description(&self) -> String {
        match *self {
            Self::Env(pattern) => match pattern.strip_suffix('*') {
                Some("") => "read all environment variables".into(),
                Some(start) => format!("read the environment variables that begin with `{start}`"),
                None => format!("read the environment variable `{pattern}`"),
            },
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
                    _ => ("use", " in a way that this host does not know"),
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
            Self::Function(name) => format!("call the function `{name}`"),
        }
    }
}

/// True if a function can have this name: 1 to 128 letters, digits, `-`, `_` and `.`.
pub fn is_function_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// True if it is the name of a variable, or the start of one and `*`.
fn is_variable(pattern: &str) -> bool {
    let name = pattern.strip_suffix('*').unwrap_or(pattern);
    !pattern.is_empty() && !name.contains(['*', '=', '\0'])
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
        match self {
            Self::Env(pattern) => write!(f, "env:{pattern}"),
            Self::Files { permission, path } => write!(f, "fs:{permission}:{path}"),
            Self::Network { methods, scheme, host, port } => {
                f.write_str("network:")?;
                if !methods.is_empty() {
                    write!(f, "{methods} ")?;
                }
                write!(f, "{scheme}://{host}")?;
                match (port, *scheme) {
                    (Some(443), "https") | (Some(80), "http") => Ok(()),
                    (Some(port), _) => write!(f, ":{port}"),
                    (None, _) => f.write_str(":*"),
                }
            }
            Self::Clock => f.write_str("clock"),
            Self::Random => f.write_str("random"),
            Self::Command(program) => write!(f, "exec:{program}"),
            Self::Function(name) => write!(f, "function:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn what_is_read_is_what_is_written() {
        for line in [
            "env:API_REGION",
            "env:API_*",
            "env:*",
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
    fn what_is_none_of_the_forms_is_no_wish() {
        for line in [
            "",
            "env",
            "env:",
            "env:A=B",
            "env:*A",
            "env:A*B*",
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
            "disk:x",
        ] {
            assert_eq!(AccessRequest::parse(line), None, "{line}");
        }
    }
}
