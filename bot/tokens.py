"""How something sealed stands in a link: in one way alone, so that two spellings never lead to one place."""

from __future__ import annotations

import base64


def written(sealed: bytes) -> str:
    """Return the letters, digits, `-` and `_` that stand for something sealed."""
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def read(token: str) -> bytes:
    """Return what `written` was given. Raises ValueError for anything that it has not written."""
    sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars="-_", validate=True)
    if written(sealed) != token:  # the last sign has bits to spare
        raise ValueError("not as it was written")
    return sealed
