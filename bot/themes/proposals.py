"""Texts that fit no theme, in groups that may be a new one: proposed to the manager, never taken in silence.

Groups are sought inside a language: across languages vectors lie apart by language first, and what different languages
raise differs. Each is named by the words it has more often than the other texts (log-odds with a Dirichlet prior,
Monroe, Colaresi & Quinn 2008, https://doi.org/10.1093/pan/mpn018).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.themes.sorter import SAMPLE, Texts, doubles, normal

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from numpy.typing import NDArray

NAME_WORDS: Final = 3
PRIOR: Final = 0.05
"""How much of all texts' words stands behind each group's: rare words alone make no name."""
MOST_GROUPS: Final = 12
DIMENSIONS: Final = 50
NEAR: Final = 0.6
"""A group as near as this (cosine of the middles) to a theme that was dropped or proposed before is that theme."""
TIGHT: Final = 0.35
"""The texts of a group lie this near to its middle on average, at least."""
_WORD: Final = re.compile(r"[^\W\d_]{2,}(?:['’][^\W\d_]+)*")
LETTERS: Final = 3
"""Shorter words make no name."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A group of texts that may be a theme."""

    members: tuple[tuple[int, float], ...]
    """(text, how near to the middle), nearest first."""
    words: tuple[str, ...]
    """What is said in it more than elsewhere, the most telling first."""

    @property
    def name(self) -> str:
        """Return a working title."""
        return ", ".join(self.words)


def nothing(_: str) -> Iterable[str]:
    """Return what is private in a text nobody looks at."""
    return ()


def propose(
    texts: Texts,
    people: Sequence[Hashable],
    background: Sequence[str],
    minimum: int,
    known: NDArray[np.float32] | None = None,
    without: frozenset[str] = frozenset(),
    private: Callable[[str], Iterable[str]] = nothing,
) -> list[Proposal]:
    """Return the groups among texts of one language that fit nothing, the largest first.

    `people` says who wrote each; a group has at least `minimum` of them. `background` are other texts of the language,
    against which names are made, of words that `minimum` people say and that are not in `without`, nor in what is
    `private` in a text of the group. `known` are middles of themes that were proposed before, and are not again.
    """
    own = np.flatnonzero(~doubles(texts.words))
    if len(own) < 2 * minimum:
        return []
    room = _room(texts.some(own))
    labels = _grouped(room, minimum)
    found = []
    for label in range(int(labels.max()) + 1):
        inside = np.flatnonzero(labels == label)
        nearness = room[inside] @ normal(room[inside].mean(0, keepdims=True))[0]
        enough = len({people[own[one]] for one in inside}) >= minimum
        if enough and nearness.mean() >= TIGHT and not _is_known(texts, own[inside], known):
            hidden = _words(" ".join(each for one in inside for each in private(texts.words[own[one]])))
            name = _name(texts.words, people, own[inside], background, without | hidden, minimum)
            found.append(Proposal(_ranked(own[inside], nearness), name))
    return sorted((each for each in found if each.words), key=lambda each: -len(each.members))


def _room(texts: Texts) -> NDArray[np.float32]:
    """Return the texts as points: vectors without what all share, or letters where there are none."""
    if texts.vectors is not None:
        return normal(texts.vectors - texts.vectors.mean(0))
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True).fit_transform(texts.words)
    few = max(2, min(DIMENSIONS, letters.shape[0] - 1))
    return normal(TruncatedSVD(few, random_state=0).fit_transform(letters))


def _grouped(room: NDArray[np.float32], minimum: int) -> NDArray[np.int32]:
    """Return the group of each point: k-means, with as many groups as could each hold a few times the minimum."""
    many = min(MOST_GROUPS, max(2, len(room) // (2 * minimum)))
    labels: NDArray[np.int32] = KMeans(many, n_init=4, random_state=0).fit_predict(room)
    return labels


def _is_known(texts: Texts, members: NDArray[np.int64], known: NDArray[np.float32] | None) -> bool:
    if known is None or not len(known) or texts.vectors is None:
        return False
    all_ = texts.vectors.mean(0)
    middle = normal((texts.vectors[members].mean(0) - all_)[None])[0]
    return bool((normal(known - all_) @ middle).max() >= NEAR)


def _ranked(members: NDArray[np.int64], nearness: NDArray[np.float32]) -> tuple[tuple[int, float], ...]:
    order = np.argsort(-nearness, kind="stable")
    return tuple((int(members[one]), float(np.clip(nearness[one], 0, 1))) for one in order)


def _name(
    words: Sequence[str],
    people: Sequence[Hashable],
    members: NDArray[np.int64],
    background: Sequence[str],
    without: frozenset[str],
    minimum: int,
) -> tuple[str, ...]:
    inside: dict[Hashable, str] = {}
    for one in members.tolist():
        inside[people[one]] = f"{inside.get(people[one], '')} {words[one]}"
    numbers = {*members.tolist()}
    others = [text for n, text in enumerate(words) if n not in numbers]
    return telling([*inside.values()], [*others, *background[:SAMPLE]], without, minimum)


def telling(
    inside: Sequence[str], others: Sequence[str], without: frozenset[str] = frozenset(), least: int = 2
) -> tuple[str, ...]:
    """Return the words said by more of these texts than of the others: log-odds over their error, highest first.

    A word counts once a text, so that nobody who repeats themselves names a theme; it is in at `least` so many texts.
    """
    here, there = _counts(inside), _counts(others)
    sums = here.total() + 1, there.total() + 1
    all_ = here + there
    mass = PRIOR * all_.total()
    scored = []
    for word, count in here.items():
        if count < least or word in without:
            continue
        prior = mass * all_[word] / all_.total()
        odds = [
            np.log((counts[word] + prior) / (total + mass - counts[word] - prior))
            for counts, total in zip((here, there), sums, strict=True)
        ]
        error = np.sqrt(1 / (count + prior) + 1 / (there[word] + prior))
        scored.append((-(odds[0] - odds[1]) / error, word))
    return tuple(word for score, word in sorted(scored)[:NAME_WORDS] if score < 0)


def common(sentences: Iterable[str], least: int = 3) -> frozenset[str]:
    """Return the words that stand in so many sentences about different things: a name made of them says nothing."""
    return frozenset(word for word, count in _counts(sentences).items() if count >= least)


def _counts(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in _words(text))


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(text.casefold()) if len(word) >= LETTERS)
