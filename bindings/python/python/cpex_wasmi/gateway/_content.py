"""Content of prompts and resources, as MCP has it, in CPEX's parts."""

import copy
from collections.abc import Iterator
from typing import Any

from cpex_wasmi.errors import InvalidRequest
from cpex_wasmi.gateway._values import undeliverable

Json = dict[str, Any]


def prompt_messages(result: Any) -> list[Json]:
    """Returns the messages of a prompt's result: a text, or a mapping with `messages`."""
    if isinstance(result, str):
        return [_message("user", [{"content_type": "text", "text": result}])]
    if not isinstance(result, dict) or not isinstance(result.get("messages"), list):
        raise _unknown("the result of a prompt has no `messages`")
    return [
        _message(message.get("role", "user"), [_part(item) for item in _items(message)])
        for message in result["messages"]
    ]


def texts(message: Json) -> Iterator[str]:
    """Returns the texts of a message."""
    return (part["text"] for part in message["content"] if part["content_type"] == "text")


def with_prompt_messages(result: Any, messages: list[Json]) -> Any:
    """Returns a prompt's result with the texts of the messages. Nothing else of them can change."""
    if isinstance(result, str):
        return _single([text for message in messages for text in texts(message)])
    result = copy.deepcopy(result)
    if len(messages) != len(result["messages"]):
        raise undeliverable("messages of a prompt cannot be added or removed")
    for message, changed in zip(result["messages"], messages, strict=True):
        items = _items(message)
        if len(items) != len(changed["content"]):
            raise undeliverable("parts of a prompt's message cannot be added or removed")
        for position, (item, part) in enumerate(zip(items, changed["content"], strict=True)):
            if part["content_type"] != "text":
                continue
            if isinstance(item, dict):
                item["text"] = part["text"]
            elif isinstance(message["content"], list):
                message["content"][position] = part["text"]
            else:
                message["content"] = part["text"]
    return result


def with_prompt_text(result: Any, text: str) -> Any:
    """Returns a prompt's result with another text, if it has one text only."""
    messages = prompt_messages(result)
    parts = [part for message in messages for part in message["content"] if "text" in part]
    if len(parts) != 1:
        raise undeliverable("the prompt has several texts; a plugin changes them in its `messages`")
    parts[0]["text"] = text
    return with_prompt_messages(result, messages)


def resources(content: Any, uri: str, request: str) -> list[Json]:
    """Returns the resources of fetched content: a text, a mapping with `text` or `blob`, or several of them."""
    found = []
    for item in _held(content):
        item = {"text": item} if isinstance(item, str) else item
        if not isinstance(item, dict) or not ("text" in item or "blob" in item):
            raise _unknown("the content of a resource has neither `text` nor `blob`")
        blob = item.get("blob")
        found.append(
            {
                "resource_request_id": request,
                "uri": str(item.get("uri") or uri),
                "name": item.get("name"),
                "resource_type": "uri",
                "content": item.get("text"),
                "mime_type": item.get("mimeType") or item.get("mime_type"),
                # Of binary content, plugins see how much there is: in base64, four letters are three bytes.
                "size_bytes": len(blob) * 3 // 4 if isinstance(blob, str) else None,
            }
        )
    return found


def with_resources(content: Any, parts: list[Json]) -> Any:
    """Returns fetched content with the texts of the parts. Nothing else of it can change."""
    content = copy.deepcopy(content)
    items = _held(content)
    if len(items) != len(parts) or any(part["content_type"] != "resource" for part in parts):
        raise undeliverable("resources cannot be added or removed")
    if isinstance(content, str):
        return parts[0]["content"].get("content")
    for position, (item, part) in enumerate(zip(items, parts, strict=True)):
        text = part["content"].get("content")
        if isinstance(item, str):
            items[position] = text
        elif text != item.get("text"):
            if "blob" in item:
                raise undeliverable("a resource of bytes has no text")
            item["text"] = text
    return content


def _held(content: Any) -> list[Any]:
    """Returns the resources of fetched content: the list itself, where there is one."""
    held = content.get("contents") if isinstance(content, dict) else content
    return held if isinstance(held, list) else [content]


def _items(message: Json) -> list[Any]:
    content = message.get("content")
    return content if isinstance(content, list) else [content]


def _message(role: str, parts: list[Json]) -> Json:
    return {"role": role, "content": parts}


def _part(item: Any) -> Json:
    """Returns a part of a prompt's message."""
    if isinstance(item, str):
        return {"content_type": "text", "text": item}
    kind = item.get("type") if isinstance(item, dict) else None
    mime_type = item.get("mimeType") or item.get("mime_type") if isinstance(item, dict) else None
    if kind == "text" or (kind is None and isinstance(item, dict) and "text" in item):
        return {"content_type": "text", "text": item["text"]}
    if kind in ("image", "audio"):
        content = {"type": "base64", "data": item["data"], "media_type": mime_type}
        return {"content_type": kind, "content": content}
    if kind == "resource":
        (resource,) = resources(item["resource"], "", "")
        return {"content_type": "resource", "content": resource}
    if kind == "resource_link":
        content = {
            "resource_request_id": "",
            "uri": str(item["uri"]),
            "name": item.get("name"),
            "resource_type": "uri",
        }
        return {"content_type": "resource_ref", "content": content}
    raise _unknown(f"the content of a prompt has the kind `{kind}`")


def _single(found: list[str]) -> str:
    if len(found) != 1:
        raise undeliverable("the prompt is one text")
    return found[0]


def _unknown(message: str) -> InvalidRequest:
    return InvalidRequest(
        f"{message}, which cannot be shown to a sandboxed plugin", code="invalid_request"
    )
