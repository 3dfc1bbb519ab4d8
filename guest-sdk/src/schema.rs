//! JSON Schemas of the operator's, by which the host checks values.
//!
//! ```
//! use cpex_wasmi_guest::prelude::*;
//! use cpex_wasmi_guest::schema::Schema;
//!
//! static ARGUMENTS: Prepared<Schema> = Prepared::new();
//!
//! fn prepare(config: JsonMap) -> Result<()> {
//!     ARGUMENTS.set(Schema::new(&config.json_of("arguments")?.unwrap_or("true".into()))?)
//! }
//!
//! fn look(call: &Call) -> Result<Verdict> {
//!     for tool_call in call.tool_calls()? {
//!         if let Some(fault) = ARGUMENTS.get()?.check(tool_call)?.first() {
//!             return deny("invalid_arguments", &fault.message);
//!         }
//!     }
//!     allow()
//! }
//! ```
//!
//! The host compiles a schema once for all instances of a plugin, and checks the value where it is: nothing of it is copied into the
//! plugin. It takes no access in the manifest. The keywords are those of
//! schemas of configurations, `pattern` and `patternProperties`. Any other is refused, and a `$ref` leads nowhere but into the schema
//! itself.
//!
//! # Bounds
//!
//! A schema has at most 64 KiB of text, and the schemas of a plugin 256 KiB together. See the host's `docs/limits.md`.

#[cfg(not(target_arch = "wasm32"))]
use alloc::string::String;
use alloc::vec::Vec;

use cpex_wasmi_abi::codec::{self, Bounds};
use cpex_wasmi_abi::{MEMORY, Status};

pub use cpex_wasmi_abi::SchemaFault as Fault;

use crate::patterns::reason;
use crate::result::check;
use crate::{Error, Result, Searchable, sys};

/// The bytes of faults that are taken before their length is known.
const ROOM: usize = 512;

/// A JSON Schema that the host has compiled. It is given back when the value is dropped.
#[derive(Debug)]
pub struct Schema {
    #[cfg(target_arch = "wasm32")]
    number: u32,
    /// A test has a host of its own each time.
    #[cfg(not(target_arch = "wasm32"))]
    text: String,
}

impl Schema {
    /// Compiles a schema: to be done once, when the plugin is initialised.
    ///
    /// # Errors
    ///
    /// [`Status::Failed`] if it is invalid, or has a keyword that the host does not check; the host is told why.
    /// [`Status::QuotaExceeded`] if there are more schemas than the host keeps.
    pub fn new(text: &str) -> Result<Self> {
        #[cfg(target_arch = "wasm32")]
        return compiled(text).map(|number| Self { number });
        #[cfg(not(target_arch = "wasm32"))]
        {
            let schema = Self { text: text.into() };
            schema.with_number(|_| Ok(())).map(|()| schema)
        }
    }

    /// The first faults of a value, some twenty at most; none if it fits.
    ///
    /// # Errors
    ///
    /// The host's status; [`Status::Absent`] if the value is not there, [`Status::TooLarge`] if the check would take too many steps.
    pub fn check(&self, value: impl Searchable) -> Result<Vec<Fault>> {
        let (field, index, key) = value.searched().parts();
        self.faults(field.number(), index, key.map(str::as_bytes))
    }

    /// True if a value fits.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn is_valid(&self, value: impl Searchable) -> Result<bool> {
        let (field, index, key) = value.searched().parts();
        let key = key.map(str::as_bytes);
        let checked =
            |schema| check(sys::schema_check(field.number(), index, key, schema, &mut []));
        self.with_number(checked).map(|len| len == 0)
    }

    /// The first faults of a JSON text of the plugin's.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check); [`Status::Malformed`] if it is not JSON, or a key stands twice.
    pub fn check_text(&self, json: &str) -> Result<Vec<Fault>> {
        self.faults(MEMORY, 0, Some(json.as_bytes()))
    }

    /// The first faults of a value of the plugin's, such as arguments in the cpex style.
    ///
    /// # Errors
    ///
    /// As [`check_text`](Self::check_text); [`Status::Malformed`] if the value has no form in JSON.
    #[cfg(feature = "cpex")]
    pub fn check_value<T: serde::Serialize + ?Sized>(&self, value: &T) -> Result<Vec<Fault>> {
        let json = serde_json::to_string(value).map_err(|_| Status::Malformed)?;
        self.check_text(&json)
    }

    fn faults(&self, field: u32, index: u32, key: Option<&[u8]>) -> Result<Vec<Fault>> {
        self.with_number(|schema| {
            let mut out = sys::buffer(ROOM)?;
            let mut len = check(sys::schema_check(field, index, key, schema, &mut out))?;
            if len > out.len() {
                drop(out);
                out = sys::buffer(len)?;
                len = check(sys::schema_check(field, index, key, schema, &mut out))?;
            }
            if len == 0 {
                return Ok(Vec::new());
            }
            out.truncate(len);
            codec::decode(&out, Bounds { bytes: len, ..Bounds::DEFAULT })
                .map_err(|_| Status::Malformed.into())
        })
    }

    /// Runs `run` with the number of the schema on the host.
    #[cfg(target_arch = "wasm32")]
    fn with_number<R>(&self, run: impl FnOnce(u32) -> Result<R>) -> Result<R> {
        run(self.number)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn with_number<R>(&self, run: impl FnOnce(u32) -> Result<R>) -> Result<R> {
        sys::hosted(|| {
            let number = compiled(&self.text)?;
            let result = run(number);
            check(sys::schema_drop(number))?;
            result
        })
    }
}

#[cfg(target_arch = "wasm32")]
impl Drop for Schema {
    fn drop(&mut self) {
        let _ = sys::schema_drop(self.number);
    }
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "a plugin's definition is public")]
mod tests;

/// The number of a schema on the host.
fn compiled(text: &str) -> Result<u32> {
    let mut room = [0; 512];
    let number = sys::schema(text.as_bytes(), &mut room);
    if number == Status::Malformed.code() {
        return Err(Error::failed(reason(&room)));
    }
    check(number).map(|_| number.cast_unsigned())
}
