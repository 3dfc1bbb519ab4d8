//! A document with the places of all that is in it.

use alloc::sync::Arc;

use serde_json::Value;

use super::yaml::{self, Content, Node};
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
            && !members.iter().any(|member| member.key == "sandbox_policy")
        {
            path = rest;
        }
        loop {
            path = path.strip_prefix('.').unwrap_or(path);
            let step = match &node.content {
                Content::Map(members) => members
                    .iter()
                    .filter_map(|member| {
                        let rest = path.strip_prefix(visible(&member.key).as_str())?;
                        let ends = rest.is_empty() || rest.starts_with(['.', '[']);
                        ends.then_some((member.place, &*member.value, rest))
                    })
                    // A key may have a dot in it.
                    .min_by_key(|(_, _, rest)| rest.len()),
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
    ///     "line 1, column 1: policy: `sandbox_policy.isolation` is `poled`, which is no isolation; \
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
