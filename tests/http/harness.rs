//! Plugins that send one request, or several, and say what came of it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use cpex_wasmi::abi::HttpRequest;
use cpex_wasmi::{
    Access, AuditEvent, Decision, Engine, EngineBuilder, Error, HttpClient, Limits, LogRecord,
    NetworkGrant, Outcome, Plugin, Policy, Request, Scheme,
};

use crate::common::{HOOK, data, guest_wanting};

/// Calls `http.send` with each of these arguments in turn, until one fails. Denies with the last result as
/// the reason (if that is short; else with its length), or gives up with the status.
pub(crate) fn sender(access: &[&str], arguments: &[String]) -> Vec<u8> {
    let (mut calls, mut segments, mut at) = (String::new(), String::new(), 1024);
    for argument in arguments {
        segments += &format!("(data (i32.const {at}) \"{}\")", data(argument.as_bytes()));
        calls += &format!(
            "(local.set $n (call $call_json (i32.const 0) (i32.const 9)
                 (i32.const {at}) (i32.const {}) (i32.const 1048576) (i32.const 4096)))
             (if (i32.lt_s (local.get $n) (i32.const 0)) (then (return (local.get $n))))",
            argument.len()
        );
        at += argument.len();
    }
    assert!(at < 1 << 20, "the arguments are too long");
    guest_wanting(
        access,
        &format!(
            "(memory (export \"memory\") 20)
             (data (i32.const 0) \"http.send\") (data (i32.const 16) \"long\")
             {segments}
             (func (export \"cpex_invoke\") (param i32) (result i32) (local $n i32)
                {calls}
                (if (i32.gt_u (local.get $n) (i32.const 4096))
                    (then (drop (call $deny_text (i32.const 16) (i32.const 4) (i32.const 16) (i32.const 4))))
                    (else (drop (call $deny_text (i32.const 0) (i32.const 4) (i32.const 1048576) (local.get $n)))))
                (i32.const 1))"
        ),
    )
}

pub(crate) fn json(request: &HttpRequest) -> String {
    serde_json::to_string(request).unwrap()
}

pub(crate) fn get(url: &str) -> String {
    json(&HttpRequest { method: "GET".into(), url: url.into(), ..HttpRequest::default() })
}

/// The results of system access, one line each: `GET http://… allowed 10 20`.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn push(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

/// A host with names of its own.
#[derive(Clone, Default)]
pub(crate) struct World {
    pub(crate) audit: Told,
    pub(crate) log: Told,
    /// Names that were looked up.
    pub(crate) looked_up: Told,
    names: BTreeMap<&'static str, Vec<Vec<IpAddr>>>,
}

impl World {
    /// `*.test` is this machine.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A name that has these addresses when it is looked up, and others the next time; the last stay.
    pub(crate) fn name(mut self, name: &'static str, addresses: &[&[&str]]) -> Self {
        let parsed = |list: &&[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        self.names.insert(name, addresses.iter().map(parsed).collect());
        self
    }

    pub(crate) fn client(&self) -> HttpClient {
        let (names, looked_up) = (Mutex::new(self.names.clone()), self.looked_up.clone());
        HttpClient::new().unwrap().with_resolver(move |name| {
            looked_up.push(name.clone());
            let mut names = names.lock().unwrap();
            let found = match names.get_mut(name.as_str()) {
                Some(turns) if turns.len() > 1 => Ok(turns.remove(0)),
                Some(turns) => Ok(turns[0].clone()),
                None if name.ends_with(".test") => Ok(vec![[127, 0, 0, 1].into()]),
                None => Err(std::io::Error::other("there is no such name")),
            };
            async { found }
        })
    }

    pub(crate) fn builder(&self) -> EngineBuilder {
        let (audit, log) = (self.audit.clone(), self.log.clone());
        Engine::builder()
            .audit_sink(move |event: &AuditEvent<'_>| {
                audit.push(format!(
                    "{} {} {} {} {}",
                    event.operation,
                    event.target,
                    event.outcome,
                    event.bytes_sent,
                    event.bytes_received
                ));
            })
            .log_sink(move |record: &LogRecord<'_>| {
                log.push(format!("{} {}", record.level, record.message));
            })
    }

    pub(crate) fn plugin(&self, access: &[&str], arguments: &[String], policy: Policy) -> Plugin {
        let engine = self.builder().http_transport(self.client()).build().unwrap();
        Plugin::load(&engine, &sender(access, arguments), policy).unwrap()
    }

    /// Sends requests by a plugin that asks for these and is granted just as much, private addresses
    /// included.
    pub(crate) fn send(&self, access: &[&str], arguments: &[String]) -> Result<String, Error> {
        reply(self.plugin(access, arguments, granting(&[private("*.test")])).call(HOOK, about()))
    }
}

pub(crate) fn about() -> Request {
    Request::tool_call("search")
}

/// The plugin's reason, which is the response.
pub(crate) fn reply(outcome: Result<Outcome, Error>) -> Result<String, Error> {
    match outcome?.decision {
        Decision::Deny(violation) => Ok(violation.reason),
        Decision::Allow => panic!("the plugin allowed"),
    }
}

/// All requests to a host, by HTTP too, wherever it is.
pub(crate) fn private(host: &str) -> NetworkGrant {
    public(host).allow_private()
}

/// The result, if its address is public.
pub(crate) fn public(host: &str) -> NetworkGrant {
    NetworkGrant::new(host.parse().unwrap()).schemes([Scheme::Https, Scheme::Http])
}

pub(crate) fn granting(grants: &[NetworkGrant]) -> Policy {
    granting_with(grants, |_| {})
}

pub(crate) fn granting_with(grants: &[NetworkGrant], limit: impl FnOnce(&mut Limits)) -> Policy {
    let mut access = Access::default();
    access.network = grants.to_vec();
    // Long enough for a machine that is busy.
    let mut limits = Limits::default().deadline(std::time::Duration::from_secs(20));
    limit(&mut limits);
    Policy::default().access(access).limits(limits)
}
