"""Calls in an event loop."""

import asyncio
import os
import threading
import time
from typing import Any

import pytest
from modules import HOOK, calling, fixture

from cpex_wasmi import CallError, Engine, InvalidRequest, LimitError, Plugin


def looping(engine: Engine, milliseconds: int) -> Plugin:
    resources = {"max_execution_time_ms": milliseconds, "max_fuel": 10**15}
    return Plugin(engine, fixture("loops"), {"resources": resources})


async def test_a_call_is_awaited(engine: Engine, tool_call: Any) -> None:
    redactor = Plugin(engine, fixture("argument_redactor"))
    assert (await redactor.initialize_async()).fuel >= 0
    outcome = await redactor.call_async(HOOK, tool_call)
    assert outcome.allowed and "payload" in outcome.changes
    await redactor.shutdown_async()


async def test_failures_are_raised_where_they_are_awaited(engine: Engine, tool_call: Any) -> None:
    call = looping(engine, 20).call_async(HOOK, tool_call)
    with pytest.raises(LimitError) as failed:
        await call
    assert failed.value.code == "timeout"
    with pytest.raises(CallError):
        await Plugin(engine, fixture("noop")).call_async("cmf.llm_input", tool_call)
    with pytest.raises(InvalidRequest):
        await Plugin(engine, fixture("noop")).call_async(HOOK, {"message": b""})


async def test_a_looping_plugin_does_not_block_the_loop(engine: Engine, tool_call: Any) -> None:
    calls = [looping(engine, 300).call_async(HOOK, tool_call) for _ in range(4)]
    turns = 0
    while not all(call.done() for call in calls):
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 30
    assert all(isinstance(call.exception(), LimitError) for call in calls)


async def test_cancelling_ends_the_call(engine: Engine, tool_call: Any) -> None:
    """The plugin may run once at a time: the second call has its place only if the first has ended."""
    pooled = {"isolation": "pooled", "when_exhausted": "refuse"}
    resources = {"max_execution_time_ms": 60_000, "max_fuel": 10**15, "max_instances": 1}
    loops = Plugin(engine, fixture("loops"), {**pooled, "resources": resources})
    call = loops.call_async(HOOK, tool_call)
    await asyncio.sleep(0.05)
    with pytest.raises(CallError) as failed:
        await loops.call_async(HOOK, tool_call)
    assert failed.value.code == "instances_exhausted"
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    with pytest.raises(TimeoutError):
        # Until the first call has ended, this one is refused.
        async with asyncio.timeout(5):
            while True:
                try:
                    async with asyncio.timeout(0.2):
                        await loops.call_async(HOOK, tool_call)
                except CallError as error:
                    assert error.code == "instances_exhausted"
                    await asyncio.sleep(0.005)


async def test_a_timeout_ends_the_call(engine: Engine, tool_call: Any) -> None:
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await looping(engine, 60_000).call_async(HOOK, tool_call)
    assert time.monotonic() - begun < 10


async def test_hundreds_of_calls_are_under_way(engine: Engine, tool_call: Any) -> None:
    redactor = Plugin(engine, fixture("argument_redactor"), {"isolation": "pooled"})
    outcomes = await asyncio.gather(
        *(redactor.call_async(HOOK, tool_call) for _ in range(300))
    )
    assert all("payload" in outcome.changes for outcome in outcomes)


async def test_functions_that_wait_hold_up_no_other_call(tool_call: Any) -> None:
    """Each of more calls than there are threads waits for all of them."""
    count = (os.cpu_count() or 1) + 4
    all_of_them = threading.Barrier(count, timeout=20)
    engine = Engine(functions={"acme.meet": lambda _: all_of_them.wait() >= 0})
    resources = {"max_execution_time_ms": 30_000}
    policy = {"allowed_functions": ["acme.meet"], "resources": resources}
    plugin = Plugin(engine, calling("acme.meet", "null"), policy)
    outcomes = await asyncio.gather(*(plugin.call_async(HOOK, tool_call) for _ in range(count)))
    assert [outcome.violation and outcome.violation.reason for outcome in outcomes] == ["true"] * count


async def test_a_function_may_wait_for_the_loop(tool_call: Any) -> None:
    loop = asyncio.get_running_loop()

    async def answer() -> str:
        await asyncio.sleep(0)
        return "from the loop"

    def asked(_: Any) -> str:
        return asyncio.run_coroutine_threadsafe(answer(), loop).result(timeout=10)

    engine = Engine(functions={"acme.asked": asked})
    policy = {"allowed_functions": ["acme.asked"], "resources": {"max_execution_time_ms": 20_000}}
    plugin = Plugin(engine, calling("acme.asked", "null"), policy)
    outcome = await plugin.call_async(HOOK, tool_call)
    assert outcome.violation is not None and outcome.violation.reason == '"from the loop"'


async def test_a_short_call_has_ended_when_it_is_begun(engine: Engine, tool_call: Any) -> None:
    call = Plugin(engine, fixture("argument_redactor")).call_async(HOOK, tool_call)
    assert call.done() and "payload" in call.result().changes
    starved = Plugin(engine, fixture("loops"), {"resources": {"max_fuel": 1000}})
    failed = starved.call_async(HOOK, tool_call)
    assert failed.done() and isinstance(failed.exception(), LimitError)


async def test_short_calls_in_a_row_let_other_tasks_run(engine: Engine, tool_call: Any) -> None:
    noop = Plugin(engine, fixture("noop"), {"isolation": "pooled"})

    async def without_end() -> None:
        while True:
            await noop.call_async(HOOK, tool_call)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(without_end(), 0.05)


async def test_a_plugin_that_holds_the_loop_begins_elsewhere_next_time(tool_call: Any) -> None:
    resources = {"max_fuel": 20_000_000, "max_execution_time_ms": 60_000}
    loops = Plugin(Engine(fuel_slice=10**9), fixture("loops"), {"resources": resources})
    first = loops.call_async(HOOK, tool_call)
    assert first.done() and isinstance(first.exception(), LimitError)
    second = loops.call_async(HOOK, tool_call)
    assert not second.done()
    with pytest.raises(LimitError):
        await second


def test_without_a_loop_there_is_nothing_to_await(engine: Engine, tool_call: Any) -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        Plugin(engine, fixture("noop")).call_async(HOOK, tool_call)


def test_the_loop_may_be_closed_before_the_answer(engine: Engine, tool_call: Any) -> None:
    loops = looping(engine, 100)

    async def begin() -> None:
        loops.call_async(HOOK, tool_call)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin())
    loop.close()
    time.sleep(0.3)
