"""Native plugins of the framework, beside the sandboxed ones."""

from typing import Any

from cpex.framework import Plugin, PluginContext, PluginResult


class Native(Plugin):
    """Notes what it sees, and does what its settings say."""

    seen: list[Any] = []

    async def tool_pre_invoke(self, payload: Any, context: PluginContext) -> PluginResult[Any]:
        self.seen.append((payload.args, dict(context.global_context.state)))
        context.global_context.state["object"] = self
        context.global_context.state["count"] = 1
        return PluginResult(metadata={"native": True})
