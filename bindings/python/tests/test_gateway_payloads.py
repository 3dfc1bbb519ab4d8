"""The framework's payloads as messages, and changes of messages as payloads."""

import json
import operator
from collections.abc import Callable
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import pytest
from cpex.framework.cmf.message import (
    Message,
    PromptResult,
    PromptResultContentPart,
    Resource,
    ResourceContentPart,
    ResourceType,
    Role,
    TextContent,
)
from cpex.framework.hooks.message import MessageHookType, MessagePayload
from cpex.framework.hooks.prompts import PromptPosthookPayload, PromptPrehookPayload
from cpex.framework.hooks.resources import ResourcePostFetchPayload, ResourcePreFetchPayload
from cpex.framework.hooks.tools import ToolPostInvokePayload, ToolPreInvokePayload
from mcp.types import CallToolResult, TextContent as McpText
from modules import fixture, module
from pydantic import BaseModel, ConfigDict, Field, computed_field

from cpex_wasmi import CallError, Engine, InvalidRequest, Plugin
from cpex_wasmi.gateway._payloads import MAPPINGS

PROMPT = {
    "description": "greets",
    "messages": [{"role": "user", "content": {"type": "text", "text": "hello key"}}],
}
IMAGE = {"type": "image", "data": "aGk=", "mimeType": "image/png"}


class Content(BaseModel):
    """Content of a resource, as gateways have it."""

    uri: str
    text: str
    mimeType: str | None = None


class Level(StrEnum):
    LOW = "low"
    HIGH = "high"


class Note(BaseModel):
    text: str


class Report(BaseModel):
    """A result with members that the class does not name."""

    model_config = ConfigDict(extra="allow")
    meta: Any = Field(default=None, alias="_meta")
    level: Level = Level.LOW
    notes: list[Note] = []
    count: int = Field(default=1, le=9, serialization_alias="N")


def returned(result: Any, change: Callable[[Any], None]) -> Any:
    """Returns the result of a tool after a plugin changed its JSON."""
    mapping = MAPPINGS["tool_post_invoke"]
    payload: Any = ToolPostInvokePayload(name="t", result=result)
    message = json.loads(json.dumps(mapping.message(payload, "1")))
    change(message["content"][0]["content"]["content"])
    changed: Any = mapping.payload(payload, message, "1")
    return changed.result


@pytest.mark.parametrize("name", ["other", "meta", "model_config", "copy", "__doc__", "__module__"])
def test_members_that_a_class_does_not_name_are_shown_and_changed(name: str) -> None:
    shown = Report.model_validate({name: "secret"})

    def mask(content: Any) -> None:
        assert content[name] == "secret"
        content[name] = "***"

    after = returned(shown, mask)
    assert after.model_extra == {name: "***"} and after.meta is None
    assert shown.model_extra == {name: "secret"}


def test_a_member_that_stands_twice_is_refused() -> None:
    twice = Report.model_validate({"N": "secret"})
    with pytest.raises(InvalidRequest, match="twice"):
        MAPPINGS["tool_post_invoke"].message(ToolPostInvokePayload(name="t", result=twice), "1")


def test_changed_members_are_of_their_class_and_valid() -> None:
    note = Note(text="kept")
    before = Report.model_validate({"notes": [note]})
    after = returned(before, lambda content: content.update(level="high"))
    assert type(after.level) is Level and after.notes[0] is note
    assert after.model_fields_set == {"notes", "level"}
    after = returned(Report.model_validate({}), lambda content: content.update(notes=[{"text": "new"}]))
    assert after.notes == [Note(text="new")]
    assert returned(Report.model_validate({}), lambda content: content.update(N=9)).count == 9
    wrong: Any
    for wrong in ({"N": 10}, {"N": "no number"}, {"level": "none"}, {"notes": [{"txt": ""}]}):
        with pytest.raises(CallError, match="does not accept"):
            returned(Report.model_validate({}), operator.methodcaller("update", wrong))
    with pytest.raises(CallError, match="added or removed"):
        returned([{"note": note}, "b"], lambda content: content.pop())


class Greeting(BaseModel):
    name: str

    @computed_field
    def text(self) -> str:
        return f"hello {self.name}"


def test_computed_fields_are_shown_and_follow() -> None:
    def mask(content: Any) -> None:
        assert content == {"name": "key", "text": "hello key"}
        content.update(name="***", text="hello ***")

    after = returned(Greeting(name="key"), mask)
    assert after.model_dump() == {"name": "***", "text": "hello ***"}
    for wrong in ({"name": "***"}, {"text": "hello ***"}):
        with pytest.raises(CallError) as failed:
            returned(Greeting(name="key"), operator.methodcaller("update", wrong))
        assert failed.value.code == "abi_violation"


