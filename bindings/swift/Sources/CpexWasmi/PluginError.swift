import CpexWasmiC

/// A failure to load or to call a plugin. It is never an allow.
public struct PluginError: Error, CustomStringConvertible, Sendable {
    /// The stable code, such as `fuel_exhausted`.
    public let code: String
    /// The fault and what to change, for operators. Do not pass it on to those whose request it is about.
    public let message: String
    /// The name of the plugin; empty if it is not known.
    public let plugin: String
    /// The cost of a call that was begun.
    public let receipt: Receipt?

    public var description: String {
        plugin.isEmpty ? "\(code): \(message)" : "\(plugin): \(code): \(message)"
    }

    /// Copies an error of the library.
    init(_ error: OpaquePointer?) {
        code = cpex_wasmi_error_name(error).string
        message = cpex_wasmi_error_message(error).string
        plugin = cpex_wasmi_error_plugin(error).string
        var receipt = cpex_wasmi_receipt()
        self.receipt = cpex_wasmi_error_receipt(error, &receipt) ? Receipt(receipt) : nil
    }

    /// Throws the error of a function that failed, and frees it.
    static func check(_ error: OpaquePointer?) throws {
        guard let error = error else { return }
        defer { cpex_wasmi_error_free(error) }
        throw PluginError(error)
    }
}
