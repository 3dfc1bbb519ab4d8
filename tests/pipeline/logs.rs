//! What is traced.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

thread_local! {
    /// What this thread has traced, while somebody wants it.
    static LINES: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// What is traced while something is done on this thread, as text.
///
/// The subscriber is that of the whole process: a callsite that another thread comes to first would
/// be switched off for a subscriber of one thread.
pub(crate) fn captured(act: impl FnOnce()) -> String {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .without_time()
            .with_writer(|| Lines)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    LINES.set(Some(Vec::new()));
    act();
    String::from_utf8(LINES.take().unwrap()).unwrap()
}

struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| {
            if let Some(lines) = lines {
                lines.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
