"""Values that are no JSON, and modules that mean harm."""

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from modules import ALLOW, DROP, HOOK, call, calling, const, fixture, module

from cpex_wasmi import CallError, Engine, Error, InvalidRequest, LimitError, Plugin


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def recursive() -> Any:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def doubled(depth: int) -> Any:
    """Returns a value that is small, and vast where each occurrence counts."""
    value: Any = "x"
    for _ in range(depth):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "NaN"),
        (float("inf"), "infinity"),
        (1 << 64, "64 bits"),
        (-(1 << 63) - 1, "64 bits"),
        (b"bytes", "bytes"),
        (bytearray(b"bytes"), "bytes"),
        ("\ud800", "surrogate"),
        ({1: 2}, "a key is of the class `int`"),
        ({"\ud800": 2}, "surrogate"),
        ({1, 2}, "the class `set`"),
        (object(), "the class `object`"),
        (nested(200), "contains itself"),
        (nested(100_000), "contains itself"),
        (recursive(), "contains itself"),
        (doubled(90), "larger than"),
        ("x" * (65 << 20), "larger than"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_what_is_no_json_is_refused(
    engine: Engine, tool_call: Any, value: Any, said: str
) -> None:
    plugin = Plugin(engine, fixture("noop"))
    tool_call["message"]["content"][0]["content"]["arguments"] = {"a": [0, value]}
    with pytest.raises(InvalidRequest, match=said) as refused:
        plugin.call(HOOK, tool_call)
    assert refused.value.code == "invalid_request"
    assert str(refused.value).startswith("payload.message.content[0].content.arguments.a[1]")


def test_numbers_of_64_bits_arrive_whole(engine: Engine, tool_call: Any) -> None:
    arguments = {"a": (1 << 64) - 1, "b": -(1 << 63), "c": 0.1, "d": True, "e": 1e300}
    tool_call["message"]["content"][0]["content"]["arguments"] = arguments
    outcome = Plugin(engine, fixture("noop")).call(HOOK, tool_call)
    back = outcome.payload["message"]["content"][0]["content"]["arguments"]
    assert back == arguments and back["d"] is True


def of_part(**members: Any) -> Any:
    part = {"content_type": "tool_call", **members}
    return {"message": {"role": "assistant", "content": [part]}}


@pytest.mark.parametrize(
    ("payload", "extensions", "context", "said"),
    [
        ({"mesage": {}}, None, None, "in `payload`: missing field `message`"),
        ([], None, None, "in `payload`"),
        (None, {"securty": {}}, None, "`securty` is not known; did you mean `security`"),
        (None, {"security": {"subject": {"rolls": []}}}, None, "in `extensions`.*rolls"),
        (None, {"security": {"labels": "PII"}}, None, "in `extensions`.*PII"),
        (None, [], None, "in `extensions`: it is a list"),
        (None, {"security": []}, None, "`security` is a list"),
        (None, None, {"local": {}}, "in `context`.*local"),
        (of_part(content={"tool_call_id": "1", "name": "n", "argments": {}}), None, None, "argments"),
        (of_part(content={"tool_call_id": "1", "name": "n"}, more=1), None, None, "more"),
        (of_part(text="x"), None, None, "missing field `content`"),
    ],
)
def test_misspelt_requests_are_refused(
    engine: Engine, tool_call: Any, payload: Any, extensions: Any, context: Any, said: str
) -> None:
    plugin = Plugin(engine, fixture("noop"))
    given = tool_call if payload is None else payload
    with pytest.raises(InvalidRequest, match=said):
        plugin.call(HOOK, given, extensions, context)


def test_a_large_payload_is_no_trouble(engine: Engine, tool_call: Any) -> None:
    arguments = {f"key {number}": "x" * 100 for number in range(50_000)}
    tool_call["message"]["content"][0]["content"]["arguments"] = arguments
    assert Plugin(engine, fixture("noop")).call(HOOK, tool_call).allowed


@pytest.mark.parametrize(
    ("body", "imports", "code"),
    [
        # Recursion without an end.
        (const(0) + call(0), (), "stack_overflow"),
        # A line at a place where there is no memory.
        (const(3) + const(-1) + const(100) + call(0), (("log", 3),), "abi_violation"),
        # A line that is larger than the memory.
        (const(3) + const(0) + const(-1) + call(0), (("log", 3),), "abi_violation"),
        # A flood of host calls.
        (
            b"\x03\x40" + const(3) + const(0) + const(9) + call(0) + DROP + b"\x0c\x00\x0b" + ALLOW,
            (("log", 3),),
            "limit_exceeded",
        ),
        # Memory without an end, and use of what was not given.
        (
            b"\x03\x40" + const(1000) + b"\x40\x00" + DROP + b"\x0c\x00\x0b" + ALLOW,
            (),
            ("timeout", "memory_limit", "fuel_exhausted"),
        ),
        (const(1 << 30) + b"\x28\x02\x00", (), "wasm_trap"),
    ],
)
def test_hostile_modules_fail(
    engine: Engine, tool_call: Any, body: bytes, imports: Any, code: str | tuple[str, ...]
) -> None:
    policy = {"resources": {"max_execution_time_ms": 300}}
    plugin = Plugin(engine, module(body, imports=imports), policy)
    with pytest.raises(CallError) as failed:
        plugin.call(HOOK, tool_call)
    assert failed.value.code in code
    assert failed.value.receipt is not None
    assert Plugin(engine, fixture("noop")).call(HOOK, tool_call).allowed


def test_a_denial_cannot_steer_a_terminal(engine: Engine, tool_call: Any) -> None:
    body = const(0) + const(4) + const(4) + const(8) + call(0)
    data = b"\x1b[2Jthe\nend\x07"
    plugin = Plugin(engine, module(body, imports=(("deny_text", 4),), data=data))
    outcome = plugin.call(HOOK, tool_call)
    assert "\x1b" not in repr(outcome) and "\x07" not in repr(outcome)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_calls() -> None:
    """The child calls, blocking and by asyncio, though its parent's threads are not there."""
    script = """
import asyncio, os, sys
from cpex_wasmi import Engine, Plugin
plugin = Plugin(Engine(), sys.argv[1])
payload = {"message": {"role": "user", "content": []}}
async def called():
    return (await plugin.call_async("cmf.tool_pre_invoke", payload)).allowed
for _ in range(100):
    assert asyncio.run(called())
child = os.fork()
if child == 0:
    allowed = plugin.call("cmf.tool_pre_invoke", payload).allowed
    os._exit(0 if allowed and asyncio.run(called()) else 1)
assert os.waitpid(child, 0)[1] == 0
assert asyncio.run(called())
print("done")
"""
    command = [sys.executable, "-W", "ignore", "-c", script, str(fixture("noop"))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize("isolation", ["per_call", "pooled"])
def test_a_process_may_fork_during_calls(isolation: str) -> None:
    """No lock and no instance of another thread's is in use in the child."""
    script = """
import os, sys, threading
from cpex_wasmi import Engine, Plugin
resources = {"max_instances": 2, "max_execution_time_ms": 5000}
policy = {"isolation": sys.argv[2], "when_exhausted": "wait", "resources": resources}
plugin = Plugin(Engine(), sys.argv[1], policy)
payload = {"message": {"role": "user", "content": []}}
call = lambda: plugin.call("cmf.tool_pre_invoke", payload).allowed
ended = False
def calling():
    while not ended:
        call()
threads = [threading.Thread(target=calling) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(150):
    child = os.fork()
    if child == 0:
        os._exit(0 if call() and call() else 1)
    assert os.waitpid(child, 0)[1] == 0
ended = True
for thread in threads:
    thread.join()
print("done")
"""
    command = [sys.executable, "-W", "ignore", "-c", script, str(fixture("noop")), isolation]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr


def test_plugins_that_call_each_other_without_end_are_stopped(tool_call: Any) -> None:
    told: list[BaseException | None] = []
    hook, sys.unraisablehook = sys.unraisablehook, lambda fault: told.append(fault.exc_value)
    plugin: Plugin | None = None

    def again(_: object) -> bool:
        assert plugin is not None
        return plugin.call(HOOK, tool_call).allowed

    try:
        policy = {
            "allowed_functions": ["acme.again"],
            "resources": {"max_execution_time_ms": 20_000, "max_instances": 1000},
        }
        plugin = Plugin(
            Engine(functions={"acme.again": again}), calling("acme.again", "null"), policy
        )
        with pytest.raises(CallError):
            plugin.call(HOOK, tool_call)
    finally:
        sys.unraisablehook = hook
    assert isinstance(told[0], RecursionError) and "without end" in str(told[0])


def test_the_program_may_end_during_calls() -> None:
    script = """
import asyncio, sys, threading
from cpex_wasmi import Engine, Plugin
plugin = Plugin(Engine(), sys.argv[1], {"resources": {"max_execution_time_ms": 60000}})
payload = {"message": {"role": "user", "content": []}}
async def begin():
    plugin.call_async("cmf.tool_pre_invoke", payload)
    await asyncio.sleep(0.05)
loop = asyncio.new_event_loop()
loop.run_until_complete(begin())
loop.close()
call = lambda: plugin.call("cmf.tool_pre_invoke", payload)
threading.Thread(target=call, daemon=True).start()
print("done")
"""
    command = [sys.executable, "-c", script, str(fixture("loops"))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr


def test_an_interrupt_reaches_the_program(tool_call: Any) -> None:
    """Control-C comes while a sink of Python's runs, and is not lost there."""

    def interrupts(_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        # The handler runs at one of the next steps.
        time.sleep(0.01)

    plugin = Plugin(Engine(log_sink=interrupts), fixture("argument_redactor"))
    assert threading.current_thread() is threading.main_thread()
    # A program in the background may have been told to ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            plugin.call(HOOK, tool_call)
            time.sleep(1)
    finally:
        signal.signal(signal.SIGINT, before)


def test_every_error_has_a_code() -> None:
    assert issubclass(LimitError, CallError) and issubclass(CallError, Error)
    assert issubclass(InvalidRequest, ValueError)
    assert Error("message").code == "internal"


def test_the_program_ends_well_after_calls() -> None:
    """The interpreter ends while threads of ours hand over what they have."""
    script = """
import asyncio, sys
from cpex_wasmi import Engine, Plugin
plugin = Plugin(Engine(log_sink=lambda record: None), sys.argv[1])
payload = {"message": {"role": "user", "content": []}}
async def called():
    for _ in range(8):
        plugin.call_async("cmf.tool_pre_invoke", payload)
    return await plugin.call_async("cmf.tool_pre_invoke", payload)
asyncio.run(called())
"""
    command = [sys.executable, "-c", script, str(fixture("noop"))]
    for _ in range(10):
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert (ended.returncode, ended.stderr) == (0, "")
