"""Exceptions. Each has a stable `code` for programs; the message is for operators, not for callers of a gateway."""

from cpex_wasmi.records import Problem, Receipt, Violation


class Error(Exception):
    """A failure: a plugin was not loaded, or a call came to no decision. It is never an allow."""

    code: str
    """The stable code, such as `fuel_exhausted`."""
    plugin: str | None
    """The plugin, where it is known."""
    problems: tuple[Problem, ...]
    """All that is wrong, where that can be more than one thing."""
    receipt: Receipt | None
    """The cost of the failed call, if one was begun."""

    def __init__(
        self,
        message: str,
        code: str = "internal",
        plugin: str | None = None,
        problems: tuple[Problem, ...] = (),
        receipt: Receipt | None = None,
    ) -> None:
        super().__init__(message, code, plugin, problems, receipt)
        self.code = code
        self.plugin = plugin
        self.problems = problems
        self.receipt = receipt

    def __str__(self) -> str:
        return str(self.args[0])


class LoadError(Error):
    """An engine could not be set up, or a module or policy was refused."""


class CallError(Error):
    """A call came to no decision, or a plugin could not be initialised or shut down."""


class LimitError(CallError):
    """A call went over a limit: `fuel_exhausted`, `timeout`, `memory_limit`, `stack_overflow`, `limit_exceeded` or
    `instances_exhausted`.
    """


class InvalidRequest(Error, ValueError):
    """A value is not what CPEX's JSON has there. The code is `invalid_request`. No plugin was called."""


class Denied(Exception):
    """A plugin denied the operation. `Outcome.raise_if_denied` raises it."""

    violation: Violation
    """The reason."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation)
        self.violation = violation

    def __str__(self) -> str:
        return f"{self.violation.code}: {self.violation.reason}"
