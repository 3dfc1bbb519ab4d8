//! Claims of a subject: JSON values in the engine; for plugins texts, and beside them the values that are no texts.

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use std::collections::HashMap;

use praxis_policy_core::extensions::SubjectExtension;
use serde_json::Value;

use crate::model::{self, JsonMap};
use crate::pipeline::convert::{FromModel, ToModel, Unfit, from, to};

impl ToModel for SubjectExtension {
    type Model = model::SubjectExtension;

    fn to_model(&self) -> Result<Self::Model, Unfit> {
        let Self { id, subject_type, roles, permissions, teams, claims } = self;
        Ok(model::SubjectExtension {
            id: to(id, "id")?,
            subject_type: to(subject_type, "subject_type")?,
            roles: to(roles, "roles")?,
            permissions: to(permissions, "permissions")?,
            teams: to(teams, "teams")?,
            claims: texts(claims),
            claim_values: values(claims),
        })
    }
}

impl FromModel<model::SubjectExtension> for SubjectExtension {
    fn from_model(model: model::SubjectExtension) -> Result<Self, Unfit> {
        let model::SubjectExtension {
            id,
            subject_type,
            roles,
            permissions,
            teams,
            claims,
            claim_values,
        } = model;
        Ok(Self {
            id: from(id, "id")?,
            subject_type: from(subject_type, "subject_type")?,
            roles: from(roles, "roles")?,
            permissions: from(permissions, "permissions")?,
            teams: from(teams, "teams")?,
            claims: claims_of(claims, claim_values),
        })
    }
}

/// The claims as texts: a text as it is, any other value as its JSON.
pub(super) fn texts(claims: &HashMap<String, Value>) -> BTreeMap<String, String> {
    claims.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// The claims that are no texts.
pub(super) fn values(claims: &HashMap<String, Value>) -> JsonMap {
    let values = claims.iter().filter(|(_, value)| !value.is_string());
    values.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The claims of a plugin's. A value counts where its text is still there, or none is.
fn claims_of(texts: BTreeMap<String, String>, mut values: JsonMap) -> HashMap<String, Value> {
    let mut claims: HashMap<_, _> = texts
        .into_iter()
        .map(|(name, said)| match values.remove(&name) {
            Some(value) if text(&value) == said => (name, value),
            _ => (name, Value::String(said)),
        })
        .collect();
    claims.extend(values);
    claims
}

/// A value as a text.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "for tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn subject(claims: &Value) -> SubjectExtension {
        let claims = claims.as_object().into_iter().flatten();
        let claims = claims.map(|(name, value)| (name.clone(), value.clone())).collect();
        SubjectExtension { claims, ..SubjectExtension::default() }
    }

    fn claims(model: model::SubjectExtension) -> Value {
        json!(SubjectExtension::from_model(model).unwrap().claims)
    }

    #[test]
    fn claims_are_texts_and_values_and_come_back() {
        let given =
            json!({"sub": "a", "groups": ["x", "y"], "age": 7, "admin": true, "none": null});
        let before = subject(&given);
        let model = before.to_model().unwrap();
        assert_eq!(model.claims["sub"], "a");
        assert_eq!(model.claims["groups"], r#"["x","y"]"#);
        assert_eq!(model.claims["age"], "7");
        assert_eq!(model.claim_values["groups"], json!(["x", "y"]));
        assert!(!model.claim_values.contains_key("sub"));
        assert_eq!(claims(model), given);
    }

    #[test]
    fn a_plugin_states_claims_either_way() {
        let mut model = model::SubjectExtension::default();
        model.claims.insert("sub".into(), "a".into());
        model.claims.insert("age".into(), "8".into());
        model.claim_values.insert("age".into(), json!(7));
        model.claim_values.insert("groups".into(), json!(["x"]));
        assert_eq!(claims(model), json!({"sub": "a", "age": "8", "groups": ["x"]}));
    }
}
