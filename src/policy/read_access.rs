//! Reads what of the system a policy grants.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use cpex_wasmi_abi::{Wish, is_function_name};
use serde_json::{Map, Value};

use super::keys::{COMMAND_GRANT, FILE_GRANT, FIXED, Mapping, NETWORK_GRANT, SEED};
use super::values::{Reader, expected, present};
use super::{
    Access, ClockGrant, CommandGrant, FileGrant, FilePermission, NetworkGrant, PathKind,
    RandomGrant,
};

impl Reader {
    /// All that `sandbox_policy` has of it.
    pub(super) fn access(&mut self, map: &Map<String, Value>, path: &str) -> Access {
        Access {
            filesystem: self.filesystem(map.get("allowed_filesystem"), path),
            network: self.network(map.get("allowed_network"), path),
            env: self.variables(map.get("allowed_env"), path),
            clock: self.clock(map.get("clock"), &format!("{path}.clock")),
            random: self.random(map.get("random"), &format!("{path}.random")),
            commands: self.commands(map.get("allowed_commands"), path),
            functions: self.functions(map.get("allowed_functions"), path),
        }
    }

    fn variables(&mut self, value: Option<&Value>, path: &str) -> Vec<String> {
        let names = self.texts(value, &format!("{path}.allowed_env"));
        let mut variables = Vec::new();
        for (path, name) in names {
            if Wish::parse(&format!("env:{name}")).is_some() {
                variables.push(name);
            } else {
                self.wrong(&path, "must be the name of a variable, or the start of one and `*`");
            }
        }
        variables
    }

    fn functions(&mut self, value: Option<&Value>, path: &str) -> Vec<String> {
        let names = self.texts(value, &format!("{path}.allowed_functions"));
        let mut functions = Vec::new();
        for (path, name) in names {
            if is_function_name(&name) {
                functions.push(name);
            } else {
                self.wrong(&path, "must be the name of a function: letters, digits, `-`, `_`, `.`");
            }
        }
        functions
    }

    /// `system`, or a mapping with one key, whose value is a whole number.
    fn system_or(
        &mut self,
        value: Option<&Value>,
        path: &str,
        known: &Mapping,
    ) -> Option<SystemOr> {
        let value = present(value)?;
        let key = known.names().next().unwrap_or_default();
        if value.as_str() == Some("system") {
            return Some(SystemOr::System);
        }
        let Value::Object(map) = value else {
            self.wrong(path, expected(&format!("`system`, or a mapping with `{key}`"), value));
            return None;
        };
        self.known(map, path, known);
        match map.get(key).map(|number| (number, number.as_u64())) {
            Some((_, Some(number))) => Some(SystemOr::Number(number)),
            Some((other, None)) => {
                self.wrong(&format!("{path}.{key}"), expected("a whole number", other));
                None
            }
            None => {
                self.wrong(path, format!("lacks `{key}`"));
                None
            }
        }
    }

    fn clock(&mut self, value: Option<&Value>, path: &str) -> Option<ClockGrant> {
        Some(match self.system_or(value, path, &FIXED)? {
            SystemOr::System => ClockGrant::System,
            SystemOr::Number(seconds) => ClockGrant::Fixed(Duration::from_secs(seconds)),
        })
    }

    fn random(&mut self, value: Option<&Value>, path: &str) -> Option<RandomGrant> {
        Some(match self.system_or(value, path, &SEED)? {
            SystemOr::System => RandomGrant::System,
            SystemOr::Number(seed) => RandomGrant::Seeded(seed),
        })
    }

    fn commands(&mut self, value: Option<&Value>, path: &str) -> Vec<CommandGrant> {
        let mut grants = Vec::new();
        for (path, value) in self.list(value, &format!("{path}.allowed_commands")) {
            let Some(map) = self.object(value, &path, &COMMAND_GRANT) else { continue };
            let Some(program) = present(map.get("program")) else {
                self.wrong(&path, "lacks `program`");
                continue;
            };
            let program_path = format!("{path}.program");
            let Some(program) = self.text(program, &program_path) else { continue };
            if !program.starts_with('/') && !program.contains(":\\") {
                self.wrong(
                    &program_path,
                    "must be an absolute path: nothing is looked up in `PATH`",
                );
                continue;
            }
            let args = self.texts(map.get("args"), &format!("{path}.args"));
            let args: Vec<_> = args.into_iter().map(|(_, arg)| arg).collect();
            if let Some(at) = args.iter().rev().skip(1).rev().position(|arg| arg == "**") {
                self.wrong(
                    &format!("{path}.args[{at}]"),
                    "is `**`, which only the last one can be",
                );
                continue;
            }
            grants.push(CommandGrant { program, args });
        }
        grants
    }

