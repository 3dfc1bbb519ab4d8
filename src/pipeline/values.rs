//! The values in structures: texts, numbers, JSON, lists, maps and sets.

use alloc::borrow::ToOwned as _;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::Hash;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error, StringDeserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::convert::{FromModel, ToModel, Unfit};
use crate::model::Secret;

/// Implements both directions for what is the same in both.
macro_rules! same {
    ($($ty:ty),*) => {$(
        impl ToModel for $ty {
            type Model = Self;

            fn to_model(&self) -> Result<Self, Unfit> {
                Ok(self.clone())
            }

            fn list_to_model(list: &[Self]) -> Result<Vec<Self>, Unfit> {
                Ok(list.to_vec())
            }
        }

        impl FromModel<$ty> for $ty {
            fn from_model(model: $ty) -> Result<Self, Unfit> {
                Ok(model)
            }

            fn list_from_model(list: Vec<$ty>) -> Result<Vec<Self>, Unfit> {
                Ok(list)
            }
        }
    )*};
}

same!(String, bool, u8, u16, u32, u64, f64, Value);

impl ToModel for str {
    type Model = String;

    fn to_model(&self) -> Result<String, Unfit> {
        Ok(self.to_owned())
    }
}

impl<T: ToModel + ?Sized> ToModel for &T {
    type Model = T::Model;

    fn to_model(&self) -> Result<T::Model, Unfit> {
        (**self).to_model()
    }
}

impl<T: ToModel> ToModel for Arc<T> {
    type Model = T::Model;

    fn to_model(&self) -> Result<T::Model, Unfit> {
        (**self).to_model()
    }
}

impl<T: ToModel> ToModel for Option<T> {
    type Model = Option<T::Model>;

    fn to_model(&self) -> Result<Self::Model, Unfit> {
        self.as_ref().map(T::to_model).transpose()
    }
}

impl<T: FromModel<M>, M> FromModel<Option<M>> for Option<T> {
    fn from_model(model: Option<M>) -> Result<Self, Unfit> {
        model.map(T::from_model).transpose()
    }
}

impl<T: ToModel> ToModel for [T] {
    type Model = Vec<T::Model>;

    fn to_model(&self) -> Result<Self::Model, Unfit> {
        T::list_to_model(self)
    }
}

impl<T: ToModel> ToModel for Vec<T> {
    type Model = Vec<T::Model>;

    fn to_model(&self) -> Result<Self::Model, Unfit> {
        T::list_to_model(self)
    }
}

impl<T: FromModel<M>, M> FromModel<Vec<M>> for Vec<T> {
    fn from_model(model: Vec<M>) -> Result<Self, Unfit> {
        T::list_from_model(model)
    }
}

/// The problem of two keys that become one.
pub(crate) const TWICE: Unfit = Unfit::new("has a key twice");

impl<K: ToModel<Model: Ord>, V: ToModel> ToModel for HashMap<K, V> {
    type Model = BTreeMap<K::Model, V::Model>;

    fn to_model(&self) -> Result<Self::Model, Unfit> {
        let mut map = BTreeMap::new();
        for (key, value) in self {
            if map.insert(key.to_model()?, value.to_model()?).is_some() {
                return Err(TWICE);
            }
        }
        Ok(map)
    }
}

impl<K, V, M, N> FromModel<BTreeMap<M, N>> for HashMap<K, V>
where
    K: FromModel<M> + Eq + Hash,
    V: FromModel<N>,
{
    fn from_model(model: BTreeMap<M, N>) -> Result<Self, Unfit> {
        let mut map = Self::with_capacity(model.len());
        for (key, value) in model {
            if map.insert(K::from_model(key)?, V::from_model(value)?).is_some() {
                return Err(TWICE);
            }
        }
        Ok(map)
    }
}

/// A map that is ordered on both sides has the same values on both.
impl<V: Clone> ToModel for BTreeMap<String, V> {
    type Model = Self;

    fn to_model(&self) -> Result<Self, Unfit> {
        Ok(self.clone())
    }
}

impl<V> FromModel<Self> for BTreeMap<String, V> {
    fn from_model(model: Self) -> Result<Self, Unfit> {
        Ok(model)
    }
}

impl ToModel for HashSet<String> {
    type Model = BTreeSet<String>;

    fn to_model(&self) -> Result<Self::Model, Unfit> {
        Ok(self.iter().cloned().collect())
    }
}

impl FromModel<BTreeSet<String>> for HashSet<String> {
    fn from_model(model: BTreeSet<String>) -> Result<Self, Unfit> {
        Ok(model.into_iter().collect())
    }
}

impl ToModel for Zeroizing<String> {
    type Model = Secret;

    fn to_model(&self) -> Result<Secret, Unfit> {
        Ok(self.as_str().into())
    }
}

impl FromModel<Secret> for Zeroizing<String> {
    fn from_model(model: Secret) -> Result<Self, Unfit> {
        Ok(Self::new(model.expose().to_owned()))
    }
}

/// The text is the one that engines have in JSON.
impl ToModel for DateTime<Utc> {
    type Model = String;

    fn to_model(&self) -> Result<String, Unfit> {
        Ok(self.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl FromModel<String> for DateTime<Utc> {
    fn from_model(model: String) -> Result<Self, Unfit> {
        model.parse().map_err(|_| Unfit::new("is not a time in the form of RFC 3339"))
    }
}

/// The text that serde has for an enum which any text is a variant of.
pub(crate) fn to_text(value: &impl Serialize) -> Result<String, Unfit> {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => Ok(text),
        _ => Err(Unfit::unknown()),
    }
}

/// The variant that serde has for a text.
pub(crate) fn from_text<T: for<'de> Deserialize<'de>>(text: String) -> Result<T, Unfit> {
    let text: StringDeserializer<Error> = text.into_deserializer();
    T::deserialize(text).map_err(|_| Unfit::unknown())
}
