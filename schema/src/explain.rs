//! The message about a value that is not among those expected, or fits none of the alternatives.
//! The check has decided before; this only puts the fault into words.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::check::{At, Check};
use super::meter::Halt;
use super::place::Place;
use super::words::{Phrases, found, hint, shown};
use super::{MapRule, Node, Rule, Values};

impl<'s> Check<'s> {
    /// A value is none of those that `enum` or `const` lists, or has not the `type`.
    pub(super) fn not_expected(
        &mut self,
        rule: &'s Rule,
        value: &Value,
        at: At<'_>,
    ) -> Result<bool, Halt> {
        if !at.report {
            return Ok(false);
        }
        let mut phrases = Phrases::default();
        self.describe_rule(rule, None, &mut phrases)?;
        self.wrong(at, || must_be_one_of(&phrases, value))
    }

    /// A mapping has not a key that `required` lists.
    pub(super) fn lacks(
        &mut self,
        key: &str,
        node: Option<&'s Node>,
        at: At<'_>,
    ) -> Result<bool, Halt> {
        if !at.report {
            return Ok(false);
        }
        let mut phrases = Phrases::default();
        let told = match node {
            Some(node) => self.describe(node, None, &mut phrases)?,
            None => false,
        };
        self.wrong(at, || match told {
            true => format!("lacks `{}`, which must be {phrases}", shown(key)),
            false => format!("lacks `{}`", shown(key)),
        })
    }

    /// A value fits what `not` has.
    pub(super) fn excluded(&mut self, node: &'s Node, at: At<'_>) -> Result<bool, Halt> {
        if !at.report {
            return Ok(false);
        }
        let node = self.resolve(node);
        let mut phrases = Phrases::default();
        let simple = matches!(*node.rules, [Rule::Values(_) | Rule::Kinds(_)]);
        let told = simple && self.describe(node, None, &mut phrases)?;
        self.wrong(at, || match required_only(node) {
            Some(keys) => format!("must not have {keys}"),
            None if told => format!("must not be {phrases}"),
            None => "has a value that the schema excludes with `not`".into(),
        })
    }

    /// A value fits none of the alternatives of `anyOf` or `oneOf`.
    pub(super) fn none_fits(
        &mut self,
        nodes: &'s [Node],
        value: &Value,
        at: At<'_>,
    ) -> Result<bool, Halt> {
        if !at.report {
            return Ok(false);
        }
        // What is wrong with the one that is meant says more than that none fits.
        if let Some(node) = self.meant(nodes, value)? {
            return self.fits(node, value, at);
        }
        if let Value::Object(map) = value
            && let Some(fits) = self.tag(nodes, map, at)?
        {
            return Ok(fits);
        }
        let mut phrases = Phrases::default();
        let told = self.describe_all(nodes, Some(value), &mut phrases)?;
        let required: Option<Vec<String>> =
            nodes.iter().map(|node| required_only(self.resolve(node))).collect();
        self.wrong(at, || match required.filter(|_| value.is_object()) {
            Some(required) => format!("must have {}", Phrases::from_iter(required)),
            None if told => must_be_one_of(&phrases, value),
            None => {
                format!("fits none of the {} alternatives of the schema", nodes.len())
            }
        })
    }

