//! What makes a plugin one of `cpex-core`'s.

mod mirror;
