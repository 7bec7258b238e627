"""Logging: one line an event on standard error, for people or as JSON, without any secret.

In: the `log` section and the configuration's secrets. Out: structlog and the standard library's
logging, set up to write the same lines.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter

from zos.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection

    from structlog.typing import EventDict, Processor, WrappedLogger

    from zos.config.model import LogConfig

_HIDDEN = "********"
# Libraries whose news an operator wants. The rest (among them those that log messages, prompts and
# SQL with its values when asked for detail) are heard only when they warn.
_HEARD = ("apscheduler", "discord", "uvicorn")
# A shorter secret would blank out ordinary words, and could not be called one.
_MIN_SECRET_LENGTH = 4


def configure_logging(
    log: LogConfig,
    secrets: Collection[str] = (),
    *,
    level: str | None = None,
    stream: TextIO | None = None,
) -> None:
    """Send all logs to `stream` in the configured form.

    Args:
        log: The form, and the level unless `level` is given.
        secrets: Texts that are blanked out wherever they turn up.
        level: debug, info, warning or error.
        stream: Standard error unless given.
    """
    target = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(target)
    handler.setFormatter(_formatter(log, secrets, colors=target.isatty()))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    _set_levels((level or log.level).upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _set_levels(level: str) -> None:
    wanted = logging.getLevelNamesMapping()[level]
    logging.getLogger().setLevel(max(wanted, logging.WARNING))
    logging.getLogger("zos").setLevel(wanted)
    for name in _HEARD:
        logging.getLogger(name).setLevel(max(wanted, logging.INFO))


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(log: LogConfig, secrets: Collection[str], *, colors: bool) -> logging.Formatter:
    last: list[Processor]
    if log.format == "json":
        last = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
        ]
    else:
        # The library's own formatter of exceptions would show local variables.
        plain = structlog.dev.plain_traceback
        last = [
            _without_steering,
            structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain),
        ]
    return _HidingFormatter(
        secrets,
        foreign_pre_chain=[*_shared(), structlog.stdlib.ExtraAdder()],
        processors=[ProcessorFormatter.remove_processors_meta, *last],
    )


def _without_steering(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {
        key: printable(value) if isinstance(value, str) else value for key, value in event.items()
    }


class _HidingFormatter(ProcessorFormatter):
    """Blanks out secrets in the finished line: in the event, its values and its traceback alike."""

    def __init__(self, secrets: Collection[str], **options: Any) -> None:
        super().__init__(**options)
        long_enough = {secret for secret in secrets if len(secret) >= _MIN_SECRET_LENGTH}
        as_json = {json.dumps(secret, ensure_ascii=False)[1:-1] for secret in long_enough}
        self._secrets = sorted(long_enough | as_json, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, _HIDDEN)
        return line
