//! Reads YAML into values that know where they stand.
//!
//! `cpex-core` reads the same text with a parser of its own. What the two might take for different things
//! is refused: merge keys, tags, keys that stand twice, a second document, keys that are no text.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag, options};
use serde_json::Value;

use super::ambiguous::{has_odd_anchors, odd_breaks, sign_at_start};
use super::scalar;
use crate::logging::visible;
use crate::{ErrorKind, Place, Problem};

/// The number of values that a document may have. An alias counts as all values that it stands for.
const MAX_VALUES: usize = 1_000_000;
/// The bytes that the keys and texts of a document may have together. An alias counts like its anchor's value.
const MAX_BYTES: usize = 16 << 20;
/// The greatest depth of nested values.
const MAX_DEPTH: usize = 100;

/// A value, and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) content: Content,
    /// The size of its content, itself included.
    size: Size,
}

/// The size of a value or a document, with all that its aliases stand for.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    values: usize,
    /// Bytes of keys and scalars.
    bytes: usize,
}

#[derive(Debug)]
pub(super) enum Content {
    Scalar(Value),
    List(Vec<Arc<Node>>),
    /// In the order of their keys, as [`visible`] shows them.
    Map(Vec<Member>),
}

/// A key with its value.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) value: Arc<Node>,
}

impl Node {
    pub(super) fn to_value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(|item| item.to_value()).collect(),
            Content::Map(members) => Value::Object(
                members
                    .iter()
                    .map(|member| (member.key.clone(), member.value.to_value()))
                    .collect(),
            ),
        }
    }
}

/// Reads a document. `None`: it is empty.
///
/// # Errors
///
/// All that is wrong, up to the first place where the text is no YAML.
pub(super) fn read(text: &str) -> Result<Option<Arc<Node>>, Vec<Problem>> {
    let odd = odd_breaks(text);
    if !odd.is_empty() {
        return Err(odd);
    }
    let options = options! { disallow_directives: true, emit_comments: false };
    let mut reader = YamlReader {
        parser: Parser::new_from_str_with_options(text, options),
        anchors: HashMap::new(),
        path: Vec::new(),
        size: Size::default(),
        text,
        odd_anchors: has_odd_anchors(text),
        problems: Vec::new(),
    };
    let root = reader.document().unwrap_or_default();
    if reader.problems.is_empty() { Ok(root) } else { Err(reader.problems) }
}

struct YamlReader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Arc<Node>>,
    /// The steps to the value that is being read.
    path: Vec<String>,
    size: Size,
    text: &'t str,
    /// True if something that looks like an anchor has a name that cpex-core ends earlier.
    odd_anchors: bool,
    problems: Vec<Problem>,
}

/// `None`: what follows cannot be read, and a problem says so.
type Read<T> = Option<T>;

impl<'t> YamlReader<'t> {
    fn document(&mut self) -> Read<Option<Arc<Node>>> {
        let mut root = None;
        loop {
            let (event, span) = self.event()?;
            match event {
                Event::StreamEnd => return Some(root),
                Event::DocumentStart(..) if root.is_some() => {
                    self.wrong(
                        span,
                        "a second document begins here, and a file may have one; remove the `---`, \
                         or put each document into its own file",
                    );
                    return None;
                }
                Event::DocumentStart(..) => {
                    let (event, span) = self.event()?;
                    root = Some(self.node(event, span)?);
                }
                _ => {}
            }
        }
    }

    fn event(&mut self) -> Read<(Event<'t>, Span)> {
        match self.parser.next_event()? {
            Ok(event) => Some(event),
            Err(error) => {
                let place = place(error.marker().line(), error.marker().col());
                let mut message = format!("this is not valid YAML: {}", visible(&error.info()));
                if let Some(sign) = self.sign(&error) {
                    message.push_str(&format!("; put a text that begins with `{sign}` in quotes"));
                }
                self.problems.push(Problem::new(ErrorKind::InvalidPolicy, message).at(place));
                None
            }
        }
    }

    /// Returns the sign with which an alias or anchor begins that the parser stopped at.
    fn sign(&self, error: &ScanError) -> Option<char> {
        if !error.info().contains("anchor") {
            return None;
        }
        let marker = error.marker();
        let line = self.text.split('\n').nth(marker.line().checked_sub(1)?)?;
        // The parser stands at the sign, or right behind it.
        let end = line.char_indices().nth(marker.col().saturating_add(1));
        let before = line.get(..end.map_or(line.len(), |(at, _)| at))?.trim_end();
        let word = before.rsplit(|char: char| " \t[{,".contains(char)).next()?;
        word.chars().next().filter(|char| matches!(char, '*' | '&'))
    }

