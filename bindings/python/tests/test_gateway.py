"""Sandboxed plugins in the framework's own manager, from its own YAML."""

import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from cpex.framework import (
    GlobalContext,
    PluginError,
    PluginManager,
    PluginResult,
    PluginViolationError,
)
from cpex.framework.cmf.message import (
    Message,
    Role,
    TextContent,
    ToolCall,
    ToolCallContentPart,
)
from cpex.framework.extensions.extensions import Extensions
from cpex.framework.extensions.http import HttpExtension
from cpex.framework.extensions.security import SecurityExtension, SubjectExtension, SubjectType
from cpex.framework.hooks.http import HttpHeaderPayload
from cpex.framework.hooks.message import MessageHookType, MessagePayload
from cpex.framework.hooks.policies import HookPayloadPolicy
from cpex.framework.hooks.prompts import PromptPosthookPayload, PromptPrehookPayload
from cpex.framework.hooks.resources import ResourcePostFetchPayload, ResourcePreFetchPayload
from cpex.framework.hooks.tools import ToolPostInvokePayload, ToolPreInvokePayload
from cpex.framework.models import UserContext
from cpex.framework.settings import settings
from modules import TRAP, const, fixture, module
from native import Native

from cpex_wasmi.gateway import WasmPlugin
from cpex_wasmi.gateway._payloads import MAPPINGS

GUARD = ["read_labels", "read_roles"]
HEADERS = ["read_headers", "write_headers"]

Manage = Callable[..., Awaitable[PluginManager]]


@pytest.fixture
async def manage(tmp_path: Path) -> AsyncIterator[Manage]:
    """Starts the framework's manager with a file of these entries."""
    PluginManager.reset()
    Native.seen.clear()

    async def start(*entries: dict[str, Any]) -> PluginManager:
        file = tmp_path / "plugins.yaml"
        file.write_text(yaml.safe_dump({"plugins": list(entries)}))
        manager = PluginManager(str(file))
        await manager.initialize()
        return manager

    yield start
    await PluginManager().shutdown()
    PluginManager.reset()


def entry(name: str, hook: str = "tool_pre_invoke", **keys: Any) -> dict[str, Any]:
    """Returns an entry with the fixture of this name."""
    config = {"module": str(fixture(name)), **keys.pop("config", {})}
    kind = "cpex_wasmi.gateway.WasmPlugin"
    return {"name": name, "kind": kind, "hooks": [hook], "config": config, **keys}


def of_module(path: Path, body: bytes, **keys: Any) -> dict[str, Any]:
    (path / "guest.wasm").write_bytes(module(body))
    return entry("guest", config={"module": str(path / "guest.wasm")}, **keys)


def call(**arguments: Any) -> ToolPreInvokePayload:
    return ToolPreInvokePayload(name="search", args=arguments)


def context(**members: Any) -> GlobalContext:
    return GlobalContext(request_id="r1", **members)


def extensions(*roles: str, labels: tuple[str, ...] = ("PII",), **slots: Any) -> Extensions:
    subject = SubjectExtension(id="alice", type=SubjectType.USER, roles=frozenset(roles))
    security = SecurityExtension(labels=frozenset(labels), subject=subject)
    return Extensions(security=security, **slots)


async def run(
    manager: PluginManager, payload: Any = None, hook: str = "tool_pre_invoke", **more: Any
) -> PluginResult[Any]:
    result, _ = await manager.invoke_hook(
        hook, payload or call(ssn="123-45-6789"), more.pop("context", context()), **more
    )
    return result


async def test_a_denial_is_a_violation(manage: Manage) -> None:
    manager = await manage(entry("pii_guard", capabilities=GUARD))
    result = await run(manager, extensions=extensions("engineer"))
    assert not result.continue_processing
    assert result.violation is not None
    assert (result.violation.code, result.violation.plugin_name) == ("pii_access", "pii_guard")
    assert (await run(manager, extensions=extensions("hr_admin"))).continue_processing
    assert (await run(manager, extensions=extensions(labels=()))).continue_processing
    with pytest.raises(PluginViolationError, match="pii_access"):
        await run(manager, extensions=extensions(), violations_as_exceptions=True)


async def test_arguments_are_changed(manage: Manage) -> None:
    manager = await manage(entry("argument_redactor"))
    result = await run(manager, call(ssn="123-45-6789", other=[1, None]))
    assert result.modified_payload == call(ssn="***-**-****", other=[1, None])
    assert (await run(manager, call(other=1))).modified_payload is None


