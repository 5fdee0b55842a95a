"""One form as a flow beside the same form as ODK has it, and random people who walk through both."""

from __future__ import annotations

import re
from functools import cache
from itertools import combinations
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.importing.workbook import read
from flows.branching import onward
from flows.catalog import Catalog
from flows.columns import looked_at, worked_out
from flows.model import Answer, Ask, Choose, Number, Pick, Rate, Session, State, Value
from flows.places import THANKS
from flows.understand import finished
from tests.bot.importing import xform

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping

    from bot.importing.questions import Question
    from bot.importing.xlsform import Imported
    from tests.bot.importing.xform import Control, Mend

MADE_BY_PYXFORM = ("reserved_name_for_field_list_labels_", "generated_table_list_label_")
"""Rows that no author wrote: the heads of tables."""


@cache
def catalog() -> Catalog:
    return Catalog.load()


class Trial:
    """One form as a flow beside the same form as ODK has it."""

    def __init__(self, data: bytes, name: str, made: Imported, mend: Mend = MappingProxyType({})) -> None:
        self.made = made
        self.form = xform.of(data, PurePath(name).suffix, mend)
        self.flow = catalog().beside(made.files).get(made.flow)
        self.states: Mapping[str, State] = self.flow.script("").states
        self.rows = {row.text("name"): row.number for row in read(data, name).survey}
        self.pairs = dict(self._pairs())
        numbers = {float(one) for one in re.findall(r"\d+(?:\.\d+)?", " ".join(self._expressions()))}
        self.numbers = sorted({sign * one + side for one in {5.0} | numbers for side in (-1, 0, 1) for sign in (-1, 1)})
        self.words = [*re.findall(r"'([^']*)'", " ".join(self._expressions())), "x", "0171", "12a"]

    def _expressions(self) -> Iterator[str]:
        for bind in self.form.binds.values():
            yield from (bind.relevant, bind.constraint, bind.calculate)

    def _pairs(self) -> Iterator[tuple[Control, tuple[Question, ...]]]:
        """Give each control with the questions that were made of it, one for each of its lists, in their order."""
        waiting = [one for one in self.made.questions if not one.name.endswith("_heading")]
        for control in self.form.controls:
            names = {control.name, "_".join(control.ref.split("/")[-2:])}
            names.add(control.name.replace("generated_note_name_", "note_"))
            names.add(f"{control.name}_{control.turn}")
            first = next((one for one in waiting if (one.of or one.name) in names), None)
            if first:
                found = tuple(one for one in waiting if one is first or (one.of and one.of == first.of))
                waiting = [one for one in waiting if one not in found]
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
        question = self.pairs[control][0]
        rows = {question.row, *(row for row, _ in question.relevant)}
        hangs_on = {name for _, said in question.relevant for name in re.findall(r"\$\{(\w+)\}", said)}
        earlier = [one for one, (asked, *_) in self.pairs.items() if (asked.of or asked.name) in hangs_on]
        earlier = [one for one in earlier if self.pairs[one][0].row < question.row]
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
            elif self._is_misworded(control, self.pairs[control][0]):
                yield f"words of {control.ref}"
            elif missing := self._unoffered(control, self.pairs[control]):
                yield f"choices {missing} of {control.ref}"

    def _is_misworded(self, control: Control, question: Question) -> bool:
        said = "" if self.lost(question.row, "does not repeat") else self.form.label(control)
        return bool(said) and said not in question.words.values()

    def _unoffered(self, control: Control, questions: tuple[Question, ...]) -> set[str]:
        if control.kind not in {"select", "select1", "rank"}:
            return set()
        offered = {choice.name for question in questions for choice in question.choices}
        if self._is_by_filter(control):  # what a filter leaves is compared on the way
            return offered - self.form.options(control)
        return self.form.options(control) ^ offered

    def loose(self) -> Iterator[str]:
        """Give where the flow takes other answers than the form, or lets be left out what the form wants."""
        for control, questions in self.pairs.items():
            for question in questions:
                must = self.form.bind(control.ref).required == "true()"
                if question.verb != "say" and must == question.optional and not self.lost(question.row, "(required)"):
                    yield f"{control.ref} required={must}"
                if not self.lost(question.row, "not checked") and control.kind != "range":
                    yield from self._otherwise(control, self.states[question.id], question)

    def _otherwise(self, control: Control, state: State, question: Question) -> Iterator[str]:
        for value in self.values(state):
            takes = not self.form.bind(control.ref).constraint
            takes = takes or self.form.allows(control.ref, self.stored(question, value))
            edge = self.lost(question.row, "itself is let in") and value in {
                question.bounds.least,
                question.bounds.most,
            }
            if takes_here(state, value) != takes and not edge:
                yield f"{control.ref} {value}"

    # ------------------------------------------------------------------- who is asked what

    def walk(self, chance: random.Random) -> str:
        """Walk through the flow with random answers; return where ODK would have gone another way, or nothing."""
        self.form = xform.XForm(self.form.text, self.form.external)
        assert [*self.pairs] == [one for one in self.form.controls if one in self.pairs]
        self.form.calculate()
        answers: dict[str, Answer] = {}
        waiting = [*self.pairs]
        by_id = {question.id: (control, question) for control, found in self.pairs.items() for question in found}
        at = self.made.questions[0].id
        while at != THANKS:
            if at in by_id:
                if astray := self._astray(*by_id[at], waiting):
                    return astray
                answers[at] = self._answer(*by_id[at], self.states[at], chance)
            at = onward(self.states, self.states[at], answers, SESSION)
        left = [one.ref for one in waiting if not self.is_free(one) and self._is_asked(one)]
        left += [one.ref for one in self.never if self._is_asked(one)]
        return f"never asks {left}" if left else self._miscounted(answers)

    def _astray(self, control: Control, question: Question, waiting: list[Control]) -> str:
        while (passed := waiting.pop(0)) != control:
            if not self.is_free(passed) and self._is_asked(passed):
                return f"passes over {passed.ref}"
        if not self.is_free(control) and not self._is_asked(control):
            return f"asks {control.ref}"
        if self._is_by_filter(control) and self.form.offered(control) != {one.name for one in question.choices}:
            return f"offers {question.ids} for {control.ref}"
        return ""

    def _is_by_filter(self, control: Control) -> bool:
        row = self.rows.get(control.name, 0)
        return self.form.is_filtered(control) and not self.lost(row, "(choice_filter)")

    def _is_asked(self, control: Control) -> bool:
        """Whether ODK asks it now; a list of which nothing is left asks nobody."""
        return self.form.is_relevant(control) and (not self._is_by_filter(control) or bool(self.form.offered(control)))

    def _miscounted(self, answers: Mapping[str, Answer]) -> str:
        """Return a column that says otherwise than what ODK would keep, or nothing."""
        made = worked_out(self.flow, answers)
        free = {question.id for control, found in self.pairs.items() if self.is_free(control) for question in found}
        for column in self.made.columns:
            kept = self.form.kept(column.name)
            said = made.get(column.id, "")
            copied = [one for _, one in column.lines if not isinstance(one, str)]
            names = {id_: name for one in copied for name, id_ in one.ids.items()}
            said = " ".join(names.get(part, part) for part in said.split("|"))
            if said != kept and not free & looked_at(self.flow.columns[column.id]):
                return f"column {column.name} is {said!r} and not {kept!r}"
        return ""

    def _answer(self, control: Control, question: Question, state: State, chance: random.Random) -> Answer:
        values = [None, *(value for value in self.values(state) if takes_here(state, value))]
        may_skip = question.optional and chance.random() < 0.2
        value = chance.choice(values if may_skip or not values[1:] else values[1:])
        if self.is_free(control):
            value = None
        elif value is not None:
            self.form.answer(control.ref, self.stored(question, value))
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
        case Ask(least=least, most=most, only=only) if isinstance(value, str):
            return least <= len(value) <= most and (only != "digits" or (value.isascii() and value.isdigit()))
        case Pick() if isinstance(value, tuple):
            return isinstance(finished(state, value), Answer)
        case _:
            return True
