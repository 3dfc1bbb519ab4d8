//! Guests that are made at random: their initialisation does all that it can to their memory and
//! globals, and their calls tell a hash of all of that, and then change it.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use cpex_wasmi::{
    Capability, Decision, Error, Isolation, Limits, Outcome, Plugin, Policy, Receipt, Request,
};
use proptest::prelude::*;

use super::common::*;

/// The body of the initialisation.
#[derive(Clone, Debug)]
enum Step {
    Store(u32, u64),
    Fill(u32, u8, u32),
    Grow(u32),
    /// Copies what the module brought.
    Init(u32),
    Integer(u32),
    Long(u64),
    Float(u32),
    Double(u64),
    /// Reads the configuration.
    Read(u32),
    /// Reads the request, which is not there.
    Ask(u32),
    Log,
    Panic,
    Recurse,
}

fn step() -> impl Strategy<Value = Step> {
    let address = 0_u32..0x5_0000;
    prop_oneof![
        3 => (address.clone(), any::<u64>()).prop_map(|(at, value)| Step::Store(at, value)),
        1 => (address.clone(), any::<u8>(), 0_u32..70_000)
            .prop_map(|(at, byte, len)| Step::Fill(at, byte, len)),
        2 => (0_u32..4).prop_map(Step::Grow),
        1 => address.clone().prop_map(Step::Init),
        1 => any::<u32>().prop_map(Step::Integer),
        1 => any::<u64>().prop_map(Step::Long),
        1 => float().prop_map(Step::Float),
        1 => double().prop_map(Step::Double),
        1 => address.clone().prop_map(Step::Read),
        1 => address.prop_map(Step::Ask),
        1 => Just(Step::Log),
        1 => Just(Step::Panic),
        1 => Just(Step::Recurse),
    ]
}

/// Floats by their bits, of which some that are no number.
fn float() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), (1_u32..0x80_0000).prop_map(|payload| 0x7f80_0000 | payload)]
}

fn double() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), (1_u64..1 << 52).prop_map(|payload| 0xfff0_0000_0000_0000 | payload)]
}

impl Step {
    fn wat(&self) -> String {
        match self {
            Self::Store(at, value) => {
                guarded(*at, 8, &format!("(i64.store (i32.const {at}) (i64.const {value}))"))
            }
            Self::Fill(at, byte, len) => guarded(
                *at,
                *len,
                &format!("(memory.fill (i32.const {at}) (i32.const {byte}) (i32.const {len}))"),
            ),
            Self::Grow(pages) => format!("(drop (memory.grow (i32.const {pages})))"),
            Self::Init(at) => guarded(
                *at,
                5,
                &format!("(memory.init $d (i32.const {at}) (i32.const 1) (i32.const 5))"),
            ),
            Self::Integer(value) => format!("(global.set $i (i32.const {value}))"),
            Self::Long(value) => format!("(global.set $l (i64.const {value}))"),
            Self::Float(bits) => {
                format!("(global.set $f (f32.reinterpret_i32 (i32.const {bits})))")
            }
            Self::Double(bits) => {
                format!("(global.set $d (f64.reinterpret_i64 (i64.const {bits})))")
            }
            Self::Read(at) => guarded(
                *at,
                64,
                &format!(
                    "(drop (call $read_json (i32.const 0x0800) (i32.const 0) (i32.const 0) (i32.const -1) (i32.const {at}) (i32.const 64)))"
                ),
            ),
            Self::Ask(at) => guarded(
                *at,
                8,
                &format!(
                    "(i32.store (i32.const {at}) (call $count (i32.const 0x0201) (i32.const 0)))"
                ),
            ),
            Self::Log => "(drop (call $log (i32.const 3) (i32.const 0) (i32.const 100)))".into(),
            Self::Panic => "(drop (call $panic (i32.const 0) (i32.const 9)))".into(),
            Self::Recurse => "(drop (call $deep (i32.const 50)))".into(),
        }
    }
}

