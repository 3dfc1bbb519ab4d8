//! Everything a plugin usually needs: `use cpex_wasmi_guest::prelude::*;`.

pub use crate::{
    Call, Error, Field, JsonMap, Patterns, Prepared, Result, Status, Value, Verdict, Violation,
    allow, debug, deny, deny_with, error, info, patterns, plugin, trace, warn,
};
