//! Values that are always there in the engine, and for plugins where they say something.

/// Texts that may be empty.
pub(crate) mod optional {
    use alloc::borrow::ToOwned as _;
    use alloc::string::String;

    /// A text, if it is not empty.
    pub(crate) fn to(text: &str) -> Option<String> {
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// Flags.
pub(crate) mod flag {
    /// `true`, if it is.
    pub(crate) fn to(flag: bool) -> Option<bool> {
        flag.then_some(true)
    }
}

/// The text before a minted token in its header.
pub(crate) mod prefix {
    use alloc::borrow::ToOwned as _;
    use alloc::string::String;

    /// The prefix that is meant where there is none.
    const BEARER: &str = "Bearer ";

    /// A prefix other than the usual one. It may be empty.
    pub(crate) fn to(prefix: &str) -> Option<String> {
        (prefix != BEARER).then(|| prefix.to_owned())
    }

    /// The prefix that a plugin said, or the usual one.
    pub(crate) fn from(prefix: Option<String>) -> String {
        prefix.unwrap_or_else(|| BEARER.to_owned())
    }
}