/// Does something with a part of the memory if that is there.
fn guarded(at: u32, len: u32, act: &str) -> String {
    format!(
        "(if (i32.le_u (i32.const {}) (i32.shl (memory.size) (i32.const 16))) (then {act}))",
        at + len
    )
}

/// The hash is told with letters, as the reason of a denial.
fn wasm(pages: u32, maximum: Option<u32>, reactor: &[Step], init: &[Step]) -> Vec<u8> {
    let maximum = maximum.map(|maximum| (pages + maximum).to_string()).unwrap_or_default();
    let steps = |steps: &[Step]| steps.iter().map(Step::wat).collect::<String>();
    guest(&format!(
        r#"(memory (export "memory") {pages} {maximum})
           (global $stack (mut i32) (i32.const 0x4000))
           (global $i (mut i32) (i32.const 5)) (global $f (mut f32) (f32.const 1.5))
           (global $fixed i64 (i64.const 5)) (global $l (export "own") (mut i64) (i64.const 5))
           (global $d (mut f64) (f64.const nan)) (global $calls (mut i32) (i32.const 0))
           (data (i32.const 100) "some data of the module") (data (i32.const 0x8ffe) "more of it")
           (data $d "passive") (table funcref (elem $deep))
           (func $deep (param i32) (result i32)
             (global.set $stack (i32.sub (global.get $stack) (i32.const 16)))
             (i32.store (global.get $stack) (local.get 0))
             (if (local.get 0)
               (then (drop (call_indirect (param i32) (result i32)
                 (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))))
             (global.set $stack (i32.add (global.get $stack) (i32.const 16)))
             (i32.const 0))
           (func (export "_initialize") {})
           (func (export "cpex_init") (result i32) {} (i32.const 0))
           (func $mix (param i64 i64) (result i64)
             (i64.mul (i64.xor (local.get 0) (local.get 1)) (i64.const 0x100000001b3)))
           (func $hash (result i64) (local $at i32) (local $hash i64)
             (local.set $hash (i64.extend_i32_u (memory.size)))
             (loop $next
               (local.set $hash (call $mix (i64.rotl (local.get $hash) (i64.const 5)) (i64.load (local.get $at))))
               (local.set $at (i32.add (local.get $at) (i32.const 8)))
               (br_if $next (i32.lt_u (local.get $at) (i32.shl (memory.size) (i32.const 16)))))
             (local.set $hash (call $mix (local.get $hash) (i64.extend_i32_u (global.get $i))))
             (local.set $hash (call $mix (local.get $hash) (global.get $l)))
             (local.set $hash (call $mix (local.get $hash) (i64.extend_i32_u (i32.reinterpret_f32 (global.get $f)))))
             (local.set $hash (call $mix (local.get $hash) (i64.reinterpret_f64 (global.get $d))))
             (local.set $hash (call $mix (local.get $hash) (i64.extend_i32_u (global.get $calls))))
             (call $mix (local.get $hash) (i64.extend_i32_u (global.get $stack))))
           (func (export "cpex_invoke") (param i32) (result i32) (local $hash i64)
             (local.set $hash (call $hash))
             (loop $next
               (i32.store8 (local.get 0) (i32.add (i32.const 97) (i32.and (i32.wrap_i64 (local.get $hash)) (i32.const 15))))
               (local.set $hash (i64.shr_u (local.get $hash) (i64.const 4)))
               (local.set 0 (i32.add (local.get 0) (i32.const 1)))
               (br_if $next (i32.lt_u (local.get 0) (i32.const 16))))
             (drop (call $deny_text (i32.const 0) (i32.const 16) (i32.const 0) (i32.const 16)))
             (global.set $calls (i32.const 1)) (global.set $d (f64.const 2)) (global.set $i (i32.const 2))
             (drop (memory.grow (i32.const 1)))
             (memory.fill (i32.const 0) (i32.const 255) (i32.shl (memory.size) (i32.const 16)))
             (i32.const 1))"#,
        steps(reactor),
        steps(init)
    ))
}

/// The result of a call, and its cost.
fn told(result: Result<Outcome, Error>) -> (String, Option<Receipt>) {
    match result {
        Ok(Outcome { decision: Decision::Deny(violation), receipt, .. }) => {
            (violation.reason, Some(receipt))
        }
        Ok(outcome) => panic!("{:?}", outcome.decision),
        Err(error) => (error.to_string(), error.receipt().copied()),
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return result;
        }
    }
}

