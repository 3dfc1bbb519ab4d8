//! The system access of a policy.

mod grant;
mod keys;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::{AccessKind, AccessRequest, Manifest};

use super::keys::{SANDBOX_POLICY, Shape};
use super::{
    ClockGrant, CommandGrant, FileGrant, FilePermission, HostPattern, NetworkGrant, NetworkRequest,
    RandomGrant,
};
use crate::text::pattern::is_pattern;
use grant::{Grant, lines};
pub(crate) use keys::feature_of;
pub(super) use keys::{CLOCK, COMMAND, ENV, FILES, FUNCTION, NETWORK, RANDOM, STATE};

/// The system access that a plugin is granted. None of it has an effect unless the plugin's manifest asks for it too.
///
/// ```
/// use cpex_wasmi::{Access, ClockGrant, NetworkGrant, Policy};
///
/// let access = Access::default()
///     .env("API_REGION")
///     .clock(ClockGrant::System)
///     .network(NetworkGrant::new("api.example.com".parse()?));
/// let policy = Policy::default().access(access);
/// # Ok::<(), cpex_wasmi::InvalidHost>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// Directories and files.
    pub filesystem: Vec<FileGrant>,
    /// HTTP requests.
    pub network: Vec<NetworkGrant>,
    /// Environment variables, by name; `*` stands for any text.
    pub env: Vec<String>,
    /// The time of day.
    pub clock: Option<ClockGrant>,
    /// Random numbers.
    pub random: Option<RandomGrant>,
    /// Programs.
    pub commands: Vec<CommandGrant>,
    /// Functions of the embedder's, by name; `*` stands for any text.
    pub functions: Vec<String>,
    /// State that outlasts a call, by its keys; `*` stands for any text.
    pub state: Vec<String>,
}

/// Grants, each beside those before.
impl Access {
    /// Grants a directory or files.
    #[must_use]
    pub fn filesystem(mut self, grant: FileGrant) -> Self {
        self.filesystem.push(grant);
        self
    }

    /// Grants HTTP requests.
    #[must_use]
    pub fn network(mut self, grant: NetworkGrant) -> Self {
        self.network.push(grant);
        self
    }

    /// Grants environment variables, by name; `*` stands for any text.
    #[must_use]
    pub fn env(mut self, pattern: impl Into<String>) -> Self {
        self.env.push(pattern.into());
        self
    }

    /// Grants the time of day.
    #[must_use]
    pub fn clock(mut self, grant: ClockGrant) -> Self {
        self.clock = Some(grant);
        self
    }

    /// Grants random numbers.
    #[must_use]
    pub fn random(mut self, grant: RandomGrant) -> Self {
        self.random = Some(grant);
        self
    }

    /// Grants a program.
    #[must_use]
    pub fn command(mut self, grant: CommandGrant) -> Self {
        self.commands.push(grant);
        self
    }

    /// Grants functions of the embedder's, by name; `*` stands for any text.
    #[must_use]
    pub fn function(mut self, pattern: impl Into<String>) -> Self {
        self.functions.push(pattern.into());
        self
    }

    /// Grants state that outlasts a call, by its keys; `*` stands for any text.
    #[must_use]
    pub fn state(mut self, pattern: impl Into<String>) -> Self {
        self.state.push(pattern.into());
        self
    }
}

