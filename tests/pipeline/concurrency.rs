//! Many calls at once, calls that do not end, calls that are given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

use crate::common::{HOOK, guest};
use crate::pipeline::*;
use crate::upstream::PluginManager;
use crate::upstream::context::PluginContextTable;
use crate::upstream::extensions::Extensions;

/// Far longer than anything here takes.
const AGES: Duration = Duration::from_secs(30);

/// Fuel for far longer than that.
const NO_END: &str = "max_fuel: 1000000000000000";

/// An entry with these resources.
fn limited(name: &str, module: &str, resources: &str, added: &str) -> String {
    let policy = format!("config: {{ sandbox_policy: {{ resources: {{ {resources} }} }} }}");
    entry(name, module, &format!("{policy}, {added}"))
}

/// Counts how often it gets its turn, until the test is over.
struct Ticker(Arc<AtomicU64>, Arc<AtomicBool>);

impl Ticker {
    fn start() -> Self {
        let ticker = Self(Arc::default(), Arc::default());
        let (ticks, over) = (ticker.0.clone(), ticker.1.clone());
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                ticks.fetch_add(1, Ordering::Relaxed);
                yield_now().await;
            }
        });
        ticker
    }

    fn ticks(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.1.store(true, Ordering::Relaxed);
    }
}

#[test]
fn an_endless_plugin_ends_while_other_tasks_go_on() {
    on_both(async || {
        for mode in ["sequential", "transform", "audit", "concurrent"] {
            let resources = format!("{NO_END}, max_execution_time_ms: 200");
            let added = format!("mode: {mode}, on_error: ignore");
            let yaml = configuration(&[limited("loops", "loops", &resources, &added)]);
            let manager = Plugins::of(&["loops"]).start(&yaml).await;
            let ticker = Ticker::start();
            let since = Instant::now();
            let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
            assert!(since.elapsed() < AGES, "{mode}");
            assert!(ticker.ticks() > 20, "{mode}: {}", ticker.ticks());
            assert_eq!(result.errors[0].code.as_deref(), Some("timeout"), "{mode}");
            assert!(result.errors[0].message.contains("200ms"), "{:?}", result.errors);
        }
    });
}

#[test]
fn between_the_slices_of_a_call_other_tasks_have_their_turn() {
    on_both(async || {
        let resources = "max_execution_time_ms: 600000";
        let yaml = configuration(&[limited("counts", "counts", resources, "")]);
        let manager = Plugins::new().with("counts.wasm", &counting(10_000_000)).start(&yaml).await;
        let ticker = Ticker::start();
        // In a task, as in a server: what waits for a timer or a socket is not put off until many slices
        // are over.
        let calling = async move { invoke(&manager, tool_call("pay"), labelled(&[])).await };
        let result = timeout(AGES, tokio::spawn(calling)).await.unwrap().unwrap();
        assert!(!result.is_denied(), "{:?}", result.violation);
        assert!(ticker.ticks() > 50, "{}", ticker.ticks());
    });
}

#[test]
fn a_plugin_without_end_is_ended_by_the_pipelines_own_timeout() {
    on_both(async || {
        for mode in ["sequential", "concurrent"] {
            let resources = format!("{NO_END}, max_execution_time_ms: 600000");
            let entry = limited("loops", "loops", &resources, &format!("mode: {mode}"));
            let yaml =
                format!("{}plugin_settings: {{ plugin_timeout: 1 }}\n", configuration(&[entry]));
            let manager = Plugins::of(&["loops"]).start(&yaml).await;
            let ticker = Ticker::start();
            let since = Instant::now();
            let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
            assert!(since.elapsed() < AGES, "{mode}");
            assert!(ticker.ticks() > 20, "{mode}");
            assert_eq!(denied(&result), "plugin_timeout", "{mode}");
            assert_eq!(result.violation.unwrap().plugin_name.as_deref(), Some("loops"));
        }
    });
}

#[test]
fn a_concurrent_denial_waits_for_no_endless_plugin() {
    on_both(async || {
        let resources = format!("{NO_END}, max_execution_time_ms: 600000");
        let yaml = configuration(&[
            limited("loops", "loops", &resources, "mode: concurrent"),
            entry("pii", "pii_guard", "mode: concurrent, capabilities: [read_labels, read_roles]"),
        ]);
        let manager = Plugins::of(&["loops", "pii_guard"]).start(&yaml).await;
        let calling = invoke(&manager, tool_call("pay"), labelled(&["PII"]));
        let result = timeout(AGES, calling).await.unwrap();
        assert_eq!(denied(&result), "pii_access");
    });
}

