//! The keywords of one schema, group by group.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::kind::{Kind, Kinds};
use super::meter::Meter;
use super::number::Exact;
use super::parse::Parser;
use super::pattern::Expression;
use super::place::Place;
use super::words::{hint_or_list, must_be, shown};
use super::{Bound, Condition, ListRule, MapRule, Node, Range, Rule, Side, Values, identity};

const BOUNDS: [(&str, Side); 4] = [
    ("minimum", Side::AtLeast),
    ("maximum", Side::AtMost),
    ("exclusiveMinimum", Side::MoreThan),
    ("exclusiveMaximum", Side::LessThan),
];

impl Parser<'_> {
    /// The rules of a schema, those first of which a failure says the most. `nesting` is that of
    /// the schemas in it.
    pub(super) fn rules(
        &mut self,
        map: &Map<String, Value>,
        at: &Place<'_>,
        nesting: usize,
    ) -> Vec<Rule> {
        let mut reader = Reader { parser: self, map, at, nesting, rules: Vec::new() };
        reader.values();
        reader.kinds();
        reader.number();
        reader.text();
        reader.list();
        reader.map();
        reader.combined();
        reader.rules
    }
}

struct Reader<'a, 'c> {
    parser: &'a mut Parser<'c>,
    map: &'a Map<String, Value>,
    at: &'a Place<'a>,
    nesting: usize,
    rules: Vec<Rule>,
}

