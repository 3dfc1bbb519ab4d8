"""JSON of the framework's objects, and the way back into their classes."""

import copy
import datetime
import functools
import json
from dataclasses import fields, is_dataclass
from enum import Enum
from types import SimpleNamespace
from typing import Any

from pydantic import AnyUrl, BaseModel

from cpex_wasmi.errors import CallError, InvalidRequest

Json = dict[str, Any]

_SCALARS = (str, int, float, bool, type(None))

_EXACT = (str, int, bool, type(None))
"""Classes whose values are the same JSON if they are equal. The floats 0.0 and -0.0 are not."""


def plain(value: Any) -> Any:
    """Returns a value as JSON has it. Members of models have the names that they have on the wire.

    Raises:
        InvalidRequest: A class in it has no JSON form.
    """
    if type(value) in _SCALARS:
        return value
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, _SCALARS):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(element) for element in value)
    if isinstance(value, AnyUrl):
        return str(value)
    if isinstance(value, datetime.datetime):
        return _time(value)
    members = _members(value)
    if members is None:
        raise InvalidRequest(
            f"a value of the class `{type(value).__qualname__}` cannot be shown to a sandboxed plugin",
            code="invalid_request",
        )
    return {name: plain(member) for name, member in members.items()}


def replaced(before: Any, after: Any) -> Any:
    """Returns what `before` becomes if its JSON becomes `after`: itself, or a copy of its own class.

    Raises:
        CallError: The class of `before` cannot hold that.
    """
    if type(before) in _EXACT and type(before) is type(after):
        return before if before == after else after
    if isinstance(before, dict) and isinstance(after, dict):
        entries = {
            key: replaced(before[key], value) if key in before else value
            for key, value in after.items()
        }
        is_same = len(before) == len(entries) and all(
            key in before and before[key] is entry for key, entry in entries.items()
        )
        return before if is_same else entries
    if isinstance(before, (list, tuple)) and isinstance(after, list):
        return _elements(before, after)
    if isinstance(before, Enum):
        return before if same(before.value, after) else _member_of(type(before), after)
    if isinstance(before, (*_SCALARS, dict, list, tuple)):
        return before if same(plain(before), after) else after
    members = _members(before)
    if members is None:
        if same(plain(before), after):
            return before
        raise undeliverable(f"a value of the class `{type(before).__qualname__}` cannot be changed")
    if not isinstance(after, dict) or after.keys() != members.keys():
        raise undeliverable(f"the members of `{type(before).__qualname__}` cannot be others")
    updates = {name: replaced(member, after[name]) for name, member in members.items()}
    updates = {name: value for name, value in updates.items() if value is not members[name]}
    return _updated(before, updates) if updates else before


def same(one: Any, other: Any) -> bool:
    """Returns true if two values are the same JSON. To Python, `1` equals `True`, and `1.0`."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def undeliverable(message: str) -> CallError:
    """Makes the error of a change that the framework's payload has no place for."""
    return CallError(f"the plugin's change has no place: {message}", code="abi_violation")


def _updated(before: Any, updates: Json) -> Any:
    """Returns a copy of an object with other members, by their names on the wire."""
    if isinstance(before, BaseModel):
        return _updated_model(before, updates)
    changed = copy.copy(before)
    for name, value in updates.items():
        object.__setattr__(changed, name, value)
    return changed


def _updated_model(before: BaseModel, updates: Json) -> BaseModel:
    fields, computed = _fields(type(before)), _computed(type(before))
    changed = {fields[name]: value for name, value in updates.items() if name in fields}
    # What is computed follows from the fields. If a plugin wants something else there, it has no place.
    extra = {
        name: value
        for name, value in updates.items()
        if name not in fields and name not in computed
    }
    try:
        # Models that were not changed stay what they are. A new value becomes one of the field's class.
        validated = type(before).model_validate(
            {name: getattr(before, name) for name in fields.values()} | changed,
            by_alias=False,
            by_name=True,
        )
    except ValueError as error:
        name = type(before).__qualname__
        raise undeliverable(f"`{name}` does not accept it") from error
    after = before.model_copy(update={name: getattr(validated, name) for name in changed})
    if extra:
        # Not by `model_copy`, for which a member may have the name of a field.
        object.__setattr__(after, "__pydantic_extra__", {**(before.model_extra or {}), **extra})
    return after


def _member_of(kind: type[Enum], value: Any) -> Enum:
    try:
        return kind(value)
    except ValueError as error:
        raise undeliverable(f"`{kind.__qualname__}` does not accept it") from error


def _elements(before: list[Any] | tuple[Any, ...], after: list[Any]) -> list[Any] | tuple[Any, ...]:
    if len(before) == len(after):
        elements = [replaced(old, new) for old, new in zip(before, after, strict=True)]
        if all(new is old for old, new in zip(before, elements, strict=True)):
            return before
    elif any(_has_objects(old) for old in before):
        raise undeliverable("elements that are objects cannot be added or removed")
    else:
        elements = after
    return tuple(elements) if isinstance(before, tuple) else elements


def _has_objects(value: Any) -> bool:
    """Returns true if there is something in a value that is not as JSON has it."""
    if isinstance(value, dict):
        return any(_has_objects(member) for member in value.values())
    if isinstance(value, (list, tuple)):
        return any(_has_objects(element) for element in value)
    return type(value) not in _SCALARS


def _members(value: Any) -> Json | None:
    """Returns the members of an object by their names on the wire, or `None` if they are not known."""
    if isinstance(value, BaseModel):
        named = _fields(type(value)) | _computed(type(value))
        members = {name: getattr(value, field) for name, field in named.items()}
        extra = value.model_extra or {}
        if not members.keys().isdisjoint(extra):
            raise InvalidRequest(
                f"a value of the class `{type(value).__qualname__}` has a member twice",
                code="invalid_request",
            )
        return members | extra
    if isinstance(value, SimpleNamespace):
        return dict(vars(value))
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return None


@functools.lru_cache(maxsize=1024)
def _fields(model: type[BaseModel]) -> dict[str, str]:
    """Returns the fields of a model by their names on the wire."""
    return {
        field.serialization_alias or field.alias or name: name
        for name, field in model.model_fields.items()
    }


@functools.lru_cache(maxsize=1024)
def _computed(model: type[BaseModel]) -> dict[str, str]:
    """Returns the computed fields of a model by their names on the wire, where they are sent as others are."""
    return {field.alias or name: name for name, field in model.model_computed_fields.items()}


def _time(time: datetime.datetime) -> str:
    """Returns a time as RFC 3339 has it. One without a zone is UTC."""
    if time.tzinfo is None:
        time = time.replace(tzinfo=datetime.UTC)
    return time.isoformat()
