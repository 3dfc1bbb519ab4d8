//! The meter of a check: its steps, its depth, and its halts.

use super::{MAX_DEPTH, MAX_PROBLEMS, MAX_STEPS};

/// The steps that a message counts as.
const STEPS_PER_MESSAGE: u32 = 128;

/// The reason for which a check ended early. A check that ends early has not passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// It found as many problems as are told.
    Enough,
    /// It took all its steps.
    Steps,
    /// It was in more than [`MAX_DEPTH`] schemas, or values, at once.
    Depth,
    /// A number is beyond `f64`.
    Number,
}

impl Halt {
    /// A message to the operator, who may not have written the schema.
    pub(super) const fn message(self) -> Option<&'static str> {
        match self {
            Self::Enough => None,
            Self::Steps => Some(
                "cannot be checked: the schema takes too many steps to check; \
                 make lists shorter, or have the plugin's schema simplified",
            ),
            Self::Depth => Some(
                "cannot be checked: the schema or the configuration nests too deep; \
                 make it flatter, or have the plugin's schema simplified",
            ),
            Self::Number => Some("cannot be checked: it has a number that is too large"),
        }
    }
}

/// Counts what a check does, and ends it when it does too much.
#[derive(Debug)]
pub(super) struct Meter {
    steps: u32,
    depth: usize,
    messages: usize,
}

impl Meter {
    pub(super) const fn new() -> Self {
        Self::within(MAX_STEPS)
    }

    /// A meter of so many steps.
    pub(super) const fn within(steps: u32) -> Self {
        Self { steps, depth: 0, messages: 3 * MAX_PROBLEMS }
    }

    /// The steps that are left.
    pub(super) const fn left(&self) -> u32 {
        self.steps
    }

    /// Charges one step.
    pub(super) fn step(&mut self) -> Result<(), Halt> {
        self.bytes(0)
    }

    /// Charges one step and those for so many bytes of text.
    pub(super) fn bytes(&mut self, bytes: usize) -> Result<(), Halt> {
        self.steps(u32::try_from(bytes / 64).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// Charges so many steps.
    pub(super) fn steps(&mut self, steps: u32) -> Result<(), Halt> {
        match self.steps.checked_sub(steps) {
            Some(left) => self.steps = left,
            None => {
                self.steps = 0;
                return Err(Halt::Steps);
            }
        }
        Ok(())
    }

    /// Charges a message. Only so many are written, be it the same one again and again: each may
    /// look for names that are like others, which takes its time.
    pub(super) fn message(&mut self) -> Result<(), Halt> {
        self.steps(STEPS_PER_MESSAGE)?;
        self.messages = self.messages.checked_sub(1).ok_or(Halt::Enough)?;
        Ok(())
    }

    /// Goes one level down. The way up is [`leave`](Self::leave); there is none after an error.
    pub(super) fn enter(&mut self) -> Result<(), Halt> {
        self.step()?;
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH { Err(Halt::Depth) } else { Ok(()) }
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}
