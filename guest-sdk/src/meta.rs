//! The view of the operation's metadata.

use alloc::string::String;

use crate::raw::Place;
use crate::text::{json_fields, text_fields};
use crate::{Field, Result, TextMap, TextSet};

/// The meta slot: what the operation touches.
#[derive(Clone, Copy, Debug)]
pub struct Meta(());

impl Meta {
    pub(crate) const VIEW: Self = Self(());

    const fn place(self, field: Field) -> Place<'static> {
        Place::of(field)
    }

    text_fields! {
        /// `tool`, `resource`, `prompt` or `llm`.
        entity_type, entity_type_is => MetaEntityType;
        /// The name of the entity.
        entity_name, entity_name_is => MetaEntityName;
        /// The scope the entity lives in.
        scope, scope_is => MetaScope;
    }

    /// The entity's tags.
    pub const fn tags(self) -> TextSet {
        TextSet::of(Field::MetaTags)
    }

    /// True if the entity has a tag.
    ///
    /// # Errors
    ///
    /// The host's status.
    pub fn has_tag(self, tag: &str) -> Result<bool> {
        self.tags().contains(tag)
    }

    /// The entity's properties, by name.
    pub const fn properties(self) -> TextMap {
        TextMap::of(Field::MetaProperties)
    }

    /// The property of that name.
    ///
    /// # Errors
    ///
    /// The host's status; a missing property is `None`.
    pub fn property(self, name: &str) -> Result<Option<String>> {
        self.properties().get(name)
    }

    json_fields! {
        /// All of it.
        json => Meta;
    }
}