    /// The value that begins with an event.
    fn node(&mut self, event: Event<'t>, span: Span) -> Read<Arc<Node>> {
        if self.path.len() > MAX_DEPTH {
            self.wrong(span, format!("values are nested more than {MAX_DEPTH} deep here"));
            return None;
        }
        let before = self.size;
        self.take(Size { values: 1, bytes: 0 }, span)?;
        let start = start(span);
        let (anchor, content) = match event {
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    self.wrong(span, "an alias stands within its own anchor");
                    return None;
                };
                let values = node.size.values.saturating_sub(1);
                self.take(Size { values, ..node.size }, span)?;
                return Some(node);
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.untagged(tag.as_deref(), span);
                self.take(Size { values: 0, bytes: text.len() }, span)?;
                let value = match style {
                    // An empty value comes as `~`.
                    ScalarStyle::Plain if anchor != 0 && matches!(&*text, "" | "~") => {
                        self.wrong_here(
                            span,
                            "is an anchor without a value; put a text that begins with `&` in quotes",
                        );
                        Value::Null
                    }
                    ScalarStyle::Plain => {
                        let value = match sign_at_start(&text) {
                            Some(wrong) => Err(wrong.into()),
                            None => scalar::plain(&text),
                        };
                        value.unwrap_or_else(|wrong: String| {
                            self.wrong_here(span, &wrong);
                            Value::Null
                        })
                    }
                    _ => Value::String(text.into_owned()),
                };
                (anchor, Content::Scalar(value))
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.untagged(tag.as_deref(), span);
                (anchor, Content::List(self.items()?))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.untagged(tag.as_deref(), span);
                (anchor, Content::Map(self.members()?))
            }
            _ => {
                self.wrong(span, "this is not valid YAML: a value is missing");
                return None;
            }
        };
        let size = Size {
            values: self.size.values.saturating_sub(before.values),
            bytes: self.size.bytes.saturating_sub(before.bytes),
        };
        let node = Arc::new(Node { place: start, content, size });
        if anchor != 0 {
            if self.odd_anchors {
                self.wrong(
                    span,
                    "the name of an anchor may have letters, digits, `-` and `_` only; rename it",
                );
            }
            self.anchors.insert(anchor, node.clone());
        }
        Some(node)
    }

    fn items(&mut self) -> Read<Vec<Arc<Node>>> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.event()?;
            if event == Event::SequenceEnd {
                return Some(items);
            }
            self.path.push(format!("[{}]", items.len()));
            items.push(self.node(event, span)?);
            self.path.pop();
        }
    }

    fn members(&mut self) -> Read<Vec<Member>> {
        let mut members = Vec::new();
        let mut places: HashMap<String, Place> = HashMap::new();
        loop {
            let (event, span) = self.event()?;
            if event == Event::MappingEnd {
                members.sort_by_cached_key(|member: &Member| visible(&member.key));
                return Some(members);
            }
            let key = self.key(event, span)?;
            self.path.push(visible(&key));
            let first = *places.entry(key.clone()).or_insert(start(span));
            if key == "<<" {
                self.wrong_here(
                    span,
                    "is a merge key, which CPEX does not follow; write its values out",
                );
            } else if first != start(span) {
                let line = first.line;
                self.wrong_here(span, &format!("stands twice, first in line {line}; remove one"));
            }
            let (event, at) = self.event()?;
            let value = self.node(event, at)?;
            self.path.pop();
            members.push(Member { key, place: start(span), value });
        }
    }

    /// The text of a key. One that is wrong is told of, and stands for itself.
    fn key(&mut self, event: Event<'t>, span: Span) -> Read<String> {
        let (text, style) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.untagged(tag.as_deref(), span);
                if anchor != 0 {
                    self.wrong(span, "a key has an anchor; put it on a value");
                }
                (text.into_owned(), style)
            }
            Event::Alias(_) => {
                self.wrong(span, "a key is an alias; write the key out");
                return None;
            }
            _ => {
                self.wrong(span, "a key must be a text, and this one is a list or a mapping");
                return None;
            }
        };
        self.take(Size { values: 1, bytes: text.len() }, span)?;
        if style == ScalarStyle::Plain
            && let Some(wrong) = sign_at_start(&text)
        {
            self.wrong(span, format!("the key `{}` {wrong}", visible(&text)));
        } else if style == ScalarStyle::Plain
            && !matches!(scalar::plain(&text), Ok(Value::String(_)))
        {
            let message = if text.is_empty() {
                "a key is missing before the `:`".to_owned()
            } else {
                format!("the key `{}` must be a text; put it in quotes", visible(&text))
            };
            self.wrong(span, message);
        }
        Some(text)
    }

    fn untagged(&mut self, tag: Option<&Tag>, span: Span) {
        if let Some(tag) = tag {
            let message = format!(
                "has the tag `{}`, and tags are not supported; leave it out, and put a text in quotes",
                visible(&tag.original())
            );
            let start = span.tag_start().unwrap_or(span.start);
            self.wrong_here(Span::empty(start), &message);
        }
    }

    /// Adds to the size of the document, and refuses one that is too large.
    fn take(&mut self, size: Size, span: Span) -> Read<()> {
        self.size.values = self.size.values.saturating_add(size.values);
        self.size.bytes = self.size.bytes.saturating_add(size.bytes);
        if self.size.values > MAX_VALUES {
            self.wrong(span, format!("the document has more than {MAX_VALUES} values"));
            return None;
        }
        if self.size.bytes > MAX_BYTES {
            let message = format!(
                "the document has more than {MAX_BYTES} bytes of text, with what its aliases stand for"
            );
            self.wrong(span, message);
            return None;
        }
        Some(())
    }

    fn wrong(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::new(ErrorKind::InvalidPolicy, message).at(start(span)));
    }

    /// Says what is wrong with the value that is being read, by its path.
    fn wrong_here(&mut self, span: Span, message: &str) {
        let mut path = String::new();
        for step in &self.path {
            if !path.is_empty() && !step.starts_with('[') {
                path.push('.');
            }
            path.push_str(step);
        }
        let message =
            if path.is_empty() { format!("it {message}") } else { format!("`{path}` {message}") };
        let mut problem = Problem::new(ErrorKind::InvalidPolicy, message).at(start(span));
        problem.path = (!path.is_empty()).then_some(path);
        self.problems.push(problem);
    }
}

fn start(span: Span) -> Place {
    place(span.start.line(), span.start.col())
}

/// Columns are counted from 1 here.
pub(super) fn place(line: usize, column: usize) -> Place {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Place { line: number(line), column: number(column.saturating_add(1)) }
}
