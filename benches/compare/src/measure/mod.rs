//! The measurements, a file for each kind.

pub mod calls;
pub mod load;
pub mod memory;
pub mod sizes;
pub mod tail_calls;
pub mod texts;
pub mod threads;
