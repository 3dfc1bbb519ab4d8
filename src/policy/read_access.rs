//! Reads what of the system a policy grants.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use cpex_wasmi_abi::{AccessRequest, is_function_pattern};
use serde_json::{Map, Value};

use super::keys::{COMMAND_GRANT, FILE_GRANT, FIXED, Mapping, SEED, Shape};
use super::values::{PolicyReader, expected, present};
use super::{Access, ClockGrant, CommandGrant, FileGrant, FilePermission, PathKind, RandomGrant};
use crate::logging::visible;
use crate::text::suggest::is_like;

impl PolicyReader {
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
            state: self.state_keys(map.get("allowed_state"), path),
        }
    }

    /// Names, or patterns of names, that pass a check.
    fn names(
        &mut self,
        value: Option<&Value>,
        path: &str,
        is_valid: impl Fn(&str) -> bool,
        rule: &str,
    ) -> Vec<String> {
        let mut valid = Vec::new();
        for (path, name) in self.texts(value, path) {
            if is_valid(&name) {
                valid.push(name);
            } else {
                self.wrong(&path, format!("is `{}`, {rule}", visible(&name)));
            }
        }
        valid
    }

    fn variables(&mut self, value: Option<&Value>, path: &str) -> Vec<String> {
        let is_valid = |name: &str| AccessRequest::parse(&format!("env:{name}")).is_some();
        let rule = "which is neither the name of a variable nor a pattern of names";
        self.names(value, &format!("{path}.allowed_env"), is_valid, rule)
    }

    fn functions(&mut self, value: Option<&Value>, path: &str) -> Vec<String> {
        let rule = "which is not the name of a function: use letters, digits, `-`, `_`, `.`, and `*` for \
             any text";
        self.names(value, &format!("{path}.allowed_functions"), is_function_pattern, rule)
    }

    fn state_keys(&mut self, value: Option<&Value>, path: &str) -> Vec<String> {
        let is_valid = |key: &str| AccessRequest::parse(&format!("state:{key}")).is_some();
        let rule = "which is neither a key of state nor a pattern of keys";
        self.names(value, &format!("{path}.allowed_state"), is_valid, rule)
    }

    /// `system`, or a mapping with one key, whose value is a whole number.
    fn system_or(
        &mut self,
        value: Option<&Value>,
        path: &str,
        known: &Mapping,
    ) -> Option<SystemOr> {
        let value = present(value)?;
        let key = known.keys.first()?;
        let (name, Shape::Whole(least, most)) = (key.name, key.shape) else { return None };
        let what = format!("`system`, or a mapping with `{name}`");
        let map = match value {
            Value::String(text) if text == "system" => return Some(SystemOr::System),
            Value::String(text) if is_like(text, "system") => {
                let text = visible(text);
                self.wrong(
                    path,
                    format!("is `{text}`, but must be {what}; did you mean `system`?"),
                );
                return None;
            }
            Value::Object(map) => map,
            other => {
                self.wrong(path, expected(&what, other));
                return None;
            }
        };
        self.known(map, path, known);
        match map.get(name) {
            Some(number) => {
                let number = self.whole(number, &format!("{path}.{name}"), least, most)?;
                Some(SystemOr::Number(number))
            }
            None => {
                self.wrong(path, format!("lacks `{name}`"));
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
            if let Some(wrong) = no_program(&program) {
                self.wrong(&program_path, format!("is `{}`, {wrong}", visible(&program)));
                continue;
            }
            let args = self.texts(map.get("args"), &format!("{path}.args"));
            let args: Vec<_> = args.into_iter().map(|(_, arg)| arg).collect();
            if let Some(at) = args.iter().position(|arg| arg.contains('\0')) {
                self.wrong(
                    &format!("{path}.args[{at}]"),
                    "has a NUL, and an argument cannot have \
                    one",
                );
                continue;
            }
            if let Some(at) = args.iter().rev().skip(1).rev().position(|arg| arg == "**") {
                self.wrong(
                    &format!("{path}.args[{at}]"),
                    "is `**`; only the last argument can be `**`",
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
}

/// The objection to the path of a program, if it is invalid.
fn no_program(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') && !path.contains(":\\") {
        return Some("which is not an absolute path; `PATH` is not searched");
    }
    let is_file = !path.ends_with('/') && !path.contains('\0');
    (!is_file).then_some("which is not the path of a file")
}

/// The number that the machine has, or a stand-in.
enum SystemOr {
    System,
    Number(u64),
}
