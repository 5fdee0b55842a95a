"""All pictures of a digest by name, in the order of its items: each channel shows those it has room for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.digests.model import Digest, Form, Who, dump, load
from bot.digests.render.bars import bar_chart
from bot.digests.render.chart import BELOW, picture
from bot.digests.render.pairs import groups_chart, themes_chart
from bot.texts import texts as texts_of

if TYPE_CHECKING:
    from bot.channels.base import Picture
    from bot.texts import Texts

GROUPS, WEEKS, THEMES, WANTED = "groups", "chart", "themes", "wanted"
"""Names of pictures; those of what people want have the number of the question behind them."""
NO_DAY = datetime(1970, 1, 1, tzinfo=UTC)


def charts(digest: Digest, texts: Texts, across: int = BELOW) -> dict[str, Picture]:
    """Return the pictures there are, of several stages so many side by side.

    The latest are kept: a page asks for each by itself, and drawing takes long.

    They are found again by what is drawn alone: the digests of two managers differ in more than that.
    """
    return dict(_drawn(dump(_what_is_drawn(digest)), texts.language, across))


def _what_is_drawn(digest: Digest) -> Digest:
    """Return a digest that holds nothing but what stands in a picture."""
    problems = tuple(replace(theme, quote=None) for theme in digest.problems)
    works = replace(digest.works, quote=None) if digest.works else None
    return Digest(
        service="",
        name={},
        area="",
        period="",
        since=NO_DAY.date(),
        until=NO_DAY.date(),
        at=NO_DAY,
        form=Form.FULL,
        so_far=False,
        minimum=0,
        who=Who(0, 0, groups=digest.who.groups),
        scores=digest.scores,
        results=digest.results,
        problems=problems,
        works=works,
    )


@lru_cache(maxsize=16)
def _drawn(written: str, language: str, across: int) -> tuple[tuple[str, Picture], ...]:
    digest, said = load(written), texts_of(language)
    if digest is None:
        return ()
    wanted = {f"{WANTED}{number}": bar_chart(each, said) for number, each in enumerate(digest.results, 1)}
    made = {
        GROUPS: groups_chart(digest, said),
        WEEKS: picture(digest, said, across),
        THEMES: themes_chart(digest, said),
        **wanted,
    }
    return tuple((name, drawn) for name, drawn in made.items() if drawn is not None)
