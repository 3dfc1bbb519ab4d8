//! Answers of callbacks, whose values are copied at once.
#![allow(unsafe_code, reason = "names of functions, for the linker")]

use cpex_wasmi::FieldValue;
use cpex_wasmi::abi::codec;
use cpex_wasmi::model::Strict;
use serde_json::{Map, Value};

use crate::error::{Failure, guarded_or};
use crate::raw::{Bytes, Text};

/// The result of a callback that looks up a field or answers a plugin. Any other number is a failure too.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It failed. `cpex_wasmi_answer_failure` can say why.
    Failed = 0,
    /// The answer has the value.
    Found = 1,
    /// There is no value.
    Absent = 2,
    /// The view does not have the field alone: look it up in the whole slot or payload.
    InWhole = 3,
}

impl Answered {
    /// The result with this number.
    fn of(number: u32) -> Result<Self, String> {
        let known = [Self::Failed, Self::Found, Self::Absent, Self::InWhole];
        let found = known.into_iter().find(|answered| *answered as u32 == number);
        found.ok_or_else(|| format!("the callback returned {number}"))
    }
}

/// The place for the answer of a callback. It is valid until the callback returns, and for its thread only.
///
/// The last of the functions below counts, but for `_member` and `_entry`, which add to what is there.
#[derive(Default)]
pub struct Answer {
    value: Option<Put>,
    /// The first thing that is wrong with it.
    wrong: Option<String>,
    failure: Option<String>,
    /// The work to charge the plugin for, in bytes.
    work: usize,
}

/// A value that was put into an answer.
enum Put {
    Field(FieldValue),
    Members(Vec<Value>),
    Entries(Map<String, Value>),
    Bytes(Vec<u8>),
}

impl Answer {
    /// The value for a look-up.
    pub(crate) fn into_field(self, answered: u32) -> Result<FieldValue, String> {
        let (answered, put) = self.checked(answered)?;
        Ok(match put {
            Some(Put::Field(value)) => value,
            Some(Put::Members(members)) => Value::Array(members).into(),
            Some(Put::Entries(entries)) => Value::Object(entries).into(),
            Some(Put::Bytes(_)) => return Err("bytes are the answer of a function only".into()),
            None if answered == Answered::InWhole => FieldValue::InWhole,
            None => FieldValue::Absent,
        })
    }

    /// The bytes for a plugin that called a function; `None` if it answered that there is no value.
    pub(crate) fn into_bytes(
        self,
        answered: u32,
        is_json: bool,
    ) -> Result<Option<Vec<u8>>, String> {
        let put = match self.checked(answered)? {
            (Answered::InWhole, _) => return Err("a function has no whole".into()),
            (_, None) => return Ok(None),
            (_, Some(Put::Bytes(bytes))) if !is_json => return Ok(Some(bytes)),
            (_, Some(put)) => put,
        };
        let mut bytes = Vec::new();
        if is_json {
            serde_json::to_writer(&mut bytes, &put.into_json()?)
                .map_err(|error| error.to_string())?;
            return Ok(Some(bytes));
        }
        let encoded = match put {
            Put::Field(FieldValue::Text(text)) => codec::encode(&text, &mut bytes),
            Put::Field(FieldValue::Bool(value)) => codec::encode(&value, &mut bytes),
            Put::Field(FieldValue::Unsigned(number)) => codec::encode(&number, &mut bytes),
            Put::Field(FieldValue::Float(number)) => codec::encode(&number, &mut bytes),
            Put::Members(members) => {
                let texts: Vec<_> = members.iter().filter_map(Value::as_str).collect();
                codec::encode(&texts, &mut bytes)
            }
            _ => return Err("the plugin wants postcard: give bytes or a plain value".into()),
        };
        encoded.map_err(|error| error.to_string())?;
        Ok(Some(bytes))
    }

    /// The work that the callback said it was.
    pub(crate) fn work(&self) -> usize {
        self.work
    }

    /// What a callback returned, and the value that is there with `Found` and with nothing else.
    fn checked(self, answered: u32) -> Result<(Answered, Option<Put>), String> {
        let Self { value, wrong, failure, .. } = self;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        match (Answered::of(answered)?, value) {
            (Answered::Failed, _) => Err(failure.unwrap_or_else(|| "the callback failed".into())),
            (Answered::Found, None) => {
                Err("the callback found something and answered nothing".into())
            }
            (Answered::Absent | Answered::InWhole, Some(_)) => {
                Err("the callback answered, and returned that there is no answer".into())
            }
            (answered, value) => Ok((answered, value)),
        }
    }

    fn put(&mut self, put: Result<Put, Failure>) {
        match put {
            Ok(put) => self.value = Some(put),
            Err(failure) => self.wrong(failure),
        }
    }

