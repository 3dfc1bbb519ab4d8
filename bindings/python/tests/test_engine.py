"""Engines: sinks, functions for plugins, and other settings."""

import gc
import sys
import weakref
from typing import Any

import pytest
from modules import HOOK, calling, fixture

from cpex_wasmi import AuditEvent, CallError, Engine, Function, LoadError, LogRecord, Plugin

ALLOWED = {"allowed_functions": ["acme.ask"]}


def answered(engine: Engine, tool_call: Any, argument: str = "null") -> str:
    """Returns the answer that a plugin gets from a function."""
    outcome = Plugin(engine, calling("acme.ask", argument), ALLOWED).call(HOOK, tool_call)
    assert outcome.violation is not None
    return outcome.violation.reason


def test_sinks_are_told(tool_call: Any) -> None:
    lines: list[LogRecord] = []
    events: list[AuditEvent] = []
    engine = Engine(
        log_sink=lines.append, audit_sink=events.append, functions={"acme.ask": lambda _: 1}
    )
    Plugin(engine, fixture("argument_redactor")).call(HOOK, tool_call)
    assert lines == [LogRecord("argument-redactor", HOOK, "info", "masked an argument")]
    answered(engine, tool_call)
    assert [(event.access, event.target, event.outcome) for event in events] == [
        ("function", "acme.ask", "allowed")
    ]


def test_a_sink_that_raises_changes_no_decision(
    tool_call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda fault: told.append(fault.exc_value))

    def raises(_: object) -> None:
        raise RuntimeError("the sink is full")

    engine = Engine(log_sink=raises, audit_sink=raises, functions={"acme.ask": lambda _: 1})
    outcome = Plugin(engine, fixture("argument_redactor")).call(HOOK, tool_call)
    assert outcome.allowed and "payload" in outcome.changes
    assert answered(engine, tool_call) == "1"
    assert [str(error) for error in told] == ["the sink is full"] * 2


def test_functions_take_and_give_json(tool_call: Any) -> None:
    engine = Engine(functions={"acme.ask": lambda given: {"got": given, "more": [1, None, True]}})
    argument = '{"a":[1.5,"\\u00e4"]}'
    assert answered(engine, tool_call, argument) == '{"got":{"a":[1.5,"ä"]},"more":[1,null,true]}'


@pytest.mark.parametrize(
    "rubbish", [object(), {1: 2}, float("nan"), b"bytes", 1 << 70, "\ud800", {"a": {"b": {1, 2}}}]
)
def test_rubbish_of_functions_is_a_failure(
    tool_call: Any, monkeypatch: pytest.MonkeyPatch, rubbish: object
) -> None:
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda fault: told.append(fault.exc_value))
    with pytest.raises(CallError):
        answered(Engine(functions={"acme.ask": lambda _: rubbish}), tool_call)
    assert "the result of a function" in str(told[0])


def test_a_function_that_raises_is_a_failure(
    tool_call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda fault: told.append(fault.exc_value))

    def raises(_: object) -> None:
        raise LookupError("no such key: s3cr3t")

    with pytest.raises(CallError) as failed:
        answered(Engine(functions={"acme.ask": raises}), tool_call)
    assert "s3cr3t" not in str(failed.value)
    assert isinstance(told[0], LookupError)


def test_a_function_may_call_a_plugin(engine: Engine, tool_call: Any) -> None:
    inner = Plugin(engine, fixture("noop"))
    outer = Engine(functions={"acme.ask": lambda _: inner.call(HOOK, tool_call).allowed})
    assert answered(outer, tool_call) == "true"


def test_typed_arguments_come_in_postcard(tool_call: Any) -> None:
    given = []

    def keep(value: Any) -> str:
        given.append(value)
        return "ok"

    for kind, encoded in (("text", "\x02hi"), ("bool", "\x01"), ("unsigned", "\x05"), ("signed", "\x05")):
        engine = Engine(functions={"acme.ask": Function(keep, kind)})  # type: ignore[arg-type]
        plugin = Plugin(engine, calling("acme.ask", encoded, function="call"), ALLOWED)
        violation = plugin.call(HOOK, tool_call).violation
        assert violation is not None and violation.reason == "\x02ok"
    assert given == ["hi", True, 5, -3]


@pytest.mark.parametrize(
    ("result", "encoded"), [(5, "\x01\x05"), (0, "\x01\x00"), ("ok", "\x01\x02ok"), (None, "\x00")]
)
def test_an_optional_result_says_if_there_is_one(
    tool_call: Any, result: object, encoded: str
) -> None:
    function = Function(lambda _: result, "bool", optional=True)
    engine = Engine(functions={"acme.ask": function})
    plugin = Plugin(engine, calling("acme.ask", "\x01", function="call"), ALLOWED)
    violation = plugin.call(HOOK, tool_call).violation
    assert violation is not None and violation.reason == encoded


def test_a_function_may_take_and_give_bytes(
    tool_call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(functions={"acme.ask": Function(lambda given: given[::-1], "bytes")})
    plugin = Plugin(engine, calling("acme.ask", "abc", function="call"), ALLOWED)
    violation = plugin.call(HOOK, tool_call).violation
    assert violation is not None and violation.reason == "cba"
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda fault: told.append(fault.exc_value))
    engine = Engine(functions={"acme.ask": Function(lambda given: "text", "bytes")})
    with pytest.raises(CallError):
        Plugin(engine, calling("acme.ask", "abc"), ALLOWED).call(HOOK, tool_call)
    assert isinstance(told[0], TypeError)


def test_wrong_settings_are_refused() -> None:
    async def later(_: object) -> None:
        pass

    with pytest.raises(TypeError, match="async"):
        Engine(functions={"acme.ask": later})
    with pytest.raises(TypeError, match="cannot be called"):
        Engine(functions={"acme.ask": 7})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="log_sink"):
        Engine(log_sink=7)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="argument"):
        Engine(functions={"acme.ask": Function(print, "int")})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="optional"):
        Engine(functions={"acme.ask": Function(print, optional=True)})
    for settings in (
        {"functions": {"no name": print}},
        {"redact": ["abc"]},
        {"redact_patterns": ["("]},
        {"state": "no url"},
        {"fuel_slice": 0},
        {"interpreters": 0},
    ):
        with pytest.raises(LoadError) as refused:
            Engine(**settings)
        assert refused.value.code == "invalid_config", settings


def test_secrets_are_masked(tool_call: Any) -> None:
    engine = Engine(
        functions={"acme.ask": lambda _: "hunter2 sk-123"},
        redact=["hunter2"],
        redact_patterns=["sk-[0-9]+"],
    )
    assert answered(engine, tool_call) == '"[redacted] [redacted]"'


def test_receipts_tell_the_time_on_request(tool_call: Any) -> None:
    timed = Plugin(Engine(measure_time=True), fixture("noop")).call(HOOK, tool_call)
    assert timed.receipt.timing is not None
    assert timed.receipt.timing.guest_nanoseconds > 0


def test_sinks_are_freed_with_the_engine(tool_call: Any) -> None:
    class Lines:
        def __call__(self, _: object) -> None:
            pass

    lines = Lines()
    gone = weakref.ref(lines)
    plugin = Plugin(Engine(log_sink=lines), fixture("noop"))
    plugin.call(HOOK, tool_call)
    del lines, plugin
    gc.collect()
    assert gone() is None
