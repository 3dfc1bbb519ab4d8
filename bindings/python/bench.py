"""The time of a call: a sandboxed plugin and a native one of the Python framework, in one run.

`python bench.py` prints the tables of the README. It takes a release build and a quiet machine.
"""

import argparse
import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from cpex.framework import GlobalContext, Plugin, PluginConfig, PluginContext, PluginResult
from cpex.framework.base import HookRef, PluginRef
from cpex.framework.extensions.extensions import Extensions
from cpex.framework.extensions.security import SecurityExtension, SubjectExtension, SubjectType
from cpex.framework.hooks.tools import ToolPreInvokePayload
from cpex.framework.manager import PluginExecutor
from cpex.framework.models import PluginViolation

from cpex_wasmi import Engine
from cpex_wasmi import Plugin as Sandboxed
from cpex_wasmi.gateway import WasmPlugin

FIXTURES = Path(__file__).parents[2] / "fixtures"
HOOK = "tool_pre_invoke"
CAPABILITIES = ["read_labels", "read_roles"]


class NativeGuard(Plugin):
    """The rule of the fixture `pii_guard`, in Python."""

    async def tool_pre_invoke(
        self, payload: ToolPreInvokePayload, context: PluginContext, extensions: Extensions
    ) -> PluginResult[ToolPreInvokePayload]:
        security = extensions.security
        roles = security.subject.roles if security and security.subject else frozenset()
        if security and "PII" in security.labels and "hr_admin" not in roles:
            violation = PluginViolation(reason="denied", description="", code="pii_access")
            return PluginResult(continue_processing=False, violation=violation)
        return PluginResult()


class NativeRedactor(Plugin):
    """The rule of the fixture `argument_redactor`, in Python."""

    async def tool_pre_invoke(
        self, payload: ToolPreInvokePayload, context: PluginContext
    ) -> PluginResult[ToolPreInvokePayload]:
        arguments = payload.args or {}
        if "ssn" not in arguments:
            return PluginResult()
        masked = {**arguments, "ssn": "***-**-****"}
        return PluginResult(modified_payload=payload.model_copy(update={"args": masked}))


def config(name: str, **more: Any) -> PluginConfig:
    return PluginConfig(
        name=name, kind="bench", hooks=[HOOK], capabilities=frozenset(CAPABILITIES), **more
    )


async def sandboxed(name: str, **policy: Any) -> WasmPlugin:
    settings = {"module": str(FIXTURES / f"{name}.wasm"), "sandbox_policy": policy}
    plugin = WasmPlugin(config(name, config=settings))
    await plugin.initialize()
    return plugin


def request() -> tuple[ToolPreInvokePayload, GlobalContext, Extensions]:
    subject = SubjectExtension(id="a", type=SubjectType.USER, roles=frozenset({"hr_admin"}))
    security = SecurityExtension(labels=frozenset({"PII"}), subject=subject)
    payload = ToolPreInvokePayload(name="lookup", args={"ssn": "123-45-6789", "page": 1})
    return payload, GlobalContext(request_id="1"), Extensions(security=security)


async def time_of(call: Callable[[], Awaitable[object]], calls: int) -> float:
    """Returns the least time of a call in microseconds, of five runs."""
    await call()
    gc.disable()
    runs = []
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(calls):
            await call()
        runs.append((time.perf_counter() - begun) / calls * 1e6)
    gc.enable()
    return min(runs)


async def in_framework(calls: int) -> None:
    payload, context, extensions = request()
    executor = PluginExecutor()
    rows: dict[str, list[Plugin]] = {
        "a guard": [
            NativeGuard(config("native")),
            await sandboxed("pii_guard", isolation="pooled"),
            await sandboxed("pii_guard"),
        ],
        "a redactor": [
            NativeRedactor(config("native")),
            await sandboxed("argument_redactor", isolation="pooled"),
            await sandboxed("argument_redactor"),
        ],
    }
    print("| a call by the framework | native | sandboxed, `pooled` | sandboxed, `per_call` |")
    print("| --- | --- | --- | --- |")
    for row, plugins in rows.items():
        times = []
        for plugin in plugins:
            refs = [HookRef(HOOK, PluginRef(plugin))]
            call = lambda refs=refs: executor.execute(  # noqa: E731
                refs, payload, context, HOOK, extensions=extensions
            )
            times.append(await time_of(call, calls))
        print(f"| {row} | {' | '.join(f'{each:.0f} µs' for each in times)} |")


async def alone(calls: int) -> None:
    engine = Engine(log_sink=lambda _: None)
    arguments = {"ssn": "123-45-6789", "page": 1}
    part = {
        "content_type": "tool_call",
        "content": {"tool_call_id": "1", "name": "lookup", "arguments": arguments},
    }
    payload = {"message": {"role": "assistant", "content": [part]}}
    subject = {"id": "a", "roles": ["hr_admin"]}
    extensions = {"security": {"labels": ["PII"], "subject": subject}}
    print("| a call by itself | `call` | `call_async` |")
    print("| --- | --- | --- |")
    for row, name in (("a guard", "pii_guard"), ("a redactor", "argument_redactor")):
        policy = {"capabilities": CAPABILITIES, "sandbox_policy": {"isolation": "pooled"}}
        plugin = Sandboxed(engine, FIXTURES / f"{name}.wasm", policy)
        hook = f"cmf.{HOOK}"

        async def blocking(plugin: Sandboxed = plugin, hook: str = hook) -> None:
            plugin.call(hook, payload, extensions)

        async def waiting(plugin: Sandboxed = plugin, hook: str = hook) -> None:
            await plugin.call_async(hook, payload, extensions)

        times = [await time_of(call, calls) for call in (blocking, waiting)]
        print(f"| {row} | {' | '.join(f'{each:.0f} µs' for each in times)} |")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000, help="calls of each of five runs")
    calls = parser.parse_args().calls
    await in_framework(calls)
    print()
    await alone(calls)


if __name__ == "__main__":
    asyncio.run(main())
