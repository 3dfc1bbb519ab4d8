//! Holds a value against a schema. What only asks whether it fits (`if`, `not`, the alternatives)
//! stops at the first thing that does not, and writes no message.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::meter::{Halt, Meter};
use super::number::Exact;
use super::place::{Naming, Place};
use super::words::{counted, found, hint_or_list};
use super::{
    Bound, Checked, Condition, ListRule, MAX_PROBLEMS, MapRule, Mismatch, Node, Range, Rule,
    Schema, Side, Values, identity,
};

/// The steps to see if a large number is a multiple of another.
const STEPS_PER_FLOAT: u32 = 8;

/// The steps to look for an item among those before it.
const STEPS_PER_UNIQUE: u32 = 3;

/// Checks a value within a number of steps.
pub(super) fn check_within(schema: &Schema, value: &Value, steps: u32) -> Checked {
    let mut check = Check::new(schema, Meter::within(steps), Naming::Pointer);
    let end = check.fits(&schema.root, value, At { place: &Place::Top, report: true });
    let steps = steps.saturating_sub(check.meter.left());
    let mut problems = check.problems;
    let mismatches = match end {
        Ok(true) => Some(Vec::new()),
        Ok(false) | Err(Halt::Enough) => {
            if problems.is_empty() {
                let message = "does not fit the schema".into();
                problems.push(Mismatch { path: String::new(), message });
            }
            Some(problems)
        }
        Err(Halt::Steps | Halt::Depth | Halt::Number) => None,
    };
    Checked { mismatches, steps }
}

pub(super) fn check(schema: &Schema, value: &Value) -> Vec<Mismatch> {
    let mut check = Check::new(schema, Meter::new(), Naming::Config);
    let end = check.fits(&schema.root, value, At { place: &Place::Top, report: true });
    let mut problems = check.problems;
    let message = match end {
        Ok(true) => None,
        // Whatever the messages are, what does not fit has not passed.
        Ok(false) | Err(Halt::Enough) => {
            Some("does not fit the plugin's schema").filter(|_| problems.is_empty())
        }
        Err(halt) => halt.message(),
    };
    problems.extend(message.map(|message| Mismatch {
        path: Place::Top.named(Naming::Config),
        message: message.into(),
    }));
    problems
}

/// The position of a check, and its mode.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) place: &'a Place<'a>,
    pub(super) report: bool,
}

pub(super) struct Check<'s> {
    pub(super) schema: &'s Schema,
    pub(super) meter: Meter,
    naming: Naming,
    problems: Vec<Mismatch>,
}

impl<'s> Check<'s> {
    fn new(schema: &'s Schema, meter: Meter, naming: Naming) -> Self {
        Self { schema, meter, naming, problems: Vec::new() }
    }

    /// True if a value fits; if problems are reported, all of them.
    pub(super) fn fits(&mut self, node: &'s Node, value: &Value, at: At<'_>) -> Result<bool, Halt> {
        self.meter.enter()?;
        let mut fits = true;
        for rule in &node.rules {
            self.meter.step()?;
            if !self.rule(rule, value, at)? {
                fits = false;
                if !at.report || rule.is_decisive() {
                    break;
                }
            }
        }
        self.meter.leave();
        Ok(fits)
    }

    /// True if a value fits, without a word.
    pub(super) fn is_fit(&mut self, node: &'s Node, value: &Value) -> Result<bool, Halt> {
        self.fits(node, value, At { place: &Place::Top, report: false })
    }

