"""Polls without a database: what is counted of a list of answers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bot.digests.results import Kind, Poll
from flows.ballots import said
from storage.ballots import EVERYBODY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from storage.ballots import Tally

OPTIONS = "abcdefg"


def poll(kind: str, ballots: Iterable[Sequence[str]], options: int = 3, most: int = 3, *, whole: bool = True) -> Poll:
    """Return what is counted of these answers."""
    kept = list(ballots)
    tally: Tally = Counter(word for one in kept for word in said(kind, one))
    tally[EVERYBODY] = len(kept)
    labels = {option: {"en": f"Option {option}"} for option in OPTIONS[:options]}
    titles, asked = {"en": "Garden"}, {"en": "What first?"}
    return Poll("garden", titles, "order", Kind(kind), asked, labels, most, len(kept), tally, whole=whole)
