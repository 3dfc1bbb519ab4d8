"""The class of entries whose plugin is a WebAssembly module."""

import asyncio
import dataclasses
import difflib
import logging
import threading
from typing import Any

from cpex.framework import (
    Plugin,
    PluginConfig,
    PluginContext,
    PluginError,
    PluginErrorModel,
    PluginMode,
    PluginResult,
    PluginViolation,
)
from cpex.framework.extensions.extensions import Extensions
from cpex.framework.extensions.tiers import Capability
from cpex.framework.hooks.http import HttpHeaderPayload
from cpex.framework.settings import settings

from cpex_wasmi import Engine, Error, LoadError, Outcome, Violation
from cpex_wasmi import Plugin as Sandboxed
from cpex_wasmi.gateway import _extensions
from cpex_wasmi.gateway._payloads import MAPPINGS, Mapping

_LOGGER = logging.getLogger("cpex_wasmi.gateway")

_OWN_KEYS = ("module", "capabilities")
"""Keys of `config` that are not the plugin's own settings."""

_FRAMEWORK_CAPABILITIES = frozenset(capability.value for capability in Capability)

_CHANGING_MODES = (PluginMode.SEQUENTIAL, PluginMode.TRANSFORM)
"""Modes that keep what a plugin changes."""

_engine: Engine | None = None
_engine_lock = threading.Lock()


def engine() -> Engine:
    """Returns the engine of all entries: that of `use_engine`, or one with the default settings."""
    global _engine
    with _engine_lock:
        if _engine is None:
            _engine = Engine()
        return _engine


def use_engine(engine: Engine) -> None:
    """Sets the engine of entries that are loaded later."""
    global _engine
    with _engine_lock:
        _engine = engine


