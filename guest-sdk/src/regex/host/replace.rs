//! Replacements of matches.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::AnyRegex;
use super::captures::AnyCaptures;
use super::haystack::Haystack;
use super::matches::AnyMatch;

/// A replacement of matches: a text with groups in it, or a function of the groups.
pub trait AnyReplacer<H: Haystack + ?Sized> {
    /// Appends what stands for a match.
    fn replace_append(&mut self, captures: &AnyCaptures<'_, H>, dst: &mut H::Owned);

    /// The replacement, if it is one for all matches.
    fn no_expansion(&mut self) -> Option<Cow<'_, H>> {
        None
    }
}

/// A replacement as it is, without groups.
#[derive(Clone, Copy, Debug)]
pub struct NoExpand<'t>(pub &'t str);

/// A replacement as it is, without groups.
#[derive(Clone, Copy, Debug)]
pub struct BytesNoExpand<'t>(pub &'t [u8]);

impl AnyReplacer<str> for NoExpand<'_> {
    fn replace_append(&mut self, _: &AnyCaptures<'_, str>, dst: &mut String) {
        dst.push_str(self.0);
    }

    fn no_expansion(&mut self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.0))
    }
}

impl AnyReplacer<[u8]> for BytesNoExpand<'_> {
    fn replace_append(&mut self, _: &AnyCaptures<'_, [u8]>, dst: &mut Vec<u8>) {
        dst.extend_from_slice(self.0);
    }

    fn no_expansion(&mut self) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(self.0))
    }
}

impl AnyReplacer<str> for &str {
    fn replace_append(&mut self, captures: &AnyCaptures<'_, str>, dst: &mut String) {
        expand(captures, self, dst);
    }

    fn no_expansion(&mut self) -> Option<Cow<'_, str>> {
        (!self.contains('$')).then_some(Cow::Borrowed(*self))
    }
}

impl AnyReplacer<str> for &String {
    fn replace_append(&mut self, captures: &AnyCaptures<'_, str>, dst: &mut String) {
        expand(captures, self, dst);
    }

    fn no_expansion(&mut self) -> Option<Cow<'_, str>> {
        (!self.contains('$')).then_some(Cow::Borrowed(self.as_str()))
    }
}

impl AnyReplacer<str> for String {
    fn replace_append(&mut self, captures: &AnyCaptures<'_, str>, dst: &mut String) {
        expand(captures, self, dst);
    }

    fn no_expansion(&mut self) -> Option<Cow<'_, str>> {
        (!self.contains('$')).then_some(Cow::Borrowed(self.as_str()))
    }
}

impl AnyReplacer<[u8]> for &[u8] {
    fn replace_append(&mut self, captures: &AnyCaptures<'_, [u8]>, dst: &mut Vec<u8>) {
        each_part(self, |part| match part {
            Part::Text(text) => dst.extend_from_slice(text),
            Part::Group(name) => {
                let group = group_of(captures, name);
                dst.extend_from_slice(group.map(|group| group.as_bytes()).unwrap_or_default());
            }
        });
    }

    fn no_expansion(&mut self) -> Option<Cow<'_, [u8]>> {
        (!self.contains(&b'$')).then_some(Cow::Borrowed(*self))
    }
}

impl<const N: usize> AnyReplacer<[u8]> for &[u8; N] {
    fn replace_append(&mut self, captures: &AnyCaptures<'_, [u8]>, dst: &mut Vec<u8>) {
        self.as_slice().replace_append(captures, dst);
    }
}

