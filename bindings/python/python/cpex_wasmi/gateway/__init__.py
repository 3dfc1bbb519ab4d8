"""Sandboxed plugins for the Python framework of CPEX: the package `cpex` 0.1.

An entry of the framework's configuration has the kind `cpex_wasmi.gateway.WasmPlugin`, and names a module under `config`.
"""

try:
    import cpex.framework  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "cpex_wasmi.gateway needs the package `cpex`: install `cpex>=0.1.4,<0.2`", name="cpex"
    ) from error

from cpex_wasmi.gateway._plugin import WasmPlugin, engine, use_engine

__all__ = ["WasmPlugin", "engine", "use_engine"]
