//! The texts that are searched: `str` or bytes.

use cpex_wasmi_abi::pattern as flag;

/// A text, or bytes.
pub trait Haystack: alloc::borrow::ToOwned {
    /// The flags of patterns for it.
    #[doc(hidden)]
    const FLAGS: u32;
    #[doc(hidden)]
    fn bytes(&self) -> &[u8];
    #[doc(hidden)]
    fn part(&self, from: usize, to: usize) -> &Self;
    #[doc(hidden)]
    fn len(&self) -> usize {
        self.bytes().len()
    }
    #[doc(hidden)]
    fn empty() -> Self::Owned;
    #[doc(hidden)]
    fn push(owned: &mut Self::Owned, part: &Self);
}

impl Haystack for str {
    const FLAGS: u32 = 0;

    fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }

    fn part(&self, from: usize, to: usize) -> &Self {
        self.get(from..to).unwrap_or_default()
    }

    fn empty() -> alloc::string::String {
        alloc::string::String::new()
    }

    fn push(owned: &mut alloc::string::String, part: &Self) {
        owned.push_str(part);
    }
}

impl Haystack for [u8] {
    const FLAGS: u32 = flag::BYTES;

    fn bytes(&self) -> &[u8] {
        self
    }

    fn part(&self, from: usize, to: usize) -> &Self {
        self.get(from..to).unwrap_or_default()
    }

    fn empty() -> alloc::vec::Vec<u8> {
        alloc::vec::Vec::new()
    }

    fn push(owned: &mut alloc::vec::Vec<u8>, part: &Self) {
        owned.extend_from_slice(part);
    }
}
