"""How often the sorter of themes agrees with people who coded the same texts, and how it grows with corrections.

A correction is one text that somebody judged wholly. Half of them are drawn by chance, half are the texts the sorter
was least sure of, as a manager is shown them. Tuned on: rows of the NHS set that `tuned` picks (35 %); no figure below
is of them. The other rows of it, and both other sets, were not looked at while the sorter was built.
"""

from __future__ import annotations

import resource
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.stats import kendalltau

from bot.themes.proposals import propose
from bot.themes.sorter import Lesson, Sorter, Texts
from tests.evaluate.coded import CYCLING, NHS, SYNTHETIC, cycling, nhs, synthetic
from tests.evaluate.table import Row, at_least
from tests.evaluate.vectors import vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tests.evaluate.coded import Coded

NEEDS = (NHS, CYCLING, SYNTHETIC)
STEPS: Final = (0, 20, 100, 500)
SEEDS: Final = 6
TUNED: Final = 0.35
MINIMUM: Final = 10
"""People behind a proposed theme, as everywhere."""


def rows(data: Path, cache: Path) -> Iterator[Row]:
    """Measure all."""
    one = nhs(data)
    made = vectors(one.words, cache)
    yield from _grown("NHS", one, made, ~tuned(len(one.words)), cache, {500: 0.60})
    yield from _held_out("NHS", one, made, ~tuned(len(one.words)), cache)
    two = cycling(data)
    every = np.ones(len(two.words), bool)
    made_two = vectors(two.words, cache)
    yield from _grown("cycling (German)", two, made_two, every, cache, {100: 0.55, 500: 0.70})
    yield from _held_out("cycling (German)", two, made_two, every, cache)
    for part in (1, 2):
        yield _from_names(synthetic(data, part), part, cache)
    yield from _cost(one, made, cache)


def tuned(many: int) -> NDArray[np.bool_]:
    """Return which rows of the NHS set were tuned on."""
    return np.random.default_rng(5).random(many) < TUNED


def lesson(one: Coded, cache: Path, codes: list[int] | None = None) -> Lesson:
    """Return the cues of a codebook; each says no to the other codes."""
    kept = codes if codes is not None else list(range(len(one.cues)))
    named = list(one.cues.values())
    said = [(place, cue) for place, code in enumerate(kept) for cue in named[code]]
    words = [cue for _, cue in said]
    about = np.eye(len(kept), dtype=np.float32)[[place for place, _ in said]]
    return Lesson(Texts(words, vectors(words, cache)), about)


# --------------------------------------------------------------------------- growing with corrections


