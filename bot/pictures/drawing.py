"""A flow as an SVG drawing, from top to bottom: what is asked, what leads where, and how many people of a round went.

It needs no network, no script, no style sheet and no font of its own. All colours stand as attributes, so that a page
can lay its own over them by class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from bot.pictures import lettering
from bot.pictures.drop_off import NOBODY
from bot.pictures.layout import Box, Link, laid_out
from bot.pictures.signs import OTHER, SIGNS
from bot.pictures.wording import shown, ways
from flows.diagram import in_order_met, verb_of
from flows.model import End, Say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.pictures.drop_off import DropOff
    from bot.pictures.layout import Path, Place
    from bot.pictures.wording import Way
    from bot.texts import Texts
    from flows.model import Flow, State

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans Arabic', Arial, sans-serif"
PAPER, CARD, INK, SOFT, LINE, EDGE, TINT, WARN = (
    *("#f7f5f0", "#ffffff", "#1a2430", "#4d5a68", "#8fb0b2", "#0b5963", "#e2efee", "#7a4a00"),
)
MARGIN, WIDE, INSIDE, SIGN = 24.0, 300.0, 12.0, 20.0
"""Pixels: around all, a box, within a box, a sign."""
TEXT, SMALL, TITLE = 15.0, 12.5, 20.0
"""Sizes of letters in pixels."""
LEADING = 1.3
WORDS_WIDE = 168.0
THIN, THICK = 1.5, 12.0
"""Pixels of a line: of few or uncounted people, and of the most people."""
_STATE_LINES, _WORD_LINES = 3, 3


@dataclass(frozen=True, slots=True)
class Written:
    """Lines of one kind that stand below each other."""

    lines: tuple[str, ...]
    size: float = TEXT
    kind: str = "text"
    colour: str = INK
    bold: bool = False

    @property
    def height(self) -> float:
        """Pixels from the first line's top to the last one's end."""
        return len(self.lines) * self.size * LEADING

    @property
    def width(self) -> float:
        """About how many pixels the longest line takes."""
        return max((lettering.width(line, self.size * (1.08 if self.bold else 1)) for line in self.lines), default=0.0)


def svg(flow: Flow, texts: Texts, heading: str = "", counted: DropOff | None = None) -> str:
    """Return `flow` as a drawing in the language of `texts`, or in its own where it does not speak that.

    `heading` stands above in place of the flow's title, `counted` people on the arrows.
    """
    return _Picture(flow, texts, heading or texts.pick(flow.title, flow.id), counted).svg()


@dataclass(slots=True)
class _Picture:
    flow: Flow
    texts: Texts
    heading: str
    counted: DropOff | None
    states: Mapping[str, State] = field(init=False)
    ways: list[Way] = field(init=False)

    def __post_init__(self) -> None:
        states = self.flow.script(self.texts.language).states
        self.states = {one: states[one] for one in in_order_met(states, self.flow.start)}
        self.ways = [way for way in ways(self.states, self.texts) if way.origin != way.to]

    def svg(self) -> str:
        told = {state: self.told(state) for state in self.states}
        words = [self.words(way) for way in self.ways]
        boxes = [Box(state, WIDE, _box_height(told[state])) for state in self.states]
        layout = laid_out(boxes, self.links(words))
        head, foot = self.head(layout.width), self.foot(layout.width)
        top = MARGIN + sum(each.height for each in head) + MARGIN
        canvas = _Canvas(layout.width + 2 * MARGIN, self.texts.direction == "rtl", top)
        body = [
            canvas.block(head, MARGIN, MARGIN, raw=True),
            *(self.line(canvas, way, path) for way, path in zip(self.ways, layout.paths, strict=True)),
            *(canvas.chip(path.words, words[n], self.ways[n].on) for n, path in enumerate(layout.paths)),
            *(self.box(canvas, state, layout.boxes[state], told[state]) for state in self.states),
            canvas.block(foot, MARGIN, top + layout.height + MARGIN, raw=True),
        ]
        height = top + layout.height + 2 * MARGIN + sum(each.height for each in foot)
        return self.sheet(canvas, height, body)

    def sheet(self, canvas: _Canvas, height: float, body: Sequence[str]) -> str:
        return _tag(
            "svg",
            _tag("title", escape(self.heading), id="picture-title"),
            _tag("desc", escape(self.about()), id="picture-about"),
            _tag("rect", width="100%", height="100%", fill=PAPER, class_="paper"),
            *body,
            xmlns="http://www.w3.org/2000/svg",
            width=f"{canvas.width:.0f}",
            height=f"{height:.0f}",
            viewBox=f"0 0 {canvas.width:.0f} {height:.0f}",
            role="img",
            lang=self.texts.language,
            direction=self.texts.direction,
            aria_labelledby="picture-title picture-about",
            class_="flow-picture",
            font_family=FONT,
        )

    def about(self) -> str:
        return self.texts("picture.about_round" if self.counted else "picture.about", n=len(self.states))

    # ----------------------------------------------------------------- what is written

    def head(self, room: float) -> list[Written]:
        lead = self.texts(
            "picture.lead",
            n=self.texts.number(self.flow.asked),
            minutes=self.texts.number(self.flow.takes),
        )
        return [
            Written(tuple(lettering.lines(self.heading, TITLE, room, 2)), TITLE, bold=True),
            Written(tuple(lettering.lines(lead, SMALL, room, 2)), SMALL, "soft", SOFT),
        ]

    def foot(self, room: float) -> list[Written]:
        if self.counted is None:
            return []
        note = self.texts("picture.note", minimum=self.texts.number(self.counted.minimum))
        return [Written(tuple(lettering.lines(note, SMALL, room, 6)), SMALL, "soft", SOFT)]

    def told(self, id_: str) -> list[Written]:
        """Return what stands in the box of a state."""
        state, room = self.states[id_], WIDE - 3 * INSIDE - SIGN
        text = tuple(lettering.lines(shown(state), TEXT, room, _STATE_LINES))
        return [Written(text), Written((self.caption(state),), SMALL, "soft", SOFT), *self.stopped(id_)]

    def caption(self, state: State) -> str:
        verb = self.texts(f"verb.{verb_of(state)}")
        if self.counted is None:
            return verb
        return self.texts("picture.caption", verb=verb, came=self.counted.came_to(state.id, self.texts))

    def stopped(self, id_: str) -> list[Written]:
        said = self.counted.stopped_at(id_, self.texts) if self.counted else ""
        return [Written((said,), SMALL, "stopped", WARN, bold=True)] if said else []

    def words(self, way: Way) -> list[Written]:
        """Return what stands on an arrow."""
        on = lettering.lines(way.on, SMALL, WORDS_WIDE, _WORD_LINES) if way.on else []
        said = [Written(tuple(on), SMALL, "text", INK)] if on else []
        if self.counted is None:
            return said
        went = self.counted.on_arrow(way.origin, way.to, self.texts)
        return [*said, Written((went,), SMALL, "count", EDGE, bold=True)]

    # ----------------------------------------------------------------- what is drawn

    def links(self, words: Sequence[Sequence[Written]]) -> list[Link]:
        main = self.main_way()
        return [
            Link(
                way.origin,
                way.to,
                max((one.width for one in said), default=0.0) + (INSIDE if said else 0.0),
                sum(one.height for one in said) + (4 if said else 0),
                (way.origin, way.to) in main,
            )
            for way, said in zip(self.ways, words, strict=True)
        ]

    def main_way(self) -> set[tuple[str, str]]:
        """Return the arrows of the longest way: the backbone, drawn straight."""
        onward: dict[str, list[str]] = {}
        for way in self.ways:
            onward.setdefault(way.origin, []).append(way.to)
        length: dict[str, int] = {}
        stack = [(self.flow.start, False)]
        while stack:
            at, ready = stack.pop()
            if ready:
                length[at] = 1 + max((length.get(to, 0) for to in onward.get(at, ())), default=0)
            elif at not in length:
                length[at] = 0
                stack += [(at, True), *((to, False) for to in onward.get(at, ()) if to not in length)]
        main, at = set[tuple[str, str]](), self.flow.start
        while at in onward and (to := max(onward[at], key=lambda one: length.get(one, 0))) and (at, to) not in main:
            main.add((at, to))
            at = to
        return main

    def line(self, canvas: _Canvas, way: Way, path: Path) -> str:
        if self.counted is None:
            return canvas.line(path, THIN)
        count = self.counted.went.get((way.origin, way.to), NOBODY).count
        if count is None:
            return canvas.line(path, THIN, stroke_dasharray="2 5")
        return canvas.line(path, THIN + (THICK - THIN) * count / self.counted.most)

    def box(self, canvas: _Canvas, id_: str, place: Place, told: Sequence[Written]) -> str:
        state = self.states[id_]
        fill = TINT if isinstance(state, Say) else CARD
        verb = verb_of(state)
        x, y = place.x - WIDE / 2, canvas.top + place.y
        middle = y + place.height / 2 - SIGN / 2
        sign = _tag(
            "path",
            d=SIGNS.get(verb, OTHER),
            fill="none",
            stroke=EDGE,
            stroke_width="1.6",
            class_="sign",
            stroke_linejoin="round",
            stroke_linecap="round",
            transform=canvas.moved(x + INSIDE, middle, SIGN),
        )
        return _tag(
            "g",
            _tag("title", escape(self.whole(state))),
            canvas.rect(x, y, WIDE, place.height, rx=place.height / 2 if isinstance(state, End) else 10, fill=fill,
                        stroke=EDGE if not isinstance(state, Say) else TINT, stroke_width=1.5,
                        class_=f"box {'said' if isinstance(state, Say) else 'asked'}"),
            sign,
            canvas.block(told, x + 2 * INSIDE + SIGN, y + INSIDE - 2),
        )  # fmt: skip

    def whole(self, state: State) -> str:
        """Return all of a state, for whoever points at it."""
        options = [option.label for option in getattr(state, "options", ())]
        return "\n".join([state.text.strip(), *(f"• {label}" for label in options)])


def _box_height(told: Sequence[Written]) -> float:
    return sum(one.height for one in told) + 2 * INSIDE - 4


@dataclass(frozen=True, slots=True)
class _Canvas:
    """Puts things where they belong; from right to left all is mirrored but the letters."""

    width: float
    mirrored: bool
    top: float

    def x(self, x: float) -> float:
        return self.width - x if self.mirrored else x

    def moved(self, x: float, y: float, size: float) -> str:
        left = self.x(x + MARGIN) - (size if self.mirrored else 0)
        return f"translate({left:.1f} {y:.1f})"

    def rect(self, x: float, y: float, width: float, height: float, **how: object) -> str:
        left = self.x(x + MARGIN) - (width if self.mirrored else 0)
        return _tag("rect", x=f"{left:.1f}", y=f"{y:.1f}", width=f"{width:.1f}", height=f"{height:.1f}", **how)

    def block(self, written: Sequence[Written], x: float, y: float, *, raw: bool = False, middle: bool = False) -> str:
        """Return lines below each other from `y` on; `raw` x counts from the edge of the sheet, not of the drawing."""
        at, found = y, []
        for one in written:
            for line in one.lines:
                at += one.size * LEADING
                found.append(
                    _tag(
                        "text",
                        escape(line),
                        x=f"{self.x(x if raw else x + MARGIN):.1f}",
                        y=f"{at - one.size * 0.3:.1f}",
                        font_size=f"{one.size:g}",
                        fill=one.colour,
                        class_=one.kind,
                        **({"font_weight": "600"} if one.bold else {}),
                        **({"text_anchor": "middle"} if middle else {}),
                    )
                )
        return "".join(found)

    def chip(self, place: Place, words: Sequence[Written], on: str) -> str:
        """Return the words of an arrow, on a piece of paper that covers the line behind them."""
        if not words:
            return ""
        y = self.top + place.y
        paper = self.rect(place.x - place.width / 2, y, place.width, place.height, rx=6, fill=PAPER, class_="paper")
        return _tag("g", _tag("title", escape(on)) if on else "", paper, self.block(words, place.x, y + 1, middle=True))

    def line(self, path: Path, thick: float, **how: object) -> str:
        """Return an arrow; it ends in a head as wide as it needs."""
        head = 5 + thick * 0.6
        bends = [((a.start[0], a.start[1]), (a.end[0], a.end[1])) for a in path.bends]
        (x, y) = bends[0][0] if path.up else bends[-1][1]
        steps = [f"M{self._at(bends[0][0])}"]
        for n, ((x1, y1), (x2, y2)) in enumerate(bends):
            y1 += head if path.up and n == 0 else 0  # noqa: PLW2901 - makes room for the head
            y2 -= head if not path.up and n == len(bends) - 1 else 0  # noqa: PLW2901
            if n == 0:
                steps = [f"M{self._at((x1, y1))}"]
            half = (y1 + y2) / 2
            straight = abs(x1 - x2) < 0.5
            steps.append(
                f"L{self._at((x2, y2))}"
                if straight
                else f"C{self._at((x1, half))} {self._at((x2, half))} {self._at((x2, y2))}"
            )
        base = y + head if path.up else y - head
        tip = [(x, y), (x - head * 0.7, base), (x + head * 0.7, base)]
        stem = _tag(
            "path", d="".join(steps), fill="none", stroke=LINE, stroke_width=f"{thick:.1f}", class_="way", **how
        )
        points = " ".join(self._at(point) for point in tip)
        return stem + _tag("polygon", points=points, fill=LINE, class_="tip")

    def _at(self, point: tuple[float, float]) -> str:
        return f"{self.x(point[0] + MARGIN):.1f},{self.top + point[1]:.1f}"


def _tag(tag: str, *inside: str, **attributes: object) -> str:
    """Return an element; `_` in a name stands for a hyphen, a final one is dropped (`class_`)."""
    camel = {"viewBox"}
    names = {name: name if name in camel else name.rstrip("_").replace("_", "-") for name in attributes}
    told = "".join(f' {names[name]}="{escape(str(value))}"' for name, value in attributes.items())
    return f"<{tag}{told}>{''.join(inside)}</{tag}>" if inside else f"<{tag}{told}/>"
