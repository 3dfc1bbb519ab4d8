"""Payloads of the framework as CMF messages, and changes of messages as payloads."""

from collections.abc import Callable
from typing import Any, NamedTuple

from cpex.framework import PluginPayload

from cpex_wasmi.gateway import _content, _messages
from cpex_wasmi.gateway._values import plain, replaced, undeliverable

Json = dict[str, Any]


class Mapping(NamedTuple):
    """A hook of the framework, as one of CPEX's."""

    hook: str
    """CPEX's hook."""
    message: Callable[[Any, str], Json]
    """Makes the message of a payload and the identifier of the request."""
    payload: Callable[[Any, Json, str], PluginPayload]
    """Makes the payload of one before and the message after the call."""


def _part(role: str, kind: str, content: Json) -> Json:
    return {"role": role, "content": [{"content_type": kind, "content": content}]}


def _only_part(message: Json, kind: str) -> Json:
    """Returns the content of the one part that the message had before the call."""
    parts = message["content"]
    if len(parts) != 1 or parts[0]["content_type"] != kind:
        raise undeliverable(f"the message must keep its one part, of the kind `{kind}`")
    content: Json = parts[0]["content"]
    return content


def _same(after: Json, expected: Json) -> None:
    """Refuses a change of a message that the payload has not taken on."""
    if _lean(after) != _lean(expected):
        raise undeliverable("it changes what the framework's payload does not have")


def _lean(value: Any) -> Any:
    """Drops what a record may leave out."""
    if isinstance(value, list):
        return [_lean(element) for element in value]
    if not isinstance(value, dict):
        return value
    members = {key: _lean(member) for key, member in value.items() if key != "schema_version"}
    return {key: member for key, member in members.items() if not _is_empty(member)}


def _is_empty(value: Any) -> bool:
    # To Python, 0 equals `False`.
    return value is None or value is False or value == {} or value == []


# Tools


def _tool_call(payload: Any, request: str) -> Json:
    arguments = plain(payload.args or {})
    content = {"tool_call_id": request, "name": payload.name, "arguments": arguments}
    return _part("assistant", "tool_call", content)


def _called(payload: Any, message: Json, request: str) -> PluginPayload:
    content = _only_part(message, "tool_call")
    update = {"name": content["name"], "args": _arguments(payload, content)}
    changed = payload.model_copy(update=update)
    _same(message, _tool_call(changed, request))
    return _payload(changed)


def _arguments(payload: Any, content: Json) -> Any:
    after = content.get("arguments", {})
    return replaced(payload.args or {}, after) if after or payload.args else payload.args


_FAILED = ("isError", "is_error")


def _tool_result(payload: Any, request: str) -> Json:
    result = plain(payload.result)
    failed = isinstance(result, dict) and any(result.get(key) is True for key in _FAILED)
    content = {
        "tool_call_id": request,
        "tool_name": payload.name,
        "content": result,
        "is_error": failed,
    }
    return _part("tool", "tool_result", content)


def _returned(payload: Any, message: Json, request: str) -> PluginPayload:
    content = _only_part(message, "tool_result")
    before = _only_part(_tool_result(payload, request), "tool_result")
    result, failed = content.get("content"), content.get("is_error", False)
    if failed != before["is_error"] and isinstance(result, dict):
        # A plugin says that a result is an error by the record, or by the result as MCP has it.
        result = {key: failed if key in _FAILED else value for key, value in result.items()}
    update = {"name": content["tool_name"], "result": replaced(payload.result, result)}
    changed = payload.model_copy(update=update)
    expected = _tool_result(changed, request)
    if failed == before["is_error"]:
        _only_part(expected, "tool_result")["is_error"] = failed
    else:
        content = content | {"content": result}
    _same(message | {"content": [message["content"][0] | {"content": content}]}, expected)
    return _payload(changed)


# Prompts


def _prompt_request(payload: Any, request: str) -> Json:
    arguments = plain(payload.args or {})
    content = {
        "prompt_request_id": request,
        "name": payload.prompt_id,
        "arguments": arguments,
    }
    return _part("user", "prompt_request", content)


