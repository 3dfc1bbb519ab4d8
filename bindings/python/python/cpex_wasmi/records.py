"""Records that the host gives, and functions that it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Timing:
    """The time of a call by part, in nanoseconds."""

    guest_nanoseconds: int
    """In the plugin's own code."""
    host_call_nanoseconds: int
    """In the host's functions that the plugin called."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The cost of one call."""

    fuel: int
    """Fuel used: about one for each instruction."""
    peak_memory_bytes: int
    """The plugin's memory at its largest."""
    host_calls: int
    """Calls of the host's functions."""
    bytes_read: int
    """Bytes that the plugin read through the boundary."""
    bytes_written: int
    """Bytes that the plugin wrote through the boundary."""
    log_bytes: int
    """Bytes that the plugin logged."""
    log_lines_dropped: int
    """Log lines that were dropped, as the plugin had used up what it may log."""
    slices: int
    """Slices of fuel."""
    init_fuel: int
    """Fuel that the initialisation of the instance took. It is no part of `fuel`."""
    state_lost: bool
    """True if the state that the plugin keeps was lost with the call."""
    timing: Timing | None = None
    """The time by part, of an engine that measures it."""


@dataclass(frozen=True, slots=True)
class Violation:
    """The reason of a denial: CPEX's `PluginViolation`."""

    code: str
    """The code, for programs."""
    reason: str
    """The reason, in a few words."""
    description: str | None
    """The reason, at length."""
    details: dict[str, Any]
    """Anything else, by name."""
    plugin_name: str
    """The plugin that denied."""
    proto_error_code: int | None
    """The error code of the protocol."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Metrics and metadata that a plugin reports beside its decision."""

    metrics: dict[str, int]
    """Counters, by name."""
    metadata: dict[str, Any]
    """Values, by key."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    code: str
    """The stable code."""
    message: str
    """The problem, and what to change."""
    path: str | None
    """The path of the value that is wrong, such as `sandbox_policy.isolation`."""
    line: int | None
    """The line in the text, counted from 1."""
    column: int | None
    """The column in the line, counted from 1."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line that a plugin logged."""

    plugin: str
    """The plugin's name."""
    hook: str
    """The hook, `init`, `shutdown`, or `host` for a line of the host's own."""
    level: Literal["error", "warn", "info", "debug", "trace"]
    """The severity."""
    message: str
    """The line, with control characters made visible."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One use of the system by a plugin, or one that was refused."""

    plugin: str
    """The plugin's name."""
    hook: str
    """The hook, `init` or `shutdown`."""
    access: str
    """The kind of access, such as `network`."""
    operation: str
    """The operation, such as `GET`."""
    target: str
    """The target: a URL, a path, a name."""
    outcome: Literal["allowed", "denied", "failed"]
    """The result."""
    bytes_sent: int
    """Bytes that the plugin gave."""
    bytes_received: int
    """Bytes that the plugin got."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function for plugins whose argument has a type that is not JSON's.

    Plugins encode arguments in postcard, which does not say what a value is. A function without this class takes JSON, and
    the ABI's `Value` from plugins that use postcard.
    """

    call: Callable[[Any], Any]
    """The function: it takes the argument, and returns what JSON has."""
    argument: Literal["json", "text", "bool", "unsigned", "signed", "float", "bytes"] = "json"
    """The type of the argument. `bytes` takes it as it is encoded, and gives the result so."""
    optional: bool = False
    """True if plugins decode an `Option` of the result. `None` is `None` there. Of no use with `json` and `bytes`."""
