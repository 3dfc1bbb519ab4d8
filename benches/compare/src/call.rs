//! One call, and that all engines give the same.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use cpex_core::context::PluginContext;
use cpex_core::executor::{ErasedResultFields, extract_erased};
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
}

pub fn came(handler: &dyn AnyHookHandler, input: &Input) -> Result<Came> {
    let mut context = PluginContext::new();
    let result = invoke(handler, input, &mut context)?;
    if result.modified_payload.is_some() || result.modified_extensions.is_some() {
        return Err("no policy of the comparison modifies anything".into());
    }
    let state = context.local_state.into_iter().map(|(name, value)| (name, value.to_string()));
    Ok(Came {
        allowed: result.continue_processing,
        violation: result.violation.map(|violation| (violation.code, violation.reason)),
        state: state.collect(),
    })
}

/// Loads a policy in each engine, and makes sure that each gives what native Rust gives, twice: the
/// second call meets an instance that is not new.
pub fn cases(
    engines: &[Box<dyn Engine>],
    workload: &Workload,
    isolations: &[Isolation],
) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut expected = None;
    for engine in engines.iter().filter(|engine| !engine.only_loads()) {
        for &isolation in engine.isolations() {
            if isolation != Isolation::None && !isolations.contains(&isolation) {
                continue;
            }
            let plugin =
                stored(&**engine, workload.policy).map_err(|error| named(&**engine, error))?;
            let handler =
                engine.load(&plugin, isolation).map_err(|error| named(&**engine, error))?;
            let case = Case { engine: engine.name(), isolation, handler };
            for _ in 0..2 {
                let came = came(&*case.handler, &workload.input)
                    .map_err(|error| named(&**engine, error))?;
                let expected = expected.get_or_insert_with(|| came.clone());
                if came != *expected {
                    let problem = format!("gives {came:?}, and native Rust {expected:?}");
                    return Err(named(&**engine, problem.into()));
                }
            }
            cases.push(case);
        }
    }
    Ok(cases)
}

fn named(engine: &dyn Engine, error: crate::Error) -> crate::Error {
    format!("{}: {error}", engine.name()).into()
}
