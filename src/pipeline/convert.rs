//! Conversion between the types of an engine and those of [`model`](crate::model), value by value.
//!
//! Conversion there and back keeps JSON and tokens.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub(crate) use super::values;

/// A value with a type of its own in the [`model`](crate::model).
pub(crate) trait ToModel {
    /// That type.
    type Model;

    /// A copy of the value, as the model has it.
    ///
    /// Fails on what a later version of the engine may have added to an enum: to take it for something else
    /// could make a deny an allow.
    fn to_model(&self) -> Result<Self::Model, Unfit>;

    /// A list of such values, as the model has it.
    fn list_to_model(list: &[Self]) -> Result<Vec<Self::Model>, Unfit>
    where
        Self: Sized,
    {
        let numbered = list.iter().enumerate();
        numbered.map(|(at, value)| value.to_model().map_err(|unfit| unfit.within(at))).collect()
    }
}

/// A conversion from a value of the [`model`](crate::model).
pub(crate) trait FromModel<M>: Sized {
    /// Makes one of it.
    fn from_model(model: M) -> Result<Self, Unfit>;

    /// Makes a list of such values of the model's.
    fn list_from_model(list: Vec<M>) -> Result<Vec<Self>, Unfit> {
        let numbered = list.into_iter().enumerate();
        numbered
            .map(|(at, value)| Self::from_model(value).map_err(|unfit| unfit.within(at)))
            .collect()
    }
}

/// A payload of which a handler may change the results, but not what it was given.
pub(crate) trait WithResults: ToModel + Sized {
    /// A copy of the payload with the results of `changed`.
    fn with_results(&self, changed: Self::Model) -> Result<Self, Unfit>;
}

/// A value that one side has and the other has no place for. It may be a token, so it is not
/// repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    /// The value, as a JSON Pointer.
    pointer: String,
    /// The fault in it.
    problem: &'static str,
}

impl Unfit {
    pub(crate) const fn new(problem: &'static str) -> Self {
        Self { pointer: String::new(), problem }
    }

    /// A member of a later version of the engine that this crate does not know.
    pub(crate) const fn unknown() -> Self {
        Self::new("is of a kind that this version of cpex-wasmi does not know")
    }

    /// The problem as the parent of the value sees it.
    pub(crate) fn within(self, member: impl fmt::Display) -> Self {
        Self { pointer: format!("/{member}{}", self.pointer), ..self }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(self.problem),
            pointer => write!(f, "{pointer}: {}", self.problem),
        }
    }
}

impl core::error::Error for Unfit {}

/// Converts a member to the model. An error names the member.
pub(crate) fn to<T: ToModel + ?Sized>(value: &T, member: &'static str) -> Result<T::Model, Unfit> {
    value.to_model().map_err(|unfit| unfit.within(member))
}

/// Makes a member of the model's. An error names the member.
pub(crate) fn from<T: FromModel<M>, M>(value: M, member: &'static str) -> Result<T, Unfit> {
    T::from_model(value).map_err(|unfit| unfit.within(member))
}
