"""The log: one line per event, to standard error, without message texts, addresses or secrets.

Everything goes through here, the libraries' own logs too. What a person wrote, where they can be reached and what we
sign in with never reach a line: by key, by value, and by leaving the messages of unforeseen errors out.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import structlog

from bot.errors import CivicloopError
from storage.database import StorageTrouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping, Sequence
    from types import TracebackType

    from bot.config import Config, Secret

DOTS = "•••"
PERSONAL = frozenset({"text", "caption", "body", "address", "token", "password", "secret", "answer", "value"})
"""Keys whose values are never written."""
QUIET = (
    *("httpx", "httpcore", "telegram", "apscheduler", "matplotlib", "fontTools", "uvicorn.access", "asyncio"),
    *("alembic", "PIL"),
)
"""Libraries heard only when they warn; httpx would write each address it calls, token and all."""
BELL = ("apscheduler.scheduler", "apscheduler.executors.default")
"""What rings the sweeps. That one still runs when its time comes, or is left where the bot stops, is no trouble."""
_TOKEN = re.compile(r"\d{3,}:[A-Za-z0-9_-]{20,}")
_LOGIN = re.compile(r"(://)[^/\s@]+@")
_PARAMETERS = re.compile(r"\[parameters: .*", re.DOTALL)


def set_up(config: Config, stream: TextIO | None = None) -> None:
    """Send all logs to `stream` (standard error), in the form and from the level the configuration says."""
    scrub = _Scrub(_secrets(config))
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _error,
        scrub,
    ]
    last = _json if config.log.format == "json" else _line
    formatter = _Formatter(
        alike=last,
        foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    level = logging.getLevelNamesMapping()[config.log.level.upper()]
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    for name in BELL:
        logging.getLogger(name).addFilter(_is_trouble)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _is_trouble(record: logging.LogRecord) -> bool:
    """Whether the bell tells of trouble: not where it skips a ring, nor where its end breaks one off."""
    error = record.exc_info[0] if record.exc_info else None
    stopped = error is not None and issubclass(error, asyncio.CancelledError)
    return not stopped and "maximum number of running instances" not in str(record.msg)


class Alike(NamedTuple):
    """Lines of one event, told at once: each a row of as many values as there are names."""

    names: Sequence[str]
    rows: Sequence[Sequence[object]]


def alike(logger: logging.Logger, event: str, lines: Alike) -> None:
    """Write many lines at once whose values are numbers and names of our own.

    They pass by what looks for secrets and personal data line by line, which cost more than the turns they tell of
    (200 of 450 µs each), and are filled into one pattern (5 µs each as they were put together, 1 µs now).
    """
    if lines.rows and logger.isEnabledFor(logging.INFO):
        logger.info(event, extra={"lines": lines})


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Gives a record its form; one of `alike` is many lines."""

    def __init__(self, *, alike: structlog.typing.Processor, **settings: Any) -> None:  # noqa: ANN401 - as they are
        super().__init__(**settings)
        self._json = alike is _json

    def format(self, record: logging.LogRecord) -> str:
        lines: Alike | None = getattr(record, "lines", None)
        if lines is None:
            return super().format(record)
        moment = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        head = {"timestamp": moment, "level": record.levelname.lower(), "event": record.getMessage()}
        if self._json:
            return "\n".join([json.dumps(head | dict(zip(lines.names, row, strict=True))) for row in lines.rows])
        pattern = " ".join([*(value.replace("%", "%%") for value in head.values()), *(f"{n}=%s" for n in lines.names)])
        return "\n".join([pattern % tuple(row) for row in lines.rows])


def _secrets(config: Config) -> list[Secret]:
    return [config.telegram.token, config.telegram.secret_token, config.mail.password]


class _Scrub:
    """Put dots in the place of what must not be read."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self.secrets = [secret.reveal() for secret in secrets if secret]

    def __call__(self, logger: object, method: str, event: MutableMapping[str, object]) -> Mapping[str, object]:
        return {key: DOTS if key in PERSONAL and value else self.clean(value) for key, value in event.items()}

    def clean(self, value: object) -> object:
        """Return `value` without secrets; what is no plain value or record of the log becomes text first."""
        if value is None or isinstance(value, bool | int | float | logging.LogRecord):
            return value
        text = str(value)
        for secret in self.secrets:
            text = text.replace(secret, DOTS)
        text = _LOGIN.sub(rf"\1{DOTS}@", _TOKEN.sub(DOTS, text))
        return _PARAMETERS.sub(f"[parameters: {DOTS}]", text)


def _error(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Write an exception as its kind and the way to it; its message only where we wrote it ourselves."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        if isinstance(error, CivicloopError | StorageTrouble):
            event["reason"] = str(error)
        event["at"] = way_to(error.__traceback__)
    return event


def way_to(trace: TracebackType | None, frames: int = 6) -> str:
    """Return where an error arose and who called, nearest first: `turns.py:41 < app.py:90`."""
    steps = traceback.extract_tb(trace)[::-1][:frames]
    return " < ".join(f"{step.filename.rpartition('/')[2]}:{step.lineno}" for step in steps)


def _line(_logger: object, _method: str, event: MutableMapping[str, object]) -> str:
    """Write `2026-11-22T19:00:00Z info turn.completed contact=41 ms=12`."""
    head = [str(event.pop(key, "")) for key in ("timestamp", "level", "event")]
    return " ".join([*head, *(f"{key}={_plain(value)}" for key, value in event.items() if value is not None)])


def _plain(value: object) -> str:
    text = str(value)
    return text if re.fullmatch(r'[^\s"=]+', text) else json.dumps(text, ensure_ascii=False)


def _json(_logger: object, _method: str, event: MutableMapping[str, object]) -> str:
    return json.dumps(event, ensure_ascii=False, default=str)
