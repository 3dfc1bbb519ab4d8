//! One case, and the one function that looks at it.

use std::time::Duration;

use cpex_wasmi::{Decision, Engine, Error, Limits, Outcome, Plugin, Policy, Receipt, Request};

use super::allocated::measured;
use super::binary::{has_init, with_init};
use super::common::*;
use super::export::export;

/// A hostile module, and its expected outcome.
#[derive(Clone)]
pub(crate) struct Case {
    name: String,
    wasm: Vec<u8>,
    policy: Policy,
    request: Request,
    run: Run,
    /// `allow`, `deny`, or the code of the error.
    expected: &'static str,
    /// A part of the error's message, or of the violation.
    says: String,
    /// The result of its next call, about a harmless request.
    next: &'static str,
    /// The most memory that loading and calling it may take, in KiB.
    peak_kib: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Run {
    Call,
    Shutdown,
}

/// The key that the plugins of [`Case::body`] look for in the custom slot.
const EVIL: &str = "evil";

/// A plugin that has nothing to do with the case, on the same engine and with the same name: it denies
/// the tool `search`, and no other.
const NEIGHBOUR: &str = "(drop (call $read_text (i32.const 0x0122) (i32.const 0)
    (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 16)))
    (i64.eq (i64.load (i32.const 0)) (i64.const 0x686372616573))";

/// The memory that loading and calling a small module takes at most, in KiB: a page of its own, and
/// what the interpreter has for it.
const SMALL_KIB: usize = 288;

impl Case {
    /// A module that is as bad each time.
    pub(crate) fn new(name: impl Into<String>, wasm: Vec<u8>, expected: &'static str) -> Self {
        Self {
            name: name.into(),
            wasm,
            policy: Policy::default().limits(limits()),
            request: Request::tool_call("search").custom(EVIL, true),
            run: Run::Call,
            expected,
            says: String::new(),
            next: expected,
            peak_kib: SMALL_KIB,
        }
    }

    /// A plugin with this body, and with fields that it needs, which allows what does not ask it to
    /// be bad. (It has `evil` in its memory at 65,000.)
    pub(crate) fn with(
        name: impl Into<String>,
        fields: &str,
        body: &str,
        to: &'static str,
    ) -> Self {
        let memory = r#"(memory (export "memory") 1)"#;
        let memory = if fields.contains("(memory (") { "" } else { memory };
        let wasm = guest(&format!(
            r#"{memory} {fields} (data (i32.const 65000) "{EVIL}")
               (func (export "cpex_invoke") (param i32) (result i32) (local $n i32)
                 (if (i32.eqz (call $contains (i32.const 0x0600) (i32.const 0)
                   (i32.const 65000) (i32.const 4))) (then (return (i32.const 0))))
                 {body})"#
        ));
        Self::new(name, wasm, to).next("allow")
    }

    /// This without further fields.
    pub(crate) fn body(name: impl Into<String>, body: &str, expected: &'static str) -> Self {
        Self::with(name, "", body, expected)
    }

    /// Of a plugin whose verdict is what a host function answers: the name of that status.
    pub(crate) fn status(self, name: &str) -> Self {
        self.says(format!("the status `{name}`"))
    }

    pub(crate) fn says(mut self, says: impl Into<String>) -> Self {
        self.says = says.into();
        self
    }

    pub(crate) fn next(mut self, next: &'static str) -> Self {
        self.next = next;
        self
    }

    pub(crate) fn peak_kib(mut self, peak_kib: usize) -> Self {
        self.peak_kib = peak_kib;
        self
    }

    pub(crate) fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.policy.limits);
        self
    }

    pub(crate) fn policy(mut self, change: impl FnOnce(Policy) -> Policy) -> Self {
        self.policy = change(self.policy);
        self
    }

    /// Another request, which asks the plugin to be bad.
    pub(crate) fn request(mut self, request: Request) -> Self {
        self.request = request.custom(EVIL, true);
        self
    }

    /// This with an initialisation that leaves a page more of memory, with something in it, and a
    /// global; with the module's own, if it has one. `None` of a module that is refused.
    fn initialised(&self) -> Option<Self> {
        Plugin::load(&engine(), &self.wasm, self.policy.clone()).ok()?;
        let mut case = self.clone();
        if !has_init(&case.wasm) {
            case.wasm = with_init(&case.wasm);
            case.name += ", initialised";
            // A memory that grows is moved to twice its size; and another instance to compare it with.
            case.peak_kib = 2 * case.peak_kib + 512;
        }
        Some(case)
    }

    /// It is the shutdown that is bad.
    pub(crate) fn at_shutdown(mut self) -> Self {
        self.run = Run::Shutdown;
        self
    }
}

