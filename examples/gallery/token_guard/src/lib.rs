//! Denies tool calls without a valid JSON Web Token in a header.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use cpex_wasmi_guest::Field;
use cpex_wasmi_guest::crypto::TokenRules;
use cpex_wasmi_guest::prelude::*;
use cpex_wasmi_guest::raw::Place;

plugin! {
    name: "token-guard",
    description: "Denies tool calls without a valid JSON Web Token in a header",
    capabilities: ["read_headers"],
    access: ["clock"],
    config_schema: include_str!("../config.schema.json"),
    init: prepare,
    hooks: { "cmf.tool_pre_invoke" => check },
}

struct Settings {
    rules: TokenRules,
    scopes: Vec<String>,
    header: String,
}

static SETTINGS: Prepared<Settings> = Prepared::new();

/// Reads the configuration, which the host has held against the schema.
fn prepare(config: JsonMap) -> Result<()> {
    let keys = match config.get("keys")? {
        Some(Value::String(pem)) => pem,
        _ => config.json_of("keys")?.unwrap_or_default(),
    };
    let names = |key| Ok::<Vec<String>, Error>(config.get_as(key)?.unwrap_or_default());
    let mut rules = TokenRules::new(keys);
    for algorithm in names("algorithms")? {
        rules = rules.algorithm(&algorithm);
    }
    for issuer in names("issuers")? {
        rules = rules.issuer(issuer);
    }
    for audience in names("audiences")? {
        rules = rules.audience(audience);
    }
    if let Some(Value::Unsigned(seconds)) = config.get("leeway_seconds")? {
        rules = rules.leeway(Duration::from_secs(seconds));
    }
    let header = config.text("header")?.unwrap_or_else(|| "authorization".into());
    SETTINGS.set(Settings { rules, scopes: names("scopes")?, header })
}

fn check(call: &Call) -> Result<Verdict> {
    let settings = SETTINGS.get()?;
    let token = Place::of(Field::HttpRequestHeaders).entry(&settings.header);
    let claims = match settings.rules.check(token) {
        Ok(Ok(claims)) => claims,
        Ok(Err(fault)) => return refuse(call, fault.code(), fault.reason()),
        Err(error) if error.status() == Status::Absent => {
            return refuse(call, "token_missing", "the request has no token");
        }
        Err(error) => return Err(error),
    };
    let given = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
    if settings.scopes.iter().all(|scope| given.split(' ').any(|given| given == scope)) {
        return allow();
    }
    refuse(call, "token_scope", "the token lacks a scope")
}

fn refuse(call: &Call, code: &str, reason: &str) -> Result<Verdict> {
    call.count("tokens.refused", 1)?;
    deny(code, reason)
}

#[cfg(test)]
mod tests;