async def test_a_hooks_policy_of_the_framework_holds(manage: Manage) -> None:
    manager = await manage(entry("argument_redactor"))
    before = call(ssn="123-45-6789", other={"a": [1]})
    for writable, changed in ("args", True), ("name", False):
        policy = HookPayloadPolicy(writable_fields=frozenset({writable}))
        manager.executor.hook_policies = {"tool_pre_invoke": policy}
        after = (await run(manager, before)).modified_payload
        assert (after == call(ssn="***-**-****", other={"a": [1]})) is changed
        assert before.args == {"ssn": "123-45-6789", "other": {"a": [1]}}


async def test_results_of_tools_are_changed(manage: Manage) -> None:
    manager = await manage(entry("scanner", "tool_post_invoke"))
    key = "AKIAIOSFODNN7EXAMPLE"
    content = {"content": [{"type": "text", "text": key}], "isError": False}
    for result in f"the key {key}", content:
        payload = ToolPostInvokePayload(name="search", result=result)
        after = await run(manager, payload, "tool_post_invoke")
        assert after.modified_payload is not None
        changed = after.modified_payload.result
        assert type(changed) is type(result)
        assert key not in str(changed) and "*" in str(changed)
    clean = ToolPostInvokePayload(name="search", result={"isError": True, "content": []})
    assert (await run(manager, clean, "tool_post_invoke")).modified_payload is None


async def test_labels_and_headers_are_extensions(manage: Manage) -> None:
    labeler = entry("labeler", capabilities=["read_labels", "append_labels"])
    result = await run(await manage(labeler), extensions=extensions("hr_admin"))
    assert result.modified_extensions is not None
    security = result.modified_extensions.security
    assert security is not None and security.labels == frozenset({"PII", "REVIEWED"})


async def test_headers_go_where_they_came_from(manage: Manage) -> None:
    manager = await manage(entry("header_injector", capabilities=HEADERS))
    slots = extensions(http=HttpExtension(headers={"a": "b"}))
    result = await run(manager, extensions=slots)
    assert result.modified_extensions is not None and result.modified_extensions.http is not None
    assert result.modified_extensions.http.headers == {"a": "b", "x-policy-checked": "true"}
    assert result.modified_payload is None
    with pytest.warns(DeprecationWarning):
        payload = ToolPreInvokePayload(name="t", headers=HttpHeaderPayload({"a": "b"}))
    result = await run(manager, payload)
    assert result.modified_extensions is None and result.modified_payload is not None
    assert result.modified_payload.headers.root == {"a": "b", "x-policy-checked": "true"}


async def test_the_global_context_names_the_subject(manage: Manage) -> None:
    manager = await manage(entry("pii_guard", capabilities=GUARD))
    labelled = Extensions(security=SecurityExtension(labels=frozenset({"PII"})))
    for roles, allowed in (["engineer"], False), (["hr_admin"], True):
        user = UserContext(user_id="alice", roles=roles)
        result = await run(manager, context=context(user_context=user), extensions=labelled)
        assert result.continue_processing is allowed
    result = await run(manager, context=context(user="alice"), extensions=labelled)
    assert not result.continue_processing


async def test_a_failure_is_never_an_allow(manage: Manage, tmp_path: Path) -> None:
    manager = await manage(of_module(tmp_path, TRAP))
    with pytest.raises(PluginError) as failed:
        await run(manager)
    error = failed.value.error
    assert (error.code, error.plugin_name) == ("wasm_trap", "guest")
    assert error.details and error.details["receipt"]["fuel"] > 0


@pytest.mark.parametrize(("on_error", "later"), [("ignore", 2), ("disable", 1)])
async def test_on_error_is_the_frameworks(
    manage: Manage, tmp_path: Path, on_error: str, later: int
) -> None:
    manager = await manage(of_module(tmp_path, TRAP, on_error=on_error))
    plugin = manager.get_plugin("guest")
    calls = []
    assert isinstance(plugin, WasmPlugin)
    sandboxed = plugin._sandboxed
    assert sandboxed is not None

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return sandboxed.call_async(*arguments)

    plugin._sandboxed = SimpleNamespace(call_async=counted)  # type: ignore[assignment]
    for _ in range(2):
        assert (await run(manager)).continue_processing
    assert len(calls) == later
    plugin._sandboxed = sandboxed


