use core::time::Duration;

/// What a plugin may use, at most. Each limit is per call, unless it says otherwise.
///
/// A call that goes over a limit fails; see each field for the error's code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Fuel, about one unit for each instruction: `fuel_exhausted`. Default: 5 billion, which
    /// the deadline comes before on most machines.
    pub fuel: u64,
    /// Fuel for making an instance (`_initialize` and `cpex_init`), and as much again for
    /// `cpex_shutdown`, per instance: `fuel_exhausted`. Default: 1 billion.
    pub init_fuel: u64,
    /// Wall-clock time, also for `cpex_shutdown`: `timeout`. It is checked each time a slice of fuel is
    /// used up, and when the plugin returns: a call that ends late fails, whatever it came to. `None`:
    /// no deadline. Default: one second, or none where there is no clock.
    pub deadline: Option<Duration>,
    /// Wall-clock time for `_initialize` and `cpex_init`: `timeout`. It is checked as `deadline` is. `None`: no
    /// deadline. Default: five seconds, or none where there is no clock.
    pub init_deadline: Option<Duration>,
    /// The size of the linear memory, in bytes, per instance. Growing beyond it fails inside the
    /// plugin, and if the plugin then traps, the call fails: `memory_limit`. Default: 64 MiB.
    pub memory_bytes: usize,
    /// The number of elements of each table, per instance; as with memory. Default: 10,000.
    pub table_elements: usize,
    /// The number of tables, per instance: `memory_limit`. Default: 10.
    pub tables: usize,
    /// How often the plugin may call the host: `limit_exceeded`. Default: 100,000.
    pub host_calls: u64,
    /// Bytes read through the boundary: `limit_exceeded`. Default: 16 MiB.
    pub bytes_read: u64,
    /// Bytes written through the boundary: `limit_exceeded`. Default: 4 MiB.
    pub bytes_written: u64,
    /// Bytes logged. Lines beyond it are dropped and counted; the call goes on. Default: 16 KiB.
    pub log_bytes: u64,
    /// Bytes read from files: further reads fail inside the plugin. Default: 16 MiB.
    pub file_bytes_read: u64,
    /// Bytes written to files: further writes fail inside the plugin. Default: 4 MiB.
    pub file_bytes_written: u64,
    /// Files and directories that are open at once, beside those that the policy grants: opening another
    /// fails inside the plugin. Default: 16.
    pub open_files: u64,
    /// HTTP requests; each redirect that is followed is one more. The plugin is told when there may be no
    /// more. Default: 10.
    pub http_requests: u64,
    /// The size of one HTTP request, its URL, headers and body, in bytes. Default: 1 MiB.
    pub http_request_bytes: u64,
    /// The size of one HTTP response, its headers and body, in bytes. Default: 1 MiB.
    pub http_response_bytes: u64,
    /// Programs run. Default: 4.
    pub commands: u64,
    /// The output of one program, both streams together, in bytes. Default: 256 KiB.
    pub command_output_bytes: u64,
}

impl Limits {
    /// The largest module that is loaded, in bytes: `invalid_module`.
    pub const MAX_MODULE_BYTES: usize = 16 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 5_000_000_000,
            init_fuel: 1_000_000_000,
            deadline: cfg!(feature = "std").then_some(Duration::from_secs(1)),
            init_deadline: cfg!(feature = "std").then_some(Duration::from_secs(5)),
            memory_bytes: 64 << 20,
            table_elements: 10_000,
            tables: 10,
            host_calls: 100_000,
            bytes_read: 16 << 20,
            bytes_written: 4 << 20,
            log_bytes: 16 << 10,
            file_bytes_read: 16 << 20,
            file_bytes_written: 4 << 20,
            open_files: 16,
            http_requests: 10,
            http_request_bytes: 1 << 20,
            http_response_bytes: 1 << 20,
            commands: 4,
            command_output_bytes: 256 << 10,
        }
    }
}
