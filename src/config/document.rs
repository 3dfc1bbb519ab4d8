//! A document with the places of all that is in it.

use alloc::string::String;
use alloc::sync::Arc;

use serde_json::Value;

use super::yaml::{self, Content, Member, Node};
use crate::logging::visible;
use crate::{Error, Place, Policy};

/// A YAML document, such as a policy or a whole configuration. JSON is YAML too.
///
/// A value means what it means to `cpex-core`. What other readers of YAML might take for something else
/// is refused: merge keys (`<<`), tags (`!!binary`), keys that stand twice, a second document, keys that
/// are no text, numbers that are too large. Anchors and aliases are followed.
#[derive(Debug)]
pub struct Document {
    value: Value,
    root: Option<Arc<Node>>,
}

impl Document {
    /// Reads YAML.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPolicy`](crate::ErrorKind::InvalidPolicy) if it is not valid YAML or could be read
    /// in two ways; [`Error::problems`] has each with its place.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let root = yaml::read(text).map_err(Error::from_problems)?;
        let value = root.as_ref().map_or(Value::Null, |root| root.to_value());
        Ok(Self { value, root })
    }

    /// The value of the document: `null` if there is nothing in it.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The place of the value at a path such as `plugins[0].config.sandbox_policy`, or of the innermost value
    /// around it if it has none of its own. `None`: the document is empty.
    ///
    /// A value of a mapping stands where its key does.
    pub fn place(&self, path: &str) -> Option<Place> {
        let mut node = self.root.as_deref()?;
        let mut place = node.place;
        let mut path = path;
        // A document that is the content of a `sandbox_policy` has no such key.
        if let Content::Map(members) = &node.content
            && let Some(rest) = path.strip_prefix("sandbox_policy")
            && !find(members, "sandbox_policy", visible).is_some_and(|(_, _, rest)| rest.is_empty())
        {
            path = rest;
        }
        loop {
            path = path.strip_prefix('.').unwrap_or(path);
            let step = match &node.content {
                Content::Map(members) => find(members, path, visible),
                Content::List(items) => path.strip_prefix('[').and_then(|path| {
                    let (index, rest) = path.split_once(']')?;
                    let item = items.get(index.parse::<usize>().ok()?)?;
                    Some((item.place, &**item, rest))
                }),
                Content::Scalar(_) => None,
            };
            let Some((at, inner, rest)) = step.filter(|_| !path.is_empty()) else {
                return Some(place);
            };
            (place, node, path) = (at, inner, rest);
        }
    }
}

/// Finds the member whose key a path begins with, and what follows it. A key may have a dot in it: the longest
/// one counts.
///
/// `shown` renders a key as paths have it. It is called for a few keys only: a document may have as many that
/// are wrong as it has keys.
fn find<'n, 'p>(
    members: &'n [Member],
    path: &'p str,
    mut shown: impl FnMut(&str) -> String,
) -> Option<(Place, &'n Node, &'p str)> {
    // Any key that the path begins with is the start of this, or all of it.
    let mut start = path;
    loop {
        let after = members.partition_point(|member| shown(&member.key).as_str() <= start);
        let member = members.get(after.checked_sub(1)?)?;
        let key = shown(&member.key);
        let common = match start.starts_with(&key) {
            false => common_len(start, &key),
            true => {
                let rest = path.get(key.len()..)?;
                if rest.is_empty() || rest.starts_with(['.', '[']) {
                    return Some((member.place, &member.value, rest));
                }
                let (last, _) = key.char_indices().next_back()?;
                last
            }
        };
        start = start.get(..common)?;
    }
}

/// The length of what two texts begin with, in bytes.
fn common_len(one: &str, other: &str) -> usize {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    same.fold(0, |len, (char, _)| len.saturating_add(char.len_utf8()))
}

impl Policy {
    /// Reads a policy from YAML or JSON, in one of the forms that [`from_value`](Self::from_value) takes.
    ///
    /// ```
    /// use cpex_wasmi::Policy;
    ///
    /// let policy = Policy::from_yaml("resources: {max_execution_time_ms: 20}\nisolation: pooled\n")?;
    /// let error = Policy::from_yaml("isolation: poled\n").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "line 1, column 1: policy: `sandbox_policy.isolation` is `poled`, which is not a valid isolation; \
    ///      did you mean `pooled`?"
    /// );
    /// # Ok::<(), cpex_wasmi::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPolicy`](crate::ErrorKind::InvalidPolicy) for what is not valid YAML, what could be
    /// read in two ways, and all that `from_value` refuses; [`Error::problems`] has each with its place.
    pub fn from_yaml(text: &str) -> Result<Self, Error> {
        let document = Document::parse(text)?;
        Self::from_value(document.value()).map_err(|mut error| {
            for problem in error.problems_mut() {
                problem.place = document.place(problem.path.as_deref().unwrap_or_default());
            }
            error
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn the_longest_key_that_a_path_begins_with_counts() {
        let document =
            Document::parse("b: 1\na.b: {c: 2}\na: {b: {d: 3}, bc: 4}\nab: 5\n").unwrap();
        for (path, line, column) in [
            ("b", 1, 1),
            ("a.b", 2, 1),
            ("a.b.c", 2, 7),
            ("a.b.d", 2, 1),
            ("a.bc", 3, 16),
            ("a.x", 3, 1),
            ("a[0]", 3, 1),
            ("ab", 4, 1),
            ("abc", 1, 1),
            ("", 1, 1),
        ] {
            let place = document.place(path).unwrap();
            assert_eq!((place.line, place.column), (line, column), "{path}");
        }
    }

    #[test]
    fn many_wrong_keys_are_found_without_a_look_at_all() {
        let names: Vec<String> = (0..4000).map(|number| format!("key{}", number * 7919)).collect();
        let text: String = names.iter().map(|name| format!("{name}: 1\n")).collect();
        let document = Document::parse(&text).unwrap();
        let Some(Content::Map(members)) = document.root.as_deref().map(|root| &root.content) else {
            panic!("no mapping")
        };
        let mut looks = 0;
        for (line, name) in (1..).zip(&names) {
            let found = find(members, name, |key| {
                looks += 1;
                visible(key)
            });
            assert_eq!(found.map(|(place, ..)| place.line), Some(line));
        }
        assert!(looks <= 4000 * 16, "{looks} looks");
    }
}