@pytest.mark.parametrize(
    ("mode", "stops"),
    [
        ("sequential", True),
        ("concurrent", True),
        ("transform", False),
        ("audit", False),
        ("fire_and_forget", False),
        ("disabled", False),
    ],
)
async def test_modes_are_the_frameworks(manage: Manage, mode: str, stops: bool) -> None:
    manager = await manage(entry("pii_guard", capabilities=GUARD, mode=mode))
    result = await run(manager, extensions=extensions("engineer"))
    assert result.continue_processing is not stops
    await result.wait_for_background_tasks()


@pytest.mark.parametrize("mode", ["audit", "concurrent", "fire_and_forget"])
async def test_modes_that_only_look_change_nothing(manage: Manage, mode: str) -> None:
    manager = await manage(
        entry("argument_redactor", mode=mode),
        entry("labeler", capabilities=["read_labels", "append_labels"], mode=mode),
    )
    result = await run(manager, extensions=extensions())
    assert (result.modified_payload, result.modified_extensions) == (None, None)
    await result.wait_for_background_tasks()


async def test_conditions_are_the_frameworks(manage: Manage) -> None:
    conditions = [{"tools": ["search"], "server_ids": ["s1"]}]
    manager = await manage(entry("pii_guard", capabilities=GUARD, conditions=conditions))

    async def allowed(tool: str, server: str) -> bool:
        payload = ToolPreInvokePayload(name=tool)
        result = await run(
            manager, payload, context=context(server_id=server), extensions=extensions()
        )
        return result.continue_processing

    assert not await allowed("search", "s1")
    assert await allowed("other", "s1")
    assert await allowed("search", "s2")


async def test_a_native_plugin_runs_beside(manage: Manage) -> None:
    manager = await manage(
        entry("argument_redactor", priority=1),
        {"name": "native", "kind": "native.Native", "hooks": ["tool_pre_invoke"], "priority": 2},
        entry("compute", priority=3, capabilities=["read_labels", "read_headers"]),
    )
    shared = context(state={"before": "kept"})
    result, contexts = await manager.invoke_hook("tool_pre_invoke", call(ssn="123-45-6789"), shared)
    assert Native.seen[0][0] == {"ssn": "***-**-****"}
    # What is no JSON stays where it is, unseen.
    assert shared.state["before"] == "kept" and isinstance(shared.state["object"], Native)
    assert contexts is not None
    assert any("summary" in str(local.state) for local in contexts.values())
    assert result.metadata is not None and result.metadata["native"] is True


async def test_telemetry_stands_under_the_plugins_name(manage: Manage) -> None:
    limiter = entry(
        "rate_limiter",
        capabilities=["read_subject"],
        config={"limit": 0, "sandbox_policy": {"allowed_state": ["calls/*"]}},
    )
    result = await run(await manage(limiter), context=context(user="alice"))
    assert not result.continue_processing
    assert result.metadata == {
        "rate_limiter": {"metrics": {"calls.refused": 1}, "metadata": {}}
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"capabilities": []}, "read_labels"),
        ({"config": {"module": ""}}, "config.module"),
        ({"config": {"module": "missing.wasm"}}, "missing.wasm"),
        ({"config": {"capabilities": ["read_claims"]}}, "add it to `capabilities` of the entry"),
        ({"config": {"capabilities": ["read_everything"]}}, "read_everything"),
        ({"config": {"capabilities": "read_client"}}, "list of texts"),
        ({"config": {"sandbox_policy": {"isolatoin": "pooled"}}}, "did you mean `isolation`"),
        ({"config": {"sandbox_policy": {"sha256": "0" * 64}}}, "sha256"),
        ({"config": {"isolation": "pooled"}}, "isolation"),
        ({"hooks": ["tool_post_invoke"]}, "needs `cmf.tool_post_invoke`"),
        ({"hooks": ["agent_pre_invoke"]}, "not called for the hook `agent_pre_invoke`"),
        ({"hooks": ["tool_pre_invok"]}, "did you mean `tool_pre_invoke`"),
        ({"hooks": []}, "never be called"),
    ],
)
async def test_wrong_entries_are_refused(
    manage: Manage, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], said: str
) -> None:
    wrong = entry("pii_guard", **{"capabilities": GUARD, **changes})
    if "hooks" in changes:
        wrong["hooks"] = changes["hooks"]
    monkeypatch.setenv("PLUGINS_FAIL_ON_PLUGIN_ERROR", "true")
    settings.cache_clear()
    with pytest.raises(RuntimeError, match=said):
        await manage(wrong)
    monkeypatch.delenv("PLUGINS_FAIL_ON_PLUGIN_ERROR")
    settings.cache_clear()
    PluginManager.reset()
    # By default, the framework would leave out the plugin, and all would be allowed.
    manager = await manage(wrong)
    # Where the hooks are wrong, the plugin may have been meant for any.
    for hook in [*wrong["hooks"], "tool_pre_invoke"]:
        lengths = []
        for _ in range(3):
            with pytest.raises(PluginError, match=said) as failed:
                await run(manager, hook=hook)
            cause = failed.value.__cause__
            lengths.append(len(traceback.extract_tb(cause.__traceback__ if cause else None)))
        # An exception that is raised again would keep the frames of each time.
        assert len(set(lengths)) == 1


