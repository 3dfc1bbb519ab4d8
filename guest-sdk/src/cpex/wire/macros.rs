/// Declares a structure of CPEX's, with its encoding: each field in the order of declaration.
macro_rules! record {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident {
            $($(#[$field_attribute:meta])* $vis:vis $field:ident: $ty:ty,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $($(#[$field_attribute])* $vis $field: $ty,)*
        }

        impl $crate::cpex::wire::Wire for $name {
            fn read(reader: &mut $crate::cpex::wire::Reader<'_>) -> Self {
                Self { $($field: $crate::cpex::wire::Wire::read(reader),)* }
            }

            fn write(&self, out: &mut alloc::vec::Vec<u8>) {
                $($crate::cpex::wire::Wire::write(&self.$field, out);)*
            }
        }
    };
}
pub(crate) use record;

/// Declares an enum without fields, each variant with its name in JSON and text. Its encoding is
/// the position of the variant.
macro_rules! plain_enum {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident {
            $($(#[$variant_attribute:meta])* $variant:ident = $text:literal $(| $alias:literal)?,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum $name {
            $(
                $(#[$variant_attribute])*
                #[serde(rename = $text $(, alias = $alias)?)]
                $variant,
            )*
        }

        impl $crate::cpex::wire::Known for $name {
            const ALL: &[(Self, &str)] = &[$((Self::$variant, $text)),*];
            const ANY: Self = $crate::cpex::wire::first!($(Self::$variant),*);
        }

        impl $crate::cpex::wire::Wire for $name {
            fn read(reader: &mut $crate::cpex::wire::Reader<'_>) -> Self {
                let position = usize::try_from(reader.number()).unwrap_or(usize::MAX);
                let known = <Self as $crate::cpex::wire::Known>::ALL.get(position);
                known.map(|(value, _)| value.clone()).unwrap_or_else(|| {
                    reader.fail();
                    $crate::cpex::wire::Known::ANY
                })
            }

            fn write(&self, out: &mut alloc::vec::Vec<u8>) {
                $crate::cpex::wire::put_number(out, self.clone() as u64);
            }
        }
    };
}
pub(crate) use plain_enum;

macro_rules! first {
    ($first:expr $(, $rest:expr)*) => {
        $first
    };
}
pub(crate) use first;

/// Declares an enum of known texts and any other. Its encoding is the text.
macro_rules! open_enum {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident {
            $($(#[$variant_attribute:meta])* $variant:ident = $text:literal $(| $alias:literal)?,)*
        }
    ) => {
        $(#[$attribute])*
        #[non_exhaustive]
        #[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum $name {
            $(
                $(#[$variant_attribute])*
                #[serde(rename = $text $(, alias = $alias)?)]
                $variant,
            )*
            /// Any other.
            #[serde(untagged)]
            Custom(alloc::string::String),
        }

        impl $crate::cpex::wire::Name for $name {
            fn from_name(name: alloc::string::String) -> Self {
                match name.as_str() {
                    $($text $(| $alias)? => Self::$variant,)*
                    _ => Self::Custom(name),
                }
            }

            fn name(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Custom(name) => name,
                }
            }
        }

        impl $crate::cpex::wire::Wire for $name {
            fn read(reader: &mut $crate::cpex::wire::Reader<'_>) -> Self {
                $crate::cpex::wire::Name::from_name(reader.text())
            }

            fn write(&self, out: &mut alloc::vec::Vec<u8>) {
                $crate::cpex::wire::put_text(out, $crate::cpex::wire::Name::name(self));
            }
        }
    };
}
pub(crate) use open_enum;
