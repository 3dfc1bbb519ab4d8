//! A bar for those who wait at a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal;

/// The progress of something. Nothing is shown where nobody watches, and of what is soon over.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// The steps of the parts that are over.
    before: u64,
    /// When the bar appears. `None`: it has, or it never will.
    appears: Option<Instant>,
}

impl Progress {
    const PATIENCE: Duration = Duration::from_millis(500);

    /// Begins something of `total` steps, shown by one of indicatif's templates.
    pub(crate) fn new(total: u64, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("== "));
        let appears = Instant::now().checked_add(Self::PATIENCE);
        Self { bar, before: 0, appears: appears.filter(|_| terminal::is_watched()) }
    }

    /// True if it makes sense to tell how far it has come.
    pub(crate) fn is_watched(&self) -> bool {
        self.appears.is_some() || !self.bar.is_hidden()
    }

    /// Says what is being done.
    pub(crate) fn says(&self, what: &'static str) {
        self.bar.set_message(what);
    }

    /// A part of so many steps is over.
    pub(crate) fn next(&mut self, steps: u64) {
        self.before = self.before.saturating_add(steps);
        self.step(0);
    }

    /// So many steps of this part are done.
    pub(crate) fn step(&mut self, steps: u64) {
        if let Some(appears) = self.appears {
            if Instant::now() < appears {
                return;
            }
            self.appears = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        }
        if !self.bar.is_hidden() {
            self.bar.set_position(self.before.saturating_add(steps));
        }
    }
}

/// Takes the bar away.
impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
