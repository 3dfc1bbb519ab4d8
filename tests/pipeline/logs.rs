//! Traces.

use std::io;
use std::sync::{Arc, Mutex, Once};

use tracing::Dispatch;
use tracing_subscriber::fmt::MakeWriter;

/// The traces of an action on this thread, as text.
pub(crate) fn captured(act: impl FnOnce()) -> String {
    let lines = Lines::default();
    lines.gather(act);
    lines.text()
}

/// Lines that are traced.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Gathers what is traced on this thread while something is done.
    pub(crate) fn gather(&self, act: impl FnOnce()) {
        tracing::dispatcher::with_default(&self.dispatch(), act);
    }

    /// Gathers what is traced on this thread, until it ends.
    pub(crate) fn gather_here(&self) {
        std::mem::forget(tracing::dispatcher::set_default(&self.dispatch()));
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn dispatch(&self) -> Dispatch {
        // `tracing` remembers for each place whether anyone listens, and asks the thread that comes by
        // first: without this, a test that does not listen could silence it for one that does.
        static EVERYWHERE: Once = Once::new();
        EVERYWHERE.call_once(|| {
            let listening = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_writer(io::sink)
                .finish();
            tracing::subscriber::set_global_default(listening).unwrap();
        });
        Dispatch::new(
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_ansi(false)
                .without_time()
                .with_writer(self.clone())
                .finish(),
        )
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
