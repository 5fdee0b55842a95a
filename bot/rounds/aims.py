"""What a round aims at: how many answers are wanted, and of whom, and who lives there. Pure; JSON beside the round."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.rounds import margins, wording
from bot.rounds.kept import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.rounds.margins import Margin
    from bot.rounds.variables import Variable

MOST = 10_000_000
"""No more answers are wanted than that."""

Targets = dict[str, dict[str, int]]
"""How many answers are wanted, by variable and group."""


@dataclass(frozen=True, slots=True)
class Aims:
    """What a round aims at; what is empty was not said."""

    answers: int | None = None
    """How many answers are wanted in all."""
    wanted: Targets = field(default_factory=dict)
    """Of whom: what was said for itself. Other groups get their part of `answers` by the margins."""
    margins: Mapping[str, Margin] = field(default_factory=dict)
    """Who lives there, where this round says it otherwise than the city; of one that has closed all that it went by."""
    settled: bool = False
    """Whether the round has closed and goes by `margins` alone, whatever is said of the city afterwards."""

    def of(self, margins_: Mapping[str, Margin]) -> Targets:
        """Return every target, with those that follow from who lives there; as whole answers, rounded."""
        follow = {name: self._by_part(margin) for name, margin in margins_.items()} if self.answers else {}
        names = {*follow, *self.wanted}
        return {name: {**follow.get(name, {}), **self.wanted.get(name, {})} for name in names}

    def _by_part(self, margin: Margin) -> dict[str, int]:
        return {group: round((self.answers or 0) * margin.share(group)) for group in margin.groups}


def load(kept: str | None) -> Aims:
    """Return what `dump` has made. Raises `Trouble` where it is something else."""
    said = read(kept, "aims") if kept else {}
    return Aims(
        said.get("answers"), said.get("wanted", {}), margins.load(said.get("margins", {})), said.get("settled", False)
    )


def dump(aims: Aims) -> str | None:
    """Return JSON; None where nothing is aimed at."""
    dumped = margins.dump(aims.margins)
    said = {"answers": aims.answers, "wanted": aims.wanted, "margins": dumped, "settled": aims.settled}
    kept = {name: value for name, value in said.items() if value}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True) if kept else None


def aimed(
    aims: Aims, answers: int | None, wanted: Mapping[str, Mapping[str, int]], known: Mapping[str, Variable]
) -> Aims:
    """Return these aims with other targets. Raises `Refused` for what is no number or names no group."""
    if answers is not None:
        _count(answers)
    for name, groups in wanted.items():
        if name not in known:
            raise wording.Forbidden("margin_variable", value=name, known=", ".join(known))
        for group, count in groups.items():
            if group not in known[name].groups:
                values = {"value": group, "variable": name, "known": ", ".join(known[name].groups)}
                raise wording.Forbidden("margin_group", **values)
            _count(count)
    kept = {name: dict(groups) for name, groups in wanted.items() if groups}
    return replace(aims, answers=answers, wanted=kept)


def _count(number: object) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= MOST:
        raise wording.Forbidden("bad_target", most=MOST)


def changes(before: Aims, after: Aims) -> Mapping[str, tuple[Any, Any]]:
    """Return what is other than before, each with both values, as a trail keeps it."""
    old, new = _flat(before), _flat(after)
    names = sorted({*old, *new})
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def _flat(aims: Aims) -> dict[str, Any]:
    said: dict[str, Any] = {"aims.answers": aims.answers} if aims.answers else {}
    said |= {f"aims.wanted.{name}": groups for name, groups in aims.wanted.items()}
    return said | {f"margins.{name}": one for name, one in margins.dump(aims.margins).items()}
