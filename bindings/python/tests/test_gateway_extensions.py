"""The framework's extensions and contexts, in CPEX's JSON and back."""

import datetime
from typing import Any

import pytest
from cpex.framework import GlobalContext, PluginContext
from cpex.framework.cmf.message import Message, Role, TextContent
from cpex.framework.extensions.agent import AgentExtension, ConversationContext
from cpex.framework.extensions.completion import CompletionExtension, StopReason, TokenUsage
from cpex.framework.extensions.delegation import DelegationExtension, DelegationHop
from cpex.framework.extensions.extensions import Extensions
from cpex.framework.extensions.framework import FrameworkExtension
from cpex.framework.extensions.http import HttpExtension
from cpex.framework.extensions.llm import LLMExtension
from cpex.framework.extensions.mcp import (
    MCPExtension,
    PromptMetadata,
    ResourceMetadata,
    ToolMetadata,
)
from cpex.framework.extensions.meta import MetaExtension
from cpex.framework.extensions.provenance import ProvenanceExtension
from cpex.framework.extensions.request import RequestExtension
from cpex.framework.extensions.security import (
    DataPolicy,
    ObjectSecurityProfile,
    RetentionPolicy,
    SecurityExtension,
    SubjectExtension,
    SubjectType,
)
from cpex.framework.models import UserContext
from modules import ALLOW, HOOK, module

from cpex_wasmi import CallError, Engine, Plugin
from cpex_wasmi.gateway import _extensions

TIME = datetime.datetime(2025, 1, 2, 3, 4, 5)


def full() -> Extensions:
    """Returns extensions that have all that the framework knows."""
    hop = DelegationHop(
        subject_id="alice", subject_type="user", scopes_granted=("a",), timestamp=TIME, strategy="ucan"
    )
    said = Message(role=Role.USER, content=[TextContent(text="hello")])
    subject = SubjectExtension(
        id="alice",
        type=SubjectType.AGENT,
        roles=frozenset({"b", "a"}),
        permissions=frozenset({"p"}),
        teams=frozenset({"t"}),
        claims={"sub": "alice"},
    )
    data = DataPolicy(
        apply_labels=["PII"], allowed_actions=["read"], retention=RetentionPolicy(max_age_seconds=1)
    )
    tokens = TokenUsage(input_tokens=1, output_tokens=2, total_tokens=3)
    return Extensions(
        request=RequestExtension(environment="test", request_id="own", trace_id="t", span_id="s"),
        agent=AgentExtension(
            session_id="s", turn=1, conversation=ConversationContext(history=[said], topics=["x"])
        ),
        http=HttpExtension(headers={"a": "b"}),
        security=SecurityExtension(
            labels=frozenset({"PII", "HR"}),
            classification="secret",
            subject=subject,
            objects={"o": ObjectSecurityProfile(permissions=["p"], data_scope=["d"])},
            data={"d": data},
        ),
        delegation=DelegationExtension(chain=(hop,), depth=1, delegated=True, age_seconds=1.5),
        mcp=MCPExtension(
            tool=ToolMetadata(name="t", input_schema={"type": "object"}),
            resource=ResourceMetadata(uri="a:b"),
            prompt=PromptMetadata(name="p", arguments=[{"name": "a"}]),
        ),
        completion=CompletionExtension(stop_reason=StopReason.END, tokens=tokens, latency_ms=7),
        provenance=ProvenanceExtension(source="user", message_id="m"),
        llm=LLMExtension(model_id="m", capabilities=["vision"]),
        framework=FrameworkExtension(framework="f", metadata={"a": [1]}),
        meta=MetaExtension(tags=frozenset({"x"}), scope="own", properties={"owner": "hr"}),
        custom={"a": {"b": [1, None]}},
    )


def context(**members: Any) -> GlobalContext:
    return GlobalContext(request_id="r1", **members)


