//! Access that a plugin has asked for and was granted.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use cpex_wasmi_abi::{AccessRequest, Manifest};
use hashbrown::HashSet;

use super::environment::{Environment, may_read};
use super::{AccessKind, Services};
use crate::logging::{quoted, visible};
use crate::policy::NetworkRequest;
use crate::text::suggest::did_you_mean;
use crate::text::wildcard::is_pattern;
use crate::{Access, ErrorKind, FilePermission, NetworkGrant, Policy, Problem};

/// The work of a look at one line or grant, in bytes.
const RULE_WORK: usize = 48;

/// Access that a plugin has asked for and was granted: both have to name what it uses.
#[derive(Default)]
pub(crate) struct Granted {
    /// The manifest's lines.
    asked: Vec<String>,
    /// Those of them that ask for requests, parsed.
    pub(crate) requests: Vec<NetworkRequest>,
    /// The policy's grants. Clock and random numbers are left out if they were not asked for.
    pub(crate) access: Access,
    /// The functions of the embedder's that may be called. No guest chooses a key: the policy names each.
    functions: HashSet<String>,
    /// The variables that may be read, as they were when the plugin was loaded.
    pub(crate) environment: Environment,
    /// Random bytes that stay the same, if random numbers are granted and there are any.
    #[cfg(feature = "std")]
    pub(crate) salt: Option<super::random::Salt>,
}

impl Granted {
    /// Takes what is to be had at load.
    pub(crate) fn new(
        manifest: &Manifest,
        mut access: Access,
        services: &Services,
    ) -> Result<Self, Problem> {
        let asked = manifest.access.clone();
        let asks = |wanted| access_requests(&asked).any(|request| request == wanted);
        access.clock = access.clock.filter(|_| asks(AccessRequest::Clock));
        access.random = access.random.filter(|_| asks(AccessRequest::Random));
        let functions = granted_functions(&asked, &access);
        let own = services.environment.as_ref();
        let environment = Environment::take(own, access_requests(&asked), &access.env)?;
        let requests = asked
            .iter()
            .filter_map(|line| Some((line, NetworkRequest::of(&AccessRequest::parse(line)?)?)))
            .map(|(line, request)| request.map_err(|wrong| impossible(line, &wrong)))
            .collect::<Result<_, _>>()?;
        #[cfg(feature = "std")]
        let salt = access.random.and_then(|random| super::random::salt(random).ok());
        Ok(Self {
            asked,
            requests,
            access,
            functions,
            environment,
            #[cfg(feature = "std")]
            salt,
        })
    }

    /// The requests of the manifest.
    pub(crate) fn asked(&self) -> impl Iterator<Item = AccessRequest<'_>> + Clone {
        access_requests(&self.asked)
    }

    /// The work of a look at all lines and grants, in bytes: a manifest may have a thousand.
    pub(crate) fn work(&self) -> usize {
        let Access { env, commands, functions, .. } = &self.access;
        [env.len(), commands.len(), functions.len()]
            .into_iter()
            .fold(self.asked.len(), usize::saturating_add)
            .saturating_mul(RULE_WORK)
    }

    /// True if an environment variable may be read, set or not.
    pub(crate) fn variable(&self, name: &str) -> bool {
        may_read(self.asked(), &self.access.env, name)
    }

    /// True if a line of the manifest asks for this.
    pub(crate) fn asks(&self, request: &AccessRequest<'_>) -> bool {
        self.asked().any(|asked| asked == *request)
    }

    /// True if a function of the embedder's may be called.
    pub(crate) fn function(&self, name: &str) -> bool {
        self.functions.contains(name)
    }
}

/// The functions that a manifest asks for and a policy grants.
fn granted_functions(asked: &[String], access: &Access) -> HashSet<String> {
    let granted: HashSet<_> = access.functions.iter().map(String::as_str).collect();
    access_requests(asked)
        .filter_map(|request| match request {
            AccessRequest::Function(name) if granted.contains(name) => Some(name.to_owned()),
            _ => None,
        })
        .collect()
}

fn access_requests(lines: &[String]) -> impl Iterator<Item = AccessRequest<'_>> + Clone {
    lines.iter().filter_map(|line| AccessRequest::parse(line))
}

/// Notes what a manifest asks for that is not granted, or that this host does not have.
pub(crate) fn check(
    manifest: &Manifest,
    policy: &Policy,
    services: Option<&Services>,
    problems: &mut Vec<Problem>,
) {
    for line in &manifest.access {
        let Some(request) = AccessRequest::parse(line) else {
            problems.push(unknown(line));
            continue;
        };
        if let AccessRequest::Files { permission, .. } = request
            && !FilePermission::ALL.iter().any(|known| known.name() == permission)
        {
            let known = FilePermission::ALL.iter().map(|known| known.name());
            problems.push(Problem::new(
                ErrorKind::InvalidModule,
                format!(
                    "the manifest asks for `{}`, and there is no permission `{}`{}",
                    visible(line),
                    visible(permission),
                    did_you_mean(permission, known)
                ),
            ));
            continue;
        }
        if let Some(wrong) = wrong_with(&request) {
            problems.push(impossible(line, &wrong));
            continue;
        }
        if let Some(missing) = not_offered(&request, services) {
            problems.push(Problem::new(
                ErrorKind::AccessDenied,
                format!("the plugin asks for the system access `{}`, {missing}", visible(line)),
            ));
        }
        if !policy.access.grants(&request) {
            problems.push(Problem::new(
                ErrorKind::AccessDenied,
                format!(
                    "the plugin asks for the system access `{}`, which is not granted; add \
                     `{}` under `sandbox_policy:` if it may {}",
                    visible(line),
                    visible(&grant_for(&request)),
                    visible(&request.description())
                ),
            ));
        }
    }
}

