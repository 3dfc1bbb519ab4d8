//! JSON from Python's values, and Python's values from JSON.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple,
};
use serde_json::{Map, Number, Value};

use crate::errors;

/// The greatest depth of a value.
const MAX_DEPTH: usize = 100;

/// The largest value, in bytes: its texts, and [`BYTES_OF_VALUE`] for each value in it.
const MAX_BYTES: usize = 64 << 20;

/// The bytes that a value counts, beside its text. An object that stands in several places counts in each.
const BYTES_OF_VALUE: usize = 64;

/// Reads a value that JSON has too. `what` names it in errors, as in `payload`.
///
/// Runs no code of Python's: the classes of JSON are read as they are stored, those derived from them too.
pub(crate) fn read(object: &Bound<'_, PyAny>, what: &str) -> PyResult<Value> {
    let mut reader = Reader { left: MAX_BYTES };
    reader.value(object, 0).map_err(|fault| {
        let path: String = fault.steps.iter().rev().map(String::as_str).collect();
        errors::invalid_request(object.py(), &format!("{what}{path}: {}", fault.message))
    })
}

/// Makes Python's value of one of JSON's.
pub(crate) fn write<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Null => Ok(py.None().into_bound(py)),
        Value::Bool(value) => value.into_bound_py_any(py),
        Value::String(text) => text.into_bound_py_any(py),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => number.into_bound_py_any(py),
            (None, Some(number)) => number.into_bound_py_any(py),
            (None, None) => number.as_f64().into_bound_py_any(py),
        },
        Value::Array(values) => {
            let list = PyList::empty(py);
            for value in values {
                list.append(write(py, value)?)?;
            }
            list.into_bound_py_any(py)
        }
        Value::Object(map) => object(py, map)?.into_bound_py_any(py),
    }
}

/// Makes a `dict` of a map.
pub(crate) fn object<'py>(
    py: Python<'py>,
    map: &Map<String, Value>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, value) in map {
        dict.set_item(key, write(py, value)?)?;
    }
    Ok(dict)
}

/// A value that is not JSON's.
struct Fault {
    message: String,
    /// The way to it, from the inside out.
    steps: Vec<String>,
}

impl Fault {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), steps: Vec::new() }
    }

    fn within(mut self, step: String) -> Self {
        self.steps.push(step);
        self
    }
}

struct Reader {
    /// The bytes that may still come.
    left: usize,
}

impl Reader {
    fn value(&mut self, object: &Bound<'_, PyAny>, depth: usize) -> Result<Value, Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::new(format!(
                "the value is nested more than {MAX_DEPTH} deep, or contains itself"
            )));
        }
        self.take(BYTES_OF_VALUE)?;
        if object.is_none() {
            return Ok(Value::Null);
        }
        // Before whole numbers, which truth values are too.
        if let Ok(value) = object.cast::<PyBool>() {
            return Ok(Value::Bool(value.is_true()));
        }
        if let Ok(text) = object.cast::<PyString>() {
            return self.text(text).map(Value::String);
        }
        if let Ok(number) = object.cast::<PyInt>() {
            return whole(number);
        }
        if let Ok(number) = object.cast::<PyFloat>() {
            let number = Number::from_f64(number.value());
            return number
                .map(Value::Number)
                .ok_or_else(|| Fault::new("JSON has no NaN and no infinity"));
        }
        let deeper = depth.saturating_add(1);
        if let Ok(dict) = object.cast::<PyDict>() {
            return self.entries(dict, deeper);
        }
        if let Ok(list) = object.cast::<PyList>() {
            return self.elements(list.iter(), deeper);
        }
        if let Ok(tuple) = object.cast::<PyTuple>() {
            return self.elements(tuple.iter(), deeper);
        }
        Err(foreign(object))
    }

    fn entries(&mut self, dict: &Bound<'_, PyDict>, depth: usize) -> Result<Value, Fault> {
        let mut map = Map::new();
        for (key, value) in dict.iter() {
            let Ok(key) = key.cast::<PyString>() else {
                let class = class_of(&key);
                return Err(Fault::new(format!(
                    "a key is of the class `{class}`, and JSON has texts only"
                )));
            };
            let key = self.text(key)?;
            let value =
                self.value(&value, depth).map_err(|fault| fault.within(format!(".{key}")))?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }

    fn elements<'py>(
        &mut self,
        elements: impl Iterator<Item = Bound<'py, PyAny>>,
        depth: usize,
    ) -> Result<Value, Fault> {
        let values = elements.enumerate().map(|(position, element)| {
            let value = self.value(&element, depth);
            value.map_err(|fault| fault.within(format!("[{position}]")))
        });
        values.collect::<Result<_, _>>().map(Value::Array)
    }

    fn text(&mut self, text: &Bound<'_, PyString>) -> Result<String, Fault> {
        let text = text.to_str().map_err(|_| Fault::new("the text has a lone surrogate"))?;
        self.take(text.len())?;
        Ok(text.to_owned())
    }

    fn take(&mut self, bytes: usize) -> Result<(), Fault> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| {
            Fault::new(format!("the value is larger than {} MiB", MAX_BYTES >> 20))
        })?;
        Ok(())
    }
}

fn whole(number: &Bound<'_, PyInt>) -> Result<Value, Fault> {
    if let Ok(number) = number.extract::<i64>() {
        return Ok(Value::from(number));
    }
    let number = number.extract::<u64>().map(Value::from);
    number.map_err(|_| Fault::new("the number has more than 64 bits; give it as text"))
}

fn foreign(object: &Bound<'_, PyAny>) -> Fault {
    if object.is_instance_of::<PyBytes>() || object.is_instance_of::<PyByteArray>() {
        return Fault::new("JSON has no bytes; decode them to text first");
    }
    let class = class_of(object);
    Fault::new(format!(
        "the class `{class}` is none of JSON's, which are dict, list, tuple, str, int, float, bool and None"
    ))
}

fn class_of(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| String::from("?"), |name| name.to_string())
}
