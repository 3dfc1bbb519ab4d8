//! `random.bytes`.

use cpex_wasmi::{ErrorKind, Policy, RandomGrant};

use super::common::*;
use super::script::*;

fn random(grant: RandomGrant) -> Policy {
    granting(|access| access.random = Some(grant))
}

#[test]
fn seeded_numbers_are_the_same_in_each_call_and_not_in_one() {
    let script = Script::asking(&["random"]).calls("random.bytes", "3").calls("random.bytes", "5");
    let policy = random(RandomGrant::Seeded(0));
    for policy in [policy.clone(), policy.clone().pooled(1)] {
        let running = Running::on(|engine| engine, &script, policy);
        // The key stream of ChaCha20 for a key of zeros: RFC 8439, appendix A.1.
        for _call in 0..3 {
            assert_eq!(running.logged(), ["[118,184,224]", "[173,160,241,61,144]"]);
        }
    }
    let other = Running::on(|engine| engine, &script, random(RandomGrant::Seeded(1)));
    assert_ne!(other.logged()[0], "[118,184,224]");
    assert_eq!(
        other.audit.taken(),
        ["random bytes seed allowed 0 3", "random bytes seed allowed 0 5"]
    );
}

#[test]
fn crates_that_ask_getrandom_have_the_hosts_numbers() {
    let wasm = fixture("request_id");
    let numbers = |grant| {
        let plugin = load(&wasm, random(grant));
        let custom = call(&plugin).unwrap().changes.custom.unwrap();
        let numbers: Vec<String> = ["id", "nonce", "salt"]
            .iter()
            .map(|name| custom[*name].as_str().unwrap().into())
            .collect();
        assert!(numbers.iter().all(|number| number.len() == 16), "{numbers:?}");
        numbers
    };
    // The key stream of ChaCha20 for a key of zeros, eight bytes at a time.
    let seeded = numbers(RandomGrant::Seeded(0));
    assert_eq!(
        seeded,
        ["903df1a0ade0b876", "28bd8653e56a5d40", "1aed8da0b819d2bd"].map(String::from)
    );
    assert_eq!(numbers(RandomGrant::Seeded(0)), seeded);
    let (one, other) = (numbers(RandomGrant::System), numbers(RandomGrant::System));
    assert!(one.iter().all(|number| !other.contains(number)), "{one:?} {other:?}");
}

#[test]
fn a_crate_without_random_numbers_is_told_what_to_do() {
    let import = r#"(import "env" "__getrandom_v03_custom" (func (param i32 i32) (result i32)))"#;
    let invoke = r#"(func (export "cpex_invoke") (param i32) (result i32) (i32.const 0))"#;
    let error = load_error(&guest_importing(&[], import, invoke), Policy::default());
    assert!(error.to_string().contains("its feature `getrandom`"), "{error}");
}

#[test]
fn the_systems_numbers_differ() {
    let script =
        Script::asking(&["random"]).calls("random.bytes", "16").calls("random.bytes", "16");
    let running = Running::on(|engine| engine, &script, random(RandomGrant::System));
    let mut all = [running.logged(), running.logged()].concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 4);
    assert_eq!(running.audit.taken(), ["random bytes system allowed 0 16"; 4]);
}

#[test]
fn how_many_there_are_at_once_is_bounded() {
    let policy = random(RandomGrant::System);
    for (count, expected) in [
        ("0", None),
        ("65536", None),
        ("65537", Some("`TooLarge`")),
        ("4294967295", Some("`TooLarge`")),
        ("4294967296", Some("`Malformed`")),
        ("-1", Some("`Malformed`")),
        ("\"1\"", Some("`Malformed`")),
    ] {
        let script = Script::asking(&["random"]).calls("random.bytes", count);
        let running = Running::on(|engine| engine, &script, policy.clone());
        match (running.call(), expected) {
            (Ok(_), None) => {}
            (Err(error), Some(status)) => assert!(error.to_string().contains(status), "{error}"),
            (result, _) => panic!("{count}: {result:?}"),
        }
    }
}

#[test]
fn they_are_paid_for() {
    let fuel = |count: &str| {
        let script = Script::asking(&["random"]).calls("random.bytes", count);
        let policy = random(RandomGrant::Seeded(3));
        Running::on(|engine| engine, &script, policy).call().unwrap().receipt.fuel
    };
    // Beside the JSON of the result, which the plugin is charged for as well.
    assert!(fuel("10001") - fuel("1") > 10_000 * 4, "{} {}", fuel("10001"), fuel("1"));
}

#[test]
fn who_does_not_ask_gets_none() {
    let script = Script::asking(&[]).calls("random.bytes", "1");
    let running = Running::on(|engine| engine, &script, random(RandomGrant::System));
    let (kind, message) = running.failed();
    assert_eq!(kind, ErrorKind::AccessDenied);
    assert!(message.contains("(`random`)"), "{message}");
    assert_eq!(running.audit.taken(), ["random bytes  denied 0 0"]);
}
