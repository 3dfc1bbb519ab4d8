"""Sandboxed plugins for the Python framework of CPEX: the package `cpex` 0.1.

An entry of the framework's configuration has the kind `cpex_wasmi.gateway.WasmPlugin`, and names a module under `config`.
"""

from cpex_wasmi.gateway._plugin import WasmPlugin, engine, use_engine

__all__ = ["WasmPlugin", "engine", "use_engine"]
