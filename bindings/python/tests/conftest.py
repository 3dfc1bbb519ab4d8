"""Fixtures that several test files use."""

from typing import Any

import pytest

from cpex_wasmi import Engine


@pytest.fixture
def engine() -> Engine:
    """An engine with the default settings."""
    return Engine()


@pytest.fixture
def tool_call() -> dict[str, Any]:
    """The payload of a tool call."""
    call = {"tool_call_id": "1", "name": "search", "arguments": {"ssn": "123-45-6789"}}
    part = {"content_type": "tool_call", "content": call}
    return {"message": {"role": "assistant", "content": [part]}}