def test_a_text_cannot_take_the_place_of_bytes() -> None:
    mapping = MAPPINGS["resource_post_fetch"]
    payload: Any = ResourcePostFetchPayload(uri="a:b", content={"uri": "a:b", "blob": "aGk="})
    message = mapping.message(payload, "1")
    message["content"][0]["content"]["content"] = "masked"
    with pytest.raises(CallError, match="bytes"):
        mapping.payload(payload, message, "1")


def test_a_change_from_nought_to_nothing_is_none_that_is_dropped() -> None:
    after = returned({"n": 0}, lambda content: content.update(n=None))
    assert after == {"n": None}


def payloads() -> list[tuple[str, Any]]:
    several = {"messages": [*PROMPT["messages"], {"role": "assistant", "content": IMAGE}]}
    tool = CallToolResult(content=[McpText(type="text", text="a key")])
    return [
        ("tool_pre_invoke", ToolPreInvokePayload(name="t", args={"a": {"b": [1, None, "key"]}})),
        ("tool_pre_invoke", ToolPreInvokePayload(name="t", args=None)),
        ("tool_post_invoke", ToolPostInvokePayload(name="t", result={"isError": True})),
        ("tool_post_invoke", ToolPostInvokePayload(name="t", result=["a", 1, {"b": None}])),
        ("tool_post_invoke", ToolPostInvokePayload(name="t", result=None)),
        ("tool_post_invoke", ToolPostInvokePayload(name="t", result=tool)),
        ("prompt_pre_fetch", PromptPrehookPayload(prompt_id="p", args={"a": "key"})),
        ("prompt_post_fetch", PromptPosthookPayload(prompt_id="p", result=PROMPT)),
        ("prompt_post_fetch", PromptPosthookPayload(prompt_id="p", result=several)),
        ("prompt_post_fetch", PromptPosthookPayload(prompt_id="p", result="a key")),
        ("resource_pre_fetch", ResourcePreFetchPayload(uri="file:///a")),
        ("resource_post_fetch", ResourcePostFetchPayload(uri="file:///a", content="a key")),
        (
            "resource_post_fetch",
            ResourcePostFetchPayload(uri="a:b", content=Content(uri="a:b", text="a key")),
        ),
        (
            "resource_post_fetch",
            ResourcePostFetchPayload(uri="a:b", content=SimpleNamespace(uri="a:b", text="a key")),
        ),
        (
            "resource_post_fetch",
            ResourcePostFetchPayload(
                uri="a:b", content={"contents": [{"text": "a key"}, {"blob": "aGk="}]}
            ),
        ),
        ("cmf.llm_input", message(TextContent(text="a key"))),
        ("cmf.tool_pre_invoke", message(nested(), resource())),
    ]


def message(*parts: Any) -> MessagePayload:
    inner = Message(role=Role.USER, content=list(parts))
    return MessagePayload(message=inner, hook=MessageHookType.LLM_INPUT)


def nested() -> PromptResultContentPart:
    inner = Message(role=Role.USER, content=[TextContent(text="a key")])
    content = PromptResult(prompt_request_id="1", prompt_name="p", messages=[inner])
    return PromptResultContentPart(content=content)


def resource() -> ResourceContentPart:
    content = Resource(
        resource_request_id="1", uri="a:b", resource_type=ResourceType.BLOB, blob=b"\xff\x00"
    )
    return ResourceContentPart(content=content)


ALL = pytest.mark.parametrize(
    ("hook", "payload"), payloads(), ids=lambda value: value if isinstance(value, str) else ""
)


@ALL
def test_the_host_takes_each_payload(engine: Engine, hook: str, payload: Any) -> None:
    """A plugin that changes nothing leaves the payload as it is, through the host's own records."""
    mapping = MAPPINGS[hook]
    allows = Plugin(engine, module(b"\x41\x00", hooks=(mapping.hook,)))
    outcome = allows.call(mapping.hook, {"message": mapping.message(payload, "r1")})
    same = mapping.payload(payload, outcome.payload["message"], "r1")
    assert same == payload
    assert type(same) is type(payload)


@ALL
def test_texts_are_changed_where_they_stand(hook: str, payload: Any) -> None:
    """A message whose texts have been masked becomes a payload whose texts are."""
    mapping = MAPPINGS[hook]
    before = mapping.message(payload, "r1")
    masked = json.loads(json.dumps(before).replace("key", "***"))
    if masked == before:
        return
    after = mapping.payload(payload, masked, "r1")
    assert "key" not in repr(after) and "***" in repr(after)
    assert "key" in repr(payload)
    assert type(after) is type(payload)
    for member in ("result", "content"):
        assert type(getattr(after, member, None)) is type(getattr(payload, member, None))