/// Enough for any case to come to its end, and little enough to be there soon.
fn limits() -> Limits {
    Limits::default()
        .fuel(20_000_000)
        .init_fuel(1_000_000)
        .memory_bytes(16 << 20)
        .deadline(Duration::from_secs(20))
}

/// Checks a case with an instance for each call, and with a pool: what comes of it, that the plugin
/// and its neighbour go on as if nothing had been, and what it took of the host's memory. Then, of the
/// module with an initialisation, that it comes to the same whether that runs for each call or not.
pub(crate) fn check(case: &Case) {
    let plain = Policy::default().limits(limits());
    if case.run == Run::Call && format!("{:?}", case.policy) == format!("{plain:?}") {
        export(&case.name, &case.wasm, &case.request, [case.expected, case.next]);
    }
    if case.run == Run::Call {
        check_under(case, case.policy.clone());
        if let Some(case) = case.initialised() {
            let each = run_under(&case, case.policy.clone().without_snapshot());
            assert_eq!(run_under(&case, case.policy.clone()), each, "{}", case.name);
        }
    }
    check_under(case, case.policy.clone().pooled(2));
}

fn check_under(case: &Case, policy: Policy) {
    let Case { name, expected, says, next, .. } = case;
    let seen = run_under(case, policy);
    for ((code, said, _), expected) in seen.iter().zip([expected, next, next]) {
        assert_eq!(code, expected, "{name}: {said}");
    }
    assert!(seen[0].1.contains(says.as_str()), "{name}: {}", seen[0].1);
}

/// The result of a call: a word, its message, and its cost.
type Seen = (&'static str, String, Option<Receipt>);

/// The result of a case under a policy, when it is asked to be bad and twice when it is not.
fn run_under(case: &Case, policy: Policy) -> [Seen; 3] {
    let Case { name, wasm, request, run, peak_kib, .. } = case;
    let engine = engine();
    let neighbour = Plugin::load(&engine, &invoking(NEIGHBOUR), Policy::default()).unwrap();
    let request = request.clone();
    let ((plugin, result), peak) = measured(|| match Plugin::load(&engine, wasm, policy.clone()) {
        Err(error) => (None, Err(error)),
        Ok(plugin) => {
            let result = plugin.call(HOOK, request);
            let shutdown = if *run == Run::Shutdown { plugin.shutdown() } else { Ok(()) };
            (Some(plugin), result.and_then(|outcome| shutdown.map(|()| outcome)))
        }
    });
    assert!(peak <= peak_kib << 10, "{name} took {} KiB of at most {peak_kib}", peak >> 10);
    let first = seen(&result);
    drop(result);
    let again = || match &plugin {
        Some(plugin) => seen(&call(plugin)),
        None => seen(&loaded(&engine, wasm, &policy)),
    };
    let all = [first, again(), again()];
    for (tool, decision) in [("search", "deny"), ("other", "allow")] {
        let outcome = neighbour.call(HOOK, Request::tool_call(tool));
        assert_eq!(told(&outcome).0, decision, "the neighbour of {name}");
    }
    all
}

fn seen(result: &Result<Outcome, Error>) -> Seen {
    let (code, said) = told(result);
    let receipt = match result {
        Ok(outcome) => Some(outcome.receipt),
        // It ends wherever the clock says.
        Err(error) if error.code() == "timeout" => None,
        Err(error) => error.receipt().copied(),
    };
    (code, said, receipt)
}

fn loaded(engine: &Engine, wasm: &[u8], policy: &Policy) -> Result<Outcome, Error> {
    Plugin::load(engine, wasm, policy.clone()).and_then(|plugin| call(&plugin))
}

/// The result of a call, in a word, and its message.
pub(crate) fn told(result: &Result<Outcome, Error>) -> (&'static str, String) {
    match result {
        Ok(Outcome { decision: Decision::Allow, changes, .. }) => ("allow", format!("{changes:?}")),
        Ok(Outcome { decision: Decision::Deny(violation), .. }) => {
            ("deny", format!("{violation:?}"))
        }
        Err(error) => (error.code(), error.to_string()),
    }
}
