"""Vectors of a data set, made once and kept: they take minutes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from bot.themes.encoder import Meaning

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

AT_ONCE = 64


def vectors(texts: Sequence[str], cache: Path) -> NDArray[np.float32]:
    """Return one row for each text."""
    meaning = Meaning()
    mark = hashlib.sha256("\0".join((meaning.name, *texts)).encode()).hexdigest()[:16]
    file = cache / f"vectors-{mark}.npy"
    if not file.exists():
        parts = [meaning.encode(texts[begin : begin + AT_ONCE]) for begin in range(0, len(texts), AT_ONCE)]
        np.save(file, np.vstack(parts).astype("<f2"))
    kept: NDArray[np.float32] = np.load(file).astype(np.float32)
    return kept
