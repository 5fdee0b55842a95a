"""The wire to a language model: any address that speaks OpenAI's chat completions. It asks for JSON by a schema.

Neither temperature nor a bound on tokens is sent: some models refuse the one, some servers the other. What comes back
is bounded in bytes and in time instead.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.settings import Model

LARGEST: Final = 65_536
"""Bytes of an answer that are read: what is asked for has some hundred."""
REST: Final = 600.0
"""Seconds in which nothing is asked after the model did not answer as it should: digests wait for nobody."""
ASKED, FAILED, REFUSED, USED = "asked", "failed", "refused", "used"
"""What is counted: a request; one without an answer of the agreed form; one whose words did not pass; one that did."""

log = structlog.get_logger()


class Machine:
    """A language model by its address. For one thread at a time."""

    def __init__(self, settings: Model, tick: Callable[[], float], count: Callable[[str, str], None]) -> None:
        """`tick`: seconds that only go forward; `count` is told what a request was for, and what became of it."""
        self._settings = settings
        self._tick = tick
        self._count = count
        self._rests_until: float | None = None

    @property
    def name(self) -> str:
        """Which model is asked."""
        return self._settings.name

    @property
    def a_week(self) -> int:
        """How many requests a week may have."""
        return self._settings.a_week

    @property
    def rests(self) -> bool:
        """Whether nothing is asked now, because it did not answer a while ago."""
        return self._rests_until is not None and self._tick() < self._rests_until

    def ask(self, what: str, task: str, material: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the object the model answers; empty where it answers none in time, and then it rests."""
        self._count(what, ASKED)
        try:
            return _object(self._sent(_request(self._settings.name, what, task, material, schema)))
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            self._count(what, FAILED)
            self._rests_until = self._tick() + REST
            log.warning("machine.silent", what=what, reason=_reason(error))
            return {}

    def judged(self, what: str, fault: str) -> None:
        """Note whether what the model wrote is used: `fault` says what was wrong with it, empty where nothing was."""
        self._count(what, REFUSED if fault else USED)
        if fault:
            log.info("machine.refused", what=what, reason=fault)

    def _sent(self, request: Mapping[str, Any]) -> bytes:
        import httpx  # noqa: PLC0415 - slow to load, and most cities have no such model

        key = self._settings.key.reveal()
        headers = {"Accept-Encoding": "identity", **({"Authorization": f"Bearer {key}"} if key else {})}
        until = self._tick() + self._settings.seconds
        address = f"{self._settings.url.rstrip('/')}/chat/completions"
        try:
            with httpx.stream("POST", address, json=request, headers=headers, timeout=self._settings.seconds) as reply:
                reply.raise_for_status()
                return self._read(reply.iter_raw(), until)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            status = getattr(getattr(error, "response", None), "status_code", "")
            raise OSError(f"{type(error).__name__} {status}".strip()) from error

    def _read(self, chunks: Any, until: float) -> bytes:  # noqa: ANN401 - bytes, in pieces
        kept = b""
        for chunk in chunks:
            kept += chunk
            if len(kept) > LARGEST:
                raise ValueError("the answer is too large")
            if self._tick() > until:
                raise ValueError("the answer comes too slowly")
        return kept


def _request(
    model: str, what: str, task: str, material: Mapping[str, Any], schema: Mapping[str, Any]
) -> dict[str, Any]:
    asked = json.dumps(material, ensure_ascii=False, sort_keys=True)
    return {
        "model": model,
        "messages": [{"role": "system", "content": task}, {"role": "user", "content": asked}],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": what, "strict": True, "schema": schema},
        },
    }


def _object(body: bytes) -> dict[str, Any]:
    said = json.loads(json.loads(body)["choices"][0]["message"]["content"])
    if not isinstance(said, dict):
        raise TypeError("no object")
    return said


def _reason(error: Exception) -> str:
    """Return what an operator may read: our own words or the kind of error, never what the model wrote."""
    ours = type(error) in {OSError, ValueError} and not isinstance(error, json.JSONDecodeError)
    return str(error) if ours else f"no answer of the agreed form ({type(error).__name__})"
