"""The quarterly sheet in sentences of one language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.assessing import gap as gaps
from bot.assessing.words import words as assessing
from bot.digests.render import told as digests
from bot.digests.render.told import VERDICTS
from bot.digests.render.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.digests.model import Score
    from bot.digests.quarters import Account, Index, Quarter, Sheet, Value
    from bot.texts import Texts


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage's score in the quarter: its sentences, and a row for each week that told a share."""

    name: str
    question: str
    sentences: tuple[str, ...]
    rows: tuple[digests.Row, ...]


@dataclass(frozen=True, slots=True)
class Worth:
    """One of the two values of a round: whose it is, its mean, and a row for each question."""

    whose: str
    mean: str
    rows: tuple[tuple[str, str, str], ...]
    """Question, index with what it lies within by rounding, answers."""


@dataclass(frozen=True, slots=True)
class Told:
    """Everything the sheet shows, in its order. Empty texts and tuples are left out."""

    language: str
    direction: str
    title: str
    lead: str
    headings: Mapping[str, str]
    stages: tuple[Stage, ...] = ()
    gap: tuple[str, ...] = ()
    accounts: tuple[tuple[str, tuple[Worth, ...]], ...] = ()
    """By the title of the round."""
    none: str = ""
    method: str = ""


def name(quarter: Quarter, language: str) -> str:
    """Return what a quarter is called."""
    return words(language)("quarter.name", number=quarter.number, year=quarter.year)


def page(sheet: Sheet, service: Mapping[str, str], language: str, *, running: bool) -> Told:
    """Return the sheet in sentences; `running`: its last day has not come."""
    said = words(language)
    called = f"{said.pick(service)}: {name(sheet.quarter, language)}"
    lead = " ".join(filter(None, (said("quarter.lead"), said("quarter.running") if running else "")))
    heads = {key: said(f"digest.head.{key}") for key in ("score", "table")}
    heads |= {key: said(f"digest.table.{key}") for key in ("week", "share", "range", "base")}
    heads |= {key: said(f"quarter.{key}") for key in ("value", "value_lead", "question", "index")}
    heads["gap"] = assessing(language)("gap.head")
    return Told(
        language=said.language,
        direction=said.direction,
        title=called,
        lead=lead,
        headings=heads,
        stages=tuple(_stage(each, sheet, said) for each in sheet.scores),
        gap=gaps.lines(sheet.gap, assessing(language)) if sheet.gap else (),
        accounts=tuple(_account(each, said) for each in sheet.accounts),
        none=said("quarter.none") if sheet.empty else "",
        method=said("quarter.method") if sheet.scores else "",
    )


def _stage(score: Score, sheet: Sheet, said: Texts) -> Stage:
    stage = said(f"stage.{score.stage}")
    good = digests.good_words(score, said)
    weeks = [point for point in score.weeks if point.share.says]
    sentences = (
        digests.headline(score, stage, good, sheet.minimum, said),
        said.many("quarter.weeks", len(weeks)),
        _change(score, said),
    )
    rows = tuple(digests.row(point.week, point.share, False, said) for point in weeks)  # noqa: FBT003 - no week is now
    question = said.pick(score.question)
    return Stage(stage, "" if "{" in question else question, tuple(filter(None, sentences)), rows)


def _change(score: Score, said: Texts) -> str:
    change = score.change
    if change is None:
        return said("quarter.no_base") if score.positive.says else ""
    verdict = said(f"digest.score.{VERDICTS[change.real]}")
    if change.points is None:
        return said("quarter.unlike", verdict=verdict)
    told = {"before": said.percent(change.before.percent or 0), "base": said.number(change.before.base or 0)}
    if change.points == 0:
        return said("quarter.level", verdict=verdict, **told)
    return said.many("quarter.up" if change.points > 0 else "quarter.down", abs(change.points), verdict=verdict, **told)


def _account(account: Account, said: Texts) -> tuple[str, tuple[Worth, ...]]:
    return said.pick(account.title, account.code), tuple(_worth(each, said) for each in account.values)


def _worth(value: Value, said: Texts) -> Worth:
    numbers = {"told": value.told, "wanted": value.wanted, "mean": value.mean, "low": value.low, "high": value.high}
    told = {name: said.number(number or 0) for name, number in numbers.items()}
    mean = said("quarter.mean_none") if value.mean is None else said("quarter.mean", **told)
    return Worth(said(f"quarter.{value.whose}"), mean, tuple(_row(each, said) for each in value.indices))


def _row(index: Index, said: Texts) -> tuple[str, str, str]:
    base = said("digest.table.few") if index.base is None else said.number(index.base)
    return said.pick(index.question, index.item), _figure(index, said), base


def _figure(index: Index, said: Texts) -> str:
    if index.value is None or index.low is None or index.high is None:
        return said("digest.table.few")
    return f"{said.number(index.value)} ({said.number(index.low)}–{said.number(index.high)})"