    fn wrong(&mut self, failure: Failure) {
        let error = failure.into_error();
        self.wrong.get_or_insert_with(|| error.message().into());
    }
}

impl Put {
    fn into_json(self) -> Result<Value, String> {
        Ok(match self {
            Self::Field(FieldValue::Text(text)) => text.into(),
            Self::Field(FieldValue::Bool(value)) => value.into(),
            Self::Field(FieldValue::Unsigned(number)) => number.into(),
            Self::Field(FieldValue::Float(number)) => number.into(),
            Self::Field(FieldValue::Json(value)) => value,
            Self::Members(members) => Value::Array(members),
            Self::Entries(entries) => Value::Object(entries),
            Self::Field(_) | Self::Bytes(_) => return Err("the answer has no JSON form".into()),
        })
    }
}

/// Changes an answer, if there is one. A panic is a failure of the callback.
fn change(answer: Option<&mut Answer>, change: impl FnOnce(&mut Answer)) {
    if let Some(answer) = answer {
        let mut changed = core::mem::take(answer);
        let wrong = Answer { wrong: Some("the library panicked".into()), ..Answer::default() };
        *answer = guarded_or(wrong, move || {
            change(&mut changed);
            changed
        });
    }
}

fn put(answer: Option<&mut Answer>, value: impl FnOnce() -> Result<Put, Failure>) {
    change(answer, |answer| answer.put(value()));
}

/// Answers with a text.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_answer_text(answer: Option<&mut Answer>, text: Text<'_>) {
    put(answer, || Ok(Put::Field(text.read("the answer")?.into())));
}

/// Answers with a truth value.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_answer_bool(answer: Option<&mut Answer>, value: bool) {
    put(answer, || Ok(Put::Field(value.into())));
}

/// Answers with a whole number.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_answer_u64(answer: Option<&mut Answer>, number: u64) {
    put(answer, || Ok(Put::Field(number.into())));
}

/// Answers with a number. Infinity and NaN are failures.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_answer_f64(answer: Option<&mut Answer>, number: f64) {
    put(answer, || match number.is_finite() {
        true => Ok(Put::Field(number.into())),
        false => Err(Failure::argument("the answer is not a finite number")),
    });
}

/// Answers with JSON: a value of any shape. A whole slot or payload is always given so.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_answer_json(answer: Option<&mut Answer>, json: Text<'_>) {
    put(answer, || {
        let Strict(value) = serde_json::from_str(json.read("the answer")?)
            .map_err(|error| Failure::argument(format!("the answer is not valid JSON: {error}")))?;
        Ok(Put::Field(value.into()))
    });
}

/// Adds a member to a set of texts, such as a label. An empty set is `[]` by `cpex_wasmi_answer_json`.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_answer_member(answer: Option<&mut Answer>, text: Text<'_>) {
    change(answer, |answer| match text.read("a member") {
        Ok(text) => match &mut answer.value {
            Some(Put::Members(members)) => members.push(text.into()),
            value => *value = Some(Put::Members(vec![text.into()])),
        },
        Err(failure) => answer.wrong(failure),
    });
}

/// Adds a text to texts by name, such as a header. An empty map is `{}` by `cpex_wasmi_answer_json`.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_answer_entry(
    answer: Option<&mut Answer>,
    name: Text<'_>,
    text: Text<'_>,
) {
    change(answer, |answer| {
        let read = || Ok((name.read("a name")?.to_owned(), text.read("an entry")?.into()));
        match read() {
            Ok((name, text)) => match &mut answer.value {
                Some(Put::Entries(entries)) => {
                    entries.insert(name, text);
                }
                value => *value = Some(Put::Entries(Map::from_iter([(name, text)]))),
            },
            Err(failure) => answer.wrong(failure),
        }
    });
}

/// Answers a plugin that called a function with bytes in postcard, which is right only if its argument came in postcard.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_answer_bytes(answer: Option<&mut Answer>, bytes: Bytes<'_>) {
    put(answer, || Ok(Put::Bytes(bytes.read("the answer")?.to_vec())));
}

/// Says why the callback fails, for the operator. The callback then returns `CPEX_WASMI_ANSWERED_FAILED`.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_answer_failure(answer: Option<&mut Answer>, message: Text<'_>) {
    change(answer, |answer| match message.read("the message") {
        Ok(message) => answer.failure = Some(message.into()),
        Err(failure) => answer.wrong(failure),
    });
}

/// Charges the plugin that called a function for work, as for so many bytes that the host goes through.
#[unsafe(no_mangle)]
pub extern "C" fn cpex_wasmi_answer_charge(answer: Option<&mut Answer>, bytes: usize) {
    if let Some(answer) = answer {
        answer.work = answer.work.saturating_add(bytes);
    }
}
