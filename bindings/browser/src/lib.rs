//! The host for a page: cpex-wasmi compiled to WebAssembly. `docs/playground` runs it in a worker.
//!
//! The page gives bytes or JSON and gets JSON. [`Host::inspect`] reads a plugin, [`Host::call`] calls it. `page` has the
//! functions that JavaScript sees.

mod answer;
#[allow(unreachable_pub, reason = "the file is the command line's")]
#[path = "../../../cli/src/call/diff.rs"]
mod diff;
mod inspection;
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "functions that JavaScript calls, and calls of JavaScript")]
mod page;
mod question;

use std::sync::{Arc, Mutex, PoisonError};

use cpex_wasmi::{AuditEvent, Clock, Engine, EngineBuilder, LogRecord, Module, Plugin};

use answer::{Answer, Failure, Notes};
use inspection::Inspection;
use question::{Question, Setting};

/// A host with one plugin at a time.
pub struct Host {
    /// Clones share the state that plugins keep.
    builder: EngineBuilder,
    notes: Arc<Mutex<Notes>>,
    wasm: Vec<u8>,
    plugin: Option<(Setting, Plugin)>,
}

impl Host {
    /// Makes a host, with the clock of the page.
    pub fn new(clock: impl Clock + 'static) -> Self {
        let notes = Arc::<Mutex<Notes>>::default();
        let (lines, events) = (notes.clone(), notes.clone());
        let builder = Engine::builder()
            .clock(clock)
            .log_sink(move |record: &LogRecord<'_>| note(&lines, |notes| notes.log(record)))
            .audit_sink(move |event: &AuditEvent<'_>| note(&events, |notes| notes.audit(event)))
            // There are none but those of a question.
            .environment::<String, String>([]);
        Self { builder, notes, wasm: Vec::new(), plugin: None }
    }

    /// Reads a module and keeps it for calls. Gives JSON: what is in it, or `error`.
    pub fn inspect(&mut self, wasm: &[u8]) -> String {
        self.plugin = None;
        self.wasm.clear();
        let module = self.builder.clone().build().and_then(|engine| Module::new(&engine, wasm));
        match module {
            Ok(module) => {
                self.wasm.extend_from_slice(wasm);
                json(&Inspection::new(&module))
            }
            Err(error) => json(&Failure::from(error)),
        }
    }

    /// Calls the plugin that was inspected last, as a question in JSON says. Gives JSON: the answer, or `error`.
    pub fn call(&mut self, question: &[u8]) -> String {
        self.noted();
        match self.answer(question) {
            Ok(answer) => json(&answer),
            Err(failure) => json(&failure.with(self.noted())),
        }
    }

    fn answer(&mut self, question: &[u8]) -> Result<Answer, Failure> {
        let Question { hook, request, setting } = Question::read(question)?;
        let request = Arc::new(request);
        let plugin = self.plugin(setting)?;
        let outcome = plugin.call(&hook, request.clone())?;
        Ok(Answer::new(&plugin, &request, outcome, self.noted()))
    }

    /// The plugin under these settings: that of the last call if they are its, so that what it keeps is there.
    fn plugin(&mut self, setting: Setting) -> Result<Plugin, Failure> {
        if let Some((last, plugin)) = &self.plugin
            && *last == setting
        {
            return Ok(plugin.clone());
        }
        self.plugin = None;
        let engine = setting.engine(self.builder.clone())?;
        let module = Module::new(&engine, &self.wasm)?;
        let plugin = Plugin::new(&module, setting.policy(module.manifest())?)?;
        self.plugin = Some((setting, plugin.clone()));
        Ok(plugin)
    }

    /// Takes what was logged and used since the last time.
    fn noted(&self) -> Notes {
        std::mem::take(&mut *self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn note(notes: &Mutex<Notes>, add: impl FnOnce(&mut Notes)) {
    add(&mut notes.lock().unwrap_or_else(PoisonError::into_inner));
}

/// A value as JSON. Nothing here has keys that are no texts.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| String::from("null"))
}
