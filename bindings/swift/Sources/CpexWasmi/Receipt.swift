import CpexWasmiC

/// The cost of one call.
public struct Receipt: Equatable, Sendable {
    /// Fuel used: about one unit for each instruction.
    public let fuel: UInt64
    /// The plugin's memory at its largest, in bytes.
    public let peakMemoryBytes: UInt64
    /// The number of host calls.
    public let hostCalls: UInt64
    /// Bytes that the plugin read through the boundary.
    public let bytesRead: UInt64
    /// Bytes that the plugin wrote through the boundary.
    public let bytesWritten: UInt64
    /// The number of slices of fuel that the call took.
    public let slices: UInt64

    init(_ receipt: cpex_wasmi_receipt) {
        fuel = receipt.fuel
        peakMemoryBytes = receipt.peak_memory_bytes
        hostCalls = receipt.host_calls
        bytesRead = receipt.bytes_read
        bytesWritten = receipt.bytes_written
        slices = receipt.slices
    }
}
