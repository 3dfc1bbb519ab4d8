//! Reads which requests a policy grants.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::Value;

use super::keys::NETWORK_GRANT;
use super::values::{PolicyReader, expected};
use super::{HostPattern, InvalidHost, Method, NetworkGrant, Scheme};
use crate::logging::visible;
use crate::text::suggest::did_you_mean;

impl PolicyReader {
    pub(super) fn network(&mut self, value: Option<&Value>, path: &str) -> Vec<NetworkGrant> {
        let path = format!("{path}.allowed_network");
        let mut grants = Vec::new();
        for (path, value) in self.list(value, &path) {
            let Some(map) = self.object(value, &path, &NETWORK_GRANT) else { continue };
            let ports = self.ports(map.get("ports"), &format!("{path}.ports"));
            let mut schemes = self.schemes(map.get("schemes"), &format!("{path}.schemes"));
            if schemes.is_empty() {
                schemes = vec![Scheme::Https];
            }
            let methods = self.methods(map.get("methods"), &format!("{path}.methods"));
            let mut allow_private = false;
            self.switch(map, &path, "allow_private", &mut allow_private);
            let Some(host) = map.get("host") else {
                self.wrong(&path, "lacks `host`");
                continue;
            };
            let Some(host) = self.host(host, &format!("{path}.host")) else { continue };
            grants.push(NetworkGrant { host, ports, schemes, methods, allow_private });
        }
        grants
    }

    fn host(&mut self, value: &Value, path: &str) -> Option<HostPattern> {
        let parsed = self.text(value, path)?.parse();
        parsed.map_err(|error: InvalidHost| self.wrong(path, format!("is {}", error.told()))).ok()
    }

    fn methods(&mut self, value: Option<&Value>, path: &str) -> Vec<Method> {
        let mut methods = Vec::new();
        for (path, name) in self.texts(value, path) {
            match Method::written(&name) {
                Ok(method) => methods.push(method),
                Err(error) => self.wrong(&path, format!("is {}", error.told())),
            }
        }
        methods
    }

    fn schemes(&mut self, value: Option<&Value>, path: &str) -> Vec<Scheme> {
        let mut schemes = Vec::new();
        for (path, name) in self.texts(value, path) {
            if let Some(scheme) = Scheme::from_name(&name) {
                schemes.push(scheme);
                continue;
            }
            let lower = name.to_ascii_lowercase();
            let lower = lower.trim_end_matches(['/', ':']);
            let hint = did_you_mean(lower, Scheme::ALL.iter().map(|scheme| scheme.name()));
            self.wrong(&path, format!("is `{}`, which is not a scheme{hint}", visible(&name)));
        }
        schemes
    }

    fn ports(&mut self, value: Option<&Value>, path: &str) -> Vec<u16> {
        let mut ports = Vec::new();
        for (path, value) in self.list(value, path) {
            match value.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
            {
                Some(port) => ports.push(port),
                None => self.wrong(&path, expected("a port from 1 to 65535", value)),
            }
        }
        ports
    }
}
