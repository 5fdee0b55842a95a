"""Texts that many send in nearly the same words: found, counted apart as senders and messages, and never deleted.

Texts are compared by the groups of four and five letters they share (TF-IDF, cosine). Words of one's own are not found
to be alike, nor are paraphrases: nobody is called an organiser because they agree. Short texts are compared among
people who came in one burst alone (`bot.reading.bursts`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from flows.words import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence

    from scipy.sparse import csr_matrix

ALIKE = 0.55
"""Cosine from which two texts are nearly the same: measured on texts with made-up campaigns, `docs/privacy.md`."""
SHORTEST = 60
"""Shorter texts are alike because there is little to say: they are left out, but where their senders came at once."""
BRIEFEST = 12
"""Nothing is said of shorter ones even then: a word or two is what anybody answers."""
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


def campaigns(
    sent: Sequence[Sent], minimum: int, others: Sequence[Sent] = (), crowds: Iterable[Collection[Hashable]] = ()
) -> list[Campaign]:
    """Return the groups of nearly identical texts of at least `minimum` senders, the largest first.

    `others`: texts beside a sample of too many. They go to a group that is found where they are alike, and make none.
    `crowds`: senders who came in one burst each; of them short texts count, too, in the sample or beside it.
    """
    found = _found([each for each in sent if len(each.text) >= SHORTEST], minimum)
    joined = _joined(found, {each.id: each for each in sent}, others) if found and others else found
    short = [each for each in (*sent, *others) if BRIEFEST <= len(each.text) < SHORTEST]
    at_once = [group for crowd in crowds for group in _found([one for one in short if one.sender in crowd], minimum)]
    return sorted([*joined, *at_once], key=lambda group: (-group.senders, -len(group.messages), group.messages))


def _found(sent: Sequence[Sent], minimum: int) -> list[Campaign]:
    same: defaultdict[str, list[Sent]] = defaultdict(list)
    for each in sorted(sent, key=lambda each: each.id):
        same[fold(each.text)].append(each)
    if len({each.sender for copies in same.values() for each in copies}) < minimum:
        return []
    words = sorted(same)
    groups = _groups([[same[one] for one in group] for group in _alike(words, same)])
    return [group for group in groups if group.senders >= minimum]


def _joined(found: Sequence[Campaign], known: Mapping[int, Sent], others: Sequence[Sent]) -> list[Campaign]:
    """Return the groups with those of the others that are nearest to one of their texts, and near enough."""
    place = {fold(known[n].text): number for number, group in enumerate(found) for n in group.messages}
    rest = [each for each in others if len(each.text) >= SHORTEST]
    words = [fold(each.text) for each in rest]
    shares = _shares([*place, *words], 1.0)
    typical, places = shares[: len(place)], [*place.values()]
    members = [[known[n] for n in group.messages] for group in found]
    for start in range(0, len(words), BLOCK):
        close = (shares[len(place) + start : len(place) + start + BLOCK] @ typical.T).tocsr()
        for n in range(close.shape[0]):
            row = slice(close.indptr[n], close.indptr[n + 1])
            nearest = max(zip(close.data[row], -close.indices[row], strict=True), default=(0, 0))
            if nearest[0] >= ALIKE:
                members[places[-nearest[1]]].append(rest[start + n])
    return [Campaign(len({one.sender for one in each}), tuple(one.id for one in each)) for each in members]


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
    shares = _shares(words, COMMON if len(words) > MANY else 1.0)
    found: list[list[int]] = []
    for start in range(0, len(words), BLOCK):
        close = (shares[start : start + BLOCK] @ shares.T).tocsr()
        close.data[close.data < ALIKE] = 0
        close.eliminate_zeros()
        found += [close.indices[close.indptr[n] : close.indptr[n + 1]].tolist() for n in range(close.shape[0])]
    return found


def _shares(words: Sequence[str], common: float) -> csr_matrix:
    import numpy as np  # noqa: PLC0415 - slow to load: only the process that writes a digest needs them
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    vectorizer = TfidfVectorizer(
        analyzer="char", ngram_range=(4, 5), max_df=common, sublinear_tf=True, dtype=np.float32, lowercase=False
    )
    return vectorizer.fit_transform(words)
