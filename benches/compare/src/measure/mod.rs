//! The measurements, a file for each kind.

pub mod by_loop;
pub mod calls;
pub mod load;
pub mod memory;
pub mod sizes;
pub mod texts;
pub mod threads;
