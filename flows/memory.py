"""A session as JSON text and back, unchanged."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from flows.model import Answer, Session, Status, Value

_PLAIN = tuple(f.name for f in fields(Session) if f.name not in {"answers", "status", "trail", "picked"})


def dump(session: Session) -> str:
    """Return `session` as one line of JSON; `load` is its inverse."""
    kept: dict[str, Any] = {name: getattr(session, name) for name in _PLAIN}
    kept["status"] = session.status.value
    kept["trail"] = session.trail
    kept["picked"] = session.picked
    kept["answers"] = [(a.state, a.value, a.caption) for a in session.answers.values()]
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def load(text: str) -> Session:
    """Return the session that `dump` wrote. Raises ValueError where `text` is no such JSON."""
    kept = json.loads(text)
    try:
        answers = (Answer(state, _value(value), caption) for state, value, caption in kept.pop("answers"))
        return Session(
            answers={answer.state: answer for answer in answers},
            status=Status(kept.pop("status")),
            trail=tuple(kept.pop("trail")),
            picked=tuple(kept.pop("picked")),
            **kept,
        )
    except (AttributeError, KeyError, TypeError) as trouble:
        message = f"not a session: {trouble}"
        raise ValueError(message) from trouble


def _value(value: Any) -> Value:  # noqa: ANN401 - what JSON holds is known only here
    return tuple(value) if isinstance(value, list) else value
