//! The texts of a message.

use alloc::borrow::Cow;

/// The texts in one piece, without a copy where there is only one.
pub(crate) fn joined<'a>(mut texts: impl Iterator<Item = &'a str>) -> Cow<'a, str> {
    let first = Cow::Borrowed(texts.next().unwrap_or_default());
    texts.fold(first, |mut joined, text| {
        joined.to_mut().push_str(text);
        joined
    })
}
