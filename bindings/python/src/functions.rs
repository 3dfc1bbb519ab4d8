//! Functions of Python's that plugins call by name, in the types that plugins have.

use cpex_wasmi::abi::Value as WireValue;
use cpex_wasmi::model::{OnWire, from_wire};
use cpex_wasmi::{EngineBuilder, Invocation};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::callables;

/// Offers plugins the functions of a `dict`, by name: callables, or `Function`s.
pub(crate) fn offer(
    mut builder: EngineBuilder,
    functions: &Bound<'_, pyo3::types::PyDict>,
) -> PyResult<EngineBuilder> {
    for (name, function) in functions.iter() {
        let name: String = name.extract()?;
        let class = function.py().import("cpex_wasmi.records")?.getattr("Function")?;
        let (function, argument, optional) = if function.is_instance(&class)? {
            let argument: String = function.getattr("argument")?.extract()?;
            (function.getattr("call")?, argument, function.getattr("optional")?.extract()?)
        } else {
            (function, String::from("json"), false)
        };
        if optional && matches!(&*argument, "json" | "bytes") {
            return Err(PyValueError::new_err(format!(
                "the function `{name}` has an optional result, so its argument must be text, bool, unsigned, signed or float"
            )));
        }
        check(&name, &function)?;
        let function = function.unbind();
        let plain = if optional { Answer::Optional } else { Answer::Plain };
        builder = match argument.as_str() {
            "json" => add::<Json>(builder, name, function, Answer::Described),
            "text" => add::<String>(builder, name, function, plain),
            "bool" => add::<bool>(builder, name, function, plain),
            "unsigned" => add::<u64>(builder, name, function, plain),
            "signed" => add::<i64>(builder, name, function, plain),
            "float" => add::<f64>(builder, name, function, plain),
            "bytes" => builder.function_encoded(name, move |_, _, argument| {
                callables::call_bytes(&function, argument)
            }),
            other => {
                return Err(PyValueError::new_err(format!(
                    "the argument of the function `{name}` is `{other}`, which is none of json, text, bool, \
                     unsigned, signed, float and bytes"
                )));
            }
        };
    }
    Ok(builder)
}

/// Refuses what cannot be called, or would answer later.
fn check(name: &str, function: &Bound<'_, PyAny>) -> PyResult<()> {
    if !function.is_callable() {
        return Err(PyTypeError::new_err(format!("the function `{name}` cannot be called")));
    }
    let inspect = function.py().import("inspect")?;
    if inspect.call_method1("iscoroutinefunction", (function,))?.is_truthy()? {
        return Err(PyTypeError::new_err(format!(
            "the function `{name}` is `async`, and plugins are answered at once"
        )));
    }
    Ok(())
}

/// An argument as a plugin gives it.
trait Argument: DeserializeOwned + Into<Value> + 'static {}

impl Argument for String {}
impl Argument for bool {}
impl Argument for u64 {}
impl Argument for i64 {}
impl Argument for f64 {}
impl Argument for Json {}

fn add<A: Argument>(
    builder: EngineBuilder,
    name: String,
    function: Py<PyAny>,
    answer: fn(Value) -> Answer,
) -> EngineBuilder {
    builder.function(name, move |_: &mut Invocation<'_>, argument: A| {
        callables::call(&function, &argument.into()).map(answer)
    })
}

/// A value of any type: as itself in JSON, as the ABI's `Value` in postcard.
struct Json(Value);

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        json.0
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return Value::deserialize(deserializer).map(Self);
        }
        let value = from_wire(WireValue::deserialize(deserializer)?);
        value.map(Self).ok_or_else(|| D::Error::custom("no value of JSON"))
    }
}

/// A result as a plugin reads it. In JSON, all are the value itself.
enum Answer {
    /// In postcard, the ABI's `Value`, which says of each value what it is.
    Described(Value),
    /// The value alone. The plugin knows its type.
    Plain(Value),
    /// An `Option` of the value.
    Optional(Value),
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (Self::Described(value) | Self::Plain(value) | Self::Optional(value)) = self;
        match self {
            _ if serializer.is_human_readable() => value.serialize(serializer),
            Self::Described(_) => OnWire(value).serialize(serializer),
            Self::Optional(_) if !value.is_null() => serializer.serialize_some(&Plain(value)),
            Self::Plain(_) | Self::Optional(_) => Plain(value).serialize(serializer),
        }
    }
}

/// A value as the type that it shows: a list is a list of such.
struct Plain<'a>(&'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_none(),
            Value::Array(values) => serializer.collect_seq(values.iter().map(Plain)),
            Value::Object(map) => {
                serializer.collect_map(map.iter().map(|(key, value)| (key, Plain(value))))
            }
            other => other.serialize(serializer),
        }
    }
}
