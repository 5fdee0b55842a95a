"""One picture per digest: the headline share week by week, with the range of chance around it.

Drawn with matplotlib's Figure alone: no global state, safe in any thread. Shapes and labels carry the meaning, so it
reads in greyscale; the alternative text says all its numbers.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from bot.channels.base import Picture
from bot.digests.render.told import good_words, short_share, since_first
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


def picture(digest: Digest, texts: Texts) -> Picture | None:
    """Return the chart of the stage with most answers; None where no week of it has a share to show."""
    drawn = [score for score in digest.scores if any(point.share.says for point in since_first(score.weeks))]
    if not drawn:
        return None
    score = max(drawn, key=lambda one: one.positive.base or 0)
    return Picture(_png(score, texts), alt(score, texts))


def alt(score: Score, texts: Texts) -> str:
    """Return what the chart shows, in words."""
    told = f"{texts('digest.chart.between')} ".join(_point(point, texts) for point in since_first(score.weeks))
    return texts("digest.chart.alt", stage=texts(f"stage.{score.stage}"), good=good_words(score, texts), points=told)


def _point(point: Point, texts: Texts) -> str:
    week = Week.parse(point.week).number
    if not point.share.says:
        return texts("digest.chart.point_none", week=week)
    share, base = short_share(point.share, texts), texts.number(point.share.base or 0)
    return texts("digest.chart.point", week=week, percent=share, base=base)


def _png(score: Score, texts: Texts) -> bytes:
    figure = sheet_of_paper(SIZE)
    turned = texts.direction == "rtl"
    axes = figure.add_axes((0.02 if turned else 0.105, 0.245, 0.875, 0.6), facecolor=PAPER)
    said = {"stage": texts(f"stage.{score.stage}"), "good": good_words(score, texts)}
    titled(figure, texts("digest.chart.title", **said), texts)
    weeks = since_first(score.weeks)
    _frame(axes, weeks, texts)
    _before(axes, score, len(weeks))
    for place, point in enumerate(weeks):
        _mark(axes, place, point.share, place == len(weeks) - 1, texts)
    axes.plot(range(len(weeks)), [_level(point.share) for point in weeks], color=LINE, linewidth=2.2, zorder=3)
    _legend(axes, score, texts)
    return printed(figure, axes, turned=turned)


def sheet_of_paper(size: tuple[float, float]) -> Figure:
    """Return an empty picture of this width and height in inches."""
    from matplotlib import figure as figures  # noqa: PLC0415 - two seconds of import
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - the same

    figure = figures.Figure(figsize=size, dpi=DOTS, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def printed(figure: Figure, axes: Axes, *, turned: bool) -> bytes:
    """Return the picture as a PNG; `turned`: it runs from the right."""
    if turned:
        axes.invert_xaxis()
        axes.yaxis.tick_right()
        axes.tick_params(length=0)
    out = BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


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


def _frame(axes: Axes, weeks: Sequence[Point], texts: Texts) -> None:
    axes.set_xlim(-0.5, len(weeks) - 0.5)
    axes.set_ylim(0, 114)
    axes.set_yticks([0, 25, 50, 75, 100], [texts.percent(tick) for tick in (0, 25, 50, 75, 100)])
    axes.set_xticks(range(len(weeks)), _ticks(weeks, texts))
    axes.tick_params(length=0, labelsize=SMALL, colors=SOFT, pad=5)
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


def _mark(axes: Axes, place: int, share: Share, last: bool, texts: Texts) -> None:  # noqa: FBT001 - a mark of the place
    """One week: its range as a bar, its share as a dot, its number above; a band as a hatched bar."""
    if not share.says:
        return
    low, high = _reach(share)
    hatched = {"color": PAPER, "edgecolor": LINE, "hatch": "/////", "linewidth": 1.0}
    look: dict[str, Any] = hatched if share.band else {"color": SHADE}
    axes.bar(place, high - low, 0.26, bottom=low, zorder=2.5 if share.band else 1, **look)
    if share.exact:
        axes.plot([place], [_level(share)], "o", color=LINE, markersize=10 if last else 6, zorder=4)
    size, weight = (LARGE, "bold") if last else (SMALL, "normal")
    words: dict[str, Any] = {"fontsize": size, "fontweight": weight, "color": INK if last else SOFT}
    label = axes.text(place, high + 2, short_share(share, texts), ha="center", zorder=5, **words)
    slot = axes.get_window_extent().width / (axes.get_xlim()[1] - axes.get_xlim()[0])
    _fit(label, 0.92 * slot)


def _reach(share: Share) -> tuple[float, float]:
    """Where the bar begins and ends, in percent."""
    match share.band:
        case "over":
            return share.edge, 100
        case "under":
            return 0, share.edge
    return 100 * (share.low or 0.0), 100 * (share.high or 0.0)


def _legend(axes: Axes, score: Score, texts: Texts) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415 - with the rest of it
    from matplotlib.patches import Patch  # noqa: PLC0415 - the same

    marks: list[Any] = [Patch(color=SHADE, label=texts("digest.chart.range"))]
    if score.change and score.change.before.exact:
        words = f"{texts('digest.chart.before')}: {texts.percent(score.change.before.percent or 0)}"
        marks.append(Line2D([], [], color=SOFT, linewidth=1.3, dashes=(4, 3), label=words))
    look: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.1, -0.43)}
    if texts.direction == "rtl":
        look = {"loc": "lower right", "bbox_to_anchor": (1.1, -0.43), "markerfirst": False}
        marks.reverse()
    axes.legend(
        handles=marks, ncols=2, frameon=False, fontsize=SMALL, labelcolor=SOFT, borderpad=0, handlelength=2.2,
        columnspacing=2.0, **look,
    )  # fmt: skip
