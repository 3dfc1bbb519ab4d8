//! Authorization details, which have members of any name beside the known ones.

use alloc::string::String;
use alloc::vec::Vec;

use serde::de::Error as _;
use serde::ser::{SerializeMap as _, SerializeStruct as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{AuthorizationDetail, JsonMap, MapOnWire, Strict, json};

/// [`AuthorizationDetail`] in postcard: JSON has its extra members beside the others.
#[derive(Deserialize)]
#[serde(remote = "AuthorizationDetail")]
struct DetailOnWire {
    detail_type: String,
    locations: Option<Vec<String>>,
    actions: Option<Vec<String>>,
    datatypes: Option<Vec<String>>,
    identifier: Option<String>,
    privileges: Option<Vec<String>>,
    #[serde(deserialize_with = "json::map")]
    extra: JsonMap,
}

impl Serialize for AuthorizationDetail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { detail_type, locations, actions, datatypes, identifier, privileges, extra } =
            self;
        if !serializer.is_human_readable() {
            let mut fields = serializer.serialize_struct("AuthorizationDetail", 7)?;
            fields.serialize_field("detail_type", detail_type)?;
            fields.serialize_field("locations", locations)?;
            fields.serialize_field("actions", actions)?;
            fields.serialize_field("datatypes", datatypes)?;
            fields.serialize_field("identifier", identifier)?;
            fields.serialize_field("privileges", privileges)?;
            fields.serialize_field("extra", &MapOnWire(extra))?;
            return fields.end();
        }
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("type", detail_type)?;
        for (name, texts) in [("locations", locations), ("actions", actions)] {
            if let Some(texts) = texts {
                members.serialize_entry(name, texts)?;
            }
        }
        if let Some(datatypes) = datatypes {
            members.serialize_entry("datatypes", datatypes)?;
        }
        if let Some(identifier) = identifier {
            members.serialize_entry("identifier", identifier)?;
        }
        if let Some(privileges) = privileges {
            members.serialize_entry("privileges", privileges)?;
        }
        for (name, value) in extra {
            members.serialize_entry(name, value)?;
        }
        members.end()
    }
}

impl<'de> Deserialize<'de> for AuthorizationDetail {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let Strict(json) = Strict::deserialize(deserializer)?;
            Self::from_json(json).map_err(D::Error::custom)
        } else {
            DetailOnWire::deserialize(deserializer)
        }
    }
}

impl AuthorizationDetail {
    fn from_json(json: serde_json::Value) -> Result<Self, serde_json::Error> {
        let mut extra = JsonMap::deserialize(json)?;
        let detail_type = extra.remove("type");
        let detail_type = detail_type.ok_or_else(|| serde_json::Error::missing_field("type"))?;
        let mut texts = |name| Option::deserialize(extra.remove(name).unwrap_or_default());
        let [locations, actions, datatypes, privileges] =
            [texts("locations")?, texts("actions")?, texts("datatypes")?, texts("privileges")?];
        let identifier = Option::deserialize(extra.remove("identifier").unwrap_or_default())?;
        let detail_type = String::deserialize(detail_type)?;
        Ok(Self { detail_type, locations, actions, datatypes, identifier, privileges, extra })
    }
}
