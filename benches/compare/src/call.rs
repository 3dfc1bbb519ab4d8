//! One call, and that all engines give the same.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use cpex_core::cmf::MessagePayload;
use cpex_core::context::PluginContext;
use cpex_core::executor::{ErasedResultFields, extract_erased};
use cpex_core::hooks::PluginPayload;
use cpex_core::registry::AnyHookHandler;

use crate::Result;
use crate::engines::{Engine, Isolation, stored};
use crate::request::Input;

/// A policy with a request, as a row of the tables.
pub struct Workload {
    pub name: String,
    pub policy: &'static str,
    pub input: Input,
}

/// A plugin ready to be called.
#[derive(Clone)]
pub struct Case {
    pub engine: &'static str,
    pub isolation: Isolation,
    pub handler: Arc<dyn AnyHookHandler>,
}

impl Case {
    pub fn name(&self) -> String {
        match self.isolation {
            Isolation::None => self.engine.into(),
            isolation => format!("{}, {}", self.engine, isolation.name()),
        }
    }
}

/// Calls a handler that never waits for anything. cpex-wasmi yields to other tasks where a call is long; there
/// are none.
pub fn invoke(
    handler: &dyn AnyHookHandler,
    input: &Input,
    context: &mut PluginContext,
) -> Result<ErasedResultFields> {
    let mut call = pin!(handler.invoke(&input.payload, &input.extensions, context));
    loop {
        if let Poll::Ready(result) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return extract_erased(result?).ok_or("the result has another type".into());
        }
    }
}

/// The result of a call, to be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Came {
    allowed: bool,
    violation: Option<(String, String)>,
    state: BTreeMap<String, String>,
    /// The content of a message that the policy changed.
    content: Option<serde_json::Value>,
}

pub fn came(handler: &dyn AnyHookHandler, input: &Input) -> Result<Came> {
    let mut context = PluginContext::new();
    let result = invoke(handler, input, &mut context)?;
    if result.modified_extensions.is_some() {
        return Err("no policy of the comparison modifies extensions".into());
    }
    let content = |payload: Box<dyn PluginPayload>| -> Result<_> {
        let message = payload.as_any().downcast_ref::<MessagePayload>();
        let message = &message.ok_or("the new payload is no message")?.message;
        Ok(serde_json::to_value(&message.content)?)
    };
    let state = context.local_state.into_iter().map(|(name, value)| (name, value.to_string()));
    Ok(Came {
        allowed: result.continue_processing,
        violation: result.violation.map(|violation| (violation.code, violation.reason)),
        state: state.collect(),
        content: result.modified_payload.map(content).transpose()?,
    })
}

/// Loads a policy in each engine, and makes sure that all agree about a request.
pub fn cases(
    engines: &[Box<dyn Engine>],
    workload: &Workload,
    isolations: &[Isolation],
) -> Result<Vec<Case>> {
    let cases = loaded(engines, workload.policy, isolations)?;
    agree(&cases, &workload.input)?;
    Ok(cases)
}

/// Loads a policy in each engine.
pub fn loaded(
    engines: &[Box<dyn Engine>],
    policy: &str,
    isolations: &[Isolation],
) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for engine in engines.iter().filter(|engine| !engine.only_loads()) {
        for &isolation in engine.isolations() {
            if isolation != Isolation::None && !isolations.contains(&isolation) {
                continue;
            }
            let handler =
                stored(&**engine, policy).and_then(|plugin| engine.load(&plugin, isolation));
            let handler = handler.map_err(|error| named(engine.name(), error))?;
            cases.push(Case { engine: engine.name(), isolation, handler });
        }
    }
    Ok(cases)
}

/// Makes sure that each case gives what native Rust gives, twice: the second call meets an instance that is not new.
pub fn agree(cases: &[Case], input: &Input) -> Result<()> {
    let mut expected = None;
    for case in cases {
        for _ in 0..2 {
            let came = came(&*case.handler, input).map_err(|error| named(case.engine, error))?;
            let expected = expected.get_or_insert_with(|| came.clone());
            if came != *expected {
                let problem = format!("gives {came:?}, and native Rust {expected:?}");
                return Err(named(case.engine, problem.into()));
            }
        }
    }
    Ok(())
}

fn named(engine: &str, error: crate::Error) -> crate::Error {
    format!("{engine}: {error}").into()
}
