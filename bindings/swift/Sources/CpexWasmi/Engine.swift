import CpexWasmiC

/// The settings and services of all plugins of a program. Any number of threads may use it at once.
public final class Engine: @unchecked Sendable {
    let handle: OpaquePointer

    /// Makes an engine.
    ///
    /// - Parameters:
    ///   - secrets: Texts of at least four bytes that are masked in all that plugins say.
    ///   - log: Is given lines of plugins' logs, on the thread of a call, and on several threads at once. Without it, they
    ///     are dropped.
    /// - Throws: ``PluginError`` if a setting is wrong.
    public init(secrets: [String] = [], log: (@Sendable (LogRecord) -> Void)? = nil) throws {
        let builder = cpex_wasmi_engine_builder_new()
        for secret in secrets {
            secret.withText { cpex_wasmi_engine_builder_redact(builder, $0) }
        }
        if let log = log {
            let sink = Unmanaged.passRetained(Sink(log)).toOpaque()
            cpex_wasmi_engine_builder_log_sink(
                builder,
                { data, record in
                    guard let data = data, let record = record else { return }
                    Unmanaged<Sink>.fromOpaque(data).takeUnretainedValue().log(LogRecord(record.pointee))
                },
                sink,
                { data in
                    guard let data = data else { return }
                    Unmanaged<Sink>.fromOpaque(data).release()
                }
            )
        }
        var engine: OpaquePointer?
        try PluginError.check(cpex_wasmi_engine_build(builder, &engine))
        handle = engine!
    }

    deinit {
        cpex_wasmi_engine_free(handle)
    }
}

/// A line of a plugin's log.
public struct LogRecord: Sendable {
    /// The severity: 1 error, 2 warning, 3 information, 4 debug, 5 trace.
    public let level: UInt32
    /// The plugin's name.
    public let plugin: String
    /// The hook that is handled; `init`, `shutdown`, or `host` for lines of the library's own.
    public let hook: String
    /// The line, with control characters made visible.
    public let message: String

    init(_ record: cpex_wasmi_log_record) {
        level = record.level
        plugin = record.plugin.string
        hook = record.hook.string
        message = record.message.string
    }
}

/// Keeps the closure alive while the library may call it.
private final class Sink {
    let log: @Sendable (LogRecord) -> Void

    init(_ log: @escaping @Sendable (LogRecord) -> Void) {
        self.log = log
    }
}
