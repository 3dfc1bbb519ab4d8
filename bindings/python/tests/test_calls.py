"""Plugins that are loaded and called."""

import json
import logging
import pickle
import threading
import time
from typing import Any

import pytest
from modules import HOOK, SPIN, TRAP, fixture, module

import cpex_wasmi
from cpex_wasmi import CallError, Denied, Engine, LimitError, LoadError, Plugin

GUARD = {"capabilities": ["read_labels", "read_roles"]}
PII = {"security": {"labels": ["PII"], "subject": {"id": "a", "roles": ["engineer"]}}}


def slow(milliseconds: int) -> dict[str, Any]:
    return {"resources": {"max_execution_time_ms": milliseconds, "max_fuel": 10**15}}


def test_a_guard_denies_with_a_violation(engine: Engine, tool_call: Any) -> None:
    guard = Plugin(engine, fixture("pii_guard"), GUARD)
    outcome = guard.call(HOOK, tool_call, PII)
    assert not outcome.allowed
    assert outcome.violation is not None
    assert (outcome.violation.code, outcome.violation.plugin_name) == ("pii_access", "pii-guard")
    assert outcome.receipt.fuel > 0
    assert outcome.changes == {} and outcome.payload == json_of(outcome.payload)
    assert guard.call(HOOK, tool_call).allowed


def json_of(value: Any) -> Any:
    return json.loads(json.dumps(value))


def test_an_outcome_has_no_truth_value(engine: Engine, tool_call: Any) -> None:
    guard = Plugin(engine, fixture("pii_guard"), GUARD)
    with pytest.raises(TypeError, match="allowed"):
        bool(guard.call(HOOK, tool_call))
    with pytest.raises(Denied, match="pii_access: only hr_admin") as denied:
        guard.call(HOOK, tool_call, PII).raise_if_denied()
    assert denied.value.violation.details == {}
    assert guard.call(HOOK, tool_call).raise_if_denied().allowed


def test_changes_are_the_outcomes_not_the_requests(engine: Engine, tool_call: Any) -> None:
    before = json_of(tool_call)
    outcome = Plugin(engine, fixture("argument_redactor")).call(HOOK, tool_call)
    assert tool_call == before
    content = outcome.payload["message"]["content"][0]["content"]
    assert content["arguments"] == {"ssn": "***-**-****"}
    assert outcome.changes == {"payload": outcome.payload}


def test_labels_and_headers_change_extensions(engine: Engine, tool_call: Any) -> None:
    labeler = Plugin(engine, fixture("labeler"), {"capabilities": ["append_labels", "read_labels"]})
    outcome = labeler.call(HOOK, tool_call, PII)
    assert outcome.changes == {"labels": ["PII", "REVIEWED"]}
    assert outcome.extensions["security"]["labels"] == ["PII", "REVIEWED"]
    assert outcome.extensions["security"]["subject"]["roles"] == ["engineer"]
    injector = Plugin(
        engine,
        fixture("header_injector"),
        {"capabilities": ["read_headers", "write_headers"], "config": {"value": "yes"}},
    )
    changes = injector.call(HOOK, tool_call, {"http": {"request_headers": {"a": "b"}}}).changes
    assert changes["http"]["request_headers"] == {"a": "b", "x-policy-checked": "yes"}


def test_context_is_given_and_comes_back(engine: Engine, tool_call: Any) -> None:
    compute = Plugin(
        engine, fixture("compute"), {"capabilities": ["read_labels", "read_headers"]}
    )
    context = {"local_state": {"kept": [1, None, 2.5]}, "global_state": {}}
    outcome = compute.call(HOOK, tool_call, None, context)
    assert outcome.context["local_state"]["kept"] == [1, None, 2.5]
    assert outcome.changes.keys() == {"local_state"}


def test_policies_are_dicts_or_texts(engine: Engine, tool_call: Any) -> None:
    yaml = "capabilities: [read_labels, read_roles]\nsandbox_policy: {isolation: pooled}\n"
    for policy in (GUARD, json.dumps(GUARD), yaml, yaml.encode().decode()):
        assert Plugin(engine, fixture("pii_guard"), policy).call(HOOK, tool_call).allowed
    with pytest.raises(LoadError) as refused:
        Plugin(engine, fixture("pii_guard"), yaml.replace("pooled", "poled"))
    problem = refused.value.problems[0]
    assert (refused.value.code, problem.line, problem.column) == ("invalid_policy", 2, 18)
    assert problem.path == "sandbox_policy.isolation"
    with pytest.raises(LoadError, match="did you mean `isolation`"):
        Plugin(engine, fixture("pii_guard"), {"isolatoin": "pooled"})
    with pytest.raises(TypeError):
        Plugin(engine, fixture("pii_guard"), ["read_labels"])  # type: ignore[arg-type]


def test_a_refused_module_says_why(engine: Engine) -> None:
    with pytest.raises(LoadError, match="read_labels") as refused:
        Plugin(engine, fixture("pii_guard"), name="mine")
    assert (refused.value.code, refused.value.plugin) == ("capability_denied", "mine")
    with pytest.raises(LoadError) as refused:
        Plugin(engine, b"no module")
    assert refused.value.code == "invalid_module"
    with pytest.raises(LoadError) as refused:
        Plugin(engine, fixture("noop"), {"sha256": "0" * 64})
    assert refused.value.code == "digest_mismatch"
    with pytest.raises(FileNotFoundError, match="no such file.wasm"):
        Plugin(engine, "no such file.wasm")
    with pytest.raises(LoadError, match="at most 16777216 are allowed"):
        Plugin(engine, "/dev/zero")


