"""One picture per digest: the headline share week by week, with the range of chance around it and its median.

Of one stage it is one chart; of several, small ones side by side on the same scale, so that they can be compared.
Drawn with matplotlib's Figure alone: no global state, safe in any thread. Shapes and labels carry the meaning, so it
reads in greyscale; the alternative text says all its numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING, Any

from bot.channels.base import Picture
from bot.digests.render.letters import for_letters
from bot.digests.render.told import good_words, reworded, short_share, since_first
from bot.digests.render.words import words as words_of
from bot.digests.weeks import Week

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from bot.digests.disclosure import Share
    from bot.digests.model import Digest, Point, Score
    from bot.texts import Texts

PAPER, INK, SOFT, LINE, SHADE, GRID = "#fffaf3", "#2d2a32", "#6b6470", "#a63d2f", "#efc9b2", "#eadfd2"
"""Warm paper and ink; line and shade keep apart in greyscale too."""
SIZE, DOTS = (6.0, 3.6), 160
"""Inches and dots per inch: 960 by 576, with letters a phone shows at reading size."""
SMALL, LARGE, TITLE = 9.5, 13, 12.5
"""Sizes of letters, in points."""
PANEL, LEGEND, EDGE = 2.3, 0.45, 0.12
"""Inches of the height of a small chart, of the legend under all of them, and above those with larger letters."""
RECENT = 6
"""Weeks that a small chart has room for."""
BELOW, ACROSS = 1, 2
"""Small charts side by side: on a phone they stand one below the other, on paper two and two."""


@dataclass(frozen=True, slots=True)
class Look:
    """How large a chart is drawn: sizes of letters in points, of the dots, and how many weeks there are."""

    small: float = SMALL
    large: float = LARGE
    title: float = TITLE
    dot: float = 6.0
    weeks: int = 9


ALONE, BESIDE = Look(), Look(8.0, 10.5, 10.0, 4.5, RECENT)
WIDE = Look(11.0, 14.0, 13.0, 6.0, RECENT)
"""A small chart that has the whole width: its letters are as large as a phone's width needs them."""


def picture(digest: Digest, texts: Texts, across: int = BELOW) -> Picture | None:
    """Return the chart of all stages that have a share to show in some week; None where there is none.

    Of several stages so many stand side by side.
    """
    drawn = [score for score in digest.scores if any(point.share.says for point in since_first(score.weeks))]
    if not drawn:
        return None
    png = _one(drawn[0], texts) if len(drawn) == 1 else _several(drawn, texts, across)
    return Picture(png, " ".join(alt(score, texts) for score in drawn))


def alt(score: Score, texts: Texts) -> str:
    """Return what the chart shows, in words."""
    told = f"{texts('digest.chart.between')} ".join(_point(point, texts) for point in since_first(score.weeks))
    shown = texts("digest.chart.alt", stage=texts(f"stage.{score.stage}"), good=good_words(score, texts), points=told)
    return " ".join(filter(None, (shown, reworded(score, texts))))


def _point(point: Point, texts: Texts) -> str:
    week = Week.parse(point.week).number
    if not point.share.says:
        return texts("digest.chart.point_none", week=week)
    share, base = short_share(point.share, texts), texts.number(point.share.base or 0)
    return texts("digest.chart.point", week=week, percent=share, base=base)


def _one(score: Score, texts: Texts) -> bytes:
    figure = sheet_of_paper(SIZE)
    turned = texts.direction == "rtl"
    axes = figure.add_axes((0.02 if turned else 0.105, 0.245, 0.875, 0.6), facecolor=PAPER)
    said = {"stage": texts(f"stage.{score.stage}"), "good": good_words(score, texts)}
    titled(figure, texts("digest.chart.title", **said), texts)
    _drawn(axes, score, ALONE, texts)
    _legend(figure, [score], 0.03, texts)
    return printed(figure, [axes], turned=turned)


def _several(scores: Sequence[Score], texts: Texts, across: int) -> bytes:
    """Draw a small chart for each, in the order in which a language is read."""
    look = WIDE if across == BELOW else BESIDE
    rows = ceil(len(scores) / across)
    high = (EDGE if across == BELOW else 0) + PANEL * rows + LEGEND
    figure = sheet_of_paper((SIZE[0], high))
    turned = texts.direction == "rtl"
    panels = [_panel(figure, place, across, high, texts) for place in range(len(scores))]
    for axes, score in zip(panels, scores, strict=True):
        _drawn(axes, score, look, texts)
        _named(axes, score, look, texts)
    _legend(figure, scores, 0.1 / high, texts)
    return printed(figure, panels, turned=turned)


