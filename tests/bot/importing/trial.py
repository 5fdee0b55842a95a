"""One form as a flow beside the same form as ODK has it, and random people who walk through both."""

from __future__ import annotations

import re
from functools import cache
from itertools import combinations
from pathlib import PurePath
from typing import TYPE_CHECKING

from bot.importing.workbook import read
from flows.branching import onward
from flows.catalog import Catalog
from flows.model import Answer, Ask, Choose, Number, Pick, Rate, Session, State, Value
from flows.source import THANKS
from flows.understand import finished
from tests.bot.importing import xform

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping

    from bot.importing.questions import Question
    from bot.importing.xlsform import Imported
    from tests.bot.importing.xform import Control

MADE_BY_PYXFORM = ("reserved_name_for_field_list_labels_", "generated_table_list_label_")
"""Rows that no author wrote: the heads of tables."""


@cache
def catalog() -> Catalog:
    return Catalog.load()


class Trial:
    """One form as a flow beside the same form as ODK has it."""

    def __init__(self, data: bytes, name: str, made: Imported) -> None:
        self.made = made
        self.form = xform.of(data, PurePath(name).suffix)
        self.states: Mapping[str, State] = catalog().beside(made.files).get(made.flow).script("").states
        self.rows = {row.text("name"): row.number for row in read(data, name).survey}
        self.pairs = dict(self._pairs())
        numbers = {float(one) for one in re.findall(r"\d+(?:\.\d+)?", " ".join(self._expressions()))}
        self.numbers = sorted({sign * one + side for one in {5.0} | numbers for side in (-1, 0, 1) for sign in (-1, 1)})
        self.words = [*re.findall(r"'([^']*)'", " ".join(self._expressions())), "x"]

    def _expressions(self) -> Iterator[str]:
        for bind in self.form.binds.values():
            yield from (bind.relevant, bind.constraint, bind.calculate)

    def _pairs(self) -> Iterator[tuple[Control, Question]]:
        """Give each control with the question that was made of it, both in their order."""
        waiting = [one for one in self.made.questions if not one.name.endswith("_heading")]
        for control in self.form.controls:
            names = {control.name, "_".join(control.ref.split("/")[-2:])}
            names.add(control.name.replace("generated_note_name_", "note_"))
            found = next((one for one in waiting if one.name in names), None)
            if found:
                waiting.remove(found)
                yield control, found
        assert [one.name for one in waiting] == [], "questions that ODK does not ask"

    @property
    def never(self) -> list[Control]:
        """What is told to be asked of nobody."""
        rows = {one.row for one in self.made.notes if "nobody is ever asked" in one.what}
        return [one for one in self.form.controls if one not in self.pairs and self.rows.get(one.name) in rows]

    def lost(self, row: int, what: str) -> bool:
        return any(one.row == row and what in one.what for one in self.made.losses)

    def is_free(self, control: Control) -> bool:
        """Whether it is told that the flow asks this, or what it hangs on, of more people than the form does."""
        question = self.pairs[control]
        rows = {question.row, *(row for row, _ in question.relevant)}
        hangs_on = {name for _, said in question.relevant for name in re.findall(r"\$\{(\w+)\}", said)}
        earlier = (one for one, asked in self.pairs.items() if asked.name in hangs_on and asked.row < question.row)
        return control.repeated or any(self.lost(row, "(relevant)") for row in rows) or any(map(self.is_free, earlier))

    # ------------------------------------------------------------------- what there is

    def gone(self) -> Iterator[str]:
        """Give what the form asks and offers, and is neither in the flow nor told."""
        for control in self.form.controls:
            row = self.rows.get(control.name, 0)
            if control.name.startswith(MADE_BY_PYXFORM):
                continue
            if control not in self.pairs:
                if not any(one.row == row for one in self.made.losses) and control not in self.never:
                    yield f"question {control.ref}"
            elif missing := self._unoffered(control, self.pairs[control]):
                yield f"choices {missing} of {control.ref}"

    def _unoffered(self, control: Control, question: Question) -> set[str]:
        if control.kind not in {"select", "select1", "rank"}:
            return set()
        return self.form.options(control) ^ {choice.name for choice in question.choices}

    def loose(self) -> Iterator[str]:
        """Give where the flow takes other answers than the form, or lets be left out what the form wants."""
        for control, question in self.pairs.items():
            bind, state = self.form.binds.get(control.ref, xform.Bind()), self.states[question.id]
            must = bind.required == "true()"
            if question.verb != "say" and must == question.optional and not self.lost(question.row, "(required)"):
                yield f"{control.ref} required={must}"
            if not self.lost(question.row, "not checked") and control.kind != "range":
                yield from self._otherwise(control, state, question)

    def _otherwise(self, control: Control, state: State, question: Question) -> Iterator[str]:
        bind = self.form.binds.get(control.ref, xform.Bind())
        for value in self.values(state):
            takes = not bind.constraint or self.form.allows(control.ref, self.stored(question, value))
            edge = self.lost(question.row, "itself is let in") and value in {
                question.bounds.least,
                question.bounds.most,
            }
            if takes_here(state, value) != takes and not edge:
                yield f"{control.ref} {value}"

    # ------------------------------------------------------------------- who is asked what

    def walk(self, chance: random.Random) -> str:
        """Walk through the flow with random answers; return where ODK would have gone another way, or nothing."""
        self.form = xform.XForm(self.form.text)
        answers: dict[str, Answer] = {}
        waiting = [*self.pairs]
        by_id = {question.id: control for control, question in self.pairs.items()}
        at = self.made.questions[0].id
        while at != THANKS:
            if at in by_id:
                if astray := self._astray(by_id[at], waiting):
                    return astray
                answers[at] = self._answer(by_id[at], self.states[at], chance)
            at = onward(self.states, self.states[at], answers, SESSION)
        left = [one.ref for one in waiting if not self.is_free(one) and self._is_asked(one)]
        left += [one.ref for one in self.never if self._is_asked(one)]
        return f"never asks {left}" if left else ""

    def _astray(self, control: Control, waiting: list[Control]) -> str:
        while (passed := waiting.pop(0)) != control:
            if not self.is_free(passed) and self._is_asked(passed):
                return f"passes over {passed.ref}"
        return "" if self.is_free(control) or self._is_asked(control) else f"asks {control.ref}"

    def _is_asked(self, control: Control) -> bool:
        return self.form.is_relevant(control)

    def _answer(self, control: Control, state: State, chance: random.Random) -> Answer:
        values = [None, *(value for value in self.values(state) if takes_here(state, value))]
        may_skip = self.pairs[control].optional and chance.random() < 0.2
        value = chance.choice(values if may_skip or not values[1:] else values[1:])
        if self.is_free(control):
            value = None
        elif value is not None:
            self.form.answer(control.ref, self.stored(self.pairs[control], value))
        return Answer(state.id, value)

    def values(self, state: State) -> list[Value]:
        """Return answers worth trying."""
        match state:
            case Choose(options=options) | Rate(options=options):
                return [option.id for option in options]
            case Pick(options=options):
                ids = [option.id for option in options][:7]
                return [picks for size in range(1, len(ids) + 1) for picks in combinations(ids, size)]
            case Number(whole=whole):
                return [one for one in self.numbers if not whole or one == int(one)]
            case Ask():
                return [word for word in self.words if word.strip()]
            case _:
                return []

    def stored(self, question: Question, value: Value) -> str:
        """Return an answer as ODK stores it."""
        names = {id_: name for name, id_ in question.ids.items()}
        match value:
            case tuple():
                return " ".join(names[one] for one in value)
            case float():
                return f"{value:g}"
            case _:
                return names.get(str(value), str(value))


SESSION = Session(flow="x", version=1, language="en", channel="web", tag="t", receipt="r", state="s", first_time=True)


def takes_here(state: State, value: Value) -> bool:
    match state:
        case Number(least=least, most=most) if isinstance(value, float):
            return (least is None or value >= least) and (most is None or value <= most)
        case Ask(least=least, most=most) if isinstance(value, str):
            return least <= len(value) <= most
        case Pick() if isinstance(value, tuple):
            return isinstance(finished(state, value), Answer)
        case _:
            return True