    fn filesystem(&mut self, value: Option<&Value>, path: &str) -> Vec<FileGrant> {
        let path = format!("{path}.allowed_filesystem");
        let mut grants = Vec::new();
        for (path, value) in self.list(value, &path) {
            let Some(map) = self.object(value, &path, &FILE_GRANT) else { continue };
            let (kind, value) = match (map.get("dir"), map.get("file")) {
                (Some(dir), None) => (PathKind::Dir, dir),
                (None, Some(file)) => (PathKind::File, file),
                _ => {
                    self.wrong(&path, "must have either `dir` or `file`");
                    continue;
                }
            };
            let place = self.text(
                value,
                &format!("{path}.{}", if kind == PathKind::Dir { "dir" } else { "file" }),
            );
            let permission = match map.get("permission") {
                None => {
                    self.wrong(&path, "lacks `permission`");
                    None
                }
                Some(value) => self.permission(value, &format!("{path}.permission")),
            };
            let guest_path = match present(map.get("as")) {
                Some(value) => match self.text(value, &format!("{path}.as")) {
                    Some(guest_path) => Some(guest_path),
                    None => continue,
                },
                None => None,
            };
            if let (Some(place), Some(permission)) = (place, permission) {
                let grant = FileGrant { kind, path: place, guest_path, permission };
                match grant.mistake() {
                    Some(mistake) => self.wrong(&path, mistake),
                    None => grants.push(grant),
                }
            }
        }
        grants
    }

    fn permission(&mut self, value: &Value, path: &str) -> Option<FilePermission> {
        let name = self.choice(value, path, "permission", &FilePermission::NAMES)?;
        FilePermission::ALL.iter().copied().find(|known| known.name() == name)
    }

    fn network(&mut self, value: Option<&Value>, path: &str) -> Vec<NetworkGrant> {
        let path = format!("{path}.allowed_network");
        let mut grants = Vec::new();
        for (path, value) in self.list(value, &path) {
            let Some(map) = self.object(value, &path, &NETWORK_GRANT) else { continue };
            let Some(host) = map.get("host") else {
                self.wrong(&path, "lacks `host`");
                continue;
            };
            let host_path = format!("{path}.host");
            let Some(host) = self.text(host, &host_path) else { continue };
            if !is_host(&host) {
                self.wrong(
                    &host_path,
                    "must be a host name, with `*.` at its start or no star, or an address; schemes and \
                     ports have keys of their own",
                );
                continue;
            }
            let ports = self.ports(map.get("ports"), &format!("{path}.ports"));
            let mut names = |key: &str| -> Vec<String> {
                let found = self.texts(map.get(key), &format!("{path}.{key}"));
                found.into_iter().map(|(_, name)| name).collect()
            };
            let (mut schemes, methods) = (names("schemes"), names("methods"));
            if schemes.is_empty() {
                schemes = vec!["https".into()];
            }
            for (at, scheme) in schemes.iter().enumerate() {
                if !["http", "https"].contains(&scheme.as_str()) {
                    self.wrong(&format!("{path}.schemes[{at}]"), "must be `https` or `http`");
                }
            }
            let mut allow_private = false;
            self.switch(map, &path, "allow_private", &mut allow_private);
            grants.push(NetworkGrant { host, ports, schemes, methods, allow_private });
        }
        grants
    }

    fn ports(&mut self, value: Option<&Value>, path: &str) -> Vec<u16> {
        let mut ports = Vec::new();
        for (path, value) in self.list(value, path) {
            match value.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
            {
                Some(port) => ports.push(port),
                None => self.wrong(&path, "must be a port from 1 to 65535"),
            }
        }
        ports
    }
}

/// Whether it has the form of a host, or of all below one.
fn is_host(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let wrong = |char: char| "*/\\?#@:[]%".contains(char) || char.is_control() || char == ' ';
    bare.parse::<core::net::Ipv6Addr>().is_ok() || (!name.is_empty() && !name.contains(wrong))
}

/// What the machine has, or a number that stands for it.
enum SystemOr {
    System,
    Number(u64),
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn a_host_is_no_url() {
        for host in
            ["a", "a.example", "*.a.example", "bücher.example", "10.0.0.7", "::1", "[::1]", "a_b"]
        {
            assert!(is_host(host), "{host}");
        }
        for other in [
            "",
            "*",
            "*.",
            "*.*.a",
            "a.*",
            "https://a",
            "a:443",
            "a/",
            "u@a",
            "a b",
            "a?",
            "a#",
            "a\n",
            "[a]",
            "[::1]:443",
            "*.[::1]",
            "*.::1",
            "a\\b",
            "%61",
        ] {
            assert!(!is_host(other), "{other}");
        }
    }
}
