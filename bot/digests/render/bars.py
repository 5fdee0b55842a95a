"""What people want as a picture: a bar for each option, the best on top, with the range of its score.

Drawn as the chart of the weeks is; in a language that runs from the right, bars grow from the right.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from bot.channels.base import Picture
from bot.digests.render.chart import GRID, INK, LARGE, LINE, PAPER, SHADE, SMALL, SOFT, printed, sheet_of_paper, titled
from bot.digests.render.told import listed, number_words, score_words
from bot.digests.results import Kind
from bot.texts import END, LEFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bot.digests.results import Result, Standing
    from bot.texts import Texts

WIDE, HEAD, FOOT, BAR = 6.0, 0.5, 0.45, 0.42
"""Inches: the picture's width, what stands above and under the bars, and the height of one bar with its room."""
NAMES = 0.36
"""How much of the width the names of options take."""
LETTERS = 26
"""Letters of a name on a line; longer ones go on below, three lines at most."""


def bar_chart(result: Result, texts: Texts) -> Picture | None:
    """Return the scores of a question as bars; None where there are none."""
    drawn = [each for each in result.standings if each.score is not None]
    if not drawn:
        return None
    return Picture(_png(drawn, result, texts), texts("digest.wanted.alt", list=listed(result, texts)))


def _png(drawn: list[Standing], result: Result, texts: Texts) -> bytes:
    high = HEAD + FOOT + BAR * len(drawn)
    figure = sheet_of_paper((WIDE, high))
    turned = texts.direction == "rtl"
    edge = 0.04 if turned else NAMES
    axes = figure.add_axes((edge, FOOT / high, 0.96 - NAMES, BAR * len(drawn) / high), facecolor=PAPER)
    titled(figure, texts.pick(result.title), texts)
    _frame(axes, drawn, result.kind, texts)
    for place, standing in enumerate(drawn):
        _bar(axes, place, standing, result, texts)
    return printed(figure, [axes], turned=turned)


def _frame(axes: Axes, drawn: list[Standing], kind: Kind, texts: Texts) -> None:
    ends = (-100, 100) if kind is Kind.BESTWORST else (0, 100)
    axes.set_xlim(*ends)
    axes.set_ylim(len(drawn) - 0.5, -0.5)
    marks = [-100, -50, 0, 50, 100] if kind is Kind.BESTWORST else [0, 25, 50, 75, 100]
    axes.set_xticks(marks, [_bare(number_words(mark, kind, texts)) for mark in marks])
    axes.set_yticks(range(len(drawn)), [_name(each, texts) for each in drawn])
    axes.tick_params(length=0, labelsize=SMALL, colors=SOFT, pad=5)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.grid(axis="x", color=GRID, linewidth=1)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    if kind is Kind.BESTWORST:
        axes.axvline(0, color=SOFT, linewidth=1.2, zorder=2)


def _bare(words: str) -> str:
    """Return words without the marks that keep numbers in their places in a text: a picture has no text around."""
    return words.strip(f"{LEFT}{END}")


def _name(standing: Standing, texts: Texts) -> str:
    return "\n".join(textwrap.wrap(texts.pick(standing.label), LETTERS, max_lines=3, placeholder="…"))


def _bar(axes: Axes, place: int, standing: Standing, result: Result, texts: Texts) -> None:
    """Draw the score as a bar with its number in or beside it, and its range as a line."""
    score, low, high = standing.score or 0, standing.low or 0, standing.high or 0
    axes.barh(place, score, 0.56, color=SHADE, zorder=1)
    axes.plot([low, high], [place + 0.28, place + 0.28], color=LINE, linewidth=1.6, solid_capstyle="butt", zorder=3)
    axes.plot([score], [place + 0.28], "o", color=LINE, markersize=4, zorder=4)
    side = "left" if (score >= 0) != (texts.direction == "rtl") else "right"
    inner = 2 if score >= 0 else -2
    words = _bare(score_words(standing.score, result, texts))
    axes.text(
        inner, place - 0.03, words, fontsize=LARGE - 2, fontweight="bold", color=INK, va="center", ha=side, zorder=5
    )
