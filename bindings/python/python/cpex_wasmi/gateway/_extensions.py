"""The framework's extensions and contexts, in CPEX's JSON, and changes of them."""

import json
from typing import Any

from cpex.framework import GlobalContext, PluginContext
from cpex.framework.extensions.delegation import DelegationExtension, DelegationHop
from cpex.framework.extensions.extensions import Extensions
from cpex.framework.extensions.http import HttpExtension
from cpex.framework.extensions.security import SecurityExtension

from cpex_wasmi.errors import InvalidRequest
from cpex_wasmi.gateway._values import plain, same, undeliverable

Json = dict[str, Any]


def shown(
    extensions: Extensions | None, context: GlobalContext, headers: dict[str, str] | None
) -> Json:
    """Returns the extensions of a request.

    What the framework's extensions do not have comes from the global context, and `headers` from the payload.
    """
    found = {} if extensions is None else _slots(extensions)
    if headers is not None:
        found.setdefault("http", {"request_headers": dict(headers)})
    request = found.setdefault("request", {})
    request["request_id"] = request.get("request_id") or context.request_id
    user = _user(context)
    if user is not None:
        security = found.setdefault("security", {})
        if not security.get("subject"):
            security["subject"] = user
        if context.user_context is not None and context.user_context.auth_method:
            security["auth_method"] = context.user_context.auth_method
    properties = {"tenant_id": context.tenant_id, "content_type": context.content_type}
    own = {name: value for name, value in properties.items() if value is not None}
    if own or context.server_id:
        meta = found.setdefault("meta", {})
        meta["scope"] = meta.get("scope") or context.server_id
        meta["properties"] = own | meta.get("properties", {})
    return found


def changed(changes: Json, extensions: Extensions | None) -> Extensions | None:
    """Returns the extensions as a plugin changed them, or `None` if it did not."""
    before = extensions or Extensions()
    updates: dict[str, Any] = {}
    if "labels" in changes:
        security = before.security or SecurityExtension()
        updates["security"] = security.model_copy(update={"labels": frozenset(changes["labels"])})
    if "http" in changes:
        updates["http"] = HttpExtension(headers=request_headers(changes))
    if "delegation" in changes:
        updates["delegation"] = _delegation(changes["delegation"], before.delegation)
    if "custom" in changes:
        updates["custom"] = changes["custom"]
    if "candidate_constraint" in changes:
        raise undeliverable("the framework has no candidate constraint")
    return before.model_copy(update=updates) if updates else None


def request_headers(changes: Json) -> dict[str, str]:
    """Returns the request's headers as a plugin changed them."""
    http = changes["http"]
    if http.get("response_headers"):
        raise undeliverable("the framework has no headers of a response")
    headers: dict[str, str] = http.get("request_headers", {})
    return headers


def state(context: PluginContext) -> Json:
    """Returns the context: the plugin's own state, and the state that plugins share.

    Native plugins may keep objects there that are no JSON. They are left out.
    """
    return {
        "local_state": _json_of(context.state),
        "global_state": _json_of(context.global_context.state),
    }


def keep_state(changes: Json, before: Json, context: PluginContext) -> None:
    """Does to the context what a plugin changed in it."""
    places = {"local_state": context.state, "global_state": context.global_context.state}
    for part, place in places.items():
        if part not in changes:
            continue
        after = changes[part]
        for name in before[part].keys() - after.keys():
            place.pop(name, None)
        for name, value in after.items():
            if name not in before[part] or not same(before[part][name], value):
                place[name] = value


def _slots(extensions: Extensions) -> Json:
    names = type(extensions).model_fields
    slots = {
        name: plain(slot) for name in names if (slot := getattr(extensions, name)) is not None
    }
    if "http" in slots:
        slots["http"] = {"request_headers": slots["http"]["headers"]}
    subject = slots.get("security", {}).get("subject")
    if subject is not None:
        subject["subject_type"] = subject.pop("type")
    return slots


def _user(context: GlobalContext) -> Json | None:
    """Returns the subject that the global context names."""
    user = context.user_context
    if user is None:
        name = context.user
        if isinstance(name, dict):
            name = name.get("email")
        return {"id": name, "subject_type": "user"} if isinstance(name, str) else None
    claims = {
        "email": user.email,
        "name": user.full_name,
        "department": user.department,
        "is_admin": "true" if user.is_admin else None,
        "groups": json.dumps(user.groups) if user.groups else None,
        "service_account": user.service_account,
    }
    return {
        "id": user.user_id,
        "subject_type": "user",
        "roles": list(user.roles),
        "teams": list(user.teams or ([user.team_id] if user.team_id else [])),
        "claims": {name: claim for name, claim in claims.items() if claim is not None},
    }


def _delegation(after: Json, before: DelegationExtension | None) -> DelegationExtension:
    kept = before.chain if before is not None else ()
    added = [_hop(hop) for hop in after["chain"][len(kept) :]]
    members = ("origin_subject_id", "actor_subject_id", "age_seconds")
    return DelegationExtension(
        chain=(*kept, *added),
        depth=len(kept) + len(added),
        delegated=bool(kept or added),
        **{name: after[name] for name in members if name in after},
    )


def _hop(hop: Json) -> DelegationHop:
    if hop.get("authorization_details"):
        raise undeliverable("the framework has no authorization details of a delegation")
    try:
        return DelegationHop.model_validate(hop)
    except ValueError as error:
        raise undeliverable("the framework does not accept the delegation") from error


def _json_of(values: dict[str, Any]) -> Json:
    found = {}
    for name, value in values.items():
        try:
            text = json.dumps(plain(value), allow_nan=False, ensure_ascii=False)
            text.encode()
            # Copies, so that a plugin's request is its own.
            copied = json.loads(text, parse_int=_bounded)
        except (InvalidRequest, TypeError, ValueError, RecursionError):
            continue
        if _depth(copied) <= _MAX_DEPTH:
            found[name] = copied
    return found


_MAX_DEPTH = 90
"""The most levels of a value: a request has at most 100."""


def _bounded(digits: str) -> int:
    number = int(digits)
    if not -(2**63) <= number < 2**64:
        raise ValueError("not of 64 bits")
    return number


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0
