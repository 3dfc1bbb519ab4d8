//! System access, as an operator grants it to a plugin.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use cpex_wasmi_abi::{AccessRequest, Manifest};

use super::{
    ClockGrant, CommandGrant, FileGrant, FilePermission, HostPattern, NetworkGrant, NetworkRequest,
    RandomGrant,
};
use crate::text::wildcard::is_pattern;

/// System access of a plugin. Nothing of it has an effect unless the plugin's manifest asks
/// for it too.
///
/// ```
/// use cpex_wasmi::{Access, ClockGrant, NetworkGrant, Policy};
///
/// let mut access = Access::default();
/// access.env.push("API_REGION".into());
/// access.clock = Some(ClockGrant::System);
/// access.network.push(NetworkGrant::new("api.example.com".parse()?));
/// let policy = Policy::default().access(access);
/// # Ok::<(), cpex_wasmi::InvalidHost>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// Directories and files.
    pub filesystem: Vec<FileGrant>,
    /// Hosts.
    pub network: Vec<NetworkGrant>,
    /// Environment variables, by name; a `*` at the end stands for all that begin so.
    pub env: Vec<String>,
    /// The time of day.
    pub clock: Option<ClockGrant>,
    /// Random numbers.
    pub random: Option<RandomGrant>,
    /// Programs.
    pub commands: Vec<CommandGrant>,
    /// Functions of the embedder's, by name.
    pub functions: Vec<String>,
}

impl Access {
    /// True if nothing is granted.
    pub fn is_empty(&self) -> bool {
        let Self { filesystem, network, env, clock, random, commands, functions } = self;
        filesystem.is_empty()
            && network.is_empty()
            && env.is_empty()
            && clock.is_none()
            && random.is_none()
            && commands.is_empty()
            && functions.is_empty()
    }

    /// True if all that a line of a manifest asks for is granted.
    pub fn grants(&self, request: &AccessRequest<'_>) -> bool {
        match *request {
            AccessRequest::Env(pattern) => self.env.iter().any(|granted| covers(granted, pattern)),
            AccessRequest::Files { permission, path } => {
                self.filesystem.iter().any(|grant| grant.covers(permission, path))
            }
            AccessRequest::Network { .. } => NetworkRequest::of(request)
                .and_then(Result::ok)
                .is_some_and(|asked| self.network.iter().any(|grant| grant.covers(&asked))),
            AccessRequest::Clock => self.clock.is_some(),
            AccessRequest::Random => self.random.is_some(),
            AccessRequest::Command(program) => {
                self.commands.iter().any(|grant| grant.program == program)
            }
            AccessRequest::Function(name) => self.functions.iter().any(|granted| granted == name),
            _ => false,
        }
    }
}

impl Access {
    /// All that a manifest asks for, and no more: what to grant a plugin that is trusted with it. Lines that are
    /// no [`AccessRequest`] are left out, and so are hosts and methods that no request can have. A program may be given no arguments; files are granted as directories, unless
    /// they are asked for by a pattern.
    pub fn asked_for(manifest: &Manifest) -> Self {
        let mut access = Self::default();
        for request in manifest.access.iter().filter_map(|line| AccessRequest::parse(line)) {
            access.grant(&request);
        }
        access
    }

    fn grant(&mut self, request: &AccessRequest<'_>) {
        match *request {
            AccessRequest::Env(pattern) => self.env.push(pattern.into()),
            AccessRequest::Files { permission, path } => {
                let known = FilePermission::ALL.iter().find(|known| known.name() == permission);
                let grant = |permission| match is_pattern(path) {
                    true => FileGrant::file(path, permission),
                    false => FileGrant::dir(path, permission),
                };
                self.filesystem.extend(known.copied().map(grant));
            }
            AccessRequest::Network { .. } => {
                let asked = NetworkRequest::of(request).and_then(Result::ok);
                self.network.extend(asked.map(NetworkGrant::asked_for));
            }
            AccessRequest::Clock => self.clock = Some(ClockGrant::System),
            AccessRequest::Random => self.random = Some(RandomGrant::System),
            AccessRequest::Command(program) => {
                self.commands.push(CommandGrant::new(program, [""; 0]));
            }
            AccessRequest::Function(name) => self.functions.push(name.into()),
            _ => {}
        }
    }

    /// The addresses that are granted, and that nothing is sent to without `allow_private`.
    pub(crate) fn unreachable(&self) -> impl Iterator<Item = &HostPattern> {
        let unreachable = |grant: &&NetworkGrant| grant.is_unreachable_without(&self.network);
        self.network.iter().filter(unreachable).map(|grant| &grant.host)
    }

