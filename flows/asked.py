"""What a question is made of, whether it stands in a flow or in the bank, and the question made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flows import form, model
from flows.shelf import options_of

if TYPE_CHECKING:
    from flows.bank import Item

COMPARING = frozenset({"rank", "allocate", "bestworst"})
"""Verbs that set options against each other."""
OFFERING = COMPARING | {"choose", "pick", "rate"}
LEADING_NOWHERE = frozenset({"allocate", "bestworst"})
"""Verbs whose answers name no one option that could lead its own way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a question is made of, whether it stands in the flow or in the bank."""

    verb: str
    text: str
    why: str
    options: tuple[model.Option, ...] = ()
    options_from: str | None = None
    scale: str = ""
    least: float | str | None = None
    most: float | str | None = None
    unit: str = ""
    whole: bool = False
    points: int = 10
    cards: int = 3
    shows: int = 4
    joins_within_seconds: int = 0
    only: str = ""
    side: str = ""


def limits(made: form.Form | Item) -> dict[str, Any]:
    """Return what a state or an item says of its answers, as far as it does."""
    names = (
        "options_from",
        "least",
        "most",
        "unit",
        "whole",
        "points",
        "cards",
        "shows",
        "joins_within_seconds",
        "only",
        "side",
    )
    return {name: getattr(made, name) for name in names if getattr(made, name, None) is not None}


def overridden(item: Item, made: form.ItemForm) -> Asked:
    """Return the question of an item with what the flow changes about it."""
    options = options_of(made.options) if made.options is not None else item.options
    return Asked(
        verb=item.verb,
        text=item.text(item.language),
        why=made.why or item.words[item.language].why,
        options=options,
        scale=item.scale or "",
        **{**limits(item), **limits(made)},
    )


def question(
    name: str,
    asked: Asked,
    next_: tuple[model.Transition, ...],
    *,
    optional: bool,
    item: str | None,
    role: str | None,
) -> model.Question:
    """Return the question that is asked. Raises ValueError for a verb that asks nothing."""
    shared: dict[str, Any] = {
        "id": name,
        "text": asked.text,
        "why": asked.why,
        "next": next_,
        "optional": optional,
        "item": item,
        "role": role,
    }
    if asked.verb in COMPARING | {"choose", "pick"}:
        return _offering(asked, {**shared, "options": asked.options, "options_from": asked.options_from})
    match asked.verb:
        case "rate":
            return model.Rate(**shared, scale=asked.scale, options=asked.options)
        case "ask":
            letters = int(number_limit(asked.least) or 1), int(number_limit(asked.most) or 1000)
            joins = asked.joins_within_seconds
            return model.Ask(
                **shared, least=letters[0], most=letters[1], only=asked.only, joins_within=joins, side=asked.side
            )
        case "number":
            least, most = number_limit(asked.least), number_limit(asked.most)
            return model.Number(**shared, least=least, most=most, unit=asked.unit, whole=asked.whole)
        case "date":
            return model.Date(**shared, least=day_limit(asked.least), most=day_limit(asked.most))
        case "place":
            return model.Place(**shared)
        case "photo":
            return model.Photo(**shared)
        case "voice":
            return model.Voice(**shared)
        case verb:
            raise ValueError(verb)


def _offering(asked: Asked, shared: dict[str, Any]) -> model.Question:
    least, most = number_limit(asked.least), number_limit(asked.most)
    some: dict[str, Any] = {"least": int(least or 1), "most": None if most is None else int(most)}
    match asked.verb:
        case "choose":
            return model.Choose(**shared)
        case "pick":
            return model.Pick(**shared, **some)
        case "rank":
            return model.Rank(**shared, **some)
        case "allocate":
            return model.Allocate(**shared, points=asked.points)
        case _:
            return model.BestWorst(**shared, cards=asked.cards, shows=asked.shows)


def number_limit(limit: float | str | None) -> float | None:
    """Return a limit that is a number, None for a day."""
    return None if isinstance(limit, str) else limit


def day_limit(limit: float | str | None) -> str | None:
    """Return a limit that is a day, None for a number."""
    return limit if isinstance(limit, str) else None