fn policy() -> Policy {
    let limits = Limits::default().memory_bytes(8 << 16).deadline(None);
    Policy::default().limits(limits).config("secret", "of the configuration")
}

/// Calls a plugin in each way there is, with and without a snapshot; gives what it tells.
fn check(wasm: &[u8]) -> String {
    let logs = Logs::default();
    let engine = logs.engine().build().unwrap();
    let load = |policy| Plugin::load(&engine, wasm, policy).unwrap();
    let mut tokens = policy().grant([Capability::ReadInboundCredentials]).allow_raw_credentials();
    tokens.limits.memory_bytes += 16 << 16;
    let mut hash = String::new();
    for policy in [tokens, policy().pooled(1), policy()] {
        let mut without = policy.clone().without_snapshot();
        without.isolation = Isolation::PerCall;
        let each = load(without);
        let before = logs.lines().len();
        let first = told(call(&each));
        let lines = logs.lines().len() - before;
        assert_eq!(told(call(&each)), first);
        assert_eq!(logs.lines().len() - before, 2 * lines);

        let plugin = load(policy);
        let before = logs.lines().len();
        assert_eq!(told(call(&plugin)), first);
        // So that the next call does not find the instance of this one.
        let _ = plugin.shutdown();
        assert_eq!(told(call(&plugin)), first);
        assert_eq!(told(run(plugin.call_async(HOOK, Request::tool_call("search")))), first);
        assert_eq!(logs.lines().len() - before, lines, "it was initialised again");
        hash = first.0;
    }
    hash
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_an_initialisation_left_is_what_each_call_finds(
        pages in 1_u32..3,
        maximum in proptest::option::of(0_u32..8),
        reactor in prop::collection::vec(step(), 0..4),
        init in prop::collection::vec(step(), 0..12),
    ) {
        check(&wasm(pages, maximum, &reactor, &init));
    }
}

#[test]
fn each_step_is_seen_by_the_hash() {
    let hash = |steps: &[Step]| check(&wasm(1, None, &[], steps));
    let nothing = hash(&[]);
    let mut seen = vec![nothing.clone()];
    for step in [
        Step::Store(0xfff8, 1),
        Step::Fill(0x1234, 7, 1),
        Step::Grow(1),
        Step::Init(500),
        Step::Integer(6),
        Step::Long(6),
        Step::Float(0x7fa0_0001),
        Step::Float(0x7fe0_0001),
        Step::Double(0x7ff0_0000_0000_0001),
        Step::Double(0x7ff8_0000_0000_0001),
        Step::Read(300),
        Step::Ask(300),
        Step::Recurse,
    ] {
        let hash = hash(std::slice::from_ref(&step));
        assert!(!seen.contains(&hash), "{step:?}");
        seen.push(hash);
    }
    assert_eq!(hash(&[Step::Log, Step::Panic]), nothing);
}

#[cfg(feature = "simd")]
#[test]
fn a_vector_is_carried_over() {
    let wasm = guest(
        r#"(memory (export "memory") 1) (global $v (mut v128) (v128.const i64x2 0 0))
           (func (export "cpex_init") (result i32)
             (global.set $v (v128.const i64x2 -2 0x7ff0000000000001)) (i32.const 0))
           (func (export "cpex_invoke") (param i32) (result i32)
             (i32.xor (i32.const 1) (i8x16.all_true (i8x16.eq (global.get $v)
               (v128.const i64x2 -2 0x7ff0000000000001)))))"#,
    );
    let plugin = load(&wasm, Policy::default());
    for _ in 0..3 {
        assert!(call(&plugin).unwrap().decision.is_allow());
    }
}
