"""Plugins' log lines for the module `logging`."""

import logging

from cpex_wasmi.records import LogRecord

_LOGGER = logging.getLogger("cpex_wasmi.plugin")
_LEVELS = {
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    # Below `DEBUG`, as `logging` has no name for it.
    "trace": logging.DEBUG // 2,
}


def to_logging(record: LogRecord) -> None:
    """Logs a plugin's line. A filter finds its parts in `plugin` and `hook`."""
    _LOGGER.log(
        _LEVELS[record.level],
        "[%s %s] %s",
        record.plugin,
        record.hook,
        record.message,
        extra={"plugin": record.plugin, "hook": record.hook},
    )
