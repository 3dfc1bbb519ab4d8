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

_SCALARS = (str, int, float, bool, type(None))


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
    return {name: plain(getattr(value, member)) for name, member in members.items()}


def replaced(before: Any, after: Any) -> Any:
    """Returns what `before` becomes if its JSON becomes `after`: an object of its own class, which is a copy.

    Raises:
        CallError: The class of `before` cannot hold that.
    """
    if type(before) in _SCALARS:
        return after
    if same(plain(before), after):
        return before
    if isinstance(before, dict) and isinstance(after, dict):
        return {
            key: replaced(before[key], value) if key in before else value
            for key, value in after.items()
        }
    if isinstance(before, (list, tuple)) and isinstance(after, list):
        return _elements(before, after)
    members = None if isinstance(before, _SCALARS) else _members(before)
    if members is None:
        # A text in the place of a text, say.
        if isinstance(before, (*_SCALARS, dict, list, tuple)):
            return after
        raise undeliverable(f"a value of the class `{type(before).__qualname__}` cannot be changed")
    if not isinstance(after, dict) or after.keys() != members.keys():
        raise undeliverable(f"the members of `{type(before).__qualname__}` cannot be others")
    updates = {
        member: replaced(getattr(before, member), after[name]) for name, member in members.items()
    }
    if isinstance(before, BaseModel):
        return _checked(before, updates)
    changed = copy.copy(before)
    for member, value in updates.items():
        object.__setattr__(changed, member, value)
    return changed


def same(one: Any, other: Any) -> bool:
    """Returns true if two values are the same JSON. To Python, `1` equals `True`, and `1.0`."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def undeliverable(message: str) -> CallError:
    """Makes the error of a change that the framework's payload has no place for."""
    return CallError(f"the plugin's change has no place: {message}", code="abi_violation")


def _checked(before: BaseModel, updates: dict[str, Any]) -> BaseModel:
    """Returns a copy of a model, with members that its class accepts."""
    changed = before.model_copy(update=updates)
    try:
        # In Python's own values: models and urls that were not changed stay what they are.
        type(before).model_validate(changed.model_dump(by_alias=True, warnings=False))
    except ValueError as error:
        name = type(before).__qualname__
        raise undeliverable(f"`{name}` does not accept it") from error
    return changed


def _elements(before: list[Any] | tuple[Any, ...], after: list[Any]) -> list[Any] | tuple[Any, ...]:
    if len(before) == len(after):
        elements = [replaced(old, new) for old, new in zip(before, after, strict=True)]
    elif any(_members(old) is not None for old in before):
        raise undeliverable("elements that are objects cannot be added or removed")
    else:
        elements = after
    return tuple(elements) if isinstance(before, tuple) else elements


def _members(value: Any) -> dict[str, str] | None:
    """Returns the attributes of an object by their names on the wire, or `None` if they are not known."""
    if isinstance(value, BaseModel):
        members = _fields(type(value))
        return members | {name: name for name in value.model_extra} if value.model_extra else members
    if isinstance(value, SimpleNamespace):
        return {name: name for name in vars(value)}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: field.name for field in fields(value)}
    return None


@functools.lru_cache(maxsize=1024)
def _fields(model: type[BaseModel]) -> dict[str, str]:
    """Returns the fields of a model by their names on the wire."""
    return {
        field.serialization_alias or field.alias or name: name
        for name, field in model.model_fields.items()
    }


def _time(time: datetime.datetime) -> str:
    """Returns a time as RFC 3339 has it. One without a zone is UTC."""
    if time.tzinfo is None:
        time = time.replace(tzinfo=datetime.UTC)
    return time.isoformat()
