"""A session as JSON text and back, unchanged."""

from __future__ import annotations

import msgspec

from flows.model import Answer, Session


class _Listed(Session, frozen=True, forbid_unknown_fields=True):
    """A session as it was kept at first: every field written, the answers in a list."""

    answers: list[Answer] = msgspec.field(default_factory=list)  # type: ignore[assignment]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Session).decode
_decode_listed = msgspec.json.Decoder(_Listed).decode


def dump(session: Session) -> str:
    """Return `session` as one line of JSON, what is usual left out; `load` is its inverse."""
    return _encode(session).decode()


def load(text: str) -> Session:
    """Return the session that `dump` wrote, also in an earlier version. Raises ValueError where it is no such JSON."""
    try:
        return _decode(text)
    except msgspec.DecodeError as trouble:
        try:
            return _from_list(text)
        except msgspec.DecodeError:
            raise ValueError(f"not a session: {trouble}") from trouble


def _from_list(text: str) -> Session:
    kept = msgspec.structs.asdict(_decode_listed(text))
    return Session(**{**kept, "answers": {answer.state: answer for answer in kept["answers"]}})
