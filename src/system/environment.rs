//! The environment variables that a plugin may read, and the function `env.get`.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;

use cpex_wasmi_abi::AccessRequest;
#[cfg(feature = "std")]
use cpex_wasmi_abi::Status;

#[cfg(feature = "std")]
use super::{AccessKind, Function, Granted, Invocation, Reply};
#[cfg(feature = "std")]
use crate::boundary::Input;
use crate::logging::visible;
use crate::{Access, ErrorKind, Problem};

/// The variables that an embedder has for plugins instead of the process's own.
pub(crate) type Variables = Arc<BTreeMap<String, String>>;

/// The environment variables that a plugin has asked for and was granted, with the values they had when it
/// was loaded.
#[derive(Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Captures the variables that are both asked for and granted: from what the embedder has, or from the process.
    ///
    /// A value that is not UTF-8 is a problem, and so is a value with a NUL, which no program's environment can
    /// have. A name that is not UTF-8 cannot be asked for.
    pub(crate) fn take(
        own: Option<&Variables>,
        asked: &Access,
        granted: &Access,
    ) -> Result<Self, Problem> {
        let wanted = |name: &str| may_read(asked, granted, name);
        let mut taken = BTreeMap::new();
        match own {
            Some(own) => {
                for (name, value) in own.iter().filter(|(name, _)| wanted(name)) {
                    taken.insert(name.clone(), value.clone());
                }
            }
            #[cfg(feature = "std")]
            // The process's environment is looked at only if a plugin asks for some of it.
            None if crate::sync::HAS_SYSTEM && !asked.env.is_empty() => {
                for (name, value) in std::env::vars_os() {
                    let Ok(name) = name.into_string() else { continue };
                    if wanted(&name) {
                        let value = value.into_string().map_err(|_| unreadable(&name))?;
                        taken.insert(name, value);
                    }
                }
            }
            None => {}
        }
        match taken.iter().find(|(_, value)| value.contains('\0')) {
            Some((name, _)) => Err(unreadable(name)),
            None => Ok(Self(taken)),
        }
    }

    /// The value of a variable, if it may be read and was set.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Names and values, in the order of the names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Returns true if a variable is among those asked for and among those granted.
pub(crate) fn may_read(asked: &Access, granted: &Access, name: &str) -> bool {
    let variable = AccessRequest::Env(name);
    // As a pattern it would be a request for more than itself.
    !name.contains('*') && asked.grants(&variable) && granted.grants(&variable)
}

fn unreadable(name: &str) -> Problem {
    Problem::new(
        ErrorKind::InvalidConfig,
        format!(
            "the plugin may read the environment variable `{}`, whose value is not UTF-8 text; \
             change the value, or do not grant the variable",
            visible(name)
        ),
    )
}

/// The function `env.get`.
#[cfg(feature = "std")]
pub(crate) struct EnvGet;

#[cfg(feature = "std")]
impl Function for EnvGet {
    fn kind(&self) -> AccessKind {
        AccessKind::Env
    }

    /// False: the values were captured when the plugin was loaded.
    fn varies(&self, _: &Granted) -> bool {
        false
    }

    fn call(&self, invocation: &mut Invocation<'_>, argument: Input<'_>) -> Reply {
        let value = argument.scalar::<String>().and_then(|name| get(invocation, &name));
        Reply::Now(value.and_then(|value| argument.format.encode(&value)))
    }
}

#[cfg(feature = "std")]
fn get(invocation: &Invocation<'_>, name: &str) -> Result<Option<String>, Status> {
    let granted = &invocation.grants.granted;
    if !granted.variable(name) {
        return Err(invocation.denied(AccessKind::Env, "get", name));
    }
    let value = granted.environment.get(name);
    invocation.allowed(AccessKind::Env, "get", name, value.map_or(0, str::len));
    Ok(value.map(String::from))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use cpex_wasmi_abi::Manifest;

    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        let pairs = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Arc::new(pairs.collect())
    }

    fn taken(own: &Variables, asked: &[&str], granted: &[&str]) -> Result<Environment, Problem> {
        let access = |patterns: &[&str]| {
            patterns.iter().fold(Access::default(), |access, pattern| access.env(*pattern))
        };
        let mut manifest = Manifest::new("guest", "1.0.0");
        manifest.access = asked.iter().map(|line| (*line).into()).collect();
        Environment::take(Some(own), &Access::asked_for(&manifest), &access(granted))
    }

    #[test]
    fn what_is_taken_is_asked_for_and_granted() {
        let own = variables(&[("A_B", "2"), ("A", "1"), ("A_A", "3"), ("B", "4"), ("A*", "5")]);
        let all = |asked: &[&str], granted: &[&str]| -> Vec<String> {
            let environment = taken(&own, asked, granted).unwrap();
            environment.iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        assert_eq!(all(&["env:A_*", "env:B"], &["A*"]), ["A_A=3", "A_B=2"]);
        assert_eq!(all(&["env:*_A"], &["A*"]), ["A_A=3"]);
        assert_eq!(all(&["env:A"], &["*"]), ["A=1"]);
        assert_eq!(all(&["env:*"], &["A"]), ["A=1"]);
        assert_eq!(all(&["env:B", "clock"], &["A"]), [""; 0]);
        assert_eq!(all(&[], &["*"]), [""; 0]);
        assert_eq!(all(&["env:*"], &[]), [""; 0]);
        assert_eq!(taken(&own, &["env:A"], &["A"]).unwrap().get("A"), Some("1"));
    }

    #[test]
    fn a_value_with_a_nul_is_named_if_it_may_be_read() {
        let own = variables(&[("A", "x\0y"), ("B", "2")]);
        let problem = taken(&own, &["env:A"], &["A"]).err().unwrap();
        assert!(problem.message.contains("`A`"), "{}", problem.message);
        assert!(!problem.message.contains('y') || !problem.message.contains("x\\"));
        assert!(taken(&own, &["env:B"], &["*"]).is_ok());
    }
}
