//! Outcomes of calls: the decision, the changes and the receipt.

mod changes;
mod telemetry;

use alloc::boxed::Box;
use alloc::string::String;

use cpex_wasmi_abi::Violation;

pub use changes::Changes;
pub(crate) use changes::Current;
pub use telemetry::Telemetry;

use crate::Receipt;

/// The result of a call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The decision: whether the operation may go on.
    pub decision: Decision,
    /// The changes of the plugin. Empty but for the context when the operation was denied.
    pub changes: Changes,
    /// The metrics and metadata that the plugin reported.
    pub telemetry: Telemetry,
    /// The cost of the call.
    pub receipt: Receipt,
}

/// The outcome on its way out of a session: most calls neither deny nor change anything, and what they
/// could have is large.
pub(crate) struct RawOutcome {
    pub(crate) violation: Option<Box<Violation>>,
    pub(crate) changes: Option<Box<Changes>>,
    pub(crate) telemetry: Option<Box<Telemetry>>,
    pub(crate) receipt: Receipt,
}

impl From<RawOutcome> for Outcome {
    fn from(ended: RawOutcome) -> Self {
        let RawOutcome { violation, changes, telemetry, receipt } = ended;
        Self {
            decision: violation.map_or(Decision::Allow, |violation| Decision::Deny(*violation)),
            changes: changes.map_or_else(Changes::default, |changes| *changes),
            telemetry: telemetry.map_or_else(Telemetry::default, |telemetry| *telemetry),
            receipt,
        }
    }
}

/// The decision about an operation.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Decision {
    /// It may, as far as this plugin is concerned.
    Allow,
    /// It may not.
    Deny(Violation),
}

impl Decision {
    /// True if the operation may go on.
    pub const fn is_allow(&self) -> bool {
        matches!(self, Self::Allow)
    }

    /// The violation, if the operation is denied.
    pub const fn violation(&self) -> Option<&Violation> {
        match self {
            Self::Allow => None,
            Self::Deny(violation) => Some(violation),
        }
    }
}

/// The code of a violation for a plugin that denies and does not say why.
pub(crate) const UNEXPLAINED: &str = "denied";

/// The violation for a plugin that denies and does not say why.
pub(crate) fn unexplained() -> Violation {
    Violation::new(UNEXPLAINED, String::from("the plugin gave no reason"))
}
