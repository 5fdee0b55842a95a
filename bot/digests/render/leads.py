"""Where each item of a digest leads to: the answers behind its figures, the round, the action. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from bot import alarms
from bot.digests.model import Reason
from bot.digests.render.items import short
from storage.actions import OTHERS, WELL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.digests.model import Digest, Theme
    from bot.texts import Texts

ITEMS = ("headline", "clock", "who", "score", "problems", "works", "wanted", "gap", "deeds", "proposals", "voices")
"""Every item of a digest; voices are no item of their own."""


@dataclass(frozen=True, slots=True)
class Lead:
    """One way on; `path` begins at the root of the site, `label` is empty where the heading says it."""

    path: str
    label: str = ""


def leads(digest: Digest, texts: Texts) -> dict[str, tuple[Lead, ...]]:
    """Return the ways on from each item that is told; from a running week only to rounds, actions and urgent reports.

    The answers of such a week do not open: whoever looks twice would know who came in between.
    """
    found = {"clock": _rounds(digest, texts), "deeds": _actions(digest, texts)}
    if any(each.reason is Reason.URGENT for each in digest.alerts):
        found["headline"] = [_urgent(digest, texts)]
    if not digest.so_far and not digest.sign_of_life:
        found |= _answers(digest, texts)
    return {item: tuple(dict.fromkeys(ways)) for item, ways in found.items() if ways}


def _rounds(digest: Digest, texts: Texts) -> list[Lead]:
    return [Lead(f"/rounds/{quote(each.code)}", short(texts.pick(each.name))) for each in digest.clock]


def _actions(digest: Digest, texts: Texts) -> list[Lead]:
    lines = digest.deeds.lines if digest.deeds else ()
    named = (short(texts.pick(each.about, each.words)) for each in lines)
    return [Lead(f"/manage/actions/{digest.service}/{each.id}", name) for each, name in zip(lines, named, strict=True)]


def _answers(digest: Digest, texts: Texts) -> dict[str, list[Lead]]:
    themes = (*digest.problems, *([digest.works] if digest.works else []))
    gap = digest.gap.foretold if digest.gap else ()
    return {
        "headline": list(_reasons(digest, texts)),
        "who": [_week(digest)],
        "score": [_score(digest, each.item, each.stage, texts) for each in digest.scores],
        "problems": [_theme(digest, each, texts) for each in digest.problems],
        "works": [_theme(digest, each, texts) for each in themes[len(digest.problems) :]],
        "wanted": [
            Lead(_path(digest, round=each.code, state=each.state), short(texts.pick(each.question)))
            for each in digest.results
        ],
        "gap": [_score(digest, each.item, each.stage, texts) for each in gap],
        "proposals": list(_steps(digest, texts)),
        "voices": [_week(digest)] if digest.voices.quotes or digest.voices.total else [],
    }


def _urgent(digest: Digest, texts: Texts) -> Lead:
    return Lead(alarms.page_of(digest.service), texts("digest.headline.open_reports"))


def _reasons(digest: Digest, texts: Texts) -> Iterator[Lead]:
    for each in digest.alerts:
        if each.reason is Reason.URGENT:
            yield _urgent(digest, texts)
        else:
            yield from _about(digest, [(each.name, each.stage)], texts)


def _path(digest: Digest, **by: str) -> str:
    return f"/manage/answers/{digest.service}?{urlencode({'week': digest.period, **by})}"


def _week(digest: Digest) -> Lead:
    return Lead(_path(digest))


def _score(digest: Digest, item: str, stage: str, texts: Texts) -> Lead:
    return Lead(_path(digest, item=item, stage=stage), texts(f"stage.{stage}"))


def _theme(digest: Digest, theme: Theme, texts: Texts) -> Lead:
    side = WELL if theme is digest.works else OTHERS
    return Lead(_path(digest, theme=theme.key, side=side), short(texts.pick(theme.name, theme.key)))


def _steps(digest: Digest, texts: Texts) -> Iterator[Lead]:
    for each in digest.proposals:
        if each.about == "late":
            yield Lead(f"/manage/actions/{digest.service}", texts("digest.head.deeds"))
        elif each.about == "urgent":
            yield _urgent(digest, texts)
        else:
            yield from _about(digest, [(each.name, each.stage)], texts)


def _about(digest: Digest, named: Iterable[tuple[Mapping[str, str], str]], texts: Texts) -> Iterator[Lead]:
    """Give where the things lead that a headline or a proposal names: a theme, a round, a stage; else all answers."""
    themes = (*digest.problems, *([digest.works] if digest.works else []))
    for name, stage in named:
        theme = next((each for each in themes if name and each.name == name), None)
        round_ = next((each for each in digest.clock if name and each.name == name), None)
        score = next((each for each in digest.scores if stage and each.stage == stage), None)
        if theme:
            yield _theme(digest, theme, texts)
        elif round_:
            yield Lead(f"/rounds/{quote(round_.code)}", short(texts.pick(round_.name)))
        elif score:
            yield _score(digest, score.item, stage, texts)
        else:
            yield _week(digest)
