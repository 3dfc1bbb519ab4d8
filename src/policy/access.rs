//! What of the system a policy grants.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::Value;

use super::values::Reader;
use super::{FileGrant, FilePermission, NetworkGrant, PathKind};

impl Reader {
    pub(super) fn filesystem(&mut self, value: Option<&Value>, path: &str) -> Vec<FileGrant> {
        let path = format!("{path}.allowed_filesystem");
        let mut grants = Vec::new();
        for (path, value) in self.list(value, &path) {
            let Some(map) = self.object(value, &path, &["dir", "file", "permission"]) else {
                continue;
            };
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
            if let (Some(place), Some(permission)) = (place, permission) {
                grants.push(FileGrant { kind, path: place, permission });
            }
        }
        grants
    }

    fn permission(&mut self, value: &Value, path: &str) -> Option<FilePermission> {
        let names: Vec<_> = FilePermission::ALL.iter().map(|known| known.name()).collect();
        let name = self.choice(value, path, "permission", &names)?;
        FilePermission::ALL.iter().copied().find(|known| known.name() == name)
    }

    pub(super) fn network(&mut self, value: Option<&Value>, path: &str) -> Vec<NetworkGrant> {
        let path = format!("{path}.allowed_network");
        let mut grants = Vec::new();
        for (path, value) in self.list(value, &path) {
            let known = &["host", "ports", "schemes", "methods"];
            let Some(map) = self.object(value, &path, known) else { continue };
            let Some(host) = map.get("host") else {
                self.wrong(&path, "lacks `host`");
                continue;
            };
            let host_path = format!("{path}.host");
            let Some(host) = self.text(host, &host_path) else { continue };
            if host.strip_prefix("*.").unwrap_or(&host).contains('*') || host.is_empty() {
                self.wrong(&host_path, "must be a host name, with `*.` at its start or no star");
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
            grants.push(NetworkGrant { host, ports, schemes, methods });
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