@ALL
def test_changes_without_a_place_are_failures(hook: str, payload: Any) -> None:
    if hook.startswith("cmf."):
        return
    mapping = MAPPINGS[hook]
    member = "resource_request_id" if "resource" in hook else "namespace"
    changes: tuple[Callable[[Any], object], ...] = (
        lambda message: message["content"].append({"content_type": "text", "text": "more"}),
        lambda message: message["content"].clear(),
        lambda message: message.update(role="developer"),
        lambda message: message.update(channel="final"),
        lambda message: message["content"][0]["content"].update({member: "n"}),
    )
    for change in changes:
        message = mapping.message(payload, "r1")
        change(message)
        with pytest.raises(CallError) as failed:
            mapping.payload(payload, message, "r1")
        assert failed.value.code == "abi_violation"


def test_arguments_of_prompts_stay_texts() -> None:
    payload = PromptPrehookPayload(prompt_id="p", args={"a": "b"})
    mapping = MAPPINGS["prompt_pre_fetch"]
    changed = mapping.message(payload, "r1")
    changed["content"][0]["content"]["arguments"]["a"] = 7
    with pytest.raises(CallError, match="texts"):
        mapping.payload(payload, changed, "r1")


def test_one_text_of_a_prompt_is_changed_alone() -> None:
    mapping = MAPPINGS["prompt_post_fetch"]
    payload = PromptPosthookPayload(prompt_id="p", result=PROMPT)
    changed = mapping.message(payload, "r1")
    changed["content"][0]["content"]["content"] = "masked"
    after: Any = mapping.payload(payload, changed, "r1")
    assert after.result.messages[0].content.text == "masked"
    assert after.result.description == "greets"
    several = {"messages": PROMPT["messages"] * 2}  # type: ignore[operator]
    payload = PromptPosthookPayload(prompt_id="p", result=several)
    changed = mapping.message(payload, "r1")
    assert changed["content"][0]["content"]["content"] == "hello key\nhello key"
    changed["content"][0]["content"]["content"] = "masked"
    with pytest.raises(CallError, match="several texts"):
        mapping.payload(payload, changed, "r1")


def test_errors_of_tools_are_told_and_kept() -> None:
    mapping = MAPPINGS["tool_post_invoke"]
    for key in ("isError", "is_error"):
        payload = ToolPostInvokePayload(name="t", result={key: False, "content": []})
        changed = mapping.message(payload, "r1")
        assert changed["content"][0]["content"]["is_error"] is False
        changed["content"][0]["content"]["is_error"] = True
        after: Any = mapping.payload(payload, changed, "r1")
        assert after.result == {key: True, "content": []}
        changed = mapping.message(payload, "r1")
        changed["content"][0]["content"]["content"] = {key: True, "content": []}
        after = mapping.payload(payload, changed, "r1")
        assert after.result == {key: True, "content": []}
    payload = ToolPostInvokePayload(name="t", result="text")
    changed = mapping.message(payload, "r1")
    changed["content"][0]["content"]["is_error"] = True
    with pytest.raises(CallError):
        mapping.payload(payload, changed, "r1")


def test_a_model_refuses_what_it_cannot_hold() -> None:
    mapping = MAPPINGS["tool_post_invoke"]
    result = CallToolResult(content=[McpText(type="text", text="a key")])
    payload = ToolPostInvokePayload(name="t", result=result)
    for path, value in (("text", 7), ("type", "image")):
        changed = mapping.message(payload, "r1")
        changed["content"][0]["content"]["content"]["content"][0][path] = value
        with pytest.raises(CallError, match="does not accept"):
            mapping.payload(payload, changed, "r1")


def test_unknown_classes_are_not_shown() -> None:
    class Opaque:
        text = "a key"

    for hook, payload in (
        ("tool_post_invoke", ToolPostInvokePayload(name="t", result=Opaque())),
        ("tool_post_invoke", ToolPostInvokePayload(name="t", result={"a": b"bytes"})),
        ("prompt_post_fetch", PromptPosthookPayload(prompt_id="p", result={"text": "a"})),
        ("resource_post_fetch", ResourcePostFetchPayload(uri="a:b", content={"a": "b"})),
    ):
        with pytest.raises(InvalidRequest, match="cannot be shown"):
            MAPPINGS[hook].message(payload, "r1")


def test_a_module_redacts_the_frameworks_messages(engine: Engine) -> None:
    redactor = Plugin(
        engine, fixture("argument_redactor"), {"isolation": "pooled"}, name="redactor"
    )
    mapping = MAPPINGS["tool_pre_invoke"]
    payload = ToolPreInvokePayload(name="t", args={"ssn": "123-45-6789"})
    outcome = redactor.call(mapping.hook, {"message": mapping.message(payload, "r1")})
    after: Any = mapping.payload(payload, outcome.payload["message"], "r1")
    assert after.args == {"ssn": "***-**-****"}
