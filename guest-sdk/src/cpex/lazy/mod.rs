//! Lists, maps and sets of a record, fetched or decoded when a handler looks at them.
//!
//! In an interpreter, decoding is what a plugin takes longest for, and hashing a name takes more than looking at a dozen of
//! them. So a record keeps the bytes of its maps and sets as the host sent them.

mod bytes;
mod fetched;
mod list;
pub mod map;
pub mod set;
mod source;
#[cfg(test)]
mod tests;

pub(super) use bytes::Bytes;
pub use fetched::LazyList;
pub(super) use list::List;
pub use map::LazyMap;
pub use set::LazySet;
pub(super) use source::Source;
