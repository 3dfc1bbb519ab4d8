import CpexWasmi
import Foundation
import XCTest

final class PluginTests: XCTestCase {
    private let granted = "{capabilities: [read_labels, read_roles]}"
    private let request = """
        {"payload": {"message": {"role": "assistant", "content": []}},
         "extensions": {"security": {"labels": ["PII"], "subject": {"id": "ann", "roles": ["engineer"]}}}}
        """

    /// A module of the checkout that these tests are in.
    private func module(_ name: String) throws -> Data {
        let root = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../../fixtures")
        return try Data(contentsOf: root.appendingPathComponent(name).standardizedFileURL)
    }

    func testADenialHasItsViolation() throws {
        let plugin = try Plugin(engine: Engine(), module: module("pii_guard.wasm"), policy: granted)
        let outcome = try plugin.call("cmf.tool_pre_invoke", request: request)
        guard case .deny(let violation) = outcome.decision else { return XCTFail("allowed") }
        XCTAssertEqual(violation.code, "pii_access")
        XCTAssertGreaterThan(outcome.receipt.fuel, 0)
    }

    func testACallThatFailsThrows() throws {
        let policy = "{sandbox_policy: {resources: {max_fuel: 10000}}}"
        let plugin = try Plugin(engine: Engine(), module: module("loops.wasm"), policy: policy)
        XCTAssertThrowsError(try plugin.call("cmf.tool_pre_invoke", request: request)) { error in
            XCTAssertEqual((error as? PluginError)?.code, "fuel_exhausted")
        }
    }

    func testAPluginWithoutItsGrantsDoesNotLoad() throws {
        XCTAssertThrowsError(try Plugin(engine: Engine(), module: module("pii_guard.wasm"))) { error in
            XCTAssertEqual((error as? PluginError)?.code, "capability_denied")
        }
    }

    func testATaskWaitsForItsCall() async throws {
        let plugin = try Plugin(engine: Engine(), module: module("pii_guard.wasm"), policy: granted)
        let outcome = try await plugin.call("cmf.tool_pre_invoke", request: request)
        XCTAssertNotEqual(outcome.decision, .allow)
    }
}