def _prompted(payload: Any, message: Json, request: str) -> PluginPayload:
    content = _only_part(message, "prompt_request")
    arguments = _arguments(payload, content)
    if not all(isinstance(value, str) for value in (arguments or {}).values()):
        raise undeliverable("the arguments of a prompt are texts")
    changed = payload.model_copy(update={"prompt_id": content["name"], "args": arguments})
    _same(message, _prompt_request(changed, request))
    return _payload(changed)


def _prompt_result(payload: Any, request: str) -> Json:
    result = plain(payload.result)
    messages = _content.prompt_messages(result)
    texts = [text for message in messages for text in _content.texts(message)]
    content = {
        "prompt_request_id": request,
        "prompt_name": payload.prompt_id,
        "messages": messages,
        # For plugins that look at the text of a prompt only.
        "content": "\n".join(texts),
    }
    return _part("user", "prompt_result", content)


def _rendered(payload: Any, message: Json, request: str) -> PluginPayload:
    content = _only_part(message, "prompt_result")
    before = _only_part(_prompt_result(payload, request), "prompt_result")
    text, messages = content.get("content") or "", content.get("messages", [])
    result = plain(payload.result)
    kept: Json = {}
    if _lean(messages) != _lean(before["messages"]):
        result = _content.with_prompt_messages(result, messages)
        # The text may be as it was, or as the messages have it now.
        kept = {"content": text} if text == before["content"] else {}
    elif text != before["content"]:
        result = _content.with_prompt_text(result, text)
        kept = {"messages": messages}
    update = {"prompt_id": content["prompt_name"], "result": replaced(payload.result, result)}
    changed = payload.model_copy(update=update)
    expected = _prompt_result(changed, request)
    _only_part(expected, "prompt_result").update(kept)
    _same(message, expected)
    return _payload(changed)


# Resources


def _resource_ref(payload: Any, request: str) -> Json:
    content = {"resource_request_id": request, "uri": payload.uri, "resource_type": "uri"}
    return _part("user", "resource_ref", content)


def _referred(payload: Any, message: Json, request: str) -> PluginPayload:
    content = _only_part(message, "resource_ref")
    changed = payload.model_copy(update={"uri": content["uri"]})
    _same(message, _resource_ref(changed, request))
    return _payload(changed)


def _resource(payload: Any, request: str) -> Json:
    content = plain(payload.content)
    resources = _content.resources(content, payload.uri, request)
    parts = [{"content_type": "resource", "content": resource} for resource in resources]
    return {"role": "tool", "content": parts}


def _fetched(payload: Any, message: Json, request: str) -> PluginPayload:
    content = _content.with_resources(plain(payload.content), message["content"])
    changed = payload.model_copy(update={"content": replaced(payload.content, content)})
    _same(message, _resource(changed, request))
    return _payload(changed)


def _payload(payload: Any) -> PluginPayload:
    changed: PluginPayload = payload
    return changed


MAPPINGS = {
    "tool_pre_invoke": Mapping("cmf.tool_pre_invoke", _tool_call, _called),
    "tool_post_invoke": Mapping("cmf.tool_post_invoke", _tool_result, _returned),
    "prompt_pre_fetch": Mapping("cmf.prompt_pre_fetch", _prompt_request, _prompted),
    "prompt_post_fetch": Mapping("cmf.prompt_post_fetch", _prompt_result, _rendered),
    "resource_pre_fetch": Mapping("cmf.resource_pre_fetch", _resource_ref, _referred),
    "resource_post_fetch": Mapping("cmf.resource_post_fetch", _resource, _fetched),
}
"""The framework's own hooks, by name."""

MESSAGE_HOOKS = (
    "cmf.tool_pre_invoke",
    "cmf.tool_post_invoke",
    "cmf.llm_input",
    "cmf.llm_output",
    "cmf.prompt_pre_fetch",
    "cmf.prompt_post_fetch",
    "cmf.resource_pre_fetch",
    "cmf.resource_post_fetch",
)
"""The framework's hooks for messages, which are CPEX's."""

MAPPINGS |= {
    hook: Mapping(hook, _messages.shown, _messages.changed) for hook in MESSAGE_HOOKS
}
