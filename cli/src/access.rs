//! The system access that a plugin asks for or is granted: in words, and as YAML.

use cpex_wasmi::{
    Access, AccessRequest, ClockGrant, CommandGrant, FileGrant, Manifest, NetworkGrant, PathKind,
    RandomGrant,
};

use crate::entry::scalar;

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
    let asked = Access::asked_for(&missing);
    access.filesystem.extend(asked.filesystem);
    access.network.extend(asked.network);
    access.env.extend(asked.env);
    access.commands.extend(asked.commands);
    access.functions.extend(asked.functions);
    access.clock = access.clock.or(asked.clock);
    access.random = access.random.or(asked.random);
    access
}

/// The keys under `sandbox_policy:` that grant it; empty if nothing is granted.
pub(crate) fn yaml(access: &Access) -> String {
    let mut out = String::new();
    list(&mut out, "allowed_filesystem", access.filesystem.iter().map(file));
    list(&mut out, "allowed_network", access.network.iter().map(network));
    flow_line(&mut out, "allowed_env", &access.env);
    match access.clock {
        Some(ClockGrant::Fixed(time)) => {
            out.push_str(&format!("clock: {{fixed: {}}}\n", time.as_secs()));
        }
        Some(_) => out.push_str("clock: system\n"),
        None => {}
    }
    match access.random {
        Some(RandomGrant::Seeded(seed)) => out.push_str(&format!("random: {{seed: {seed}}}\n")),
        Some(_) => out.push_str("random: system\n"),
        None => {}
    }
    list(&mut out, "allowed_commands", access.commands.iter().map(command));
    flow_line(&mut out, "allowed_functions", &access.functions);
    out
}

/// A list of mappings, each of which is given as lines.
fn list(out: &mut String, key: &str, entries: impl Iterator<Item = Vec<String>>) {
    let mut entries = entries.peekable();
    if entries.peek().is_some() {
        out.push_str(&format!("{key}:\n"));
    }
    for lines in entries {
        for (position, line) in lines.iter().enumerate() {
            out.push_str(&format!("  {} {line}\n", if position == 0 { "-" } else { " " }));
        }
    }
}

fn flow_line(out: &mut String, key: &str, values: &[String]) {
    if !values.is_empty() {
        out.push_str(&format!("{key}: {}\n", flow(values)));
    }
}

fn flow(values: &[String]) -> String {
    let values: Vec<_> = values.iter().map(|value| scalar(value)).collect();
    format!("[{}]", values.join(", "))
}

fn file(grant: &FileGrant) -> Vec<String> {
    let kind = if grant.kind == PathKind::Dir { "dir" } else { "file" };
    let mut lines = vec![format!("{kind}: {}", scalar(&grant.path))];
    lines.extend(grant.guest_path.as_ref().map(|path| format!("as: {}", scalar(path))));
    lines.push(format!("permission: {}", grant.permission.name()));
    lines
}

fn network(grant: &NetworkGrant) -> Vec<String> {
    let mut lines = vec![format!("host: {}", scalar(&grant.host.to_string()))];
    if !grant.ports.is_empty() {
        let ports: Vec<_> = grant.ports.iter().map(u16::to_string).collect();
        lines.push(format!("ports: [{}]", ports.join(", ")));
    }
    let schemes: Vec<_> = grant.schemes.iter().map(ToString::to_string).collect();
    lines.push(format!("schemes: {}", flow(&schemes)));
    if !grant.methods.is_empty() {
        let methods: Vec<_> = grant.methods.iter().map(ToString::to_string).collect();
        lines.push(format!("methods: {}", flow(&methods)));
    }
    if grant.allow_private {
        lines.push("allow_private: true".into());
    }
    lines
}

fn command(grant: &CommandGrant) -> Vec<String> {
    vec![format!("program: {}", scalar(&grant.program)), format!("args: {}", flow(&grant.args))]
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
        let text = yaml(&access);
        assert_eq!(Policy::from_yaml(&text).unwrap().access, access, "{text}");
        assert_eq!(with_requested(&access, &manifest), access);
        assert_eq!(with_requested(&Access::default(), &manifest), access);
    }
}
