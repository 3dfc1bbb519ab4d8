import CpexWasmiC
import Foundation

/// The outcome of a call that came to a decision.
public struct Outcome: Sendable {
    /// The decision.
    public let decision: Decision
    /// The new value of each part that the plugin changed, as a JSON object.
    public let changes: String
    /// All of the outcome, as a JSON object.
    public let json: String
    /// The cost of the call.
    public let receipt: Receipt

    /// Copies an outcome of the library.
    init(_ outcome: OpaquePointer?) throws {
        let json = cpex_wasmi_outcome_json(outcome).string
        var receipt = cpex_wasmi_receipt()
        _ = cpex_wasmi_outcome_receipt(outcome, &receipt)
        // By its name: nothing but this word is an allow.
        switch try JSONDecoder().decode(Named.self, from: Data(json.utf8)).decision {
        case "allow":
            decision = .allow
        case "deny":
            var violation = cpex_wasmi_violation()
            _ = cpex_wasmi_outcome_violation(outcome, &violation)
            decision = .deny(Violation(violation))
        default:
            throw PluginError(cpex_wasmi_outcome_error(outcome))
        }
        self.json = json
        self.receipt = Receipt(receipt)
        changes = cpex_wasmi_outcome_changes(outcome).string
    }

    private struct Named: Decodable {
        let decision: String
    }
}

/// The decision about an operation.
public enum Decision: Equatable, Sendable {
    /// The operation may go on, as far as this plugin is concerned.
    case allow
    /// The operation may not go on.
    case deny(Violation)
}

/// The reason of a denial.
public struct Violation: Equatable, Sendable {
    /// The code, such as `pii_access`.
    public let code: String
    /// The reason, in words.
    public let reason: String
    /// A longer description; or empty.
    public let description: String

    init(_ violation: cpex_wasmi_violation) {
        code = violation.code.string
        reason = violation.reason.string
        description = violation.description.string
    }
}
