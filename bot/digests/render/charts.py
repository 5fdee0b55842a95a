"""All pictures of a digest by name, in the order of its items: each channel shows those it has room for."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bot.digests.model import dump, load
from bot.digests.render.bars import bar_chart
from bot.digests.render.chart import picture
from bot.digests.render.pairs import groups_chart, themes_chart
from bot.texts import texts as texts_of

if TYPE_CHECKING:
    from bot.channels.base import Picture
    from bot.digests.model import Digest
    from bot.texts import Texts

GROUPS, WEEKS, THEMES, WANTED = "groups", "chart", "themes", "wanted"
"""Names of pictures; those of what people want have the number of the question behind them."""


def charts(digest: Digest, texts: Texts) -> dict[str, Picture]:
    """Return the pictures there are. The latest are kept: a page asks for each by itself, and drawing takes long."""
    return dict(_drawn(dump(digest), texts.language))


@lru_cache(maxsize=16)
def _drawn(written: str, language: str) -> tuple[tuple[str, Picture], ...]:
    digest, said = load(written), texts_of(language)
    if digest is None:
        return ()
    wanted = {f"{WANTED}{number}": bar_chart(each, said) for number, each in enumerate(digest.results, 1)}
    made = {
        GROUPS: groups_chart(digest, said),
        WEEKS: picture(digest, said),
        THEMES: themes_chart(digest, said),
        **wanted,
    }
    return tuple((name, drawn) for name, drawn in made.items() if drawn is not None)
