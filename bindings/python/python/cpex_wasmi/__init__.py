"""Runs sandboxed CPEX policy plugins: WebAssembly modules, by an interpreter.

An `Engine` has what all plugins share. A `Plugin` is a module under a policy. `Plugin.call` gives an `Outcome`, or raises: a
failure is never an allow.
"""

from cpex_wasmi._native import Engine, Outcome, Plugin
from cpex_wasmi.errors import (
    CallError,
    Denied,
    Error,
    InvalidRequest,
    LimitError,
    LoadError,
)
from cpex_wasmi.records import (
    AuditEvent,
    Function,
    LogRecord,
    Problem,
    Receipt,
    Telemetry,
    Timing,
    Violation,
)

__all__ = [
    "AuditEvent",
    "CallError",
    "Denied",
    "Engine",
    "Error",
    "Function",
    "InvalidRequest",
    "LimitError",
    "LoadError",
    "LogRecord",
    "Outcome",
    "Plugin",
    "Problem",
    "Receipt",
    "Telemetry",
    "Timing",
    "Violation",
]
