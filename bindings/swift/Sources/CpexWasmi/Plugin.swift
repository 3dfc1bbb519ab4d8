import CpexWasmiC
import Dispatch
import Foundation

/// A module under a policy. Any number of threads may call it at once.
public final class Plugin: @unchecked Sendable {
    private let handle: OpaquePointer

    /// Loads a plugin.
    ///
    /// - Parameters:
    ///   - module: The bytes of the module.
    ///   - policy: The grants and limits, in YAML or JSON, as an entry of CPEX or its `sandbox_policy` has them. Without it,
    ///     the plugin gets time and memory only.
    ///   - config: The plugin's own configuration, a JSON object.
    /// - Throws: ``PluginError`` if the module is not a plugin, or the policy is malformed or grants less than it needs.
    public init(engine: Engine, module: Data, policy: String? = nil, config: String? = nil) throws {
        var granted: OpaquePointer?
        if let policy = policy {
            try PluginError.check(policy.withText { cpex_wasmi_policy_parse($0, &granted) })
        } else {
            granted = cpex_wasmi_policy_new()
        }
        defer { cpex_wasmi_policy_free(granted) }
        if let config = config {
            try PluginError.check(config.withText { cpex_wasmi_policy_set_config(granted, $0) })
        }
        var plugin: OpaquePointer?
        let error = module.withUnsafeBytes { bytes -> OpaquePointer? in
            let data = bytes.bindMemory(to: UInt8.self)
            let wasm = cpex_wasmi_bytes(data: data.baseAddress, len: data.count)
            return cpex_wasmi_plugin_load(engine.handle, wasm, granted, &plugin)
        }
        try PluginError.check(error)
        handle = plugin!
    }

    deinit {
        cpex_wasmi_plugin_free(handle)
    }

    /// The name that the policy gives it, else the one in its manifest.
    public var name: String {
        cpex_wasmi_plugin_name(handle).string
    }

    /// Makes the first instance before a call needs it.
    public func initialize() throws {
        try PluginError.check(cpex_wasmi_plugin_initialize(handle, nil))
    }

    /// Shuts down the instances that are kept.
    public func shutdown() throws {
        try PluginError.check(cpex_wasmi_plugin_shutdown(handle))
    }

    /// Calls the plugin for a hook, and waits for its decision.
    ///
    /// - Parameters:
    ///   - hook: The hook, such as `cmf.tool_pre_invoke`.
    ///   - request: A JSON object with the `payload`, and as far as they are needed `payload_type`, `extensions` and `context`.
    /// - Throws: ``PluginError`` if the call does not come to a decision. The operation must not go on then.
    public func call(_ hook: String, request: String) throws -> Outcome {
        var outcome: OpaquePointer?
        _ = hook.withText { hook in
            request.withText { cpex_wasmi_plugin_call_json(handle, hook, $0, &outcome) }
        }
        defer { cpex_wasmi_outcome_free(outcome) }
        return try Outcome(outcome)
    }

    /// Calls the plugin on a thread of its own, so that the task's thread is free while it decides.
    public func call(_ hook: String, request: String) async throws -> Outcome {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { () throws -> Outcome in
                    try self.call(hook, request: request)
                })
            }
        }
    }
}
