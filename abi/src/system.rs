//! The functions that the host itself offers by name: what they are called, take and give.

/// The name of the function that reads an environment variable: its argument is the name (text), its
/// result the value, or none if the variable is not set.
pub const ENV_GET: &str = "env.get";

/// The name of the function that tells the time: it takes nothing, and gives the nanoseconds since the
/// beginning of 1970 in UTC, as `u64`.
pub const CLOCK_NOW: &str = "clock.now";

/// The name of the function that gives random bytes: its argument is how many, as `u32` and at most
/// [`MAX_RANDOM_BYTES`], its result a list of them.
pub const RANDOM_BYTES: &str = "random.bytes";

/// The name of the function that gives the plugin's salt: it takes nothing, and gives a list of
/// [`SALT_BYTES`] random bytes, which stay the same for as long as the plugin is loaded.
pub const RANDOM_SALT: &str = "random.salt";

/// The length of a salt, in bytes.
pub const SALT_BYTES: u32 = 32;

/// The most random bytes that are given at once: 65,536, as many as browsers give a page.
pub const MAX_RANDOM_BYTES: u32 = 65_536;
