//! Access that a plugin has asked for and was granted.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::{AccessRequest, Manifest};
use hashbrown::HashSet;

use super::environment::{Environment, may_read};
use super::{AccessKind, Services};
use crate::logging::visible;
use crate::policy::{NetworkRequest, feature_of, grant_for};
use crate::text::pattern::{is_name, is_pattern};
use crate::text::suggest::did_you_mean;
use crate::{Access, ErrorKind, FilePermission, Policy, Problem};

/// The charge for comparing a name with one line of the manifest or one grant, in bytes. It is a comparison of texts; a rule for
/// HTTP takes several, and costs more (`URL_RULE_BYTES`).
const NAME_RULE_BYTES: usize = 48;

/// Access that a plugin has asked for and was granted: both have to name what it uses.
#[derive(Default)]
pub(crate) struct Granted {
    /// The manifest's lines.
    lines: Vec<String>,
    /// The access that the lines ask for.
    pub(crate) asked: Access,
    /// The policy's grants. Clock and random numbers are left out if they were not asked for.
    pub(crate) access: Access,
    /// The functions of the embedder's that may be called. No guest chooses a key: the policy names each.
    functions: HashSet<String>,
    /// The work of a look at all lines and grants, in bytes.
    work: usize,
    /// The variables that may be read, as they were when the plugin was loaded.
    pub(crate) environment: Environment,
    /// Random bytes that stay the same, if random numbers are granted and there are any.
    #[cfg(feature = "std")]
    pub(crate) salt: Option<super::random::Salt>,
}

impl Granted {
    /// Captures what is to be had at load.
    pub(crate) fn new(
        manifest: &Manifest,
        mut access: Access,
        services: &Services,
    ) -> Result<Self, Problem> {
        for line in &manifest.access {
            if let Some(wrong) = AccessRequest::parse(line).and_then(|asked| wrong_with(&asked)) {
                return Err(impossible(line, &wrong));
            }
        }
        let asked = Access::asked_for(manifest);
        // Needs both, so that no later look forgets one.
        access.clock = access.clock.filter(|_| asked.clock.is_some());
        access.random = access.random.filter(|_| asked.random.is_some());
        let functions = granted_functions(services, &asked, &access);
        let environment = Environment::take(services.environment.as_ref(), &asked, &access)?;
        #[cfg(feature = "std")]
        let salt = access.random.and_then(|random| super::random::salt(random).ok());
        Ok(Self {
            lines: manifest.access.clone(),
            asked,
            work: work(&manifest.access, &access),
            access,
            functions,
            environment,
            #[cfg(feature = "std")]
            salt,
        })
    }

    /// The requests of the manifest.
    #[cfg(feature = "wasi")]
    pub(crate) fn requests(&self) -> impl Iterator<Item = AccessRequest<'_>> {
        self.lines.iter().filter_map(|line| AccessRequest::parse(line))
    }

    /// The work of a look at all lines and grants, in bytes: a manifest may have a thousand.
    pub(crate) fn work(&self) -> usize {
        self.work
    }

    /// True if an environment variable may be read, set or not.
    pub(crate) fn variable(&self, name: &str) -> bool {
        may_read(&self.asked, &self.access, name)
    }

    /// True if a key of state may be used.
    #[cfg(feature = "std")]
    pub(crate) fn state(&self, key: &str) -> bool {
        let request = AccessRequest::State(key);
        self.asked.grants(&request) && self.access.grants(&request)
    }

    /// True if a line of the manifest asks for this.
    pub(crate) fn asks(&self, request: &AccessRequest<'_>) -> bool {
        self.asked.grants(request)
    }

    /// True if a function of the embedder's may be called.
    pub(crate) fn function(&self, name: &str) -> bool {
        self.functions.contains(name)
    }
}

/// The work of a look at all lines and grants, in bytes. Each part of a pattern between two `*` is searched for by itself.
fn work(lines: &[String], access: &Access) -> usize {
    let rules = |rule: &String| rule.matches('*').count().max(1);
    let Access { env, commands, functions, state, .. } = access;
    [lines, env.as_slice(), functions.as_slice(), state.as_slice()]
        .into_iter()
        .flatten()
        .map(rules)
        .fold(commands.len(), usize::saturating_add)
        .saturating_mul(NAME_RULE_BYTES)
}

/// The functions of the embedder's that a manifest asks for and a policy grants, by name or by a pattern.
fn granted_functions(services: &Services, asked: &Access, granted: &Access) -> HashSet<String> {
    let covered = |name: &&str| {
        let request = AccessRequest::Function(name);
        asked.grants(&request) && granted.grants(&request)
    };
    services.functions.names().filter(covered).map(str::to_owned).collect()
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
                    "the manifest asks for `{}`, but there is no permission `{}`{}",
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

/// The reason for which no grant can cover a line, if there is one.
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
        format!(
            "the manifest asks for the system access `{line}`, which cannot be granted: \
                 {wrong}"
        ),
    )
}

fn unknown(line: &str) -> Problem {
    let kind = line.split(':').next().unwrap_or_default();
    let hint = match AccessKind::from_name(kind) {
        Some(_) => "; see the forms that lines of `access` have in docs/policy.md".to_owned(),
        None => did_you_mean(kind, AccessKind::ALL.iter().map(|kind| kind.name())),
    };
    Problem::new(
        ErrorKind::InvalidModule,
        format!(
            "the manifest asks for the system access `{}`, which does not exist{hint}",
            visible(line)
        ),
    )
}

/// Returns why this host cannot give it, if it cannot.
fn not_offered(request: &AccessRequest<'_>, services: Option<&Services>) -> Option<String> {
    if let Some((feature, false)) = feature_of(request.kind()) {
        return Some(format!("and this host is built without its feature `{feature}`"));
    }
    match request {
        AccessRequest::Network { .. } => {
            let sends = services?.functions.get(cpex_wasmi_abi::HTTP_SEND);
            let sends = sends.is_some_and(|function| function.kind() == AccessKind::Network);
            (!sends).then(|| {
                "and this host has nothing that sends requests (`EngineBuilder::http_client`)"
                    .into()
            })
        }
        AccessRequest::Command(_) => {
            (!cfg!(unix)).then(|| "and this host can run programs on Unix only".into())
        }
        AccessRequest::Function(pattern) => {
            let functions = &services?.functions;
            let offered = functions.names().any(|name| is_name(pattern, name));
            (!offered).then(|| {
                let hint = did_you_mean(pattern, functions.sorted_names().into_iter());
                format!("and this host has no such function{hint}")
            })
        }
        AccessRequest::Files { .. }
        | AccessRequest::Env(_)
        | AccessRequest::Clock
        | AccessRequest::Random
        | AccessRequest::State(_) => None,
    }
}