def test_a_plugin_tells_what_it_is(engine: Engine) -> None:
    plugin = Plugin(engine, fixture("noop"), {"capabilities": ["read_labels"]}, name="mine")
    assert plugin.name == "mine" and repr(plugin) == "<Plugin mine>"
    assert plugin.manifest["name"] == "noop" and HOOK in plugin.manifest["hooks"]
    assert len(plugin.digest) == 64
    assert "read_labels" in plugin.warnings[0]
    assert Plugin(engine, fixture("noop").read_bytes(), None).digest == plugin.digest


@pytest.mark.parametrize(
    ("body", "policy", "error", "code"),
    [
        (SPIN, slow(30), LimitError, "timeout"),
        (SPIN, {"resources": {"max_fuel": 1000}}, LimitError, "fuel_exhausted"),
        (TRAP, {}, CallError, "wasm_trap"),
        (b"\x41\x4d", {}, CallError, "abi_violation"),
    ],
)
def test_failures_raise(
    engine: Engine, tool_call: Any, body: bytes, policy: Any, error: Any, code: str
) -> None:
    plugin = Plugin(engine, module(body), policy)
    with pytest.raises(error) as failed:
        plugin.call(HOOK, tool_call)
    assert failed.value.code == code and failed.value.plugin == "guest"
    assert failed.value.receipt is not None
    again = pickle.loads(pickle.dumps(failed.value))
    assert (again.code, str(again), again.receipt) == (
        code,
        str(failed.value),
        failed.value.receipt,
    )


def test_an_unknown_hook_is_an_error(engine: Engine, tool_call: Any) -> None:
    with pytest.raises(CallError) as failed:
        Plugin(engine, fixture("noop")).call("cmf.llm_input", tool_call)
    assert failed.value.code == "unknown_hook"


def test_a_plugin_after_shutdown(engine: Engine, tool_call: Any) -> None:
    policy = {"isolation": "pooled", "allow_state": True}
    keeps = Plugin(engine, fixture("call_counter"), policy)
    assert keeps.initialize().init_fuel >= 0
    keeps.call(HOOK, tool_call)
    keeps.shutdown()
    keeps.shutdown()
    with pytest.raises(CallError) as failed:
        keeps.call(HOOK, tool_call)
    assert failed.value.code == "shut_down"
    stateless = Plugin(engine, fixture("noop"))
    stateless.shutdown()
    assert stateless.call(HOOK, tool_call).allowed
    with pytest.raises(CallError):
        Plugin(engine, fixture("panics_in_init")).initialize()


def test_a_looping_plugin_blocks_no_other_thread(engine: Engine, tool_call: Any) -> None:
    loops = Plugin(engine, fixture("loops"), slow(400))
    failed = []

    def run() -> None:
        try:
            loops.call(HOOK, tool_call)
        except LimitError as error:
            failed.append(error.code)

    thread = threading.Thread(target=run)
    thread.start()
    turns = 0
    while thread.is_alive():
        time.sleep(0.001)
        turns += 1
    assert failed == ["timeout"]
    assert turns > 50


def test_two_calls_run_at_once(engine: Engine, tool_call: Any) -> None:
    """Each function waits for the other: neither call could end alone."""
    both = threading.Barrier(2, timeout=20)
    engine = Engine(functions={"acme.meet": lambda _: both.wait() >= 0})
    from modules import calling

    policy = {"allowed_functions": ["acme.meet"], **slow(30_000)}
    plugin = Plugin(engine, calling("acme.meet", "null"), policy)
    reasons = []

    def run() -> None:
        violation = plugin.call(HOOK, tool_call).violation
        reasons.append(violation and violation.reason)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reasons == ["true", "true"]


def test_many_threads_call_one_plugin(engine: Engine, tool_call: Any) -> None:
    plugin = Plugin(engine, fixture("argument_redactor"), {"isolation": "pooled"})
    results = []

    def run() -> None:
        for _ in range(25):
            outcome = plugin.call(HOOK, tool_call)
            content = outcome.payload["message"]["content"][0]["content"]
            results.append(content["arguments"]["ssn"])

    threads = [threading.Thread(target=run) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["***-**-****"] * 400


def test_payloads_of_other_kinds(engine: Engine, tool_call: Any) -> None:
    plugin = Plugin(engine, fixture("noop"))
    outcome = plugin.call(HOOK, {"amount": 7}, payload_type="acme.invoice")
    assert outcome.payload == {"amount": 7}
    with pytest.raises(cpex_wasmi.InvalidRequest):
        plugin.call(HOOK, {"amount": 7}, payload_type="identity")


def test_lines_go_to_logging(
    engine: Engine, tool_call: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "cpex_wasmi"):
        Plugin(engine, fixture("argument_redactor")).call(HOOK, tool_call)
    assert [(line.levelname, line.getMessage()) for line in caplog.records] == [
        ("INFO", f"[argument-redactor {HOOK}] masked an argument")
    ]
