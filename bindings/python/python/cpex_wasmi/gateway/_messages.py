"""The framework's own messages, in CPEX's JSON."""

from typing import Any

from cpex.framework.cmf.message import Message
from cpex.framework.hooks.message import MessagePayload

from cpex_wasmi.gateway._values import plain, undeliverable

Json = dict[str, Any]


def shown(payload: MessagePayload, _request: str) -> Json:
    """Returns the message of a payload."""
    return _message(payload.message)


def changed(payload: MessagePayload, message: Json, _request: str) -> MessagePayload:
    """Returns the payload with the message as a plugin changed it."""
    try:
        accepted = Message.model_validate(_with_bytes(message))
    except ValueError as error:
        raise undeliverable("the framework does not accept the message") from error
    return payload.model_copy(update={"message": accepted})


def _message(message: Message) -> Json:
    parts = [_part(part) for part in message.content]
    return {
        "schema_version": message.schema_version,
        "role": message.role.value,
        "content": parts,
        "channel": message.channel and message.channel.value,
    }


def _part(part: Any) -> Json:
    kind = part.content_type.value
    if not hasattr(part, "content"):
        return {"content_type": kind, "text": part.text}
    blob = getattr(part.content, "blob", None)
    content = part.content if blob is None else part.content.model_copy(update={"blob": None})
    if kind == "prompt_result":
        content = content.model_copy(update={"messages": []})
    members = plain(content)
    if blob is not None:
        members["blob"] = list(blob)
    if kind == "prompt_result":
        members["messages"] = [_message(message) for message in part.content.messages]
    return {"content_type": kind, "content": members}


def _with_bytes(message: Json) -> Json:
    """Returns a message whose blobs are bytes, as the framework has them."""
    parts = []
    for part in message["content"]:
        content = part.get("content")
        if isinstance(content, dict) and isinstance(content.get("blob"), list):
            content = {**content, "blob": bytes(content["blob"])}
        if part["content_type"] == "prompt_result":
            messages = [_with_bytes(inner) for inner in content.get("messages", [])]
            content = {**content, "messages": messages}
        parts.append(part if content is None else {**part, "content": content})
    return {**message, "content": parts}
