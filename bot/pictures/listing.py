"""What a picture shows, as lines of a table: for whoever does not see it, and for whoever wants to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.pictures.wording import shown, ways
from flows.diagram import in_order_met, verb_of

if TYPE_CHECKING:
    from bot.pictures.drop_off import DropOff
    from bot.texts import Texts
    from flows.model import Flow


@dataclass(frozen=True, slots=True)
class Onward:
    """One way on: when it is taken, what comes next, and how many people went."""

    on: str
    to: str
    went: str


@dataclass(frozen=True, slots=True)
class Row:
    """One state in words; what is counted is empty where nothing is."""

    text: str
    verb: str
    options: tuple[str, ...]
    came: str
    stopped: str
    onward: tuple[Onward, ...]


def listing(flow: Flow, texts: Texts, counted: DropOff | None = None) -> list[Row]:
    """Return a row for each state a citizen can meet, in that order, in the language of `texts`."""
    states = flow.script(texts.language).states
    onward: dict[str, list[Onward]] = {}
    met = {one: states[one] for one in in_order_met(states, flow.start)}
    for way in ways(met, texts):
        went = counted.on_arrow(way.origin, way.to, texts) if counted else ""
        onward.setdefault(way.origin, []).append(Onward(way.on, shown(states[way.to]), went))
    return [
        Row(
            shown(state),
            texts(f"verb.{verb_of(state)}"),
            tuple(option.label for option in getattr(state, "options", ())),
            counted.came_to(state.id, texts) if counted else "",
            counted.stopped_at(state.id, texts) if counted else "",
            tuple(onward.get(state.id, ())),
        )
        for state in met.values()
    ]
