//! One value out of a structure, by JSON Pointer (RFC 6901), without converting the rest.

use alloc::borrow::Cow;
use core::cell::Cell;
use core::fmt::{self, Write as _};

use serde::Serialize;
use serde_json::{Error, Value};

use super::walk::{Members, Walk};

/// The selected value, if there is one.
type Selected = Result<Option<Value>, Error>;

/// The wanted part of the value that a pointer names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// The value.
    Value,
    /// Only whether it is there; found is a `null`.
    Presence,
    /// A place that exists, even if JSON leaves it out for now; it is found as a `null`.
    Place,
}

/// The value that `pointer` names in the JSON of `value`, and about how many bytes were gone through
/// to get it. An empty pointer names all of it.
pub(crate) fn select<T: Serialize + ?Sized>(
    value: &T,
    pointer: &str,
    want: Want,
) -> (Option<Value>, usize) {
    let passed = Cell::new(0_usize);
    let found = Select { rest: pointer, want, passed: &passed }.below(value).ok().flatten();
    let built = found.as_ref().map_or(0, size);
    (found, passed.get().saturating_mul(PASSED).saturating_add(built))
}

/// The charge for passing one member, in bytes.
const PASSED: usize = 16;

/// The charge for making one value, in bytes of text: most of it is taking memory.
pub(crate) const EACH: usize = 128;

/// About how much work a value is to make, in bytes of text.
pub(crate) fn size(value: &Value) -> usize {
    let inner = match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(size).fold(0, usize::saturating_add),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| key.len().saturating_add(size(value)))
            .fold(0, usize::saturating_add),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    inner.saturating_add(EACH)
}

/// The first step of a pointer, unescaped, and what comes after it.
pub(crate) fn step(pointer: &str) -> Option<(Cow<'_, str>, &str)> {
    let pointer = pointer.strip_prefix('/')?;
    let end = pointer.find('/').unwrap_or(pointer.len());
    let (step, rest) = pointer.split_at_checked(end)?;
    let step = if step.contains('~') {
        Cow::Owned(step.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(step)
    };
    Some((step, rest))
}

/// The position in a list that a step names: digits, without leading zeros.
pub(crate) fn position(step: &str) -> Option<usize> {
    let plain = step == "0" || !step.starts_with(['0', '+']);
    plain.then(|| step.parse().ok()).flatten()
}

/// A walk that goes down one way and ignores the rest.
#[derive(Clone, Copy)]
struct Select<'p> {
    rest: &'p str,
    want: Want,
    passed: &'p Cell<usize>,
}

impl<'p> Select<'p> {
    fn below<T: Serialize + ?Sized>(self, value: &T) -> Selected {
        if self.rest.is_empty() {
            match self.want {
                Want::Value => serde_json::to_value(value).map(Some),
                Want::Presence | Want::Place => Ok(Some(Value::Null)),
            }
        } else {
            self.walk(value)
        }
    }
}

/// The members of one structure, of which at most one is on the way.
struct Steps<'p> {
    name: Cow<'p, str>,
    at: usize,
    below: Select<'p>,
    /// True if the key that was just passed is the one.
    entered: bool,
    found: Option<Value>,
}

impl Steps<'_> {
    fn member<T: Serialize + ?Sized>(&mut self, is_it: bool, value: &T) -> Result<(), Error> {
        let passed = self.below.passed;
        passed.set(passed.get().saturating_add(1));
        if is_it {
            self.found = self.below.below(value)?;
        }
        Ok(())
    }
}

impl<'p> Walk for Select<'p> {
    type Found = Option<Value>;
    type Members = Steps<'p>;

    /// The pointer leads past a value without members.
    fn leaf(self, _: usize) -> Selected {
        Ok(None)
    }

    fn enter(self) -> Result<Steps<'p>, Error> {
        let Some((name, rest)) = step(self.rest) else {
            return Err(serde::ser::Error::custom("no pointer"));
        };
        Ok(Steps { name, at: 0, below: Select { rest, ..self }, entered: false, found: None })
    }

    fn variant<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Selected {
        let mut steps = self.enter()?;
        let is_it = steps.name == name;
        steps.member(is_it, value)?;
        Ok(steps.found)
    }

    fn enter_variant(self, name: &'static str) -> Result<Steps<'p>, Error> {
        let outer = self.enter()?;
        if outer.name != name || outer.below.rest.is_empty() {
            return Err(serde::ser::Error::custom("no such structure in the model"));
        }
        outer.below.enter()
    }
}

impl Members for Steps<'_> {
    type Found = Option<Value>;

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let is_it = position(&self.name) == Some(self.at);
        self.at = self.at.saturating_add(1);
        self.member(is_it, value)
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.entered = is_text(key, &self.name);
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let is_it = core::mem::take(&mut self.entered);
        self.member(is_it, value)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        let is_it = self.name == name;
        self.member(is_it, value)
    }

    fn skip(&mut self, name: &'static str) {
        if self.below.want == Want::Place && self.below.rest.is_empty() && self.name == name {
            self.found = Some(Value::Null);
        }
    }

    fn leave(self) -> Selected {
        Ok(self.found)
    }
}

/// True if a key is this text, without a copy of it.
fn is_text<T: Serialize + ?Sized>(key: &T, text: &str) -> bool {
    let mut left = Unmatched(text);
    write!(left, "{}", Displayed(key)).is_ok() && left.0.is_empty()
}

/// A value as `serde` shows it: a text as it is.
struct Displayed<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> fmt::Display for Displayed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(f)
    }
}

/// The rest of a text, of which what is written was cut off: it is empty if both are equal.
struct Unmatched<'a>(&'a str);

impl fmt::Write for Unmatched<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(text).ok_or(fmt::Error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<u64>().prop_map(Value::from)];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ab/~0]{0,2}", inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_finds_what_serde_json_finds(
            value in any_json(),
            pointer in "(/([ab/~0-2]|~0|~1){0,2}){0,4}",
        ) {
            // A lone `~` means nothing in RFC 6901, and serde_json takes it as it is, like this.
            let found = select(&value, &pointer, Want::Value).0;
            prop_assert_eq!(&found, &value.pointer(&pointer).cloned());
            let there = select(&value, &pointer, Want::Presence).0;
            prop_assert_eq!(there.is_some(), found.is_some());
        }
    }

    #[test]
    fn what_is_passed_and_what_is_made_is_counted() {
        let value = json!({"a": alloc::vec![0; 1000], "b": {"c": true}});
        let cost = |pointer, want| select(&value, pointer, want).1;
        assert!(cost("/a/0", Want::Value) > 1000, "passed");
        assert!(cost("/a/nope", Want::Value) > 1000, "a miss is work too");
        assert!(cost("/a", Want::Value) > 100 * cost("/a", Want::Presence), "made");
        assert_eq!(select(&value, "/b/c/d", Want::Value).0, None);
        assert_eq!(select(&value, "b", Want::Value).0, None);
    }
}