def _grown(
    name: str, one: Coded, made: NDArray[np.float32], used: NDArray[np.bool_], cache: Path, targets: dict[int, float]
) -> Iterator[Row]:
    texts, about, cues = Texts(one.words, made).some(used), one.about[used], lesson(one, cache)
    figures: dict[int, list[tuple[float, float, float, float]]] = {step: [] for step in STEPS}
    for seed in range(SEEDS):
        order = np.random.default_rng(seed).permutation(len(about))
        pool, held = order[: len(order) // 2], order[len(order) // 2 :]
        chosen = np.zeros(0, np.int64)
        for step in STEPS:
            chosen = _more(chosen, pool, step, texts, about, cues, seed)
            sorter = Sorter(cues, Lesson(texts.some(chosen), about[chosen]), texts.some(pool))
            said = sorter.scores(texts.some(held)) >= sorter.thresholds
            figures[step].append(_agreement(about[held] > 0, said))
    many = f"{len(about) // 2} texts held back, {len(one.cues)} codes, mean of {SEEDS} draws"
    for step, found in figures.items():
        f1, tau, none, fair = np.mean(found, axis=0)
        what = f"{name}: macro-F1 after {step} corrections"
        yield at_least(what, f1, targets[step], many) if step in targets else Row(what, f"{f1:.3f}", note=many)
        what = f"{name}: Kendall tau of theme sizes, {step} corrections"
        yield at_least(what, tau, 0.8) if step == 100 else Row(what, f"{tau:.3f}")
        yield Row(
            f"{name}: share that fits no theme, {step} corrections", f"{none:.1%}", note=f"people coded: {fair:.1%}"
        )


def _more(
    chosen: NDArray[np.int64],
    pool: NDArray[np.int64],
    step: int,
    texts: Texts,
    about: NDArray[np.float32],
    cues: Lesson,
    seed: int,
) -> NDArray[np.int64]:
    """Choose further texts to be corrected: half by chance, half those whose surest theme is nearest to its bound."""
    wanted = step - len(chosen)
    rest = pool[~np.isin(pool, chosen)]
    if wanted <= 0:
        return chosen
    by_chance = np.random.default_rng(seed + step).permutation(rest)[: wanted - wanted // 2]
    left = rest[~np.isin(rest, by_chance)]
    sorter = Sorter(cues, Lesson(texts.some(chosen), about[chosen]), texts.some(pool))
    doubt = np.abs(sorter.scores(texts.some(left)) - sorter.thresholds).min(1)
    return np.concatenate([chosen, by_chance, left[np.argsort(doubt, kind="stable")[: wanted // 2]]])


def _agreement(about: NDArray[np.bool_], said: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    both = (about & said).sum(0)
    f1 = (2 * both / np.maximum(about.sum(0) + said.sum(0), 1)).mean()
    tau = kendalltau(about.sum(0), said.sum(0)).statistic
    return float(f1), float(tau), float((~said.any(1)).mean()), float((~about.any(1)).mean())


# --------------------------------------------------------------------------- a code the codebook does not have


def _held_out(name: str, one: Coded, made: NDArray[np.float32], used: NDArray[np.bool_], cache: Path) -> Iterator[Row]:
    texts, about = Texts(one.words, made).some(used), one.about[used]
    found = []
    for code, title in enumerate(one.cues):
        if _is_proposed(texts, about, code, lesson(one, cache, [c for c in range(len(one.cues)) if c != code])):
            found.append(title)
    note = f"100 corrections of the others; most texts of a proposal are of it. Found: {', '.join(found)}"
    yield Row(f"{name}: left-out codes that are proposed", f"{len(found)} of {len(one.cues)}", note=note)


def _is_proposed(texts: Texts, about: NDArray[np.float32], code: int, cues: Lesson) -> bool:
    order = np.random.default_rng(0).permutation(len(about))[:100]
    others = np.delete(about, code, axis=1)
    sorter = Sorter(cues, Lesson(texts.some(order), others[order]), texts)
    fits_none = np.flatnonzero(~(sorter.scores(texts) >= sorter.thresholds).any(1))
    rest = texts.some(fits_none)
    groups = propose(rest, range(len(fits_none)), texts.words, MINIMUM)
    shares = [about[fits_none[[text for text, _ in group.members]], code].mean() for group in groups]
    return max(shares, default=0.0) > 0.5


def _from_names(one: Coded, part: int, cache: Path) -> Row:
    texts = Texts(one.words, vectors(one.words, cache))
    cues = lesson(one, cache)
    sorter = Sorter(cues, Lesson(texts.some(slice(0)), one.about[:0]), texts)
    f1, *_ = _agreement(one.about > 0, sorter.scores(texts) >= sorter.thresholds)
    note = f"{len(texts)} texts, {len(one.cues)} themes, their names and descriptions as the only cues"
    return Row(f"synthetic consultation, question {part}: macro-F1, no corrections", f"{f1:.3f}", note=note)


# --------------------------------------------------------------------------- time and memory


def _cost(one: Coded, made: NDArray[np.float32], cache: Path) -> Iterator[Row]:
    cues = lesson(one, cache)
    corrected = Lesson(Texts(one.words, made).some(slice(500)), one.about[:500])
    for many in (1_000, 10_000, 100_000):
        again = np.arange(many) % len(one.words)
        texts = Texts([one.words[row] for row in again], made[again])
        _forget_peak()
        began = time.process_time()
        Sorter(cues, corrected, texts).sort(texts)
        spent, peak = time.process_time() - began, _peak()
        note = "after vectors: learning from 500 corrections with thresholds, and sorting; the whole process then"
        yield Row(f"{many:,} texts: time, memory", f"{spent:.1f} CPU s, {peak} MB", note=note)


def _forget_peak() -> None:
    """Let the memory of the process be measured from here on, where the system can (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> int:
    """Return the largest memory of the process since then, in MB; elsewhere since its start."""
    with suppress(OSError):
        told = Path("/proc/self/status").read_text(encoding="ascii")
        return int(told.partition("VmHWM:")[2].split()[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