    fn rule(&mut self, rule: &'s Rule, value: &Value, at: At<'_>) -> Result<bool, Halt> {
        match (rule, value) {
            (Rule::Never, _) => self.wrong(at, || "is not allowed here".into()),
            (Rule::Values(values), _) => {
                Ok(self.is_one_of(values, value)? || self.not_expected(rule, value, at)?)
            }
            (Rule::Kinds(kinds), _) => {
                Ok(kinds.admits(value)? || self.not_expected(rule, value, at)?)
            }
            (Rule::Number(bound), Value::Number(number)) => {
                let exact = Exact::of(number).ok_or(Halt::Number)?;
                if bound.admits(exact) {
                    return Ok(true);
                }
                let limit = found(&Value::Number(bound.number.clone()));
                self.wrong(at, || {
                    format!("is {}, but must be {} {limit}", found(value), bound.side.words())
                })
            }
            (Rule::MultipleOf(divisor), Value::Number(number)) => {
                let exact = Exact::of(number).ok_or(Halt::Number)?;
                if let Exact::Float(_) = exact {
                    self.meter.steps(STEPS_PER_FLOAT)?;
                }
                if exact.is_multiple_of(*divisor) {
                    return Ok(true);
                }
                self.wrong(at, || {
                    format!("is {}, but must be a multiple of {divisor}", found(value))
                })
            }
            (Rule::Text(range), Value::String(text)) => {
                self.meter.bytes(text.len())?;
                self.count(*range, text.chars().count(), "character", at)
            }
            (Rule::Pattern(expression), Value::String(text)) => {
                Ok(self.matches(expression, text)? || self.wrong(at, || expression.message())?)
            }
            (Rule::List(rule), Value::Array(values)) => self.list(rule, values, at),
            (Rule::Map(rule), Value::Object(map)) => self.map(rule, map, at),
            (Rule::Refer(target), _) => match self.schema.target(*target) {
                Some(node) => self.fits(node, value, at),
                None => Ok(false),
            },
            (Rule::All(nodes), _) => {
                let mut fits = true;
                for node in nodes {
                    fits &= self.fits(node, value, at)?;
                    if !fits && !at.report {
                        break;
                    }
                }
                Ok(fits)
            }
            (Rule::Any(nodes), _) => {
                for node in nodes {
                    if self.is_fit(node, value)? {
                        return Ok(true);
                    }
                }
                self.none_fits(nodes, value, at)
            }
            (Rule::One(nodes), _) => self.one(nodes, value, at),
            (Rule::Not(node), _) => {
                if !self.is_fit(node, value)? {
                    return Ok(true);
                }
                self.excluded(node, at)
            }
            (Rule::If(condition), _) => self.condition(condition, value, at),
            // A rule for another kind of value.
            _ => Ok(true),
        }
    }

    pub(super) fn is_one_of(&mut self, values: &Values, value: &Value) -> Result<bool, Halt> {
        Ok(values.identities.contains(&identity::of(value, &mut self.meter)?))
    }

    fn one(&mut self, nodes: &'s [Node], value: &Value, at: At<'_>) -> Result<bool, Halt> {
        let mut fit = 0_usize;
        for node in nodes {
            fit = fit.saturating_add(usize::from(self.is_fit(node, value)?));
            if fit > 1 {
                return self.wrong(at, || {
                    "fits more than one alternative of the schema, but must fit exactly one".into()
                });
            }
        }
        if fit == 1 { Ok(true) } else { self.none_fits(nodes, value, at) }
    }

    fn condition(
        &mut self,
        condition: &'s Condition,
        value: &Value,
        at: At<'_>,
    ) -> Result<bool, Halt> {
        let Condition { test, then, otherwise } = condition;
        let branch = if self.is_fit(test, value)? { then } else { otherwise };
        match branch {
            Some(node) => self.fits(node, value, at),
            None => Ok(true),
        }
    }

    fn list(&mut self, rule: &'s ListRule, values: &[Value], at: At<'_>) -> Result<bool, Halt> {
        let closed = rule.items.as_ref().is_some_and(Node::is_never);
        let most = if closed { rule.prefix.len() } else { usize::MAX };
        let most = rule.count.most.min(u64::try_from(most).unwrap_or(u64::MAX));
        let count = Range { least: rule.count.least, most };
        let mut fits = self.count(count, values.len(), "item", at)?;
        // Those that are too many have been objected to.
        let items = rule.items.as_ref().filter(|_| !closed);
        let schemas = rule.prefix.iter().map(Some).chain(core::iter::repeat(items));
        for ((position, value), schema) in values.iter().enumerate().zip(schemas) {
            if !fits && !at.report {
                return Ok(false);
            }
            let Some(schema) = schema else { break };
            fits &=
                self.fits(schema, value, At { place: &Place::Item(at.place, position), ..at })?;
        }
        if rule.unique && (fits || at.report) {
            fits &= self.unique(values, at)?;
        }
        Ok(fits)
    }

