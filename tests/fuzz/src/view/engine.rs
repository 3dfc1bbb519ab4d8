//! The fields that capabilities open in the types of one engine. Compiled for each.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use cpex_wasmi::model::Extensions;
use cpex_wasmi::{CapabilitySet, Request};
use cpex_wasmi_arbitrary::{sorted, to_json};
use serde_json::json;

use super::super::{HOOK, Slots, reader, slots, standalone};
use super::upstream;
use super::upstream::adapter::WasmFactory;
use super::upstream::cmf::{Message, MessagePayload, Role};
use super::upstream::context::PluginContext;
use super::upstream::extensions::{Extensions as Theirs, filter_extensions};
use super::upstream::factory::PluginFactory as _;
use super::upstream::plugin::PluginConfig;
use super::upstream::registry::AnyHookHandler;
use crate::common::finish;

/// Asserts that what a plugin sees is what the engine's filter leaves.
pub(in super::super) fn check(extensions: &Extensions, capabilities: CapabilitySet) {
    let theirs = upstream::extensions_of(extensions);
    let names = capabilities.iter().map(|capability| capability.name().to_owned()).collect();
    let filtered = filter_extensions(&theirs, &names);
    let expected = upstream::slots(&filtered);
    assert_eq!(to_json(&extensions.visible_to(capabilities)), expected);

    let mut request = Request::tool_call("x");
    request.extensions = extensions.clone();
    assert_eq!(standalone(request, capabilities), slots(&expected));
    let handler = handler(capabilities, &names);
    for given in [theirs, filtered] {
        assert_eq!(embedded(&*handler, &given), slots(&expected));
    }
}

/// The values that a plugin reads when the engine calls it: it keeps each slot in its own state.
fn embedded(handler: &dyn AnyHookHandler, extensions: &Theirs) -> Slots {
    let message = Message::text(Role::User, "x");
    let payload = MessagePayload { message };
    let mut context = PluginContext::default();
    let ended = finish(handler.invoke(&payload, extensions, &mut context));
    if let Err(error) = ended {
        panic!("{error}");
    }
    context.local_state.into_iter().map(|(name, json)| (name, sorted(json))).collect()
}

fn handler(capabilities: CapabilitySet, names: &HashSet<String>) -> Arc<dyn AnyHookHandler> {
    let raw = json!({ "allow_raw_credentials": true });
    let config = PluginConfig {
        name: "reader".into(),
        kind: "wasm://reader.wasm".into(),
        hooks: vec![HOOK.into()],
        capabilities: names.clone(),
        config: Some(json!({ "sandbox_policy": raw })),
        ..PluginConfig::default()
    };
    let made = FACTORY.create(&config);
    let made = made.unwrap_or_else(|error| panic!("{capabilities:?}: {error}"));
    made.handlers.into_iter().next().unwrap().1
}

static FACTORY: LazyLock<WasmFactory> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fuzz-view");
    std::fs::create_dir_all(&folder).unwrap();
    // All at once: others may be doing the same.
    let own = folder.join(format!("reader.{}", std::process::id()));
    std::fs::write(&own, reader()).unwrap();
    std::fs::rename(&own, folder.join("reader.wasm")).unwrap();
    WasmFactory::new(&folder).unwrap()
});