class WasmPlugin(Plugin):
    """A plugin of the framework whose code is a sandboxed module.

    `config` of its entry has `module`, the path of the file; `sandbox_policy`, what the operator grants it; `capabilities`,
    those that the framework does not have; and else the plugin's own settings. The entry's own `capabilities` decide what
    the framework and the sandbox show it.
    """

    def __init__(self, config: PluginConfig) -> None:
        super().__init__(config)
        self._sandboxed: Sandboxed | None = None
        self._missing: Exception | None = None
        self._misplaced = not config.hooks or any(hook not in MAPPINGS for hook in config.hooks)

    @property
    def hooks(self) -> list[str]:
        """The hooks that the framework calls the plugin for: those of its entry.

        If these are wrong, nobody knows what the plugin guards. It is called for all hooks then, and each call fails.
        """
        hooks = self.config.hooks
        if self._misplaced and self._missing is not None:
            return list(dict.fromkeys([*hooks, *MAPPINGS]))
        return hooks

    def __getattr__(self, name: str) -> Any:
        # A hook that a module is not called for: without a method, the framework would leave the plugin out.
        if name.startswith("_") or name not in self.hooks:
            raise AttributeError(f"`{type(self).__name__}` has no attribute `{name}`")

        async def handle(payload: Any, context: PluginContext) -> PluginResult[Any]:
            raise self._failed(self._absent() if self._missing else _unknown(name))

        return handle

    async def initialize(self) -> None:
        """Loads the module, and initialises it once.

        The framework leaves out a plugin that fails here, unless its setting `fail_on_plugin_error` is on. A guard that is
        left out allows all, so it stays: its calls fail, and `on_error` decides.
        """
        try:
            sandboxed = await asyncio.to_thread(self._load)
            for warning in sandboxed.warnings:
                _LOGGER.warning("plugin %s: %s", self.name, warning)
            await sandboxed.initialize_async()
        except Exception as error:
            if settings.fail_on_plugin_error:
                raise
            _LOGGER.error("plugin %s is not loaded, and its calls fail: %s", self.name, error)
            self._missing = error
        else:
            self._sandboxed = sandboxed

    async def shutdown(self) -> None:
        """Ends the module's instances. Later calls fail."""
        sandboxed, self._sandboxed = self._sandboxed, None
        if sandboxed is not None:
            await sandboxed.shutdown_async()

    def _load(self) -> Sandboxed:
        config = dict(self.config.config or {})
        module = config.get("module")
        if not isinstance(module, str) or not module:
            raise _refused("`config.module` must be the path of a module")
        entry = {
            "capabilities": self._capabilities(config.get("capabilities", [])),
            "config": {key: value for key, value in config.items() if key not in _OWN_KEYS},
        }
        sandboxed = Sandboxed(engine(), module, entry, name=self.name)
        self._check_hooks(sandboxed.manifest["hooks"])
        return sandboxed

    def _capabilities(self, others: Any) -> list[str]:
        """Returns what is granted: by the entry, and by `config` what the framework does not know."""
        if not isinstance(others, list) or not all(isinstance(name, str) for name in others):
            raise _refused("`config.capabilities` must be a list of texts")
        granted = set(self.config.capabilities)
        for name in others:
            if name in _FRAMEWORK_CAPABILITIES and name not in granted:
                raise _refused(
                    f"`config.capabilities` has `{name}`, which the framework would hide; "
                    f"add it to `capabilities` of the entry"
                )
        return sorted(granted | set(others))

    def _check_hooks(self, offered: list[str]) -> None:
        if not self.config.hooks:
            raise _refused("`hooks` is empty, so that the plugin would never be called")
        for hook in self.config.hooks:
            mapping = MAPPINGS.get(hook)
            if mapping is None:
                raise _unknown(hook)
            if mapping.hook not in offered:
                self._misplaced = True
                raise _refused(
                    f"the hook `{hook}` needs `{mapping.hook}`, and the module handles "
                    f"{', '.join(f'`{name}`' for name in offered)}"
                )

    async def _call(
        self,
        mapping: Mapping,
        payload: Any,
        context: PluginContext,
        extensions: Extensions | None,
    ) -> PluginResult[Any]:
        try:
            return await self._decided(mapping, payload, context, extensions)
        except Error as error:
            raise self._failed(error) from error

    async def _decided(
        self,
        mapping: Mapping,
        payload: Any,
        context: PluginContext,
        extensions: Extensions | None,
    ) -> PluginResult[Any]:
        if self._sandboxed is None:
            raise self._absent()
        request = context.global_context.request_id
        headers = getattr(payload, "headers", None)
        if extensions is not None and extensions.http is not None:
            headers = None
        state = _extensions.state(context)
        outcome = await self._sandboxed.call_async(
            mapping.hook,
            {"message": mapping.message(payload, request)},
            _extensions.shown(
                extensions, context.global_context, None if headers is None else headers.root
            ),
            state,
        )
        changes = outcome.changes
        result: PluginResult[Any] = PluginResult(metadata=self._metadata(outcome))
        if outcome.violation is not None:
            result.continue_processing = False
            result.violation = _violation(outcome.violation)
        elif self.mode in _CHANGING_MODES:
            changed = payload
            if "payload" in changes:
                changed = mapping.payload(payload, changes["payload"]["message"], request)
            if "http" in changes and headers is not None:
                headers = HttpHeaderPayload(_extensions.request_headers(changes))
                changed = changed.model_copy(update={"headers": headers})
                del changes["http"]
            result.modified_payload = None if changed is payload else changed
            result.modified_extensions = _extensions.changed(changes, extensions)
        _extensions.keep_state(changes, state, context)
        return result

    def _absent(self) -> Error:
        missing = self._missing
        if isinstance(missing, Error):
            # Another one each time: an exception keeps the frames that it was raised through.
            return type(missing)(*missing.args)
        if missing is not None:
            return LoadError(f"plugin `{self.name}`: {missing}", "invalid_config", self.name)
        message = f"plugin `{self.name}` was not initialised, or was shut down"
        return LoadError(message, "shut_down", self.name)

    def _metadata(self, outcome: Outcome) -> dict[str, Any]:
        telemetry = outcome.telemetry
        if not telemetry.metrics and not telemetry.metadata:
            return {}
        # Under the plugin's name, so that none writes over what another says.
        return {self.name: {"metrics": telemetry.metrics, "metadata": telemetry.metadata}}

    def _failed(self, error: Error) -> PluginError:
        details: dict[str, Any] = {}
        if error.receipt is not None:
            details["receipt"] = dataclasses.asdict(error.receipt)
        model = PluginErrorModel(
            message=str(error), code=error.code, details=details, plugin_name=self.name
        )
        return PluginError(error=model)


def _refused(message: str) -> LoadError:
    return LoadError(message, "invalid_policy")


def _unknown(hook: str) -> LoadError:
    meant = difflib.get_close_matches(hook, MAPPINGS, n=1)
    hint = f"; did you mean `{meant[0]}`?" if meant else ""
    return _refused(f"modules are not called for the hook `{hook}`{hint}")


def _violation(violation: Violation) -> PluginViolation:
    return PluginViolation(
        reason=violation.reason,
        description=violation.description or "",
        code=violation.code,
        details=violation.details,
        mcp_error_code=violation.proto_error_code,
    )


def _handler(hook: str) -> Any:
    """Makes the method for a hook. The framework finds it by its name."""
    mapping = MAPPINGS[hook]

    async def handle(
        self: WasmPlugin,
        payload: Any,
        context: PluginContext,
        extensions: Extensions | None = None,
    ) -> PluginResult[Any]:
        return await self._call(mapping, payload, context, extensions)

    handle.__name__ = hook
    handle.__doc__ = f"Calls the module for `{mapping.hook}`."
    return handle


for _hook in MAPPINGS:
    setattr(WasmPlugin, _hook, _handler(_hook))