async def test_capabilities_of_cpex_may_be_granted(manage: Manage) -> None:
    more = entry("pii_guard", capabilities=GUARD, config={"capabilities": ["read_client"]})
    assert (await run(await manage(more))).continue_processing


async def test_a_plugin_after_shutdown_fails(manage: Manage) -> None:
    manager = await manage(entry("noop"))
    plugin = manager.get_plugin("noop")
    await manager.shutdown()
    assert isinstance(plugin, WasmPlugin)
    with pytest.raises(PluginError) as failed:
        await manager.executor.execute([hook_of(plugin)], call(), context(), "tool_pre_invoke")
    assert failed.value.error.code == "shut_down"


def hook_of(plugin: WasmPlugin) -> Any:
    from cpex.framework.base import HookRef, PluginRef

    return HookRef("tool_pre_invoke", PluginRef(plugin))


async def test_the_frameworks_timeout_ends_the_call(manage: Manage) -> None:
    manager = await manage(
        entry("loops", config={"sandbox_policy": {"resources": {"max_execution_time_ms": 60_000}}})
    )
    manager.executor.timeout = 0.05  # type: ignore[assignment]
    with pytest.raises(PluginError, match="timeout"):
        await run(manager)


async def test_values_without_json_are_a_failure(manage: Manage) -> None:
    manager = await manage(entry("noop"))
    for value in (b"bytes", object(), float("nan"), 1 << 70):
        with pytest.raises(PluginError) as failed:
            await run(manager, call(value=value))
        assert failed.value.error.code == "invalid_request"


HOOKS = {
    "tool_pre_invoke": ToolPreInvokePayload(name="t"),
    "tool_post_invoke": ToolPostInvokePayload(name="t", result="text"),
    "prompt_pre_fetch": PromptPrehookPayload(prompt_id="p"),
    "prompt_post_fetch": PromptPosthookPayload(prompt_id="p", result="text"),
    "resource_pre_fetch": ResourcePreFetchPayload(uri="a:b"),
    "resource_post_fetch": ResourcePostFetchPayload(uri="a:b", content="text"),
}
MESSAGE = MessagePayload(message=Message(role=Role.USER, content=[TextContent(text="hello")]))


@pytest.mark.parametrize("hook", [*MAPPINGS])
async def test_each_hook_reaches_the_module(manage: Manage, tmp_path: Path, hook: str) -> None:
    (tmp_path / "denies.wasm").write_bytes(module(const(1), hooks=(MAPPINGS[hook].hook,)))
    keys = {"config": {"module": str(tmp_path / "denies.wasm")}}
    manager = await manage(entry("denies", hook, **keys))
    result = await run(manager, HOOKS.get(hook, MESSAGE), hook)
    assert result.violation is not None and result.violation.code == "denied"


async def test_messages_are_changed(manage: Manage) -> None:
    call = ToolCall(tool_call_id="1", name="t", arguments={"ssn": "123-45-6789"})
    message = Message(role=Role.ASSISTANT, content=[ToolCallContentPart(content=call)])
    manager = await manage(entry("argument_redactor", "cmf.tool_pre_invoke"))
    payload = MessagePayload(message=message, hook=MessageHookType.TOOL_PRE_INVOKE)
    result = await run(manager, payload, "cmf.tool_pre_invoke")
    assert isinstance(result.modified_payload, MessagePayload)
    (part,) = result.modified_payload.message.content
    assert isinstance(part, ToolCallContentPart)
    assert part.content.arguments == {"ssn": "***-**-****"}
    assert result.modified_payload.hook is MessageHookType.TOOL_PRE_INVOKE
