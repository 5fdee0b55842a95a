"""The parts of a digest in their order, with their headings: what paper, page and mail have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.digests.render.told import Quote, Told


@dataclass(frozen=True, slots=True)
class Section:
    """One part: its heading (or none) and its lines."""

    heading: str
    lines: tuple[str, ...]
    leads: bool = False
    """It is what everybody should read."""
    quotes: bool = False
    """The lines are people's own words, in whatever language they write."""


def sections(told: Told) -> tuple[Section, ...]:
    """Return the parts that have something to say, in the order to read them."""
    heads = told.headings
    parts = [
        (heads["clock"], told.clock),
        (heads["who"], [" ".join(filter(None, (told.new, told.channels, told.finished))), told.missing, told.short]),
        (heads["score"], [" ".join(stage.sentences) for stage in told.stages]),
        (heads["problems"], told.problems),
        (heads["works"], [told.works]),
        ("", [told.proposed]),
        (heads["wanted"], [" ".join(each.sentences) for each in told.wanted]),
        (heads["gap"], told.gap),
        (heads["deeds"], told.deeds),
        (heads["proposals"], told.proposals),
    ]
    made = [Section("", _kept((told.headline, told.urgent)), leads=True)]
    made += [Section(heading, _kept(lines)) for heading, lines in parts]
    made += [Section(heads["voices"], tuple(map(quoted, told.quotes)), quotes=True)]
    made += [Section("" if told.quotes else heads["voices"], _kept((told.since, told.more)))]
    return tuple(each for each in made if each.lines)


def foot(told: Told) -> tuple[str, ...]:
    """Return what is to be known of the figures: whom they are of, what is left out, how they were reckoned."""
    return _kept((told.caveat, " ".join(_kept((told.hidden, *told.foot))), told.method))


def quoted(quote: Quote) -> str:
    """Return somebody's words with how they scored behind them."""
    return f"{quote.text} ({quote.tone})" if quote.tone else quote.text


def _kept(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line for line in lines if line)