impl<'a> Reader<'a, '_> {
    fn values(&mut self) {
        if let Some(value) = self.map.get("const") {
            self.one_of("const", core::slice::from_ref(value));
        }
        if let Some(values) = self.full_list("enum") {
            self.one_of("enum", values);
        }
    }

    fn one_of(&mut self, keyword: &str, values: &[Value]) {
        let mut meter = Meter::new();
        let identities: Result<BTreeSet<String>, _> =
            values.iter().map(|value| identity::of(value, &mut meter)).collect();
        match identities {
            Ok(identities) => {
                self.rules.push(Rule::Values(Values { values: values.to_vec(), identities }));
            }
            Err(halt) => self.wrong(keyword, halt.message().unwrap_or_default()),
        }
    }

    fn kinds(&mut self) {
        let Some(value) = self.map.get("type") else { return };
        let names = match value {
            Value::String(_) => core::slice::from_ref(value),
            Value::Array(names) if !names.is_empty() => names,
            other => return self.wrong("type", must_be("a text or a list of texts", other)),
        };
        let mut kinds = Kinds::default();
        for name in names {
            let Value::String(name) = name else {
                return self.wrong("type", must_be("a text or a list of texts", name));
            };
            let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
                let hint = hint_or_list(name, Kind::ALL.map(Kind::name).into_iter());
                return self.wrong("type", format!("`{}` is not a type{hint}", shown(name)));
            };
            kinds.insert(kind);
        }
        self.rules.push(Rule::Kinds(kinds));
    }

    fn number(&mut self) {
        for (keyword, side) in BOUNDS {
            let Some(value) = self.map.get(keyword) else { continue };
            let Value::Number(number) = value else {
                self.wrong(keyword, must_be("a number", value));
                continue;
            };
            match Exact::of(number) {
                Some(exact) => {
                    let bound = Bound { side, number: number.clone(), exact };
                    self.rules.push(Rule::Number(Box::new(bound)));
                }
                None => self.wrong(keyword, "is too large"),
            }
        }
        if let Some(value) = self.map.get("multipleOf") {
            match whole(value).filter(|divisor| *divisor > 0) {
                Some(divisor) => self.rules.push(Rule::MultipleOf(divisor)),
                None => {
                    let what = "a whole number of at least 1, the only ones that this host \
                                supports";
                    self.wrong("multipleOf", must_be(what, value));
                }
            }
        }
    }

    fn text(&mut self) {
        if let Some(range) = self.range("minLength", "maxLength") {
            self.rules.push(Rule::Text(range));
        }
        match self.map.get("pattern") {
            None => {}
            Some(Value::String(text)) => {
                let made = self.parser.expression(text, &Place::Key(self.at, "pattern"));
                self.rules.extend(made.map(Rule::Pattern));
            }
            Some(other) => self.wrong("pattern", must_be("a text", other)),
        }
    }

    fn list(&mut self) {
        let prefix = self.schemas("prefixItems");
        let items = match self.map.get("items") {
            Some(Value::Array(_)) => {
                self.wrong("items", "must be one schema; use `prefixItems` for a list of schemas");
                None
            }
            _ => self.schema("items"),
        };
        let unique = match self.map.get("uniqueItems") {
            None => false,
            Some(Value::Bool(unique)) => *unique,
            Some(other) => {
                self.wrong("uniqueItems", must_be("true or false", other));
                false
            }
        };
        let count = self.range("minItems", "maxItems");
        if prefix.is_some() || items.is_some() || unique || count.is_some() {
            let (prefix, count) = (prefix.unwrap_or_default(), count.unwrap_or(Range::ANY));
            self.rules.push(Rule::List(Box::new(ListRule { prefix, items, count, unique })));
        }
    }

    fn map(&mut self) {
        let properties = self.properties();
        let patterned = self.patterned();
        let required = self.required();
        let additional = self.schema("additionalProperties");
        let names = self.schema("propertyNames");
        let count = self.range("minProperties", "maxProperties");
        let none = properties.is_empty() && patterned.is_empty() && required.is_empty();
        if !none || additional.is_some() || names.is_some() || count.is_some() {
            let count = count.unwrap_or(Range::ANY);
            let rule = MapRule { properties, patterned, required, additional, names, count };
            self.rules.push(Rule::Map(Box::new(rule)));
        }
    }

    fn properties(&mut self) -> BTreeMap<String, Node> {
        let mut properties = BTreeMap::new();
        let above = Place::Key(self.at, "properties");
        for (key, value) in self.mapping("properties").into_iter().flatten() {
            let node = self.parser.node(value, &Place::Key(&above, key), self.nesting);
            properties.insert(key.clone(), node);
        }
        properties
    }

    fn patterned(&mut self) -> Vec<(Expression, Node)> {
        let mut patterned = Vec::new();
        let above = Place::Key(self.at, "patternProperties");
        for (text, value) in self.mapping("patternProperties").into_iter().flatten() {
            let place = Place::Key(&above, text);
            let node = self.parser.node(value, &place, self.nesting);
            let made = self.parser.expression(text, &place);
            patterned.extend(made.map(|made| (made, node)));
        }
        patterned
    }

    /// The mapping under a keyword.
    fn mapping(&mut self, keyword: &'static str) -> Option<&'a Map<String, Value>> {
        match self.map.get(keyword)? {
            Value::Object(map) => Some(map),
            other => {
                self.wrong(keyword, must_be("a mapping", other));
                None
            }
        }
    }

    fn required(&mut self) -> Vec<String> {
        let mut required = Vec::new();
        match self.map.get("required") {
            None => {}
            Some(Value::Array(names)) => {
                for name in names {
                    match name {
                        Value::String(name) => required.push(name.clone()),
                        other => self.wrong("required", must_be("a list of texts", other)),
                    }
                }
            }
            Some(other) => self.wrong("required", must_be("a list of texts", other)),
        }
        required
    }

    fn combined(&mut self) {
        if let Some(value) = self.map.get("$ref") {
            let target = self.parser.reference(value, &Place::Key(self.at, "$ref"));
            self.rules.extend(target.map(Rule::Refer));
        }
        let rule = self.schemas("allOf").map(Rule::All);
        self.rules.extend(rule);
        let rule = self.schemas("anyOf").map(Rule::Any);
        self.rules.extend(rule);
        let rule = self.schemas("oneOf").map(Rule::One);
        self.rules.extend(rule);
        let rule = self.schema("not").map(|node| Rule::Not(Box::new(node)));
        self.rules.extend(rule);
        let (test, then, otherwise) = (self.schema("if"), self.schema("then"), self.schema("else"));
        match (test, then.is_some() || otherwise.is_some()) {
            (Some(test), true) => {
                self.rules.push(Rule::If(Box::new(Condition { test, then, otherwise })));
            }
            (Some(_), false) => self.wrong("if", "has no effect without `then` or `else`"),
            (None, true) => {
                let keyword = if then.is_some() { "then" } else { "else" };
                self.wrong(keyword, "has no effect without `if`");
            }
            (None, false) => {}
        }
    }

    // What keywords are made of.

    fn schema(&mut self, keyword: &str) -> Option<Node> {
        let value = self.map.get(keyword)?;
        Some(self.parser.node(value, &Place::Key(self.at, keyword), self.nesting))
    }

    fn schemas(&mut self, keyword: &str) -> Option<Vec<Node>> {
        let values = self.full_list(keyword)?;
        let above = Place::Key(self.at, keyword);
        let nodes = values.iter().enumerate().map(|(position, value)| {
            self.parser.node(value, &Place::Item(&above, position), self.nesting)
        });
        Some(nodes.collect())
    }

    fn full_list(&mut self, keyword: &str) -> Option<&'a [Value]> {
        match self.map.get(keyword)? {
            Value::Array(values) if !values.is_empty() => Some(values),
            Value::Array(_) => {
                self.wrong(keyword, "must not be empty");
                None
            }
            other => {
                self.wrong(keyword, must_be("a list", other));
                None
            }
        }
    }

    fn range(&mut self, least: &str, most: &str) -> Option<Range> {
        let (least, most) = (self.count(least), self.count(most));
        (least.is_some() || most.is_some())
            .then(|| Range { least: least.unwrap_or(0), most: most.unwrap_or(u64::MAX) })
    }

    fn count(&mut self, keyword: &str) -> Option<u64> {
        let value = self.map.get(keyword)?;
        let count = whole(value);
        if count.is_none() {
            self.wrong(keyword, must_be("a whole number of at least 0", value));
        }
        count
    }

    fn wrong(&mut self, keyword: &str, message: impl Into<String>) {
        self.parser.wrong(&Place::Key(self.at, keyword), message);
    }
}

fn whole(value: &Value) -> Option<u64> {
    match Exact::of(value.as_number()?)? {
        Exact::Whole(whole) => u64::try_from(whole).ok(),
        Exact::Float(_) => None,
    }
}
