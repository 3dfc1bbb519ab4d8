//! Macros for the text and JSON fields of views.

/// Implements a view's methods for text fields: `name()`, or `name()` and `name_is()`.
macro_rules! text_fields {
    ($($(#[$doc:meta])* $name:ident $(, $name_is:ident)? => $field:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// The host's status; a missing value is `None`.
            pub fn $name(self) -> $crate::Result<Option<alloc::string::String>> {
                self.place($crate::Field::$field).text()
            }

            $(
                #[doc = concat!("Whether [`", stringify!($name), "`](Self::", stringify!($name),
                    ") is there and equals `expected`, without allocating.")]
                ///
                /// # Errors
                ///
                /// The host's status; a missing value equals nothing.
                pub fn $name_is(self, expected: &str) -> $crate::Result<bool> {
                    self.place($crate::Field::$field).text_is(expected)
                }
            )?
        )*
    };
}
pub(crate) use text_fields;

/// Implements a view's methods for records, which are read as JSON text.
macro_rules! json_fields {
    ($($(#[$doc:meta])* $name:ident => $field:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// As JSON text, as CPEX writes it, without what the plugin may not see.
            ///
            /// # Errors
            ///
            /// The host's status; a missing value is `None`.
            pub fn $name(self) -> $crate::Result<Option<alloc::string::String>> {
                self.place($crate::Field::$field).json()
            }
        )*
    };
}
pub(crate) use json_fields;

/// Implements a view's methods for whole numbers.
macro_rules! number_fields {
    ($($(#[$doc:meta])* $name:ident => $field:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// The host's status; a missing value is `None`.
            pub fn $name(self) -> $crate::Result<Option<u64>> {
                self.place($crate::Field::$field).number()
            }
        )*
    };
}
pub(crate) use number_fields;
