//! Descriptions of what a schema expects, for messages.

use alloc::string::ToString as _;

use serde_json::Value;

use super::check::Check;
use super::meter::Halt;
use super::words::{Phrases, quoted};
use super::{Node, Rule, Values};

impl<'s> Check<'s> {
    /// Says what a schema expects. Returns `false` if that is not to be said in a few words, or
    /// would be true of `unlike`.
    pub(super) fn describe(
        &mut self,
        node: &'s Node,
        unlike: Option<&Value>,
        out: &mut Phrases<'s>,
    ) -> Result<bool, Halt> {
        self.meter.enter()?;
        let mut told = false;
        for rule in &self.resolve(node).rules {
            self.meter.step()?;
            if matches!(rule, Rule::Values(_) | Rule::Kinds(_) | Rule::Any(_) | Rule::One(_)) {
                told = self.describe_rule(rule, unlike, out)?;
                break;
            }
        }
        self.meter.leave();
        Ok(told)
    }

    pub(super) fn describe_all(
        &mut self,
        nodes: &'s [Node],
        unlike: Option<&Value>,
        out: &mut Phrases<'s>,
    ) -> Result<bool, Halt> {
        for node in nodes {
            if !self.describe(node, unlike, out)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn describe_rule(
        &mut self,
        rule: &'s Rule,
        unlike: Option<&Value>,
        out: &mut Phrases<'s>,
    ) -> Result<bool, Halt> {
        match rule {
            Rule::Values(values) => self.describe_values(values, out)?,
            Rule::Kinds(kinds) => {
                if let Some(value) = unlike
                    && kinds.admits(value)?
                {
                    return Ok(false);
                }
                kinds.iter().for_each(|kind| out.push(kind.phrase().into(), None));
            }
            Rule::Any(nodes) | Rule::One(nodes) => return self.describe_all(nodes, unlike, out),
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn describe_values(
        &mut self,
        values: &'s Values,
        out: &mut Phrases<'s>,
    ) -> Result<(), Halt> {
        for value in &values.values {
            let text = match value {
                Value::Array(_) | Value::Object(_) => value.to_string(),
                _ => quoted(value),
            };
            self.meter.bytes(text.len())?;
            out.push(quoted(value), value.as_str());
        }
        Ok(())
    }
}