impl<F, T> AnyReplacer<str> for F
where
    F: FnMut(&AnyCaptures<'_, str>) -> T,
    T: AsRef<str>,
{
    fn replace_append(&mut self, captures: &AnyCaptures<'_, str>, dst: &mut String) {
        dst.push_str(self(captures).as_ref());
    }
}

impl<F, T> AnyReplacer<[u8]> for F
where
    F: FnMut(&AnyCaptures<'_, [u8]>) -> T,
    T: AsRef<[u8]>,
{
    fn replace_append(&mut self, captures: &AnyCaptures<'_, [u8]>, dst: &mut Vec<u8>) {
        dst.extend_from_slice(self(captures).as_ref());
    }
}

/// The text with its first `limit` matches replaced; all of them if that is 0.
pub(super) fn replaced<'h, H: Haystack + ?Sized, R: AnyReplacer<H>>(
    regex: &AnyRegex<H>,
    haystack: &'h H,
    limit: usize,
    mut rep: R,
) -> Cow<'h, H> {
    // So it is most times, and nothing has to be set up for it.
    if regex.0.has_none(haystack.bytes()) {
        return Cow::Borrowed(haystack);
    }
    let limit = if limit == 0 { usize::MAX } else { limit };
    let mut out = None;
    let mut copied = 0;
    if let Some(rep) = rep.no_expansion() {
        for found in regex.find_iter(haystack).take(limit) {
            let out = out.get_or_insert_with(H::empty);
            H::push(out, haystack.part(copied, found.start()));
            H::push(out, &rep);
            copied = found.end();
        }
    } else {
        for captures in regex.captures_iter(haystack).take(limit) {
            let found = captures.get_match();
            let out = out.get_or_insert_with(H::empty);
            H::push(out, haystack.part(copied, found.start()));
            rep.replace_append(&captures, out);
            copied = found.end();
        }
    }
    match out {
        None => Cow::Borrowed(haystack),
        Some(mut out) => {
            H::push(&mut out, haystack.part(copied, haystack.len()));
            Cow::Owned(out)
        }
    }
}

/// Appends a replacement with the groups that it names.
pub(super) fn expand(captures: &AnyCaptures<'_, str>, replacement: &str, dst: &mut String) {
    each_part(replacement.as_bytes(), |part| match part {
        Part::Text(text) => dst.push_str(core::str::from_utf8(text).unwrap_or_default()),
        Part::Group(name) => {
            let group = group_of(captures, name);
            dst.push_str(group.map(|group| group.as_str()).unwrap_or_default());
        }
    });
}

fn group_of<'h, H: Haystack + ?Sized>(
    captures: &AnyCaptures<'h, H>,
    name: &[u8],
) -> Option<AnyMatch<'h, H>> {
    let name = core::str::from_utf8(name).ok()?;
    match name.parse() {
        Ok(number) => captures.get(number),
        Err(_) => captures.name(name),
    }
}

/// A part of a replacement.
enum Part<'t> {
    Text(&'t [u8]),
    /// The group with this number or name.
    Group(&'t [u8]),
}

/// Takes a replacement apart, as the crate `regex` does.
fn each_part<'t>(mut rest: &'t [u8], mut part: impl FnMut(Part<'t>)) {
    while let Some(dollar) = rest.iter().position(|byte| *byte == b'$') {
        let (before, group) = rest.split_at(dollar);
        part(Part::Text(before));
        let behind = group.get(1..).unwrap_or_default();
        rest = behind;
        match behind.first() {
            Some(b'$') => {
                part(Part::Text(b"$"));
                rest = behind.get(1..).unwrap_or_default();
            }
            Some(b'{') => {
                let named = behind.get(1..).unwrap_or_default();
                match named.iter().position(|byte| *byte == b'}') {
                    Some(end) => {
                        part(Part::Group(named.get(..end).unwrap_or_default()));
                        rest = named.get(end.saturating_add(1)..).unwrap_or_default();
                    }
                    None => part(Part::Text(b"$")),
                }
            }
            _ => {
                let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
                let len = behind.iter().take_while(|byte| in_name(byte)).count();
                let (name, after) = behind.split_at(len);
                part(if name.is_empty() { Part::Text(b"$") } else { Part::Group(name) });
                rest = after;
            }
        }
    }
    part(Part::Text(rest));
}
