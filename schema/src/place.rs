//! Places in a schema or a configuration, written only if they are shown.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::words::shown;

/// The way in which places are written for people.
#[derive(Clone, Copy, Debug)]
pub(super) enum Naming {
    /// As operators write them: `config.rules[2].name`.
    Config,
    /// As JSON Pointers: `/rules/2/name`.
    Pointer,
}

/// The place of a value, as a way back to the top. It costs nothing until it is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    Top,
    /// A key of a mapping.
    Key(&'a Self, &'a str),
    /// An item of a list.
    Item(&'a Self, usize),
    /// A key itself, instead of what stands under it.
    Name(&'a Self, &'a str),
}

impl Place<'_> {
    pub(super) fn named(&self, naming: Naming) -> String {
        match naming {
            Naming::Config => self.path(),
            Naming::Pointer => self.pointer(),
        }
    }

    /// As operators write it: `config.rules[2].name`.
    fn path(&self) -> String {
        let mut out = String::from("config");
        for place in self.steps() {
            // Writing to a `String` cannot fail.
            let _ = match place {
                Place::Top => Ok(()),
                Place::Key(_, key) | Place::Name(_, key) => write!(out, ".{}", shown(key)),
                Place::Item(_, position) => write!(out, "[{position}]"),
            };
        }
        out
    }

    /// As a JSON pointer: `/properties/rules/items`.
    pub(super) fn pointer(&self) -> String {
        let mut out = String::new();
        for place in self.steps() {
            // Writing to a `String` cannot fail.
            let _ = match place {
                Place::Top => Ok(()),
                Place::Key(_, key) | Place::Name(_, key) => {
                    write!(out, "/{}", shown(key).replace('~', "~0").replace('/', "~1"))
                }
                Place::Item(_, position) => write!(out, "/{position}"),
            };
        }
        out
    }

    fn steps(&self) -> Vec<&Self> {
        let mut places = Vec::new();
        let mut next = Some(self);
        while let Some(place) = next {
            places.push(place);
            next = match place {
                Place::Top => None,
                Place::Key(above, _) | Place::Item(above, _) | Place::Name(above, _) => Some(above),
            };
        }
        places.reverse();
        places
    }
}
