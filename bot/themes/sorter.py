"""Sorting texts into none, one or several themes of a codebook, and learning from each correction.

One classifier for each theme (logistic regression, Ng & Jordan 2001) sees two things of a text: its vector of meaning,
which knows that words may differ and mean the same, and its letters in groups of two to five, which know names and
turns of phrase. Before anybody has corrected anything it learns from the cues of the codebook alone; each correction is
one more example beside them. The numbers below were chosen on a part of real coded texts that no published figure is
measured on (docs/evaluation.md).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression

from bot.themes.encoder import LETTERS_READ

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

THRESHOLD: Final = 0.2
"""From this on a text is about a theme, while nobody has corrected enough to measure a better one. Themes are rare, and
the classifiers are trained half way towards balance, so one half would miss most."""
ENOUGH: Final = 40
"""So many texts judged wholly until thresholds are measured by them alone."""
PRIOR: Final = 20
"""So many texts does the share of a theme weigh that cues alone have found."""
STRENGTH: Final = 10.0
"""Inverse of the penalty on weights."""
BALANCE: Final = 0.5
"""How far rare themes weigh as much as frequent ones: 0 not at all, 1 wholly."""
FOLDS: Final = 4
SAMPLE: Final = 5000
"""Texts from which common letters are told from telling ones, and the middle of all vectors is taken."""
BEHIND: Final = 2.0
"""Where people have only said yes to a theme, all texts nobody has judged weigh so many times as much as those."""
BACKGROUND: Final = 1000
"""So many texts nobody has judged stand for all."""
AT_ONCE: Final = 500
"""Texts looked at in one go: a fraction of a second in which no other thread runs."""

_letters = HashingVectorizer(
    analyzer="char_wb", ngram_range=(2, 5), n_features=2**18, alternate_sign=False, norm=None, dtype=np.float32
)


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts with the vectors an encoder made of them, one row each; None where it makes none."""

    words: Sequence[str]
    vectors: NDArray[np.float32] | None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.words)

    def some(self, which: slice | NDArray[Any]) -> Texts:
        """Return some of them: a slice, rows by number, or one truth value for each."""
        rows = np.arange(len(self))[which]
        return Texts([self.words[row] for row in rows], None if self.vectors is None else self.vectors[rows])


@dataclass(frozen=True, slots=True)
class Lesson:
    """What there is to learn from: texts, and for each whether it is about each theme."""

    texts: Texts
    about: NDArray[np.float32]
    """One row for each text, one column for each theme: 1 yes, 0 no, NaN nobody has said."""


class Found(NamedTuple):
    """That a text is about a theme."""

    text: int
    theme: int
    sure: float
    """0 to 1, as the classifier says; to be compared within a theme."""


