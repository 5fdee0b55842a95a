"""Two bars for each name: themes this week and the week before, groups that answered and that live there.

The first bar is dark and full, the second pale with stripes, so that they keep apart without colour; the number stands
behind each. A theme has its two bars on each side it is told on: as what works they are lighter, and dotted. In a
language that runs from the right, bars grow from the right.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.channels.base import Picture
from bot.digests.render.chart import DOTS, INK, LINE, PAPER, SHADE, SMALL, SOFT, printed, sheet_of_paper, titled
from bot.digests.render.words import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bot.digests.model import Digest, Group, Theme
    from bot.texts import Texts

WIDE, HEAD, FOOT, BAR = 6.0, 0.5, 0.4, 0.52
"""Inches: the picture's width, what stands above and under the bars, and the height of two bars with their room."""
WITHIN, KEYS = 0.82, 0.2
"""How much of that height two bars take under others of the same name; inches of a second line of the legend."""
GROUPS = 8
"""Most groups in one chart."""
NAMES, LETTERS, LINES = 0.36, 26, 2
"""How much of the width names take; letters of a name on a line, and lines of it."""
ACROSS = 2
"""Columns of the legend."""
Look: TypeAlias = "dict[str, Any]"
Key: TypeAlias = "tuple[Look, str]"
"""How a bar looks, and what it is."""
WELL, PALE = "#6f9d96", "#d3e4df"
"""What works: lighter than a problem, and dotted, in greyscale too."""
LOOKS: tuple[tuple[Look, Look], tuple[Look, Look]] = (
    ({"facecolor": LINE}, {"facecolor": SHADE, "edgecolor": PAPER, "hatch": "////", "linewidth": 0}),
    (
        {"facecolor": WELL, "edgecolor": PAPER, "hatch": "..", "linewidth": 0},
        {"facecolor": PALE, "edgecolor": WELL, "hatch": "..", "linewidth": 0},
    ),
)
"""The two bars of a problem or a group, and those of what works."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One name with its two numbers, each as it is written; a number that is not told is None and says why."""

    name: str
    first: float | None
    second: float | None
    told: tuple[str, str]
    well: bool = False
    """Whether it is of those who are content."""


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of a chart: what it is, the heads of its columns, a row for each name."""

    caption: str
    columns: tuple[str, str, str]
    rows: tuple[tuple[str, str, str], ...]


def tables(digest: Digest, texts: Texts) -> dict[str, Table]:
    """Return the numbers of both charts as tables, by the names of the charts."""
    said = words(texts.language)
    themes, groups = _themes(digest), _groups(digest)
    told = [_named(_theme(each, said, well=well), said) for each, well in themes]
    rows = {"themes": told, "groups": [_group(each, said) for each in groups]}
    made = {name: _table(name, pairs, said) for name, pairs in rows.items()}
    return {name: table for name, table in made.items() if table.rows}


HEADS = {
    "themes": ("column.theme", "chart.now", "chart.before"),
    "groups": ("column.group", "chart.answered", "chart.residents"),
}


def _table(name: str, pairs: Sequence[Pair], said: Texts) -> Table:
    first, second, third = (said(head) for head in HEADS[name])
    rows = tuple((pair.name, *pair.told) for pair in pairs)
    return Table(said(f"chart.{name}"), (first, second, third), rows)


def themes_chart(digest: Digest, texts: Texts) -> Picture | None:
    """Return the themes, problems first, with the people of this week and of the one before; None without a theme."""
    said = words(texts.language)
    themes = _themes(digest)
    if not themes:
        return None
    rows: dict[str, list[Pair]] = {}
    for theme, well in themes:
        rows.setdefault(theme.key, []).append(_theme(theme, said, well=well))
    keys = [
        (look, _side(said(f"chart.{when}"), said, well=well))
        for well in dict.fromkeys(well for _, well in themes)
        for look, when in zip(LOOKS[well], ("now", "before"), strict=True)
    ]
    png = _png([*rows.values()], said("chart.themes"), keys, said)
    told = said("digest.wanted.between").join(_theme_words(each, said, well=well) for each, well in themes)
    return Picture(png, said("chart.themes_alt", list=told))


def _themes(digest: Digest) -> list[tuple[Theme, bool]]:
    """Return the themes, problems first, and of each whether it is what works."""
    return [*((each, False) for each in digest.problems), *([(digest.works, True)] if digest.works else [])]


def _groups(digest: Digest) -> list[Group]:
    groups = digest.who.groups
    return [each for each in groups if each.variable == groups[0].variable][:GROUPS]


def _side(name: str, said: Texts, *, well: bool) -> str:
    return said("chart.side", side=said("digest.head.works" if well else "digest.head.problems"), name=name)


def _named(pair: Pair, said: Texts) -> Pair:
    """Name what works as such: the same theme may be a problem as well."""
    return replace(pair, name=_side(pair.name, said, well=True)) if pair.well else pair


def _theme(each: Theme, said: Texts, *, well: bool) -> Pair:
    before = "" if not each.compared else said("chart.few") if each.before is None else said.number(each.before)
    return Pair(said.pick(each.name, each.key), each.people, each.before, (_people(each, said), before), well)


def _people(each: Theme, said: Texts) -> str:
    number = said.number(each.people)
    return said("chart.at_least", n=number) if each.at_least else number


def _theme_words(each: Theme, said: Texts, *, well: bool) -> str:
    told = {"name": _named(_theme(each, said, well=well), said).name, "people": _people(each, said)}
    if not each.compared:
        return said("chart.theme_alone", **told)
    if each.before is None:
        return said("chart.theme_few", **told)
    return said("chart.theme", before=said.number(each.before), **told)


def groups_chart(digest: Digest, texts: Texts) -> Picture | None:
    """Return the groups of one variable as parts of those who answered and of those who live there.

    Of several variables it is the one that misses most; None where nothing can be compared.
    """
    said = words(texts.language)
    groups = _groups(digest)
    if not groups:
        return None
    pairs = [[_group(each, said)] for each in groups]
    keys = [(look, said(f"chart.{of}")) for look, of in zip(LOOKS[False], ("answered", "residents"), strict=True)]
    png = _png(pairs, said("chart.groups"), keys, said)
    told = said("digest.wanted.between").join(_group_words(each, said) for each in groups)
    return Picture(png, said("chart.groups_alt", list=told))


def _group(each: Group, said: Texts) -> Pair:
    answered = said("chart.few") if each.answered is None else said.percent(each.answered)
    return Pair(said.pick(each.group), each.answered, each.residents, (answered, said.percent(each.residents)))


def _group_words(each: Group, said: Texts) -> str:
    told = {"name": said.pick(each.group), "residents": said.percent(each.residents)}
    if each.answered is None:
        return said("chart.group_few", **told)
    return said("chart.group", answered=said.percent(each.answered), **told)


def _png(rows: Sequence[Sequence[Pair]], title: str, keys: Sequence[Key], said: Texts) -> bytes:
    places = _places(rows)
    under = FOOT + KEYS * (len(keys) > ACROSS)
    bars = BAR * (places[-1][-1] + 1)
    high = HEAD + under + bars
    figure = sheet_of_paper((WIDE, high))
    turned = said.direction == "rtl"
    edge = 0.04 if turned else NAMES
    axes = figure.add_axes((edge, under / high, 0.96 - NAMES, bars / high), facecolor=PAPER)
    titled(figure, title, said)
    _frame(axes, rows, places, turned=turned)
    for row, of in zip(rows, places, strict=True):
        for place, pair in zip(of, row, strict=True):
            _bars(axes, place, pair, turned=turned)
    _legend(figure, keys, 0.08 / high, turned=turned)
    return printed(figure, [axes], turned=turned)


def _places(rows: Sequence[Sequence[Pair]]) -> list[list[float]]:
    """Return where the bars of each name stand: those of one name nearer to each other."""
    places: list[list[float]] = []
    for row in rows:
        first = places[-1][-1] + 1 if places else 0.0
        places.append([first + WITHIN * n for n in range(len(row))])
    return places


def _frame(axes: Axes, rows: Sequence[Sequence[Pair]], places: Sequence[Sequence[float]], *, turned: bool) -> None:
    most = max(number or 0 for row in rows for pair in row for number in (pair.first, pair.second))
    axes.set_xlim(0, 1.18 * most or 1)
    axes.set_ylim(places[-1][-1] + 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([(of[0] + of[-1]) / 2 for of in places], [_name(row[0].name) for row in rows])
    axes.tick_params(length=0, labelsize=SMALL, labelcolor=INK, pad=5)
    for name, side in axes.spines.items():
        side.set_visible(name == ("right" if turned else "left"))
        side.set_color(SOFT)


def _name(name: str) -> str:
    return "\n".join(textwrap.wrap(name, LETTERS, max_lines=LINES, placeholder="…"))


def _bars(axes: Axes, place: float, pair: Pair, *, turned: bool) -> None:
    gap = 4 / 72 * DOTS * axes.get_xlim()[1] / axes.get_window_extent().width
    numbers, looks = (pair.first, pair.second), LOOKS[pair.well]
    for offset, number, told, look in zip((-0.19, 0.19), numbers, pair.told, looks, strict=True):
        axes.barh(place + offset, number or 0, 0.34, **look)
        weight, side = "bold" if offset < 0 else "normal", "right" if turned else "left"
        axes.text((number or 0) + gap, place + offset, told, fontsize=SMALL, fontweight=weight, color=INK,
                  va="center_baseline", ha=side)  # fmt: skip


def _legend(figure: Figure, keys: Sequence[Key], bottom: float, *, turned: bool) -> None:
    """Say what bars are, those of one side under each other."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - with the rest of it

    marks = [Patch(label=label, **look) for look, label in keys]
    look: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.02, bottom)}
    if turned:
        look = {"loc": "lower right", "bbox_to_anchor": (0.98, bottom), "markerfirst": False}
        half = len(marks) // ACROSS
        marks = [*marks[half:], *marks[:half]]
    figure.legend(handles=marks, ncols=ACROSS, frameon=False, fontsize=SMALL, labelcolor=SOFT, borderpad=0, **look)
