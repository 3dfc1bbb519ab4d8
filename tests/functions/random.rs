//! `random.bytes`.

use cpex_wasmi::{ErrorKind, Level, Policy, RandomGrant};

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
fn a_salt_is_the_same_in_each_call_and_instance() {
    let script = Script::asking(&["random"])
        .at_init("random.salt", "null")
        .calls("random.salt", "null")
        .calls("random.salt", "null");
    let mut salts = Vec::new();
    for grant in [RandomGrant::System, RandomGrant::Seeded(5), RandomGrant::Seeded(6)] {
        for policy in [random(grant), random(grant).without_snapshot(), random(grant).pooled(2)] {
            let running = Running::on(|engine| engine, &script, policy);
            let all = [running.logged(), running.logged()].concat();
            assert!(all.iter().all(|salt| *salt == all[0]), "{all:?}");
            let bytes: Vec<u8> = serde_json::from_str(&all[0]).unwrap();
            assert_eq!(bytes.len(), 32);
            salts.push(bytes);
        }
    }
    // The system's are those of each plugin, a seed's those of the seed.
    assert!(salts[0] != salts[1] && salts[1] != salts[2]);
    assert!(salts[3] == salts[4] && salts[4] == salts[5]);
    assert_ne!(salts[3], salts[6]);
}

#[test]
fn a_salt_at_the_start_is_asked_for_once_for_all() {
    let script = Script::asking(&["random"]).at_init("random.salt", "null");
    let running = Running::on(|engine| engine, &script, random(RandomGrant::System));
    for _ in 0..3 {
        running.call().unwrap();
    }
    assert_eq!(running.logs.messages().len(), 1);
    assert_eq!(running.plugin.instances().initialised, 1);
    assert_eq!(running.logs.of_the_host(), []);
    assert_eq!(running.audit.taken(), ["random salt system allowed 0 32"]);
}

#[test]
fn numbers_at_the_start_are_told_to_cost_each_call() {
    let script = Script::asking(&["random"]).at_init("random.bytes", "4");
    for (policy, level) in [
        (random(RandomGrant::System), Level::Warn),
        (random(RandomGrant::System).pooled(1), Level::Info),
    ] {
        let running = Running::on(|engine| engine, &script, policy);
        running.plugin.initialize().unwrap();
        running.call().unwrap();
        let said = running.logs.of_the_host();
        assert_eq!(said.len(), 1, "once: {said:?}");
        assert_eq!(said[0].0, level);
        assert!(said[0].1.contains("used `random.bytes`"), "{said:?}");
        assert!(said[0].1.contains("`random.salt` gives bytes that stay the same"), "{said:?}");
    }
}

#[test]
fn who_does_not_ask_gets_no_salt() {
    let script = Script::asking(&[]).calls("random.salt", "null");
    let running = Running::on(|engine| engine, &script, random(RandomGrant::System));
    assert_eq!(running.failed().0, ErrorKind::AccessDenied);
    assert_eq!(running.audit.taken(), ["random salt  denied 0 0"]);
    let script = Script::asking(&["random"]).calls("random.salt", "32");
    let running = Running::on(|engine| engine, &script, random(RandomGrant::System));
    assert!(running.failed().1.contains("`Malformed`"));
}

#[test]
fn who_does_not_ask_gets_none() {
    let script = Script::asking(&[]).calls("random.bytes", "1");
    let running = Running::on(|engine| engine, &script, random(RandomGrant::System));
    let (kind, message) = running.failed();
    assert_eq!(kind, ErrorKind::AccessDenied);
    assert!(message.contains("denied the system access `random`"), "{message}");
    assert_eq!(running.audit.taken(), ["random bytes  denied 0 0"]);
}
