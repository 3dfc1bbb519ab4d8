"""A guard decides about two tool calls: `python examples/first.py`, in `bindings/python`."""

from pathlib import Path

from cpex_wasmi import Engine, Plugin

FIXTURES = Path(__file__).parents[3] / "fixtures"


def main() -> None:
    policy = {"capabilities": ["read_labels", "read_roles"]}
    plugin = Plugin(Engine(), FIXTURES / "pii_guard.wasm", policy)

    call = {"tool_call_id": "1", "name": "get_salary", "arguments": {"employee": 42}}
    part = {"content_type": "tool_call", "content": call}
    payload = {"message": {"role": "assistant", "content": [part]}}
    for role in ("engineer", "hr_admin"):
        extensions = {"security": {"labels": ["PII"], "subject": {"id": "alice", "roles": [role]}}}
        # It raises if the plugin comes to no decision: then the tool must not be called either.
        outcome = plugin.call("cmf.tool_pre_invoke", payload, extensions)
        if outcome.violation is None:
            print(f"{role}: allowed")
        else:
            print(f"{role}: denied, {outcome.violation.code}: {outcome.violation.reason}")


if __name__ == "__main__":
    main()
