use core::fmt;

macro_rules! statuses {
    ($($(#[doc = $doc:literal])+ $code:literal $name:ident;)*) => {
        /// Why a host function did not do what it was asked to.
        ///
        /// A host function answers with a number: zero or more is its result, a negative number is
        /// the [`code`](Self::code) of a status. `cpex_invoke` may return such a code too, to give
        /// up: the call then fails with the matching error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum Status {
            $($(#[doc = $doc])+ $name = $code,)*
        }

        impl Status {
            /// All statuses, in the order of their codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The status with this code, if there is one.
            pub const fn from_code(code: i32) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// The status's name, as in the documentation.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// What the status means.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)* }
            }
        }
    };
}

statuses! {
    /// The value, element or key is not there.
    -1 Absent;
    /// There is no field with that number.
    -2 UnknownField;
    /// The plugin was not granted the capability that the field needs.
    -3 CapabilityDenied;
    /// The field cannot be changed in this way.
    -4 ReadOnly;
    /// An index, key or level does not fit the field or the function.
    -5 InvalidArgument;
    /// The bytes given are not a valid value of the field.
    -6 Malformed;
    /// The value has no text form; read it as JSON or postcard.
    -7 NoTextForm;
    /// The value is larger than a value may be.
    -8 TooLarge;
    /// There is no request while an instance is initialised or shut down.
    -9 NotDuringInit;
    /// The plugin has already denied the operation, so there is nothing left to change.
    -10 AlreadyDenied;
    /// The payload of this hook has no such field.
    -11 WrongPayload;
    /// The plugin has used up what it may log in this call; the line was dropped.
    -12 LogFull;
    /// The plugin gives up for a reason of its own.
    -13 Failed;
    /// The operator does not allow the plugin raw credentials.
    -14 CredentialsDenied;
    /// The plugin did not ask for this system access in its manifest, or was not granted it.
    -15 AccessDenied;
    /// There is no function with that name.
    -16 UnknownFunction;
    /// What was asked of the system failed: no answer, a failing program, an error of the function's own.
    -17 Unavailable;
    /// The plugin has used up what it may use of that in one call.
    -18 QuotaExceeded;
}

impl Status {
    /// The number a host function returns for this status; always negative.
    pub const fn code(self) -> i32 {
        self as i32
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description().trim())
    }
}

impl core::error::Error for Status {}