    /// Each grant as it stands in YAML, that no line of a manifest comes near: it is of no use.
    pub(crate) fn unused(&self, manifest: &Manifest) -> Vec<String> {
        let access_requests: Vec<_> =
            manifest.access.iter().filter_map(|line| AccessRequest::parse(line)).collect();
        let mut unused = Vec::new();
        let mut note = |what: String, is_used: &dyn Fn(&AccessRequest<'_>) -> bool| {
            if !access_requests.iter().any(is_used) {
                unused.push(what);
            }
        };
        for pattern in &self.env {
            note(
                format!("allowed_env: {pattern}"),
                &|request| matches!(request, AccessRequest::Env(asked) if covers(pattern, asked) || covers(asked, pattern)),
            );
        }
        for grant in &self.filesystem {
            note(
                format!("allowed_filesystem: {}", grant.seen_as()),
                &|request| matches!(request, AccessRequest::Files { permission, path } if grant.covers(permission, path)),
            );
        }
        for grant in &self.network {
            note(format!("allowed_network: {}", grant.host), &|request| {
                NetworkRequest::of(request).and_then(Result::ok).is_some_and(|asked| {
                    grant.host.covers(&asked.host) || asked.host.covers(&grant.host)
                })
            });
        }
        for grant in &self.commands {
            note(
                format!("allowed_commands: {}", grant.program),
                &|request| matches!(request, AccessRequest::Command(program) if *program == grant.program),
            );
        }
        for name in &self.functions {
            note(format!("allowed_functions: {name}"), &|request| {
                *request == AccessRequest::Function(name)
            });
        }
        if self.clock.is_some() {
            note("clock".into(), &|request| *request == AccessRequest::Clock);
        }
        if self.random.is_some() {
            note("random".into(), &|request| *request == AccessRequest::Random);
        }
        unused
    }
}

/// True if the names that one pattern stands for are all among those of another.
pub(crate) fn covers(granted: &str, asked: &str) -> bool {
    match granted.strip_suffix('*') {
        Some(start) => asked.strip_suffix('*').unwrap_or(asked).starts_with(start),
        None => granted == asked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn granted(access: &Access, line: &str) -> bool {
        access.grants(&AccessRequest::parse(line).unwrap_or_else(|| panic!("{line}")))
    }

    #[test]
    fn what_is_asked_for_is_granted_if_all_of_it_is() {
        let mut network = NetworkGrant::new("*.x.org".parse().unwrap());
        network.ports = vec![443];
        network.methods = vec!["GET".parse().unwrap()];
        let access = Access {
            env: vec!["A".into(), "B_*".into()],
            filesystem: vec![
                FileGrant::dir("data", FilePermission::FixedMutable),
                FileGrant::file("rules.json", FilePermission::ReadOnly),
                FileGrant::file("/etc/acme/r*.json", FilePermission::ReadOnly),
                FileGrant::file("in/*", FilePermission::DropBox),
            ],
            network: vec![network],
            ..Access::default()
        };
        for line in [
            "env:A",
            "env:B_X",
            "env:B_*",
            "env:B_X*",
            "fs:fixed-mutable:data",
            "fs:read-only:data/sub/x",
            "fs:read-only:rules.json",
            "fs:list-only:rules.json",
            "fs:fixed-mutable:data/*.json",
            "fs:read-only:/etc/acme/r*.json",
            "fs:read-only:/etc/acme/rx*.json",
            "fs:read-only:/etc/acme/r.json",
            "fs:drop-box:in/*",
            "fs:drop-box:in/a",
            "network:https://a.x.org",
            "network:GET https://*.x.org",
        ] {
            assert!(granted(&access, line), "{line}");
        }
        for line in [
            "env:AB",
            "env:B",
            "env:*",
            "env:A*",
            "fs:full-access:data",
            "fs:drop-box:data",
            "fs:read-only:database",
            "fs:read-only:data/../etc",
            "fs:read-only:rules.json/x",
            "fs:read-only:rules.jso*",
            "fs:read-only:/etc/acme/*.json",
            "fs:read-only:/etc/acme/x/r.json",
            "fs:read-only:/etc/r.json",
            "fs:full-access:/etc/acme/r.json",
            "fs:drop-box:in/.a",
            "fs:drop-box:in/..",
            "fs:drop-box:a",
            "fs:drop-box:in/a/b",
            "fs:private-scratch:data",
            "network:https://x.org",
            "network:http://a.x.org",
            "network:https://a.x.org:8443",
            "network:https://a.x.org:*",
            "network:GET,POST https://a.x.org",
            "clock",
            "random",
            "exec:/bin/true",
            "function:f",
        ] {
            assert!(!granted(&access, line), "{line}");
        }
    }

    #[test]
    fn all_that_is_asked_for_is_granted_and_of_use() {
        let mut manifest = Manifest::new("guest", "1.0.0");
        for line in [
            "env:A",
            "env:B_*",
            "fs:read-only:data",
            "fs:private-scratch:tmp",
            "fs:read-only:rules/*.json",
            "clock",
            "random",
            "network:GET,POST https://*.x.org",
            "network:http://10.0.0.1:*",
            "exec:/bin/echo",
            "function:acme.f",
        ] {
            manifest.access.push(line.into());
        }
        let access = Access::asked_for(&manifest);
        for line in &manifest.access {
            assert!(granted(&access, line), "{line}");
        }
        assert_eq!(access.unused(&manifest), Vec::<String>::new());
        let nothing = Manifest::new("guest", "1.0.0");
        assert_eq!(access.unused(&nothing).len(), 11);
    }
}
