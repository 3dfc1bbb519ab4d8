use core::fmt;

/// Calls a macro with the table of host functions.
///
/// Each row is `"import name" Variant (parameter: kind, …) "what it does";`, where the kind is
/// `number` (one `i32`), `bytes` (pointer and length of something the host reads), `key` (the same,
/// with [`NO_KEY`](crate::NO_KEY) allowed as length) or `buffer` (pointer and length of something
/// the host writes to). Every function returns one `i32`.
#[macro_export]
macro_rules! for_each_host_function {
    ($callback:ident) => {
        $callback! {
            "read" Read (field: number, index: number, key: key, out: buffer)
                "Reads a value as postcard. Returns its length; copies nothing if that is more than the buffer holds.";
            "read_json" ReadJson (field: number, index: number, key: key, out: buffer)
                "As `read`, but as JSON text.";
            "read_text" ReadText (field: number, index: number, key: key, out: buffer)
                "As `read`, but as bare UTF-8 text. Only for text, numbers and booleans.";
            "read_key" ReadKey (field: number, index: number, position: number, out: buffer)
                "Reads the name of one entry of a map or one member of a set as text, by its position in sorted order.";
            "contains" Contains (field: number, index: number, key: key)
                "Returns 1 if the set has that member, the map that key, the record that place, or the plain value is there at all; otherwise 0.";
            "count" Count (field: number, index: number)
                "Returns how many entries a map has, members a set, or, with the index `NO_INDEX`, how many values an indexed field.";
            "write" Write (field: number, index: number, key: key, value: bytes)
                "Sets a value given as postcard: a whole field, an entry of a map, a place in a record, or a new member of a set. Returns 0.";
            "write_json" WriteJson (field: number, index: number, key: key, value: bytes)
                "As `write`, but given as JSON text.";
            "write_text" WriteText (field: number, index: number, key: key, value: bytes)
                "As `write`, but given as bare UTF-8 text: a string, except in a field that is a boolean or a number.";
            "remove" Remove (field: number, index: number, key: key)
                "Removes an entry of a map, or the candidate constraint. Returns 1 if it was there, otherwise 0.";
            "deny" Deny (violation: bytes)
                "Denies the operation, with a postcard `Violation`. Returns 0. What the plugin wrote to payload and extensions is dropped.";
            "deny_text" DenyText (code: bytes, reason: bytes)
                "Denies the operation, with code and reason as text. Returns 0.";
            "deny_json" DenyJson (violation: bytes)
                "Denies the operation, with the JSON object that CPEX writes for a violation. Returns 0.";
            "call" Call (name: bytes, argument: bytes, out: buffer)
                "Calls a function that the operator granted, by name, with a postcard argument. Returns the length of its result in postcard, which is copied if the buffer holds it, and kept for `call_result`.";
            "call_json" CallJson (name: bytes, argument: bytes, out: buffer)
                "As `call`, but argument and result are JSON text.";
            "call_result" CallResult (offset: number, out: buffer)
                "Copies the result of the last `call` or `call_json` from an offset on, as much as the buffer holds. Returns how many bytes that were.";
            "log" Log (level: number, message: bytes)
                "Writes a line to the plugin's log: level 1 error, 2 warn, 3 info, 4 debug, 5 trace. Returns 0.";
            "panic" Panic (message: bytes)
                "Tells the host why the plugin is about to trap, or to return the code of a status. Returns 0; the trap is the plugin's to make.";
        }
    };
}

/// The kind of one parameter of a host function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// One unsigned 32-bit number.
    Number,
    /// Pointer and length of bytes the host reads.
    Bytes,
    /// Pointer and length of a key the host reads; [`NO_KEY`](crate::NO_KEY) as length: no key.
    Key,
    /// Pointer and length of a buffer the host writes to.
    Buffer,
}

impl Param {
    /// How many wasm parameters (`i32` each) it takes.
    pub const fn arity(self) -> usize {
        match self {
            Self::Number => 1,
            Self::Bytes | Self::Key | Self::Buffer => 2,
        }
    }
}

/// What the table says about one host function.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FunctionInfo {
    /// The import name, in the module [`IMPORT_MODULE`](crate::IMPORT_MODULE).
    pub name: &'static str,
    /// Names and kinds of the parameters.
    pub params: &'static [(&'static str, Param)],
    /// What the function does, for the documentation.
    pub description: &'static str,
}

macro_rules! param {
    (number) => {
        Param::Number
    };
    (bytes) => {
        Param::Bytes
    };
    (key) => {
        Param::Key
    };
    (buffer) => {
        Param::Buffer
    };
}

macro_rules! define {
    ($($name:literal $variant:ident ($($param:ident: $kind:ident),*) $description:literal;)*) => {
        /// A function of the module [`IMPORT_MODULE`](crate::IMPORT_MODULE) that a plugin can import.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum HostFunction {
            $(#[doc = $description] $variant,)*
        }

        impl HostFunction {
            /// All host functions, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// What the table says about the function.
            pub const fn info(self) -> FunctionInfo {
                match self {
                    $(Self::$variant => FunctionInfo {
                        name: $name,
                        params: &[$((stringify!($param), param!($kind)),)*],
                        description: $description,
                    },)*
                }
            }
        }
    };
}
for_each_host_function!(define);

impl HostFunction {
    /// Looks a function up by its import name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.info().name == name)
    }

    /// How many `i32` parameters the import takes.
    pub fn arity(self) -> usize {
        self.info().params.iter().map(|(_, param)| param.arity()).sum()
    }
}

impl fmt::Display for HostFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}
