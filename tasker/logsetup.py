"""Log lines for journald: to stderr, each with its priority in front (sd-daemon(3))."""

from __future__ import annotations

import logging

_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


class _Format(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        priority = next((number for level, number in _PRIORITIES if record.levelno >= level), 7)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


def to_journal() -> None:
    """Send everything from INFO on to stderr. Call once, in `__main__`."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Format("%(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