def test_the_host_takes_all_that_there_is(engine: Engine, tool_call: Any) -> None:
    plugin = Plugin(engine, module(ALLOW))
    given = _extensions.shown(full(), context(server_id="s1", tenant_id="t1"), None)
    taken = plugin.call(HOOK, tool_call, given).extensions
    assert taken["security"]["labels"] == ["HR", "PII"]
    assert taken["security"]["subject"]["subject_type"] == "agent"
    assert taken["security"]["subject"]["roles"] == ["a", "b"]
    assert taken["http"]["request_headers"] == {"a": "b"}
    assert taken["delegation"]["chain"][0]["timestamp"].startswith("2025-01-02T03:04:05")
    assert taken["agent"]["conversation"]["history"][0]["content"][0]["text"] == "hello"
    assert taken["meta"]["scope"] == "own"
    assert taken["meta"]["properties"] == {"owner": "hr", "tenant_id": "t1"}
    assert taken["request"]["request_id"] == "own"
    assert taken["custom"] == {"a": {"b": [1, None]}}


def test_the_global_context_fills_in(engine: Engine, tool_call: Any) -> None:
    user = UserContext(
        user_id="alice",
        email="a@b.c",
        roles=["r"],
        team_id="t",
        groups=["g"],
        is_admin=True,
        auth_method="bearer",
    )
    given = _extensions.shown(None, context(user_context=user, server_id="s1"), {"a": "b"})
    taken = Plugin(engine, module(ALLOW)).call(HOOK, tool_call, given).extensions
    subject = taken["security"]["subject"]
    assert (subject["id"], subject["roles"], subject["teams"]) == ("alice", ["r"], ["t"])
    assert subject["claims"] == {"email": "a@b.c", "groups": '["g"]', "is_admin": "true"}
    assert taken["security"]["auth_method"] == "bearer"
    assert (taken["meta"]["scope"], taken["request"]["request_id"]) == ("s1", "r1")
    assert taken["http"]["request_headers"] == {"a": "b"}
    assert "security" not in _extensions.shown(None, context(), None)
    named = _extensions.shown(None, context(user={"email": "a@b.c"}), None)
    assert named["security"]["subject"]["id"] == "a@b.c"


def test_changes_become_extensions() -> None:
    before = full()
    assert before.delegation is not None and before.security is not None
    chain = [{"subject_id": "alice"}, {"subject_id": "bob", "subject_type": "agent", "timestamp": "2025-01-02T00:00:00Z"}]
    delegation = {"chain": chain, "actor_subject_id": "bob", "age_seconds": 2.5}
    after = _extensions.changed(
        {"labels": ["PII", "HR", "NEW"], "delegation": delegation, "custom": {"c": 1}}, before
    )
    assert after is not None and after.security is not None and after.delegation is not None
    assert after.security.labels == frozenset({"PII", "HR", "NEW"})
    assert after.security.subject == before.security.subject
    assert after.delegation.chain[0] == before.delegation.chain[0]
    assert (after.delegation.depth, after.delegation.chain[1].subject_id) == (2, "bob")
    assert (after.custom, after.http) == ({"c": 1}, before.http)
    assert _extensions.changed({}, before) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"candidate_constraint": None},
        {"http": {"request_headers": {}, "response_headers": {"a": "b"}}},
        {"delegation": {"chain": [{"subject_id": "a"}, {"subject_id": 7}]}},
        {
            "delegation": {
                "chain": [{}, {"subject_id": "a", "subject_type": "user", "authorization_details": [{}]}]
            }
        },
    ],
)
def test_changes_without_a_slot_are_failures(changes: dict[str, Any]) -> None:
    with pytest.raises(CallError) as failed:
        _extensions.changed(changes, full())
    assert failed.value.code == "abi_violation"


def test_state_that_is_no_json_is_kept_unseen() -> None:
    unseen = object()
    deep: Any = 0
    for _ in range(95):
        deep = [deep]
    shared = {"object": unseen, "nan": float("nan"), "n": 1, "gone": "x"}
    shared |= {"large": 2**64, "surrogate": "\ud800", "deep": deep}
    kept = PluginContext(state={"own": [1]}, global_context=context(state=shared))
    state = _extensions.state(kept)
    assert state == {"local_state": {"own": [1]}, "global_state": {"n": 1, "gone": "x"}}
    state["local_state"]["own"].append(2)
    assert kept.state == {"own": [1]}
    state = _extensions.state(kept)
    changes = {"local_state": {"new": 1}, "global_state": {"n": True}}
    _extensions.keep_state(changes, state, kept)
    assert kept.state == {"new": 1}
    after = kept.global_context.state
    assert after["object"] is unseen and "gone" not in after and after["n"] is True