/// Why no grant can cover a line, if none can.
fn wrong_with(request: &AccessRequest<'_>) -> Option<String> {
    match *request {
        AccessRequest::Files { path, .. } if path.split('/').any(|part| part == "..") => {
            Some("a path with `..` may lead out of what is granted".into())
        }
        AccessRequest::Files { permission, path }
            if is_pattern(path) && permission == FilePermission::PrivateScratch.name() =>
        {
            Some("`private-scratch` is for a directory, and `*` stands for files".into())
        }
        _ => NetworkRequest::of(request)?.err(),
    }
}

fn impossible(line: &str, wrong: &str) -> Problem {
    let line = visible(line);
    Problem::new(
        ErrorKind::InvalidModule,
        format!("the manifest asks for the system access `{line}`, which nobody can have: {wrong}"),
    )
}

fn unknown(line: &str) -> Problem {
    let kind = line.split(':').next().unwrap_or_default();
    let known = ["env", "fs", "network", "clock", "random", "exec", "function"];
    let hint = if known.contains(&kind) {
        "; see the forms that lines of `access` have in docs/policy.md".to_owned()
    } else {
        did_you_mean(kind, known.into_iter())
    };
    Problem::new(
        ErrorKind::InvalidModule,
        format!("the manifest asks for the system access `{}`, which is none{hint}", visible(line)),
    )
}

/// Why this host cannot give it, if it cannot.
fn not_offered(request: &AccessRequest<'_>, services: Option<&Services>) -> Option<String> {
    let without = |feature: &str, on: bool| {
        (!on).then(|| format!("and this host is built without its feature `{feature}`"))
    };
    match request {
        AccessRequest::Env(_) => without("std", cfg!(feature = "std")),
        AccessRequest::Files { .. } => without("wasi", cfg!(feature = "wasi")),
        AccessRequest::Network { .. } => without("http", cfg!(feature = "http")).or_else(|| {
            let sends = services?.functions.get(cpex_wasmi_abi::HTTP_SEND);
            let sends = sends.is_some_and(|function| function.kind() == AccessKind::Network);
            (!sends).then(|| {
                "and this host has nothing that sends requests (`EngineBuilder::http_client`)"
                    .into()
            })
        }),
        AccessRequest::Clock => without("std", cfg!(feature = "std")),
        AccessRequest::Random => without("std", cfg!(feature = "std")),
        AccessRequest::Command(_) => {
            let elsewhere = || "and this host can run programs on Unix only".into();
            without("exec", cfg!(feature = "exec")).or_else(|| (!cfg!(unix)).then(elsewhere))
        }
        AccessRequest::Function(name) => {
            let functions = &services?.functions;
            (!functions.offers(name)).then(|| {
                let hint = did_you_mean(name, functions.names());
                format!("and this host has no such function{hint}")
            })
        }
        _ => Some("which this host does not know".into()),
    }
}

/// The line of YAML that grants it.
pub(crate) fn grant_for(request: &AccessRequest<'_>) -> String {
    match *request {
        AccessRequest::Env(pattern) => format!("allowed_env: [{}]", quoted(pattern)),
        AccessRequest::Files { permission, path } => {
            let kind = if is_pattern(path) { "file" } else { "dir" };
            format!("allowed_filesystem: [{{{kind}: {}, permission: {permission}}}]", quoted(path))
        }
        AccessRequest::Network { .. } => {
            let Some(Ok(asked)) = NetworkRequest::of(request) else { return String::new() };
            let NetworkGrant { host, ports, schemes, methods, allow_private } =
                NetworkGrant::asked_for(asked);
            let host = quoted(&host.to_string());
            let scheme = list(&schemes, ToString::to_string);
            let mut grant = format!("host: {host}, schemes: [{scheme}]");
            if !ports.is_empty() {
                grant.push_str(&format!(", ports: [{}]", list(&ports, ToString::to_string)));
            }
            if !methods.is_empty() {
                let methods = list(&methods, |method| quoted(method.as_str()));
                grant.push_str(&format!(", methods: [{methods}]"));
            }
            if allow_private {
                grant.push_str(", allow_private: true");
            }
            format!("allowed_network: [{{{grant}}}]")
        }
        AccessRequest::Clock => "clock: system".into(),
        AccessRequest::Random => "random: system".into(),
        AccessRequest::Command(program) => {
            format!("allowed_commands: [{{program: {}, args: []}}]", quoted(program))
        }
        AccessRequest::Function(name) => format!("allowed_functions: [{name}]"),
        _ => String::new(),
    }
}

fn list<T>(values: &[T], shown: impl FnMut(&T) -> String) -> String {
    values.iter().map(shown).collect::<Vec<_>>().join(", ")
}
