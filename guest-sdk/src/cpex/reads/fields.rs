/// Declares a function for each field of a slot that is read on its own. What is read becomes
/// `Some` of a field that is an option.
macro_rules! fields {
    ($slot:ident: $whole:ident { $($name:ident: $field:ident $(as $how:ident)?,)* }) => {
        $(
            #[doc = concat!("`extensions.", stringify!($slot), ".", stringify!($name), "`.")]
            ///
            /// # Errors
            ///
            /// The host's status.
            #[inline(always)]
            pub fn $name<P>(incoming: &mut $crate::cpex::rt::Incoming<P>) -> $crate::Result<()> {
                let slot = &mut incoming.extensions.$slot;
                *slot = $crate::cpex::incoming::part(
                    slot.take(),
                    ($crate::Field::$whole, $crate::Field::$field),
                    $crate::cpex::reads::fields::set!($name $($how)?),
                )?;
                Ok(())
            }
        )*
    };
}
pub(super) use fields;

/// As [`fields!`], for what is nested in a slot, as an option of its own. `$there` is a field that
/// is there if that is.
macro_rules! nested {
    (
        $slot:ident: $whole:ident, $inner:ident: $there:ident
        { $($name:ident: $field:ident $(as $how:ident)?,)* }
    ) => {
        $(
            #[doc = concat!(
                "`extensions.", stringify!($slot), ".", stringify!($inner), ".", stringify!($name),
                "`."
            )]
            ///
            /// # Errors
            ///
            /// The host's status.
            #[inline(always)]
            pub fn $name<P>(incoming: &mut $crate::cpex::rt::Incoming<P>) -> $crate::Result<()> {
                let slot = &mut incoming.extensions.$slot;
                *slot = $crate::cpex::incoming::nested(
                    slot.take(),
                    [$crate::Field::$whole, $crate::Field::$there, $crate::Field::$field],
                    |slot| &mut slot.$inner,
                    $crate::cpex::reads::fields::set!($name $($how)?),
                )?;
                Ok(())
            }
        )*
    };
}
pub(super) use nested;

macro_rules! set {
    ($name:ident) => {
        |slot, value| slot.$name = value
    };
    ($name:ident option) => {
        |slot, value| slot.$name = Some(value)
    };
    ($name:ident name) => {
        |slot, $crate::cpex::wire::Named(value)| slot.$name = Some(value)
    };
}
pub(super) use set;
