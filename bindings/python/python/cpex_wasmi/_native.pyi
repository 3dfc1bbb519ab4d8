import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Self, final

from cpex_wasmi.records import (
    AuditEvent,
    Function,
    LogRecord,
    Receipt,
    Telemetry,
    Violation,
)

__all__ = ["Engine", "Outcome", "Plugin"]

@final
class Engine:
    def __new__(
        cls,
        *,
        log_sink: Callable[[LogRecord], object] | None = None,
        audit_sink: Callable[[AuditEvent], object] | None = None,
        functions: dict[str, Callable[[Any], Any] | Function] | None = None,
        redact: Sequence[str] | None = None,
        redact_patterns: Sequence[str] | None = None,
        environment: dict[str, str] | None = None,
        state: str | None = None,
        http: bool = True,
        fuel_slice: int | None = None,
        interpreters: int | None = None,
        measure_time: bool = False,
    ) -> Self: ...

@final
class Plugin:
    def __new__(
        cls,
        engine: Engine,
        module: bytes | bytearray | str | os.PathLike[str],
        policy: dict[str, Any] | str | None = None,
        *,
        name: str | None = None,
    ) -> Self: ...
    @property
    def name(self) -> str: ...
    @property
    def manifest(self) -> dict[str, Any]: ...
    @property
    def digest(self) -> str: ...
    @property
    def warnings(self) -> list[str]: ...
    def call(
        self,
        hook: str,
        payload: Any,
        extensions: dict[str, Any] | None = None,
        context: dict[str, Any] | None = None,
        *,
        payload_type: str | None = None,
    ) -> Outcome: ...
    def call_async(
        self,
        hook: str,
        payload: Any,
        extensions: dict[str, Any] | None = None,
        context: dict[str, Any] | None = None,
        *,
        payload_type: str | None = None,
    ) -> asyncio.Future[Outcome]: ...
    def initialize(self) -> Receipt: ...
    def initialize_async(self) -> asyncio.Future[Receipt]: ...
    def shutdown(self) -> None: ...
    def shutdown_async(self) -> asyncio.Future[None]: ...

@final
class Outcome:
    @property
    def allowed(self) -> bool: ...
    @property
    def violation(self) -> Violation | None: ...
    @property
    def payload(self) -> Any: ...
    @property
    def extensions(self) -> dict[str, Any]: ...
    @property
    def context(self) -> dict[str, Any]: ...
    @property
    def changes(self) -> dict[str, Any]: ...
    @property
    def telemetry(self) -> Telemetry: ...
    @property
    def receipt(self) -> Receipt: ...
    def raise_if_denied(self) -> Outcome: ...
    def __bool__(self) -> NoReturn: ...
