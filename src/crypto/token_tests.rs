//! Tokens: those of the standards, and what an attacker makes of them.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use alloc::{format, vec};
use core::slice;

use cpex_wasmi_abi::{Status, TokenFault as Fault, TokenRules, encoding};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Map, Value, json};

use super::{Keys, Rules};
use crate::codec::Encoding;

/// The time of all checks.
const NOW: f64 = 1_700_000_000.0;

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    let encoding = Encoding::from_number(encoding::BASE64_URL).unwrap();
    String::from_utf8(encoding.encode(bytes.as_ref(), usize::MAX).unwrap()).unwrap()
}

fn signing() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn jwk(signing: &SigningKey, kid: &str) -> Value {
    let x = base64url(signing.verifying_key().to_bytes());
    json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid})
}

fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// Signs a header and claims, which need not be JSON.
fn sign(header: &str, claims: impl AsRef<[u8]>) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(claims));
    let signature = base64url(signing().sign(signed.as_bytes()).to_bytes());
    format!("{signed}.{signature}")
}

fn token(claims: &Value) -> String {
    sign(r#"{"alg":"EdDSA","kid":"a"}"#, claims.to_string())
}

/// Claims that are valid for an hour, with these in addition.
fn claims(more: Value) -> Value {
    let mut claims = json!({"sub": "alice", "exp": NOW + 3600.0});
    let Value::Object(more) = more else { panic!() };
    claims.as_object_mut().unwrap().extend(more);
    claims
}

fn rules(algorithms: &[&str]) -> TokenRules {
    let algorithms = algorithms.iter().map(|name| (*name).to_string()).collect();
    TokenRules { algorithms, ..TokenRules::default() }
}

fn check_at(
    now: f64,
    rules: TokenRules,
    keys: &str,
    token: &str,
) -> Result<Map<String, Value>, Fault> {
    let keys = Keys::read(keys.as_bytes()).unwrap();
    let (mut work, rules) = (0, Rules::new(rules).unwrap());
    let checked = rules.check(token.as_bytes(), &keys, now, &mut work);
    assert!(work >= 4096, "no token is free");
    checked
}

fn check(keys: &str, token: &str) -> Result<Map<String, Value>, Fault> {
    check_at(NOW, rules(&["EdDSA"]), keys, token)
}

fn one() -> String {
    set(&[jwk(&signing(), "a")])
}

/// The examples A.2 and A.3 of RFC 7515, with their keys, and A.4 of RFC 8037.
#[test]
fn tokens_of_the_standards_are_valid() {
    let claims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let rs256 = format!(
        "eyJhbGciOiJSUzI1NiJ9.{claims}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    let rsa = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
    let es256 = format!(
        "eyJhbGciOiJFUzI1NiJ9.{claims}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    let ec = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let both = rules(&["RS256", "ES256"]);
    for (key, token) in [(rsa, &rs256), (ec, &es256)] {
        for keys in [key.to_string(), format!(r#"{{"keys":[{key}]}}"#)] {
            let valid = check_at(1_300_819_379.0, both.clone(), &keys, token).unwrap();
            assert_eq!(valid["iss"], "joe");
            assert_eq!(check_at(1_300_819_380.0, both.clone(), &keys, token), Err(Fault::Expired));
        }
    }
    // Its payload is no JSON, so that only the signature is valid.
    let eddsa = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let okp = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    assert_eq!(check(okp, eddsa), Err(Fault::Malformed));
    assert_eq!(check(okp, &eddsa.replace(".RX", ".RY")), Err(Fault::BadSignature));
}

#[test]
fn a_valid_token_gives_its_claims() {
    let given = claims(json!({"roles": ["a", "b"], "nested": {"n": 1.5}}));
    for token in
        [token(&given), format!("Bearer {}", token(&given)), format!("bearer  {}", token(&given))]
    {
        assert_eq!(check(&one(), &token).map(Value::Object), Ok(given.clone()));
    }
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA6kpsY-\n-----END PUBLIC KEY-----\n";
    assert_eq!(check(pem, &token(&given)), Err(Fault::UnusableKey));
}

#[test]
fn no_algorithm_is_taken_for_another() {
    let given = claims(json!({})).to_string();
    for name in ["none", "None", "nOnE", "HS256", "HS384", "ES384", "RS256", "", "eddsa"] {
        let header = json!({"alg": name, "kid": "a"}).to_string();
        assert_eq!(
            check(&one(), &sign(&header, &given)),
            Err(Fault::AlgorithmNotAllowed),
            "{name}"
        );
    }
    for header in [r#"{"kid":"a"}"#, r#"{"alg":null}"#, r#"{"alg":["EdDSA"]}"#, r#"{"alg":1}"#] {
        assert_eq!(check(&one(), &sign(header, &given)), Err(Fault::Malformed), "{header}");
    }
    // Without a signature, whatever the name is.
    let unsigned = |name: &str| {
        let header = json!({ "alg": name }).to_string();
        format!("{}.{}.", base64url(header), base64url(&given))
    };
    assert_eq!(check(&one(), &unsigned("none")), Err(Fault::AlgorithmNotAllowed));
    assert_eq!(check(&one(), &unsigned("EdDSA")), Err(Fault::BadSignature));
    // An allowed algorithm, and a key for another.
    let both = rules(&["EdDSA", "RS256", "ES256"]);
    for name in ["RS256", "ES256"] {
        let header = json!({"alg": name, "kid": "a"}).to_string();
        let found = check_at(NOW, both.clone(), &one(), &sign(&header, &given));
        assert_eq!(found, Err(Fault::UnusableKey), "{name}");
    }
}

#[test]
fn rules_allow_something_that_the_host_verifies() {
    for algorithms in [&[][..], &["none"], &["HS256"], &["EdDSA", "none"], &["*"], &[""]] {
        let refused = Rules::new(rules(algorithms)).err();
        assert_eq!(refused, Some(Status::InvalidArgument), "{algorithms:?}");
    }
    let leeway = |leeway_seconds| Rules::new(TokenRules { leeway_seconds, ..rules(&["EdDSA"]) });
    assert!(leeway(3600).is_ok());
    assert_eq!(leeway(3601).err(), Some(Status::InvalidArgument));
    for name in ["EdDSA", "Ed25519", "ES256", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
    {
        assert!(Rules::new(rules(&[name])).is_ok(), "{name}");
    }
}

#[test]
fn one_key_fits_a_token_or_none() {
    let other = SigningKey::from_bytes(&[8; 32]);
    let (a, b) = (jwk(&signing(), "a"), jwk(&other, "b"));
    let given = claims(json!({}));
    let (named, unnamed) = (token(&given), sign(r#"{"alg":"EdDSA"}"#, given.to_string()));
    let foreign = sign(r#"{"alg":"EdDSA","kid":"b"}"#, given.to_string());
    assert!(check(&set(&[b.clone(), a.clone()]), &named).is_ok());
    assert_eq!(check(&set(&[a.clone(), b.clone()]), &foreign), Err(Fault::BadSignature));
    assert_eq!(check(&set(slice::from_ref(&b)), &named), Err(Fault::UnknownKey));
    assert_eq!(check(&set(&[]), &named), Err(Fault::UnknownKey));
    assert_eq!(check(&set(&[a.clone(), b]), &unnamed), Err(Fault::AmbiguousKey));
    assert!(check(&set(slice::from_ref(&a)), &unnamed).is_ok());
    assert_eq!(check(&set(&[a.clone(), a.clone()]), &named), Err(Fault::AmbiguousKey));
    let header = r#"{"alg":"EdDSA","kid":7}"#;
    assert_eq!(check(&one(), &sign(header, given.to_string())), Err(Fault::Malformed));
    // A key that is given alone is for all tokens.
    assert!(check(&a.to_string(), &unnamed).is_ok());
}

#[test]
fn a_key_is_used_for_what_it_is_for() {
    let named = token(&claims(json!({})));
    for (member, value) in [
        ("use", json!("enc")),
        ("use", json!(null)),
        ("alg", json!("ES256")),
        ("alg", json!("none")),
        ("alg", json!(1)),
        ("kty", json!("RSA")),
        ("kty", json!("oct")),
        ("crv", json!("X25519")),
        ("crv", json!("P-256")),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!("verify")),
        ("x", json!("AA")),
        ("x", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("x", json!(null)),
    ] {
        let mut key = jwk(&signing(), "a");
        key[member] = value.clone();
        for keys in [set(&[key.clone()]), key.to_string()] {
            assert_eq!(check(&keys, &named), Err(Fault::UnusableKey), "{member}: {value}");
        }
    }
    let mut key = jwk(&signing(), "a");
    key["use"] = json!("sig");
    key["alg"] = json!("EdDSA");
    key["key_ops"] = json!(["verify", "sign"]);
    key["more"] = json!({"n": [1, 2]});
    assert!(check(&set(&[key]), &named).is_ok());
}

#[test]
fn keys_are_bounded_and_strict() {
    let read = |keys: &str| Keys::read(keys.as_bytes()).err();
    let twice = r#"{"keys":[],"keys":[]}"#;
    let deep = format!(r#"{{"keys":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    for keys in ["{", "{}", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, twice, &deep, r#"{"keys":[{]}"#] {
        assert_eq!(read(keys), Some(Status::Malformed), "{keys}");
    }
    assert_eq!(read(r#"{"keys":[{"kty":"OKP","kty":"RSA"}]}"#), Some(Status::Malformed));
    assert_eq!(read(&" ".repeat((128 << 10) + 1)), Some(Status::TooLarge));
    let key = jwk(&signing(), "a");
    assert_eq!(read(&set(&vec![key.clone(); 256])), None);
    assert_eq!(read(&set(&vec![key; 257])), Some(Status::TooLarge));
    assert_eq!(read(&set(&vec![json!({}); 10_000])), Some(Status::TooLarge));
}

#[test]
fn headers_that_change_the_meaning_are_refused() {
    let given = claims(json!({})).to_string();
    for header in [
        r#"{"alg":"EdDSA","kid":"a","crit":["exp"]}"#,
        r#"{"alg":"EdDSA","kid":"a","crit":[]}"#,
        r#"{"alg":"EdDSA","kid":"a","crit":["b64"],"b64":false}"#,
        r#"{"alg":"EdDSA","kid":"a","b64":false}"#,
    ] {
        assert_eq!(check(&one(), &sign(header, &given)), Err(Fault::UnknownExtension), "{header}");
    }
    // A key that comes with the token proves nothing.
    let other = jwk(&SigningKey::from_bytes(&[9; 32]), "a");
    let header =
        json!({"alg": "EdDSA", "jwk": jwk(&signing(), "a"), "jku": "https://evil.example"});
    let found = check(&set(&[other]), &sign(&header.to_string(), &given));
    assert_eq!(found, Err(Fault::BadSignature));
}

#[test]
fn what_is_no_token_is_malformed() {
    let valid = token(&claims(json!({})));
    let parts: Vec<_> = valid.split('.').collect();
    let deep = format!(r#"{{"alg":"EdDSA","x":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    for token in [
        String::new(),
        ".".into(),
        "..".into(),
        "Bearer ".into(),
        parts[..2].join("."),
        format!("{valid}="),
        format!("{} {}.{}", parts[0], parts[1], parts[2]),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}.\u{fc}", parts[0], parts[1]),
        sign("[]", "{}"),
        sign("{", "{}"),
        sign(r#"{"alg":"EdDSA","alg":"EdDSA"}"#, "{}"),
        sign(&deep, "{}"),
        "a".repeat(70_000),
        format!("{valid}.{}", parts[0]),
    ] {
        let found = check(&one(), &token).unwrap_err();
        assert!(matches!(found, Fault::Malformed | Fault::BadSignature), "{token}: {found:?}");
    }
    let header = r#"{"alg":"EdDSA","kid":"a"}"#;
    for claims in [
        "",
        "[]",
        "7",
        "{",
        r#"{"exp":1,"exp":9999999999}"#,
        r#"{"exp":9999999999,"a":{"b":1,"b":2}}"#,
        r#"{"exp":"9999999999"}"#,
        r#"{"exp":null}"#,
        r#"{"exp":1e999}"#,
        r#"{"exp":9999999999,"nbf":"0"}"#,
        r#"{"exp":9999999999,"aud":7}"#,
        r#"{"exp":9999999999,"aud":["a",7]}"#,
        r#"{"exp":9999999999,"iss":7}"#,
    ] {
        assert_eq!(check(&one(), &sign(header, claims)), Err(Fault::Malformed), "{claims}");
    }
    let many = format!(r#"{{"exp":9999999999,"a":[{}0]}}"#, "0,".repeat(5000));
    assert_eq!(check(&one(), &sign(header, &many)), Err(Fault::Malformed));
    let invalid = [&b"{\"exp\":9999999999,\"a\":\""[..], &[0xff], b"\"}"].concat();
    assert_eq!(check(&one(), &sign(header, invalid)), Err(Fault::Malformed));
}

#[test]
fn a_token_is_valid_in_its_time() {
    let at = |claims: Value, now: f64, leeway_seconds| {
        let rules = TokenRules { leeway_seconds, ..rules(&["EdDSA"]) };
        check_at(now, rules, &one(), &token(&claims)).map(drop)
    };
    let expires = json!({"exp": 1000});
    assert_eq!(at(expires.clone(), 999.5, 0), Ok(()));
    assert_eq!(at(expires.clone(), 1000.0, 0), Err(Fault::Expired));
    assert_eq!(at(expires.clone(), 1009.0, 10), Ok(()));
    assert_eq!(at(expires, 1010.0, 10), Err(Fault::Expired));
    let begins = json!({"exp": 2000, "nbf": 1000.5});
    assert_eq!(at(begins.clone(), 1000.0, 0), Err(Fault::NotYetValid));
    assert_eq!(at(begins.clone(), 1000.5, 0), Ok(()));
    assert_eq!(at(begins.clone(), 991.0, 10), Ok(()));
    assert_eq!(at(begins, 990.0, 10), Err(Fault::NotYetValid));
    assert_eq!(at(json!({}), 0.0, 0), Err(Fault::NoExpiry));
    assert_eq!(at(json!({"exp": -1}), 0.0, 0), Err(Fault::Expired));
    assert_eq!(at(json!({"exp": u64::MAX}), NOW, 3600), Ok(()));
    let forever = TokenRules { without_expiry: true, ..rules(&["EdDSA"]) };
    assert!(check_at(NOW, forever.clone(), &one(), &token(&json!({}))).is_ok());
    let found = check_at(NOW, forever, &one(), &token(&json!({"exp": 1})));
    assert_eq!(found, Err(Fault::Expired), "what expires does");
}

#[test]
fn issuer_and_audience_are_those_of_the_rules() {
    let check = |issuers: &[&str], audiences: &[&str], more: Value| {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect();
        let rules = TokenRules {
            issuers: names(issuers),
            audiences: names(audiences),
            ..rules(&["EdDSA"])
        };
        check_at(NOW, rules, &one(), &token(&claims(more))).map(drop)
    };
    assert_eq!(check(&["a", "b"], &[], json!({"iss": "b"})), Ok(()));
    assert_eq!(check(&[], &[], json!({"iss": "c"})), Ok(()));
    for more in [json!({"iss": "c"}), json!({}), json!({"iss": "A"}), json!({"iss": "a "})] {
        assert_eq!(check(&["a", "b"], &[], more.clone()), Err(Fault::WrongIssuer), "{more}");
    }
    assert_eq!(check(&[], &["us", "them"], json!({"aud": "us"})), Ok(()));
    assert_eq!(check(&[], &["us"], json!({"aud": ["them", "us"]})), Ok(()));
    for more in [json!({}), json!({"aud": "them"}), json!({"aud": []}), json!({"aud": "us2"})] {
        assert_eq!(check(&[], &["us"], more.clone()), Err(Fault::WrongAudience), "{more}");
    }
    // A token for somebody is for nobody else, and rules without an audience are nobody in particular.
    assert_eq!(check(&[], &[], json!({"aud": "us"})), Err(Fault::WrongAudience));
}

/// A stranger learns nothing of what is wrong with claims.
#[test]
fn claims_are_looked_at_behind_the_signature() {
    let expired = token(&json!({"exp": 1}));
    assert_eq!(check(&one(), &expired), Err(Fault::Expired));
    let other = set(&[jwk(&SigningKey::from_bytes(&[8; 32]), "a")]);
    assert_eq!(check(&other, &expired), Err(Fault::BadSignature));
    let at = expired.len() - 4;
    let changed = format!("{}AAAA", &expired[..at]);
    assert_eq!(check(&one(), &changed), Err(Fault::BadSignature));
}
