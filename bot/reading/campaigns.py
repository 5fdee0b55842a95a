"""Texts that many send in nearly the same words: found, counted apart as senders and messages, and never deleted.

Texts are compared by the groups of four and five letters they share (TF-IDF, cosine). Words of one's own are not found
to be alike, nor are paraphrases: nobody is called an organiser because they agree.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from flows.words import fold

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from scipy.sparse import csr_matrix

ALIKE = 0.55
"""Cosine from which two texts are nearly the same: measured on texts with made-up campaigns, `docs/privacy.md`."""
SHORTEST = 60
"""Shorter texts are alike because there is little to say: they are left out."""
MANY = 4_000
"""From so many different texts on, letters that more than `COMMON` of them share are left out, to be quick."""
COMMON = 0.02
BLOCK = 500
"""Rows compared at once, so that memory stays small."""


class Sent(NamedTuple):
    """A text and who sent it: whatever tells senders apart."""

    id: int
    sender: Hashable
    text: str


class Campaign(NamedTuple):
    """Texts that are nearly the same."""

    senders: int
    messages: tuple[int, ...]
    """Ids of the texts, the most typical first: one is enough to quote."""


def campaigns(sent: Sequence[Sent], minimum: int) -> list[Campaign]:
    """Return the groups of nearly identical texts of at least `minimum` senders, the largest first."""
    same: defaultdict[str, list[Sent]] = defaultdict(list)
    for each in sorted(sent, key=lambda each: each.id):
        if len(each.text) >= SHORTEST:
            same[fold(each.text)].append(each)
    if len({each.sender for copies in same.values() for each in copies}) < minimum:
        return []
    words = sorted(same)
    groups = _groups([[same[one] for one in group] for group in _alike(words, same)])
    found = [group for group in groups if group.senders >= minimum]
    return sorted(found, key=lambda group: (-group.senders, -len(group.messages), group.messages))


def _groups(groups: Iterable[list[list[Sent]]]) -> Iterator[Campaign]:
    for group in groups:
        members = [each for copies in group for each in copies]
        yield Campaign(len({each.sender for each in members}), tuple(each.id for each in members))


def _alike(words: Sequence[str], same: dict[str, list[Sent]]) -> Iterator[list[str]]:
    """Group different texts that are alike: the one that is like most others first, and what is like those."""
    if not words:
        return
    near = _near(words)
    sizes = [sum(len(same[words[other]]) for other in others) for others in near]
    free = set(range(len(words)))
    for first in sorted(free, key=lambda n: (-sizes[n], n)):
        if first not in free:
            continue
        close = {first, *near[first]} & free
        group = (close | {other for one in close for other in near[one]}) & free
        free -= group
        yield [words[first], *(words[n] for n in sorted(group - {first}))]


def _near(words: Sequence[str]) -> list[list[int]]:
    """Return for each text which others are like it, itself included."""
    if len(words) == 1:
        return [[0]]
    shares = _shares(words)
    found: list[list[int]] = []
    for start in range(0, len(words), BLOCK):
        close = (shares[start : start + BLOCK] @ shares.T).tocsr()
        close.data[close.data < ALIKE] = 0
        close.eliminate_zeros()
        found += [close.indices[close.indptr[n] : close.indptr[n + 1]].tolist() for n in range(close.shape[0])]
    return found


def _shares(words: Sequence[str]) -> csr_matrix:
    import numpy as np  # noqa: PLC0415 - slow to load: only the process that writes a digest needs them
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    common = COMMON if len(words) > MANY else 1.0
    vectorizer = TfidfVectorizer(
        analyzer="char", ngram_range=(4, 5), max_df=common, sublinear_tf=True, dtype=np.float32, lowercase=False
    )
    return vectorizer.fit_transform(words)