impl Access {
    /// Returns true if nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.each().next().is_none()
    }

    /// Returns true if all that a line of a manifest asks for is granted.
    pub fn grants(&self, request: &AccessRequest<'_>) -> bool {
        match NetworkRequest::of(request) {
            Some(Ok(asked)) => {
                asked.by_method().all(|asked| self.network.iter().any(|grant| grant.covers(&asked)))
            }
            Some(Err(_)) => false,
            None => self.each().any(|grant| grant.covers(request)),
        }
    }

    /// Returns what a manifest asks for, and no more: what to grant a plugin that is trusted with it.
    ///
    /// Lines that are no [`AccessRequest`] are left out, and so are hosts and methods that no request can have. A program may be
    /// given no arguments. Files are granted as directories, unless they are asked for by a pattern.
    pub fn asked_for(manifest: &Manifest) -> Self {
        let requests = manifest.access.iter().filter_map(|line| AccessRequest::parse(line));
        requests.fold(Self::default(), |access, request| access.with(&request))
    }

    /// Adds the grants of another.
    pub fn extend(&mut self, other: Self) {
        let Self { filesystem, network, env, clock, random, commands, functions, state } = other;
        self.filesystem.extend(filesystem);
        self.network.extend(network);
        self.env.extend(env);
        self.clock = self.clock.or(clock);
        self.random = self.random.or(random);
        self.commands.extend(commands);
        self.functions.extend(functions);
        self.state.extend(state);
    }

    /// Returns the keys under `sandbox_policy:` that grant it, as YAML; empty if nothing is granted.
    ///
    /// ```
    /// use cpex_wasmi::{Access, ClockGrant, FileGrant, FilePermission};
    ///
    /// let rules = FileGrant::dir("data/rules", FilePermission::ReadOnly);
    /// let access = Access::default().filesystem(rules).clock(ClockGrant::System);
    /// assert_eq!(
    ///     access.to_yaml(),
    ///     "allowed_filesystem:\n  - dir: data/rules\n    permission: read-only\nclock: system\n"
    /// );
    /// ```
    pub fn to_yaml(&self) -> String {
        let mut yaml = String::new();
        for kind in AccessKind::ALL {
            let grants = self.each().filter(|grant| grant.kind() == *kind);
            yaml.push_str(&lines(*kind, grants.map(Grant::entry).collect()));
        }
        yaml
    }

    /// Adds what a request asks for.
    fn with(mut self, request: &AccessRequest<'_>) -> Self {
        match *request {
            AccessRequest::Files { permission, path } => {
                let known = FilePermission::ALL.iter().find(|known| known.name() == permission);
                let grant = |permission| match is_pattern(path) {
                    true => FileGrant::file(path, permission),
                    false => FileGrant::dir(path, permission),
                };
                self.filesystem.extend(known.copied().map(grant));
                self
            }
            AccessRequest::Network { .. } => {
                let asked = NetworkRequest::of(request).and_then(Result::ok);
                self.network.extend(asked.map(NetworkGrant::asked_for));
                self
            }
            AccessRequest::Env(pattern) => self.env(pattern),
            AccessRequest::Clock => self.clock(ClockGrant::System),
            AccessRequest::Random => self.random(RandomGrant::System),
            AccessRequest::Command(program) => self.command(CommandGrant::new(program, [""; 0])),
            AccessRequest::Function(pattern) => self.function(pattern),
            AccessRequest::State(pattern) => self.state(pattern),
        }
    }

    /// Returns each grant.
    fn each(&self) -> impl Iterator<Item = Grant<'_>> {
        let Self { filesystem, network, env, clock, random, commands, functions, state } = self;
        let files = filesystem.iter().map(Grant::Files);
        files
            .chain(network.iter().map(Grant::Network))
            .chain(env.iter().map(|pattern| Grant::Env(pattern)))
            .chain(clock.map(Grant::Clock))
            .chain(random.map(Grant::Random))
            .chain(commands.iter().map(Grant::Command))
            .chain(functions.iter().map(|pattern| Grant::Function(pattern)))
            .chain(state.iter().map(|pattern| Grant::State(pattern)))
    }

    /// Returns the addresses that are granted, and that nothing is sent to without `allow_private`.
    pub(crate) fn unreachable(&self) -> impl Iterator<Item = &HostPattern> {
        let unreachable = |grant: &&NetworkGrant| grant.is_unreachable_without(&self.network);
        self.network.iter().filter(unreachable).map(|grant| &grant.host)
    }

    /// Returns each grant as it stands in YAML, that no line of a manifest comes near: it is of no use.
    pub(crate) fn unused(&self, manifest: &Manifest) -> Vec<String> {
        let lines = manifest.access.iter();
        let requests: Vec<_> = lines.filter_map(|line| AccessRequest::parse(line)).collect();
        let unused = |grant: &Grant<'_>| !requests.iter().any(|request| grant.is_near(request));
        self.each().filter(unused).map(Grant::title).collect()
    }
}

/// Returns the line of YAML that grants what a request asks for.
pub(crate) fn grant_for(request: &AccessRequest<'_>) -> String {
    let access = Access::default().with(request);
    access.each().next().map_or_else(String::new, |grant| {
        let (key, entry) = (keys::key_of(grant.kind()), grant.entry().flow());
        if is_list(grant.kind()) { format!("{key}: [{entry}]") } else { format!("{key}: {entry}") }
    })
}

/// Returns true if there may be several grants of a kind.
fn is_list(kind: AccessKind) -> bool {
    let key = SANDBOX_POLICY.find(keys::key_of(kind));
    key.is_some_and(|key| matches!(key.shape, Shape::List(_)))
}

#[cfg(test)]
mod tests;
