"""Sandboxed plugins in the Python framework: `python examples/gateway/main.py`, in `bindings/python`."""

import asyncio
from pathlib import Path

from cpex.framework import GlobalContext, PluginManager
from cpex.framework.extensions.extensions import Extensions
from cpex.framework.extensions.security import SecurityExtension
from cpex.framework.hooks.tools import ToolPreInvokePayload
from cpex.framework.models import UserContext


async def main() -> None:
    manager = PluginManager(str(Path(__file__).with_name("plugins.yaml")))
    await manager.initialize()
    extensions = Extensions(security=SecurityExtension(labels=frozenset({"PII"})))
    for role in ("engineer", "hr_admin"):
        user = UserContext(user_id="alice", roles=[role])
        result, _ = await manager.invoke_hook(
            "tool_pre_invoke",
            ToolPreInvokePayload(name="lookup", args={"ssn": "123-45-6789"}),
            GlobalContext(request_id="1", user_context=user),
            extensions=extensions,
        )
        if result.violation is not None:
            print(f"{role}: denied by {result.violation.plugin_name}, {result.violation.code}")
        elif result.modified_payload is not None:
            print(f"{role}: allowed, with {result.modified_payload.args}")
    await manager.shutdown()


if __name__ == "__main__":
    asyncio.run(main())