/// Writes `loop` into either state; then loops, if the custom slot has that, else denies all but the first
/// call of the instance.
fn loops_if_told() -> Vec<u8> {
    guest(
        r#"(global $calls (mut i32) (i32.const 0))
           (data (i32.const 0) "loop")
           (func $set (param $field i32)
             (if (call $write_text (local.get $field) (i32.const 0)
                   (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 4))
               (then (unreachable))))
           (func (export "cpex_invoke") (param i32) (result i32)
             (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (call $set (i32.const 0x0700))
             (call $set (i32.const 0x0701))
             (if (call $contains (i32.const 0x0600) (i32.const 0) (i32.const 0) (i32.const 4))
               (then (loop $forever (br $forever))))
             (i32.ne (global.get $calls) (i32.const 1)))"#,
    )
}

fn told_to_loop() -> Extensions {
    let custom = [("loop".to_owned(), json!(true))].into_iter().collect();
    Extensions { custom: Some(Arc::new(custom)), ..Extensions::default() }
}

/// A manager with such a plugin, whose instances are pooled and whose deadline is far away.
async fn looping(settings: &str) -> Arc<PluginManager> {
    looping_with("max_instances: 4", "when_exhausted: grow", settings).await
}

/// This with other resources and another policy.
async fn looping_with(resources: &str, policy: &str, settings: &str) -> Arc<PluginManager> {
    let policy = format!(
        "isolation: pooled, {policy}, resources: {{ {NO_END}, max_execution_time_ms: 600000, {resources} }}"
    );
    let added = format!("on_error: ignore, config: {{ sandbox_policy: {{ {policy} }} }}");
    let yaml = format!("{}{settings}", configuration(&[entry("loops", "loops", &added)]));
    Plugins::new().with("loops.wasm", &loops_if_told()).start(&yaml).await
}

#[test]
fn an_abandoned_call_drops_its_instance_and_the_next_runs() {
    on_both(async || {
        let manager = looping("").await;
        let given_up = invoke(&manager, tool_call("pay"), told_to_loop());
        assert!(timeout(Duration::from_millis(50), given_up).await.is_err());
        let result =
            timeout(AGES, invoke(&manager, tool_call("pay"), labelled(&[]))).await.unwrap();
        assert!(!result.is_denied(), "the instance was used again");
        let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
        assert!(result.is_denied(), "no instance was kept");
    });
}

#[test]
fn a_call_too_many_is_refused_or_waits() {
    on_both(async || {
        let refusing = looping_with("max_instances: 1", "when_exhausted: refuse", "").await;
        let waiting =
            looping_with("max_instances: 1, max_wait_ms: 30000", "when_exhausted: wait", "").await;
        for (manager, refused) in [(refusing, true), (waiting, false)] {
            let looping = invoke(&manager, tool_call("pay"), told_to_loop());
            let given_up = timeout(Duration::from_millis(200), looping);
            let too_many = async {
                // Once the other is under way.
                tokio::time::sleep(Duration::from_millis(50)).await;
                invoke(&manager, tool_call("pay"), labelled(&[])).await
            };
            let (given_up, result) = tokio::join!(given_up, timeout(AGES, too_many));
            assert!(given_up.is_err());
            let result = result.unwrap();
            assert!(!result.is_denied());
            let codes: Vec<_> = result.errors.iter().map(|error| error.code.as_deref()).collect();
            assert_eq!(codes, if refused { vec![Some("instances_exhausted")] } else { vec![] });
            assert!(result.errors.iter().all(|error| error.details.is_empty()), "nothing ran");
        }
    });
}

#[test]
fn a_call_over_the_pipelines_time_leaves_the_state() {
    on_both(async || {
        let manager = looping("plugin_settings: { plugin_timeout: 1 }\n").await;
        let id = manager.get_plugin("loops").unwrap().id();
        let mut before = PluginContextTable::new();
        before.global_state.insert("before".into(), json!("global"));
        before.local_states.insert(id, [("before".into(), json!("local"))].into_iter().collect());
        let call = async |extensions| {
            let table = Some(before.clone());
            let calling = invoke_hook(&manager, HOOK, tool_call("pay"), extensions, table);
            timeout(AGES, calling).await.unwrap()
        };

        let timed_out = call(told_to_loop()).await;
        assert_eq!(timed_out.errors[0].code.as_deref(), Some("timeout"));
        let table = serde_json::to_value(&timed_out.context_table).unwrap();
        assert_eq!(table, serde_json::to_value(&before).unwrap());

        let table = call(labelled(&[])).await.context_table;
        assert_eq!(table.global_state["loop"], "loop");
        assert_eq!(table.local_states[&id]["loop"], "loop");
        assert_eq!(table.local_states[&id]["before"], "local");
    });
}

/// The number of calls at once.
const CALLS: usize = 1_000;

/// The results of so many calls at once, each in a task of its own.
async fn all<R>(count: usize, call: impl Fn(usize) -> R) -> Vec<R::Output>
where
    R: Future<Output: Send> + Send + 'static,
{
    let calls: JoinSet<_> = (0..count).map(call).collect();
    timeout(AGES, calls.join_all()).await.unwrap()
}

/// With time for a machine that has much else to do.
fn isolated(isolation: &str) -> String {
    format!(
        "config: {{ sandbox_policy: {{ isolation: {isolation}, \
         resources: {{ max_execution_time_ms: 60000 }} }} }}"
    )
}

#[test]
fn each_of_many_calls_at_once_has_its_own_answer() {
    on_both(async || {
        for isolation in ["per_call", "pooled"] {
            let policy = isolated(isolation);
            let yaml = configuration(&[
                entry("redact", "argument_redactor", &policy),
                entry(
                    "compute",
                    "compute",
                    &format!("{policy}, capabilities: [read_labels, read_headers]"),
                ),
                entry(
                    "pii",
                    "pii_guard",
                    &format!("{policy}, mode: concurrent, capabilities: [read_labels, read_roles]"),
                ),
            ]);
            let plugins = Plugins::of(&["argument_redactor", "compute", "pii_guard"]);
            let manager = plugins.start(&yaml).await;
            let answers = all(CALLS, |number| {
                let manager = manager.clone();
                async move {
                    let name = format!("tool-{number}");
                    let secret = if number % 2 == 0 { "ssn" } else { "other" };
                    let call = tool_call_with(&name, &[("own", &name), (secret, "078-05-1120")]);
                    let label = if number % 3 == 0 { "PII" } else { "public" };
                    (number, invoke(&manager, call, labelled(&[label])).await)
                }
            })
            .await;
            assert_eq!(answers.len(), CALLS);
            for (number, result) in answers {
                assert_eq!(result.is_denied(), number % 3 == 0, "{number}");
                assert!(result.errors.is_empty(), "{:?}", result.errors);
                let states = &result.context_table.local_states;
                let label = if number % 3 == 0 { "PII" } else { "public" };
                let summary = format!("tool-{number} {label}");
                assert!(states.values().any(|state| state.get("summary") == Some(&json!(summary))));
                if result.is_denied() {
                    continue;
                }
                assert_eq!(argument(&result, "own"), Some(&*format!("tool-{number}")));
                let masked = (number % 2 == 0).then_some("***-**-****");
                assert_eq!(argument(&result, "ssn"), masked, "{number}");
                assert_eq!(result.payload_modified, masked.is_some(), "{number}");
            }
        }
    });
}

#[test]
fn many_calls_that_take_long_take_turns() {
    on_both(async || {
        for isolation in ["per_call", "pooled"] {
            let yaml = configuration(&[entry("counts", "counts", &isolated(isolation))]);
            let manager = Plugins::new().with("counts.wasm", &counting(300_000)).start(&yaml).await;
            let answers = all(50, |_| {
                let manager = manager.clone();
                async move { invoke(&manager, tool_call("pay"), labelled(&[])).await }
            });
            for result in answers.await {
                assert!(!result.is_denied(), "{:?}", result.violation);
            }
        }
    });
}

/// Counts for several slices of fuel, and allows.
fn counting(turns: u32) -> Vec<u8> {
    guest(&format!(
        r#"(func (export "cpex_invoke") (param i32) (result i32)
             (local.set 0 (i32.const {turns}))
             (loop $again
               (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
               (br_if $again (local.get 0)))
             (i32.const 0))"#
    ))
}

#[test]
fn a_call_that_is_under_way_during_a_shutdown_comes_to_its_end() {
    on_both(async || {
        for isolation in ["per_call", "pooled"] {
            let yaml = configuration(&[entry("counts", "counts", &isolated(isolation))]);
            let plugins = Plugins::new().with("counts.wasm", &counting(1_000_000));
            let manager = plugins.start(&yaml).await;
            let calling = invoke(&manager, tool_call("pay"), labelled(&[]));
            let ((), result) = tokio::join!(
                async {
                    yield_now().await;
                    manager.shutdown().await;
                },
                calling
            );
            assert!(!result.is_denied() && result.errors.is_empty(), "{:?}", result.errors);
            assert!(!manager.is_initialized());
            // And so does one that comes too late.
            let result = invoke(&manager, tool_call("pay"), labelled(&[])).await;
            assert!(!result.is_denied() && result.errors.is_empty(), "{:?}", result.errors);
        }
    });
}
