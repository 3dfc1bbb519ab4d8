//! JSON Web Tokens, which the host checks.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use cpex_wasmi_abi::codec::{self, Bounds};
use cpex_wasmi_abi::{Status, TokenFault, TokenRules as Given, Value};

use crate::input::Input;
use crate::patterns::reason;
use crate::result::check;
use crate::{Error, Result, sys};

/// The bytes of claims that are taken before their length is known.
const ROOM: usize = 1024;

/// The rules that a JSON Web Token has to keep, and the keys that it may be signed with.
///
/// The token is an [`Input`], with or without `Bearer ` before it. The time is that of the plugin's clock, so that it takes `clock` in the
/// manifest and in the policy.
///
/// ```
/// use cpex_wasmi_guest::crypto::TokenRules;
/// use cpex_wasmi_guest::prelude::*;
/// use cpex_wasmi_guest::raw::Place;
/// use cpex_wasmi_guest::Field;
/// # use cpex_wasmi_guest::testing::{Access, Capability, ClockGrant, Harness, Policy, Request};
///
/// plugin! {
///     name: "token-guard",
///     capabilities: ["read_headers"],
///     access: ["clock"],
///     hooks: { "cmf.tool_pre_invoke" => guard },
/// }
///
/// fn guard(call: &Call) -> Result<Verdict> {
///     let keys = call.config().text("keys")?.unwrap_or_default();
///     let rules = TokenRules::new(keys).algorithm("ES256").issuer("joe");
///     match rules.check(Place::of(Field::HttpRequestHeaders).entry("authorization"))? {
///         Ok(claims) if claims.get("http://example.com/is_root") == Some(&true.into()) => allow(),
///         Ok(_) => deny("not_root", "only root may do this"),
///         Err(fault) => deny(fault.code(), fault.reason()),
///     }
/// }
/// # fn main() {
/// # let key = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// # let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
/// # let outcome = |now| {
/// #     let access = Access::default().clock(ClockGrant::Fixed(std::time::Duration::from_secs(now)));
/// #     let policy = Policy::default().access(access).grant([Capability::ReadHeaders]).config("keys", key);
/// #     let request = Request::tool_call("search").header("Authorization", format!("Bearer {token}"));
/// #     format!("{:?}", Harness::new(&PLUGIN).under(policy).call("cmf.tool_pre_invoke", request).unwrap().decision)
/// # };
/// # assert_eq!(outcome(1300819379), "Allow");
/// # assert!(outcome(1300819380).contains("token_expired"));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TokenRules {
    given: Given,
    keys: Vec<u8>,
}

impl TokenRules {
    /// Rules that allow no algorithm yet. The keys are a set of JSON Web Keys (JWKS), or one key: a JSON Web Key, PEM or DER.
    ///
    /// In a set, the token's `kid` names the key. Without a `kid`, one key only may fit the token's algorithm.
    pub fn new(keys: impl Into<Vec<u8>>) -> Self {
        Self { given: Given::default(), keys: keys.into() }
    }

    /// Allows an algorithm: `EdDSA`, `ES256`, `RS256`, `RS384`, `RS512`, `PS256`, `PS384` or `PS512`. There has to be one. `none` and those by
    /// a shared secret are not among them.
    #[must_use]
    pub fn algorithm(mut self, name: &str) -> Self {
        self.given.algorithms.push(name.into());
        self
    }

    /// Allows an issuer (`iss`). Without any, a token may be from any that has a key.
    #[must_use]
    pub fn issuer(mut self, name: impl Into<String>) -> Self {
        self.given.issuers.push(name.into());
        self
    }

    /// Allows an audience (`aud`), of which a token then has to name one. Without any, a token for an audience is refused.
    #[must_use]
    pub fn audience(mut self, name: impl Into<String>) -> Self {
        self.given.audiences.push(name.into());
        self
    }

    /// Allows clocks to differ, by whole seconds and an hour at most. Default: none.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.given.leeway_seconds = u32::try_from(leeway.as_secs()).unwrap_or(u32::MAX);
        self
    }

    /// Allows tokens without `exp`, which never expire.
    #[must_use]
    pub fn without_expiry(mut self) -> Self {
        self.given.without_expiry = true;
        self
    }

    /// Checks a token, and gives its claims or the fault.
    ///
    /// # Errors
    ///
    /// [`Status::AccessDenied`] without the clock, [`Status::InvalidArgument`] if the rules have no algorithm, an unknown one or too much
    /// leeway, [`Status::Malformed`] or [`Status::TooLarge`] if the keys are, and the status of a read if the token is a place that is
    /// missing or that the plugin may not read.
    pub fn check(&self, token: impl Input) -> Result<core::result::Result<Value, TokenFault>> {
        let mut rules = Vec::new();
        codec::encode(&self.given, &mut rules).map_err(|_| Error::new(Status::Malformed))?;
        let mut room = ROOM;
        loop {
            let mut out = sys::buffer(room)?;
            out.fill(0);
            let answer = token.with(|field, index, key| {
                sys::jwt(field, index, key, &rules, &self.keys, &mut out)
            });
            if answer == Status::InvalidToken.code() {
                let code = reason(&out).split(':').next().unwrap_or_default();
                // A host of a later version may know another.
                return Ok(Err(TokenFault::from_code(code).unwrap_or(TokenFault::Malformed)));
            }
            let len = check(answer)?;
            if let Some(claims) = out.get(..len) {
                let bounds = Bounds { bytes: len, ..Bounds::DEFAULT };
                let claims = codec::decode(claims, bounds);
                return claims.map(Ok).map_err(|_| Status::Malformed.into());
            }
            room = len;
        }
    }
}
