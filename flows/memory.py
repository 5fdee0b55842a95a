"""A session as JSON text and back, unchanged."""

from __future__ import annotations

import msgspec

from flows.model import Answer, Session


class _Kept(Session, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A session as it is kept: what is usual is left out; each answer is a row of state, value and caption."""

    answers: list[Answer] = msgspec.field(default_factory=list)  # type: ignore[assignment]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Kept).decode


def dump(session: Session) -> str:
    """Return `session` as one line of JSON; `load` is its inverse."""
    kept = msgspec.structs.asdict(session)
    kept["answers"] = list(session.answers.values())
    return _encode(_Kept(**kept)).decode()


def load(text: str) -> Session:
    """Return the session that `dump` wrote. Raises ValueError where `text` is no such JSON."""
    try:
        kept = msgspec.structs.asdict(_decode(text))
    except msgspec.DecodeError as trouble:
        raise ValueError(f"not a session: {trouble}") from trouble
    kept["answers"] = {answer.state: answer for answer in kept["answers"]}
    return Session(**kept)