class Sorter:
    """A codebook that has learned. Deterministic: the same lessons give the same sorter."""

    def __init__(self, cues: Lesson, corrected: Lesson, sample: Texts) -> None:
        """Learn from cues and corrections; `sample` are some of the texts that will be sorted."""
        self._eyes = _Eyes(sample if len(sample) else cues.texts)
        self._cues = cues
        self._corrected = corrected
        self._sample = sample.some(slice(SAMPLE))
        behind = self._sample.some(self._unjudged())
        cued, judged, self._behind = self._eyes.on([cues.texts, corrected.texts, behind])
        self._seen = cued, judged
        self._minds = self._taught(np.ones(len(corrected.texts), bool))
        self.thresholds = self._measured()

    def _unjudged(self) -> NDArray[np.int64]:
        """Return rows of the sample that nobody has corrected; none where they are too few to stand for all."""
        judged = {*self._corrected.texts.words}
        rows = [n for n, text in enumerate(self._sample.words) if text not in judged]
        return np.array(rows[:BACKGROUND] if len(rows) >= ENOUGH else [], np.int64)

    def _taught(self, some: NDArray[np.bool_]) -> list[LogisticRegression | float]:
        """Return a classifier for each theme that knows the cues and some of the corrections.

        Where people have said yes more often than no, texts nobody has judged say a faint no: beside cues alone every
        real text looks like those they chose (Elkan & Noto 2008, https://doi.org/10.1145/1401890.1401920).
        """
        cues, corrected = self._seen
        said, known = self._corrected.about[some], self._cues.about
        seen = vstack([cues, corrected[np.flatnonzero(some)]]).tocsr() if len(said) else cues
        about = np.vstack([known, said]) if len(said) else known
        silent = (said > 0).sum(0) - (said == 0).sum(0) if len(said) else np.zeros(known.shape[1])
        return [
            _mind(*_against(seen, about[:, theme], self._behind, BEHIND * float(silent[theme])))
            for theme in range(known.shape[1])
        ]

    def scores(self, texts: Texts) -> NDArray[np.float32]:
        """Return how sure each text is about each theme: a row for each text, a column for each theme."""
        rows = [_judge(self._minds, self._eyes(part)) for part in _parts(texts)]
        return np.vstack(rows) if rows else np.zeros((0, len(self._minds)), np.float32)

    def sort(self, texts: Texts) -> list[Found]:
        """Return what each text is about; texts that fit nothing are in no row."""
        return self.found(self.scores(texts))

    def found(self, scores: NDArray[np.float32]) -> list[Found]:
        """Return what texts of these scores are about."""
        rows, columns = np.nonzero(scores >= self.thresholds)
        return [Found(int(row), int(one), float(scores[row, one])) for row, one in zip(rows, columns, strict=True)]

    def _measured(self) -> NDArray[np.float32]:
        """Return the threshold of each theme: so that as many corrected texts fit as people said do.

        Only texts that somebody judged wholly count here: of others we know the themes the sorter had proposed, so they
        would say little of those it misses.
        """
        about = self._corrected.about
        whole = ~np.isnan(about).any(1)
        many = int(whole.sum())
        if many == 0 or (many < ENOUGH and len(self._sample) < ENOUGH):
            return np.full(self._cues.about.shape[1], THRESHOLD, np.float32)
        if many < ENOUGH:
            return self._guessed(about[whole])
        return _cut_at(self._judged_without_itself()[whole], np.maximum(about[whole].mean(0), 1 / many))

    def _guessed(self, about: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return thresholds from few corrections: how many texts fit lies between what these say and what cues said.

        The first corrections move all scores, so a fixed threshold would let far more through than the day before.
        """
        cues = self._taught(np.zeros(len(self._corrected.texts), bool))
        before = np.vstack([_judge(cues, self._eyes(part)) for part in _parts(self._sample)])
        shares = (about.sum(0) + PRIOR * (before >= THRESHOLD).mean(0)) / (len(about) + PRIOR)
        return _cut_at(self.scores(self._sample), shares)

    def _judged_without_itself(self) -> NDArray[np.float32]:
        about, seen = self._corrected.about, self._seen[1]
        fold = np.random.default_rng(1).permutation(len(about)) % FOLDS
        judged = np.zeros_like(about)
        for part in range(FOLDS):
            rest = fold != part
            judged[~rest] = _judge(self._taught(rest), seen[~rest])
        return judged


class _Eyes:
    """What the classifiers see of a text."""

    def __init__(self, sample: Texts) -> None:
        self._rare = TfidfTransformer(sublinear_tf=True).fit(_letters.transform(_cut(sample.words[:SAMPLE])))
        self._middle = None if sample.vectors is None else sample.vectors[:SAMPLE].mean(0)
        self._looked_for: NDArray[np.int64] | slice = slice(None)

    def on(self, parts: Sequence[Texts]) -> list[csr_matrix]:
        """Return what is seen of texts that are learned from; from now on only what is in one of them is looked for.

        All else has no weight, and there is far more of it.
        """
        seen = [self(part) for part in parts]
        self._looked_for = np.unique(np.concatenate([part.indices for part in seen]))
        return [part[:, self._looked_for].tocsr() for part in seen]

    def __call__(self, texts: Texts) -> csr_matrix:
        """Return one row for each text. What all texts share says nothing, so the middle is taken away."""
        if not len(texts):
            return self(Texts([""], None if self._middle is None else self._middle[None]))[:0]
        letters = self._rare.transform(_letters.transform(_cut(texts.words)))
        if texts.vectors is None or self._middle is None:
            return letters.tocsr()[:, self._looked_for]
        seen = hstack([csr_matrix(normal(texts.vectors - self._middle)), letters]).tocsr()
        return seen[:, self._looked_for]


def _cut(words: Sequence[str]) -> list[str]:
    return [text[:LETTERS_READ] for text in words]


def normal(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows of length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    made: NDArray[np.float32] = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return made


def _parts(texts: Texts) -> Iterator[Texts]:
    for begin in range(0, len(texts), AT_ONCE):
        yield texts.some(slice(begin, begin + AT_ONCE))


def _against(
    seen: csr_matrix, about: NDArray[np.float32], behind: csr_matrix, weight: float
) -> tuple[csr_matrix, NDArray[np.float32], NDArray[np.float64]]:
    """Return what was judged, behind it what nobody has judged, as no, and how much each row weighs."""
    told = np.flatnonzero(~np.isnan(about))
    ones = np.ones(len(told))
    many = behind.shape[0]
    if weight <= 0 or not many:
        return seen[told], about[told], ones
    rows = vstack([seen[told], behind]).tocsr()
    return rows, np.append(about[told], np.zeros(many, np.float32)), np.append(ones, np.full(many, weight / many))


def _mind(seen: csr_matrix, about: NDArray[np.float32], weights: NDArray[np.float64]) -> LogisticRegression | float:
    """Return a classifier of one theme; nothing fits one that there is nothing to tell apart of."""
    yes = about > 0
    if not yes.any() or yes.all():
        return 0.0
    weights = weights * np.where(yes, (weights[~yes].sum() / weights[yes].sum()) ** BALANCE, 1.0)
    mind = LogisticRegression(C=STRENGTH, solver="liblinear", intercept_scaling=2.0, random_state=0)
    return mind.fit(seen, yes, sample_weight=weights)


def _judge(minds: Sequence[LogisticRegression | float], seen: csr_matrix) -> NDArray[np.float32]:
    columns = [
        np.full(seen.shape[0], mind) if isinstance(mind, float) else mind.predict_proba(seen)[:, 1] for mind in minds
    ]
    return np.column_stack(columns).astype(np.float32) if columns else np.zeros((seen.shape[0], 0), np.float32)


def _cut_at(scores: NDArray[np.float32], shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each theme the score that such a share of the texts reaches."""
    return np.array([np.quantile(scores[:, one], 1 - share) for one, share in enumerate(shares)], np.float32)


def doubles(words: Sequence[str]) -> NDArray[np.bool_]:
    """Return for each text whether the same was said before: a copied text is one text when a theme is sought."""
    seen: Counter[str] = Counter()
    again = []
    for text in words:
        plain = " ".join(text.casefold().split())
        again.append(seen[plain] > 0)
        seen[plain] += 1
    return np.array(again, bool)