    /// The one alternative that a value is near to, if there is just one.
    fn meant(&mut self, nodes: &'s [Node], value: &Value) -> Result<Option<&'s Node>, Halt> {
        let mut near = Vec::new();
        for node in nodes {
            if self.is_near(node, value)? {
                near.push(node);
            }
        }
        if near.len() > 1
            && let Value::Object(map) = value
        {
            let has_all = |rule: &MapRule| rule.required.iter().all(|key| map.contains_key(key));
            near.retain(|node| map_rule(self.resolve(node)).is_none_or(has_all));
        }
        Ok(if near.len() > 1 { None } else { near.pop() })
    }

    /// True if a value has the type of a schema, and nothing else than what it lists.
    fn is_near(&mut self, node: &'s Node, value: &Value) -> Result<bool, Halt> {
        for rule in &self.resolve(node).rules {
            self.meter.step()?;
            let near = match (rule, value) {
                (Rule::Never, _) => false,
                (Rule::Kinds(kinds), _) => kinds.admits(value)?,
                (Rule::Values(values), _) => self.is_one_of(values, value)?,
                (Rule::Map(rule), Value::Object(map)) => {
                    let mut near = true;
                    for (key, value) in map {
                        self.meter.bytes(key.len())?;
                        let listed = rule.properties.get(key).and_then(|node| self.listed(node));
                        if let Some(values) = listed {
                            near &= self.is_one_of(values, value)?;
                        }
                    }
                    near
                }
                _ => true,
            };
            if !near {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The key by which the alternatives for a mapping differ, if it is that which is wrong.
    fn tag(
        &mut self,
        nodes: &'s [Node],
        map: &Map<String, Value>,
        at: At<'_>,
    ) -> Result<Option<bool>, Halt> {
        let any = Value::Object(Map::new());
        let mut rules: Vec<&'s MapRule> = Vec::new();
        for node in nodes {
            self.meter.step()?;
            let node = self.resolve(node);
            match map_rule(node) {
                Some(rule) => rules.push(rule),
                None if self.is_near(node, &any)? => return Ok(None),
                None => {}
            }
        }
        let Some(first) = rules.first() else { return Ok(None) };
        'keys: for key in first.required.iter().take(8) {
            let mut phrases = Phrases::default();
            for rule in &rules {
                self.meter.bytes(key.len())?;
                let listed = rule.properties.get(key).and_then(|node| self.listed(node));
                let Some(values) = listed.filter(|_| rule.required.contains(key)) else {
                    continue 'keys;
                };
                if let Some(value) = map.get(key)
                    && self.is_one_of(values, value)?
                {
                    continue 'keys;
                }
                self.describe_values(values, &mut phrases)?;
            }
            let fits = match map.get(key) {
                Some(value) => {
                    let place = Place::Key(at.place, key);
                    self.wrong(At { place: &place, ..at }, || must_be_one_of(&phrases, value))
                }
                None => {
                    self.wrong(at, || format!("lacks `{}`, which must be {phrases}", shown(key)))
                }
            };
            return fits.map(Some);
        }
        Ok(None)
    }

    /// The values that a schema lists.
    fn listed(&self, node: &'s Node) -> Option<&'s Values> {
        self.resolve(node).rules.iter().find_map(|rule| match rule {
            Rule::Values(values) => Some(values),
            _ => None,
        })
    }

    /// A schema that only stands for another.
    pub(super) fn resolve(&self, node: &'s Node) -> &'s Node {
        let mut node = node;
        for _ in 0..8 {
            let next = match node.rules.as_slice() {
                [Rule::Refer(target)] => self.schema.target(*target),
                [Rule::All(nodes)] if nodes.len() == 1 => nodes.first(),
                _ => None,
            };
            let Some(next) = next else { break };
            node = next;
        }
        node
    }
}

fn must_be_one_of(phrases: &Phrases<'_>, value: &Value) -> String {
    match value {
        Value::String(text) if phrases.names().next().is_some() => {
            let hint = hint(text, phrases.names());
            format!("must be {phrases}, but is `{}`{hint}", shown(text))
        }
        value => format!("must be {phrases}, but is {}", found(value)),
    }
}

fn map_rule(node: &Node) -> Option<&MapRule> {
    node.rules.iter().find_map(|rule| match rule {
        Rule::Map(rule) => Some(&**rule),
        _ => None,
    })
}

/// `` `a` and `b` `` of a schema that does nothing but require these keys.
fn required_only(node: &Node) -> Option<String> {
    let [Rule::Map(rule)] = node.rules.as_slice() else { return None };
    let only = rule.additional.is_none() && rule.names.is_none() && rule.count.is_any();
    let only = only && rule.patterned.is_empty();
    let only = only && rule.properties.is_empty() && (1..=8).contains(&rule.required.len());
    let keys: Vec<String> = rule.required.iter().map(|key| format!("`{}`", shown(key))).collect();
    only.then(|| keys.join(" and "))
}
