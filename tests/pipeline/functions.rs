//! Functions of the embedder's, called by plugins in a pipeline.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cpex_wasmi::{AuditEvent, Engine, Invocation, Status};

use crate::pipeline::{Plugins, denied, invoke, on_both, tool_call};
use crate::upstream::adapter::WasmFactory;
use crate::upstream::extensions::{Extensions, SecurityExtension, SubjectExtension};

const YAML: &str = "
plugins:
  - name: costs
    kind: wasm://quota.wasm
    hooks: [cmf.tool_pre_invoke]
    capabilities: [read_subject]
    config:
      sandbox_policy:
        allowed_functions: [acme.take, acme.get, acme.put]
";

fn user(name: &str) -> Extensions {
    let subject = SubjectExtension { id: Some(name.into()), ..Default::default() };
    let security = SecurityExtension { subject: Some(subject), ..Default::default() };
    Extensions { security: Some(Arc::new(security)), ..Default::default() }
}

#[test]
fn an_engine_with_functions_is_given_to_the_factory() {
    on_both(async || {
        let plugins = Plugins::of(&["quota"]);
        let left = Arc::new(Mutex::new(BTreeMap::<String, u32>::new()));
        let told = Arc::new(Mutex::new(Vec::new()));
        let (taken, events) = (left.clone(), told.clone());
        let engine = Engine::builder()
            .function("acme.take", move |_: &mut Invocation<'_>, (user, cost): (String, u32)| {
                let mut left = taken.lock().unwrap();
                let left = left.entry(user).or_insert(2);
                let rest = left.checked_sub(cost);
                *left = rest.unwrap_or(*left);
                Ok(rest)
            })
            .function_async("acme.get", |_: &mut Invocation<'_>, _: String| async {
                // A timer of tokio's, as a store has that is reached by a network.
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                Ok::<_, Status>(None::<u32>)
            })
            .function_async("acme.put", |_: &mut Invocation<'_>, _: (String, u32)| async {
                tokio::task::yield_now().await;
                Ok::<_, Status>(())
            })
            .audit_sink(move |event: &AuditEvent<'_>| {
                let event = format!("{} {} {}", event.plugin, event.target, event.outcome);
                events.lock().unwrap().push(event);
            });
        let factory = WasmFactory::with_engine(plugins.path(), engine).unwrap();
        let manager = plugins.start_with(YAML, &factory).await;
        for call in 0..3 {
            let result = invoke(&manager, tool_call("search"), user("alice")).await;
            assert!(result.errors.is_empty(), "{:?}", result.errors);
            if call < 2 {
                assert!(!result.is_denied());
            } else {
                assert_eq!(denied(&result), "quota_exceeded");
            }
        }
        assert!(!invoke(&manager, tool_call("search"), user("bob")).await.is_denied());
        assert_eq!(*left.lock().unwrap(), [("alice".into(), 0), ("bob".into(), 1)].into());
        let told = told.lock().unwrap().clone();
        assert_eq!(told.len(), 3 + 3 + 2 + 3);
        assert_eq!(told[0], "costs acme.get allowed");
        manager.shutdown().await;
    });
}

#[test]
fn who_has_no_such_function_does_not_load_the_plugin() {
    let plugins = Plugins::of(&["quota"]);
    let problem = plugins.refused(YAML);
    assert!(problem.contains("`function:acme.take`"), "{problem}");
    assert!(problem.contains("this host has no such function"), "{problem}");
    let not_granted = plugins.refused(&YAML.replace("acme.take, ", ""));
    assert!(not_granted.contains("allowed_functions: [acme.take]"), "{not_granted}");
}
