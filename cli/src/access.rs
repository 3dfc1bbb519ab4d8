//! The system access that a plugin asks for, in words and as a grant.

use cpex_wasmi::{Access, AccessRequest, Manifest};

/// A line of the manifest in words that follow "may", where it is understood.
pub(crate) fn description(line: &str) -> Option<String> {
    AccessRequest::parse(line).map(|request| request.description())
}

/// The grants, and the requests beyond them.
pub(crate) fn with_requested(granted: &Access, manifest: &Manifest) -> Access {
    let mut access = granted.clone();
    let mut missing = manifest.clone();
    missing
        .access
        .retain(|line| AccessRequest::parse(line).is_some_and(|request| !granted.grants(&request)));
    access.extend(Access::asked_for(&missing));
    access
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use cpex_wasmi::Policy;

    #[test]
    fn what_is_written_is_what_a_policy_reads() {
        let mut manifest = Manifest::new("guest", "1.0.0");
        let lines = [
            "env:A",
            "env:B_*",
            "fs:read-only:data/rules",
            "fs:drop-box:/out put",
            "fs:read-only:data/*.json",
            "clock",
            "random",
            "network:GET,POST https://*.x.org",
            "network:http://10.0.0.1:*",
            "exec:/bin/echo",
            "function:acme.f",
        ];
        manifest.access = lines.map(Into::into).to_vec();
        let access = Access::asked_for(&manifest);
        let text = access.to_yaml();
        assert_eq!(Policy::from_yaml(&text).unwrap().access, access, "{text}");
        assert_eq!(with_requested(&access, &manifest), access);
        assert_eq!(with_requested(&Access::default(), &manifest), access);
    }
}