def _panel(figure: Figure, place: int, across: int, high: float, texts: Texts) -> Axes:
    row, column = divmod(place, across)
    turned = texts.direction == "rtl"
    before, after = (0.12, 0.025) if across == BELOW else (0.08, 0.025)
    left = (across - 1 - column if turned else column) / across + (after if turned else before)
    above = EDGE if across == BELOW else 0
    bottom = (high - above - PANEL * (row + 1) + 0.5) / high
    return figure.add_axes((left, bottom, 1 / across - before - after, (PANEL - 0.95) / high), facecolor=PAPER)


def _named(axes: Axes, score: Score, look: Look, texts: Texts) -> None:
    """Write stage and counted answers above a small chart, no wider than it."""
    edge, side = (1.0, "right") if texts.direction == "rtl" else (0.0, "left")
    words: dict[str, Any] = {"transform": axes.transAxes, "ha": side}
    stage = texts(f"stage.{score.stage}")
    name = axes.text(edge, 1.2, stage, fontsize=look.title, fontweight="bold", color=INK, **words)
    good = axes.text(edge, 1.07, good_words(score, texts), fontsize=look.small, color=SOFT, **words)
    for text in (name, good):
        _fit(text, axes.get_window_extent().width)


def _drawn(axes: Axes, score: Score, look: Look, texts: Texts) -> None:
    """Draw the weeks; no line joins those in which the question was worded otherwise with those since."""
    weeks = since_first(score.weeks)[-look.weeks :]
    _frame(axes, weeks, look, texts)
    _before(axes, score, len(weeks))
    if score.median is not None:
        axes.axhline(score.median, color=INK, linewidth=1.1, linestyle=(0, (1, 2)), zorder=2)
    for place, point in enumerate(weeks):
        _mark(axes, place, point.share, look if place < len(weeks) - 1 else None, look, texts)
    since = sum(point.week < score.reworded for point in weeks)
    for asked in (range(since), range(since, len(weeks))):
        axes.plot(asked, [_level(weeks[n].share) for n in asked], color=LINE, linewidth=2.2, zorder=3)
    if 0 < since < len(weeks):
        axes.axvline(since - 0.5, color=SOFT, linewidth=1.1, linestyle=(0, (1, 3)), zorder=1)


def sheet_of_paper(size: tuple[float, float]) -> Figure:
    """Return an empty picture of this width and height in inches."""
    from matplotlib import figure as figures  # noqa: PLC0415 - two seconds of import
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - the same

    figure = figures.Figure(figsize=size, dpi=DOTS, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def printed(figure: Figure, panels: Sequence[Axes], *, turned: bool) -> bytes:
    """Return the picture as a PNG; `turned`: its panels run from the right."""
    for axes in panels if turned else ():
        axes.invert_xaxis()
        axes.yaxis.tick_right()
        axes.tick_params(length=0)
    _lettered(figure)
    out = BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _lettered(figure: Figure) -> None:
    """Give all words fonts that have their letters: names come in any script."""
    from matplotlib import font_manager, text  # noqa: PLC0415 - with the rest of it

    words = [each for each in figure.findobj(text.Text) if isinstance(each, text.Text)]
    others = for_letters("".join(each.get_text() for each in words))
    if others:
        families = ["DejaVu Sans", *(font_manager.get_font(str(font)).family_name for font in others)]
        for each in words:
            each.set_fontfamily(families)


def titled(figure: Figure, words: str, texts: Texts) -> None:
    """Write words above, from the side where reading begins, no wider than the picture."""
    edge, side = (0.97, "right") if texts.direction == "rtl" else (0.03, "left")
    top = 1 - 0.25 / float(figure.get_size_inches()[1])
    title = figure.text(edge, top, words, fontsize=TITLE, fontweight="bold", color=INK, va="center", ha=side)
    _fit(title, 0.94 * figure.bbox.width)


def _fit(words: Text, width: float) -> None:
    """Make letters smaller where words would be wider than `width`, in dots of the picture."""
    wide = words.get_window_extent().width
    if wide > width:
        words.set_fontsize(float(words.get_fontsize()) * width / wide)


def _frame(axes: Axes, weeks: Sequence[Point], look: Look, texts: Texts) -> None:
    axes.set_xlim(-0.5, len(weeks) - 0.5)
    axes.set_ylim(0, 114)
    ticks = (0, 25, 50, 75, 100) if look is ALONE else (0, 50, 100)
    axes.set_yticks(ticks, [texts.percent(tick) for tick in ticks])
    axes.set_xticks(range(len(weeks)), _ticks(weeks, texts))
    axes.tick_params(length=0, labelsize=look.small, colors=SOFT, pad=5)
    slot = axes.get_window_extent().width / len(weeks)
    for label in axes.get_xticklabels():
        _fit(label, slot)
    axes.grid(axis="y", color=GRID, linewidth=1)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)


