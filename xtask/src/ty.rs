//! The logical type of a member, as its row names it.

use std::fmt;

/// A logical type. Each encoding and each language has its own for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// `text`
    Text,
    /// `time`: a text as RFC 3339 has it.
    Time,
    /// `token`: a text that is never shown.
    Token,
    /// `bytes`
    Bytes,
    /// `bool`, `u16`, `u32`, `u64`, `i64`, `f64`
    Plain(&'static str),
    /// `json`: any JSON value.
    Json,
    /// `set`: texts, each once.
    Set,
    /// `T?`
    Option(Box<Type>),
    /// `[T]`
    List(Box<Type>),
    /// `{T}`: values by name.
    Map(Box<Type>),
    /// `(T, T)`
    Pair(Box<Type>, Box<Type>),
    /// A record, or an enum.
    Named(String),
}

const PLAIN: &[&str] = &["bool", "u16", "u32", "u64", "i64", "f64"];

impl Type {
    /// Reads the notation of a row.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let inner = |text: &str| Self::parse(text).map(Box::new);
        if let Some(text) = text.strip_suffix('?') {
            return Ok(Self::Option(inner(text)?));
        }
        if let Some(text) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            return Ok(Self::List(inner(text)?));
        }
        if let Some(text) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            return Ok(Self::Map(inner(text)?));
        }
        if let Some(pair) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
            let (one, other) = pair.split_once(", ").ok_or_else(|| format!("no pair: `{text}`"))?;
            return Ok(Self::Pair(inner(one)?, inner(other)?));
        }
        if let Some(plain) = PLAIN.iter().find(|plain| **plain == text) {
            return Ok(Self::Plain(plain));
        }
        Ok(match text {
            "text" => Self::Text,
            "time" => Self::Time,
            "token" => Self::Token,
            "bytes" => Self::Bytes,
            "json" => Self::Json,
            "set" => Self::Set,
            name if name.starts_with(|first: char| first.is_ascii_uppercase()) => {
                Self::Named(name.into())
            }
            _ => return Err(format!("`{text}` is not a type")),
        })
    }

    /// The type within all options, lists, maps.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Self::Option(inner) | Self::List(inner) | Self::Map(inner) => inner.names(),
            Self::Pair(one, other) => {
                let mut names = one.names();
                names.extend(other.names());
                names
            }
            Self::Named(name) => vec![name],
            _ => Vec::new(),
        }
    }

    /// True if a type satisfies `test`, or one that it is made of does.
    pub(crate) fn any(&self, test: &impl Fn(&Self) -> bool) -> bool {
        test(self)
            || match self {
                Self::Option(inner) | Self::List(inner) | Self::Map(inner) => inner.any(test),
                Self::Pair(one, other) => one.any(test) || other.any(test),
                _ => false,
            }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Time => f.write_str("time"),
            Self::Token => f.write_str("token"),
            Self::Bytes => f.write_str("bytes"),
            Self::Plain(name) => f.write_str(name),
            Self::Json => f.write_str("json"),
            Self::Set => f.write_str("set"),
            Self::Option(inner) => write!(f, "{inner}?"),
            Self::List(inner) => write!(f, "[{inner}]"),
            Self::Map(inner) => write!(f, "{{{inner}}}"),
            Self::Pair(one, other) => write!(f, "({one}, {other})"),
            Self::Named(name) => f.write_str(name),
        }
    }
}