    fn unique(&mut self, values: &[Value], at: At<'_>) -> Result<bool, Halt> {
        let mut seen = BTreeMap::new();
        let mut unique = true;
        for (position, value) in values.iter().enumerate() {
            self.meter.steps(STEPS_PER_UNIQUE)?;
            let Some(first) = seen.insert(identity::of(value, &mut self.meter)?, position) else {
                continue;
            };
            let place = Place::Item(at.place, position);
            let naming = self.naming;
            unique = self.wrong(At { place: &place, ..at }, || {
                let first = Place::Item(at.place, first).named(naming);
                format!("is the same as `{first}`, and items must not repeat")
            })?;
        }
        Ok(unique)
    }

    fn map(
        &mut self,
        rule: &'s MapRule,
        map: &Map<String, Value>,
        at: At<'_>,
    ) -> Result<bool, Halt> {
        let mut fits = self.count(rule.count, map.len(), "key", at)?;
        for name in &rule.required {
            self.meter.bytes(name.len())?;
            if !map.contains_key(name) {
                fits = self.lacks(name, rule.properties.get(name), at)?;
            }
        }
        for (key, value) in map {
            if !fits && !at.report {
                break;
            }
            self.meter.bytes(key.len())?;
            if let Some(names) = &rule.names {
                let place = Place::Name(at.place, key);
                let name = Value::String(key.clone());
                fits &= self.fits(names, &name, At { place: &place, ..at })?;
            }
            let place = Place::Key(at.place, key);
            let at = At { place: &place, ..at };
            let mut patterned = false;
            for (expression, node) in &rule.patterned {
                if self.matches(expression, key)? {
                    patterned = true;
                    fits &= self.fits(node, value, at)?;
                }
            }
            fits &= match (rule.properties.get(key), &rule.additional) {
                (Some(node), _) => self.fits(node, value, at)?,
                (None, _) if patterned => true,
                (None, Some(node)) if node.is_never() => self.wrong(at, || {
                    let known = rule.properties.keys().map(String::as_str);
                    format!("is not known{}", hint_or_list(key, known))
                })?,
                (None, Some(node)) => self.fits(node, value, at)?,
                (None, None) => true,
            };
        }
        Ok(fits)
    }

    fn count(&mut self, range: Range, count: usize, what: &str, at: At<'_>) -> Result<bool, Halt> {
        let found = u64::try_from(count).unwrap_or(u64::MAX);
        let (words, limit) = if found < range.least {
            ("at least", range.least)
        } else if found > range.most {
            ("at most", range.most)
        } else {
            return Ok(true);
        };
        self.wrong(at, || format!("has {}, but must have {words} {limit}", counted(found, what)))
    }

    /// Tells a problem if it is asked for. Returns that the value does not fit.
    pub(super) fn wrong(
        &mut self,
        at: At<'_>,
        message: impl FnOnce() -> String,
    ) -> Result<bool, Halt> {
        if at.report {
            self.meter.message()?;
            let message = match at.place {
                Place::Name(..) => format!("has a name that {}", message()),
                _ => message(),
            };
            let problem = Mismatch { path: at.place.named(self.naming), message };
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
            if self.problems.len() >= MAX_PROBLEMS {
                return Err(Halt::Enough);
            }
        }
        Ok(false)
    }
}

impl Bound {
    fn admits(&self, number: Exact) -> bool {
        let order = number.compare(self.exact);
        match self.side {
            Side::AtLeast => order.is_ge(),
            Side::AtMost => order.is_le(),
            Side::MoreThan => order.is_gt(),
            Side::LessThan => order.is_lt(),
        }
    }
}

impl Side {
    const fn words(self) -> &'static str {
        match self {
            Self::AtLeast => "at least",
            Self::AtMost => "at most",
            Self::MoreThan => "more than",
            Self::LessThan => "less than",
        }
    }
}