def _ticks(weeks: Sequence[Point], texts: Texts) -> list[str]:
    """Under each week its number and how many answered; the first of each says what the number is."""
    numbers = [str(Week.parse(point.week).number) for point in weeks]
    numbers[0] = texts("digest.chart.week", week=numbers[0])
    bases = [texts.number(point.share.base) if point.share.base is not None else "" for point in weeks]
    first = next((place for place, base in enumerate(bases) if base), None)
    if first is not None:
        bases[first] = texts("digest.chart.base", n=bases[first])
    return [f"{number}\n{base}" for number, base in zip(numbers, bases, strict=True)]


def _before(axes: Axes, score: Score, weeks: int) -> None:
    """The four weeks before, taken together, as a dashed line over their width."""
    if score.change and score.change.before.exact:
        level, last = score.change.before.percent or 0, weeks - 1
        span = [max(last - 4, 0) - 0.3, last - 0.7]
        axes.plot(span, [level, level], color=SOFT, linewidth=1.3, dashes=(4, 3), zorder=2)


def _level(share: Share) -> float:
    return 100 * (share.part or 0) / (share.base or 1) if share.exact else float("nan")


def _mark(axes: Axes, place: int, share: Share, earlier: Look | None, look: Look, texts: Texts) -> None:
    """One week: its range as a bar, its share as a dot, its number above; a band as a hatched bar.

    `earlier` is given for all weeks but the last, which is larger.
    """
    if not share.says:
        return
    low, high = _reach(share)
    hatched = {"color": PAPER, "edgecolor": LINE, "hatch": "/////", "linewidth": 1.0}
    fill: dict[str, Any] = hatched if share.band else {"color": SHADE}
    axes.bar(place, high - low, 0.26, bottom=low, zorder=2.5 if share.band else 1, **fill)
    if share.exact:
        axes.plot([place], [_level(share)], "o", color=LINE, markersize=look.dot * (1 if earlier else 1.6), zorder=4)
    size, weight = (look.small, "normal") if earlier else (look.large, "bold")
    words: dict[str, Any] = {"fontsize": size, "fontweight": weight, "color": SOFT if earlier else INK}
    told = short_share(share, texts) if look is ALONE else _shorter(share, texts)
    label = axes.text(place, high + 2, told, ha="center", zorder=5, **words)
    slot = axes.get_window_extent().width / (axes.get_xlim()[1] - axes.get_xlim()[0])
    _fit(label, 0.92 * slot)


def _shorter(share: Share, texts: Texts) -> str:
    """Return a share without words: `68%`, `>80%`."""
    sign = {"over": ">", "under": "<"}.get(share.band, "")
    return f"{sign}{texts.percent(share.edge)}" if share.band else texts.percent(share.percent or 0)


def _reach(share: Share) -> tuple[float, float]:
    """Where the bar begins and ends, in percent."""
    match share.band:
        case "over":
            return share.edge, 100
        case "under":
            return 0, share.edge
    return 100 * (share.low or 0.0), 100 * (share.high or 0.0)


def _legend(figure: Figure, scores: Sequence[Score], bottom: float, texts: Texts) -> None:
    """Say what lines and bars are, with their numbers where there is one chart only."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 - with the rest of it
    from matplotlib.patches import Patch  # noqa: PLC0415 - the same

    marks: list[Any] = [Patch(color=SHADE, label=texts("digest.chart.range"))]
    before = [each.change.before.percent for each in scores if each.change and each.change.before.exact]
    medians = [each.median for each in scores if each.median is not None]
    if before:
        words = _numbered(texts("digest.chart.before"), before, len(scores), texts)
        marks.append(Line2D([], [], color=SOFT, linewidth=1.3, dashes=(4, 3), label=words))
    if medians:
        words = _numbered(words_of(texts.language)("chart.median"), medians, len(scores), texts)
        marks.append(Line2D([], [], color=INK, linewidth=1.1, linestyle=(0, (1, 2)), label=words))
    look: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.02, bottom)}
    if texts.direction == "rtl":
        look = {"loc": "lower right", "bbox_to_anchor": (0.98, bottom), "markerfirst": False}
        marks.reverse()
    figure.legend(
        handles=marks, ncols=3, frameon=False, fontsize=SMALL, labelcolor=SOFT, borderpad=0, handlelength=2.2,
        columnspacing=1.6, **look,
    )  # fmt: skip


def _numbered(words: str, numbers: Sequence[int | None], charts: int, texts: Texts) -> str:
    return f"{words}: {texts.percent(numbers[0] or 0)}" if charts == 1 else words
