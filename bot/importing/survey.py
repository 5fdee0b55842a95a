"""The questions of a form in the order they are asked: groups taken apart, loops unrolled."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.importing.bounds import Bounds
from bot.importing.choices import OTHER, Choice, Lists, with_others
from bot.importing.columns import report
from bot.importing.constraints import carried
from bot.importing.names import LONGEST_STATE, Names
from bot.importing.questions import Question
from bot.importing.reckoning import TYPES, Reckoned, constants, silent
from bot.importing.wording import plain
from bot.importing.workbook import Row, kind_of, truth
from bot.importing.xpath import Beyond, Literal, holds, number, parse, put, refs, worth
from flows.form import VERBS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from bot.importing.choices import Offer
    from bot.importing.languages import Languages
    from bot.importing.losses import Ledger
    from bot.importing.workbook import Kind, Workbook

_KEPT = {"start", "end", "today"}
"""What the bot knows of every answer without asking."""

_WORDED = {"time": "time", "dateTime": "date and time"}
"""What is asked for as a text."""

_VERBS = {
    ("note", "string"): "say",
    ("trigger", "string"): "choose",
    ("trigger", ""): "choose",
    ("input", "string"): "ask",
    ("input", "int"): "number",
    ("input", "decimal"): "number",
    ("input", "date"): "date",
    ("input", "geopoint"): "place",
    ("range", "int"): "number",
    ("upload image/*", "binary"): "photo",
    ("upload audio/*", "binary"): "voice",
    **{("input", held): "ask" for held in _WORDED},
}
"""The verb for a control and what it holds."""

_NOBODY = "none"
"""The choice for which a loop asks nothing."""

_SELECTS = {
    "select one": "choose",
    "select all that apply": "pick",
    "rank": "rank",
    "select one external": "choose",
}

MOST_REPEATED = 5
"""How often a group is asked at most, each time as questions of their own."""


@dataclass(slots=True)
class _Group:
    """A container that is open while rows are read."""

    kind: str
    row: int
    relevant: tuple[tuple[int, str], ...]
    first: int
    """How many questions stand before what is in it, its heading included."""
    has_heading: bool = False


class Reading:
    """Walks the rows of a survey; `found` grows with every question, `ledger` with what cannot be asked."""

    def __init__(
        self, book: Workbook, languages: Languages, offer: Offer, taken: Iterable[str], ledger: Ledger
    ) -> None:
        self.languages = languages
        self.offer = offer
        self.ledger = ledger
        self.names = Names(taken, longest=LONGEST_STATE, letter="q")
        others = {name: offer.other[code] for name, code in languages.codes.items()}
        self.rows = with_others(book.choices, _with_other(book.survey), others)
        self.lists = Lists(self.rows, self._named, ledger)
        self.external = Lists(book.external, self._named, ledger, "external_choices")
        self.silent = silent(book.survey)
        self.constants = constants(book.survey)
        """What is calculated of nothing that anybody answers, by name: it stands in the words."""
        self.groups: list[_Group] = []
        self.found: list[Question] = []
        self.reckoned: list[Reckoned] = []
        self.read(book.survey)
        while self.groups:
            ledger.lose("survey", self.groups[-1].row, "nothing ends this group; here it ends with the sheet")
            self._close()

    def read(self, rows: Sequence[Row]) -> None:
        """Read rows in their order; a loop takes its own at once."""
        waiting = [*reversed(rows)]
        while waiting:
            row = waiting.pop()
            kind = kind_of(row.text("type"))
            if (kind.what, kind.of) == ("begin", "loop"):
                self._loop(row, kind, _inner(waiting, "loop"))
            elif (kind.what, kind.of) == ("begin", "repeat") and (times := self._times(row)):
                self._repeat(row, _inner(waiting, "repeat"), times)
            elif row.cells and not self._is_off(row):
                self._one(row, kind)

    def _one(self, row: Row, kind: Kind) -> None:
        match kind.what:
            case "begin":
                self._begin(row, kind)
            case "end":
                self._end(row, kind)
            case "setting":
                self.ledger.note("survey", row.number, f'"{row.text("type")}" is no question')
            case "question":
                self._plain(row, kind)
            case what if what in _SELECTS:
                self._select(row, kind)
            case _:
                self._lose_type(row)

    def _is_off(self, row: Row) -> bool:
        if truth(row.text("disabled")):
            self.ledger.note("survey", row.number, "the row is disabled; nobody is asked it")
        elif row.text("type"):
            return False
        elif any(row.words("label").values()) or row.text("name"):
            self.ledger.lose("survey", row.number, "the row has no type; left out", question=True)
        else:
            self.ledger.note("survey", row.number, "a row without type and name is a comment")
        return True

    def _lose_type(self, row: Row) -> None:
        what = f'type "{row.text("type")}": no such question here; left out'
        self.ledger.lose("survey", row.number, what, question=True)

    # ----------------------------------------------------------------------- containers

    def _begin(self, row: Row, kind: Kind) -> None:
        """Open a group; a repeat is asked once."""
        if kind.of == "repeat":
            self.ledger.lose("survey", row.number, f'repeat "{row.text("name")}" is asked once, not again and again')
        report(row, self.ledger)
        words = self._words(row, "label")
        self._open(row, kind.of, row.text("name"), words)

    def _open(self, row: Row, kind: str, name: str, words: Mapping[str, str]) -> None:
        relevant = (*self._relevant, *_relevant(row))
        if words:
            self._add(row, verb="say", name=f"{name or kind}_heading", words=words, relevant=relevant)
        self.groups.append(_Group(kind, row.number, relevant, len(self.found), bool(words)))

    def _end(self, row: Row, kind: Kind) -> None:
        if self.groups and self.groups[-1].kind == kind.of:
            self._close()
        else:
            self.ledger.lose("survey", row.number, "it ends no group that is open here; left out")

    def _close(self) -> None:
        """Close a group; a heading over nothing goes with it."""
        group = self.groups.pop()
        if len(self.found) == group.first:
            self.ledger.note("survey", group.row, "nothing in this group is asked here, so it is left out")
            if group.has_heading:
                self.found.pop()

    @property
    def _relevant(self) -> tuple[tuple[int, str], ...]:
        return self.groups[-1].relevant if self.groups else ()

    def _loop(self, row: Row, kind: Kind, inner: Sequence[Row]) -> None:
        """Ask the questions of a loop once for each choice of its list, as the form does."""
        choices = self.rows.get(kind.holds, ())
        if not choices:
            self.ledger.lose("survey", row.number, f'loop: there is no list "{kind.holds}"; left out')
        report(row, self.ledger)
        self._open(row, "loop", row.text("name"), self._words(row, "label"))
        for choice in choices:
            name = choice.text("name")
            if name == _NOBODY:
                self.ledger.note("choices", choice.number, "a loop passes over the choice of this name, as in the form")
                continue
            self._open(row, "loop", name, self._words(choice, "label"))
            self.read([_filled(one, name, choice.words("label")) for one in inner])
            self._close()
        self._close()

    def _times(self, row: Row) -> int:
        """Return how often a repeat is asked where that is the same for everybody and not often, else 0."""
        said = row.text("control", "jr:count")
        try:
            node = put(parse(said), {name: Literal(value) for name, value in self.constants.items()})
            times = number(worth(node, {})) if not refs(node) else 0
        except Beyond:
            return 0
        return int(times) if times in range(1, MOST_REPEATED + 1) else 0

    def _repeat(self, row: Row, inner: Sequence[Row], times: int) -> None:
        """Ask the questions of a repeat so many times, each time under names of their own."""
        report(row, self.ledger)
        if times > 1:
            what = f"it is asked {times} times, its questions under names that end in _1 to _{times}"
            self.ledger.note("survey", row.number, what)
        own = {one.text("name") for one in inner} - {""}
        for turn in range(1, times + 1):
            self._open(row, "repeat", row.text("name"), self._words(row, "label"))
            self.read([_in_turn(one, own, turn) for one in inner] if times > 1 else inner)
            self._close()

    # ----------------------------------------------------------------------- questions

    def _plain(self, row: Row, kind: Kind) -> None:
        """Read a question that offers no list."""
        verb = _VERBS.get((kind.control, kind.holds), "")
        if not kind.control:
            self._leave_out(row, kind)
        elif verb not in VERBS:
            self._lose_type(row)
        elif verb == "say":
            self._say(row)
        elif verb == "choose":
            self._ask(row, kind, verb, choices=(Choice("OK", "ok", self.offer.ok, row.number),))
        else:
            self._ask(row, kind, verb)

    def _leave_out(self, row: Row, kind: Kind) -> None:
        """Tell of what a form keeps without asking anybody."""
        if kind.holds in _KEPT:
            self.ledger.note("survey", row.number, f'"{row.text("type")}" is kept with every answer here')
        elif row.text("type") in TYPES:
            self._reckon(row)
        else:
            self.ledger.lose("survey", row.number, f'type "{row.text("type")}" asks nobody and is not kept; left out')

    def _reckon(self, row: Row) -> None:
        """Keep what is calculated; where nobody comes by, it has no value."""
        report(_without_calculation(row), self.ledger)
        name, said = row.text("name"), row.text("bind", "calculate")
        if not said:
            self.ledger.lose("survey", row.number, "its calculation is empty; left out")
            return
        for _, condition in (*self._relevant, *_relevant(row)):
            said = f"if({condition}, {said}, '')"
        self.reckoned.append(Reckoned(row.number, name, self.names.give(name), said))

    def _say(self, row: Row) -> None:
        report(row, self.ledger)
        words = self._words(row, "label")
        why = self._words(row, "hint")
        if not words and not why:
            self.ledger.lose("survey", row.number, "the note has no words; left out")
        else:
            name = row.text("name") or f"note_{row.number}"
            self._add(row, verb="say", name=name, words=words or why, why=why if words else {})
        if _says_yes(row.text("bind", "required")):
            self.ledger.note("survey", row.number, "a note needs no answer (required)")

    def _select(self, row: Row, kind: Kind) -> None:
        """Read a question that offers a list."""
        verb, lists = _SELECTS[kind.what], self.external if kind.what == "select one external" else self.lists
        filter_ = self._filter(row, kind)
        choices = lists.every(kind.of) if filter_ else lists.get(kind.of)
        if verb not in VERBS:
            self._lose_type(row)
        elif not choices:
            what = f'there is no list "{kind.of}" on the sheet {lists.sheet}; left out'
            self.ledger.lose("survey", row.number, what, question=True)
        elif "label" in row.text("control", "appearance").split():
            self.ledger.lose("survey", row.number, "it only heads a table of choices and asks nothing; left out")
        else:
            self._ask(row, kind, verb, choices=choices, filter=filter_)
            if kind.or_other:
                self._ask_which_other(row)

    def _filter(self, row: Row, kind: Kind) -> str:
        """Return which choices are offered, as an expression; empty where all are."""
        said = row.text("choice_filter")
        if not said or _says_yes(said):
            return ""
        if kind.or_other:
            self.ledger.lose("survey", row.number, "all its choices are offered to everybody (choice_filter)")
            return ""
        return said

    def _ask_which_other(self, row: Row) -> None:
        asked = self.found[-1]
        relevant = (*asked.relevant, (row.number, f"selected(${{{asked.name}}}, '{OTHER}')"))
        self._add(row, verb="ask", name=f"{asked.name}_other", words=self.offer.which_other, relevant=relevant)

    def _ask(self, row: Row, kind: Kind, verb: str, choices: tuple[Choice, ...] = (), filter: str = "") -> None:
        """Add a question with all that stands beside it."""
        report(row, self.ledger)
        if kind.holds in _WORDED:
            self.ledger.lose("survey", row.number, f"a {_WORDED[kind.holds]} is asked for in words, and not checked")
        name = row.text("name")
        if not name:
            self.ledger.lose("survey", row.number, "the question has no name, so that nothing can refer to it")
        why = self._words(row, "hint") or self._hinted(kind)
        words = self._words(row, "label") or why or self._named(row)
        made = self._add(
            row,
            verb=verb,
            name=name or f"row_{row.number}",
            words=words,
            why=why if words is not why else {},
            choices=choices,
            filter=filter,
            whole=kind.holds == "int",
            bounds=Bounds(least=len(choices)) if verb == "rank" else Bounds(),
            optional=not self._is_required(row),
        )
        self.found[-1] = self._bounded(made, row, kind)

    def _add(self, row: Row, *, name: str, **said: Any) -> Question:  # noqa: ANN401 - the fields of a question
        relevant = said.pop("relevant", (*self._relevant, *_relevant(row)))
        made = Question(row=row.number, name=name, id=self.names.give(name), relevant=relevant, **said)
        if said.get("why"):
            self.ledger.note("survey", row.number, "its hint is read by whoever sends WHY")
        self.found.append(made)
        return made

    def _is_required(self, row: Row) -> bool:
        said = row.text("bind", "required")
        if said and truth(said) is None and not _says_yes(said):
            self.ledger.lose("survey", row.number, "it may always be skipped, not only in some cases (required)")
        return _says_yes(said)

    # ----------------------------------------------------------------------- words

    def _words(self, row: Row, column: str) -> dict[str, str]:
        """Return what a column says, by language, in plain words."""
        found = self.languages.said(row.words(column))
        name = row.text("name") if row.sheet != "survey" else ""
        made = {code: plain(self._filled_in(text), name) for code, text in found.items()}
        for one in made.values():
            for what in one.losses:
                self.ledger.lose(row.sheet, row.number, what)
            for what in one.notes:
                self.ledger.note(row.sheet, row.number, what)
        return self._whole({code: one.text for code, one in made.items() if one.text}, row, column)

    def _hinted(self, kind: Kind) -> dict[str, str]:
        """Return the hint that a type brings with it: the form says it in English, whoever reads it."""
        codes = (self.languages.main, *self.languages.others)
        return dict.fromkeys(codes, plain(kind.hint).text) if kind.hint else {}

    def _filled_in(self, text: str) -> str:
        """Return words with what is calculated for everybody alike in them."""
        return re.sub(r"\$\{\s*([^}\s]+)\s*\}", lambda found: self.constants.get(found[1], found[0]), text)

    def _whole(self, words: dict[str, str], row: Row, column: str) -> dict[str, str]:
        """Return words with those of the main language; what another language lacks is told."""
        if not words:
            return {}
        for code in (self.languages.main, *self.languages.others):
            if code not in words:
                self.ledger.lose(row.sheet, row.number, f'its {column} is not there in "{code}"')
        return {self.languages.main: next(iter(words.values())), **words}

    def _named(self, row: Row) -> dict[str, str]:
        """Return the words of a choice, or of a question without any: its name stands in."""
        words = self._words(row, "label")
        name = row.text("name") or row.text("type")
        if not words:
            self.ledger.note(row.sheet, row.number, f'it has no label; it reads "{name}"')
        return words or dict.fromkeys((self.languages.main, *self.languages.others), plain(name).text)

    # ----------------------------------------------------------------------- limits

    def _bounded(self, question: Question, row: Row, kind: Kind) -> Question:
        """Return the question with what its constraint lets in; told where that cannot be said here."""
        if kind.control == "range":
            question = replace(question, **self._range(row))
        said = " and ".join(f"({one})" for one in (kind.constraint, row.text("bind", "constraint")) if one)
        if not said:
            return question
        found, lost = carried(question, said)
        for what in lost:
            self.ledger.lose("survey", row.number, f"answers are not checked for {what} (constraint)")
        for edge in found.edges:
            self.ledger.lose("survey", row.number, f"{edge:g} itself is let in (constraint)")
        return replace(question, bounds=_tighter(question.bounds, found))

    def _range(self, row: Row) -> dict[str, Any]:
        """Return the limits of a range; its steps are kept where they are 1."""
        given = {"start": 1.0, "end": 10.0, "step": 1.0}
        for name, value in re.findall(r"(start|end|step)\s*=\s*(-?\d+(?:\.\d+)?)", row.text("parameters")):
            given[name] = float(value)
        whole = given["step"] == 1 and given["start"] == int(given["start"])
        if not whole:
            self.ledger.lose("survey", row.number, "any number between its ends is let in, whatever the step")
        least, most = sorted((given["start"], given["end"]))
        return {"bounds": Bounds(least, most), "whole": whole}


def _tighter(one: Bounds, other: Bounds) -> Bounds:
    """Return limits that keep both, the first being those of a range."""
    least = max((limit for limit in (one.least, other.least) if limit is not None), default=None)
    most = min((limit for limit in (one.most, other.most) if limit is not None), default=None)
    return replace(other, least=least, most=most)


def _relevant(row: Row) -> tuple[tuple[int, str], ...]:
    said = row.text("bind", "relevant")
    return ((row.number, said),) if said else ()


def _says_yes(said: str) -> bool:
    """Whether a cell says yes, or is an expression that always holds."""
    if truth(said) is not None or not said:
        return bool(truth(said))
    try:
        node = parse(said)
        return not refs(node) and holds(node, {})
    except Beyond:
        return False


def _with_other(survey: Iterable[Row]) -> Iterator[str]:
    """Give the lists that somewhere are offered with "or other"."""
    kinds = (kind_of(row.text("type")) for row in survey)
    yield from (kind.of for kind in kinds if kind.or_other)


def _inner(waiting: list[Row], what: str) -> list[Row]:
    """Take the rows of a loop or repeat, up to its end, from those that wait (the next one last)."""
    inner: list[Row] = []
    depth = 1
    while waiting:
        row = waiting.pop()
        kind = kind_of(row.text("type"))
        depth += {"begin": 1, "end": -1}.get(kind.what, 0) if kind.of == what else 0
        if not depth:
            break
        inner.append(row)
    return inner


def _in_turn(row: Row, own: Collection[str], turn: int) -> Row:
    """Return a row of a repeat for one of its turns: its name, and those of its neighbours in it, end in the turn."""
    answer = re.compile(r"\$\{\s*([^}\s]+)\s*\}")

    def told(found: re.Match[str]) -> str:
        return f"${{{found[1]}_{turn}}}" if found[1] in own else found[0]

    def turned(held: Any) -> Any:  # noqa: ANN401 - cells are nested
        if isinstance(held, dict):
            return {key: turned(one) for key, one in held.items()}
        return answer.sub(told, held) if isinstance(held, str) else held

    cells = turned(row.cells)
    if row.text("name"):
        cells["name"] = f"{row.text('name')}_{turn}"
    return Row(row.sheet, row.number, cells)


def _without_calculation(row: Row) -> Row:
    bind = row.cells.get("bind")
    kept = {part: one for part, one in bind.items() if part != "calculate"} if isinstance(bind, dict) else {}
    return Row(row.sheet, row.number, {**row.cells, "bind": kept})


def _filled(row: Row, name: str, labels: Mapping[str, str]) -> Row:
    """Return a row of a loop for one choice: its name and label stand where `%(name)s` and `%(label)s` do."""
    label = next(iter(labels.values()), name)

    def fill(held: Any, language: str = "") -> Any:  # noqa: ANN401 - cells are nested
        if isinstance(held, dict):
            return {key: fill(inner, key) for key, inner in held.items()}
        if not isinstance(held, str):
            return held
        return held.replace("%(name)s", name).replace("%(label)s", labels.get(language, label))

    filled = fill(row.cells)
    if "name" in filled:
        filled["name"] = f"{name}_{filled['name']}"
    return Row(row.sheet, row.number, filled)
