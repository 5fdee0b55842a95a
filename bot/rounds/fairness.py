"""Who takes part in a round, against who lives there and what was aimed at."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.digests import representation
from bot.digests.disclosure import floored, lowered
from bot.erasure import FORGOTTEN
from bot.pictures.drop_off import drop_off
from bot.rounds import aims, evaluation, margins, organised, outcome, turnout, variables, wording
from bot.rounds.acting import LONGEST, fits, name_of
from bot.rounds.concluding import Concluding
from bot.rounds.lifecycle import BEGINNING, RUNNING, State
from bot.rounds.margins import Margin
from bot.rounds.tongues import in_language
from bot.rounds.variables import AREA, LANGUAGE
from storage import margins as kept_margins
from storage import moves, rounds, trail
from storage import turnout as counted_turnout
from storage.margins import MarginRow, Weighed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from bot.digests.representation import Representation, Standing
    from bot.rounds.aims import Aims, Targets
    from bot.rounds.looking import Counts
    from bot.rounds.margins import Line, Slip
    from bot.rounds.organised import Organised
    from bot.rounds.turnout import Kept
    from bot.rounds.variables import Variable
    from flows.model import Flow
    from storage.entries import Voices
    from storage.rounds import RoundRow
    from storage.turnout import Way

STOPS = 3
"""So many questions are named at which people stop."""
MARGINS, AIMS = "margins", "aims"
"""What is noted in the log of a round: who lives there, what is aimed at."""


@dataclass(frozen=True, slots=True)
class Told:
    """A number of people who came so far, down to a whole step of the minimum; None below one."""

    sent: int | None
    reached: int | None
    started: int | None


@dataclass(frozen=True, slots=True)
class Stop:
    """A question after which so many people did not go on; some may be about to."""

    state: str
    question: str
    people: int


@dataclass(frozen=True, slots=True)
class Table:
    """The groups of one variable: how they stand, how many of each are wanted, how far each has come by language."""

    variable: Variable
    margin: Margin | None
    """Who lives there, where somebody has said it."""
    found: Representation
    wanted: Mapping[str, int]
    ways: Mapping[str, Told]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A round in numbers as they may be shown. Sums are exact, but for how many were written to where that is hidden.

    Groups and stops come in steps, down to a whole one: no part is told as more than its sum, nor do parts exceed it.
    """

    sent: int
    reached: int
    started: int
    finished: int
    wanted: int | None
    """How many answers are aimed at."""
    stops: tuple[Stop, ...]
    """Where most people stop, those first that more do."""
    voices: Voices
    deleted: int
    """How many had answers deleted since the round closed, down to a whole step."""
    tables: tuple[Table, ...]
    missing: tuple[tuple[Table, Standing], ...]
    """The groups that most answers are missing of."""
    minimum: int
    organised: Organised
    """Texts sent in campaigns; while the round runs, of the weeks that were searched."""
    entered: bool = False
    """Whether anything is entered of who lives here, whether the round asks for it or not."""


@dataclass(frozen=True, slots=True)
class _Tallied:
    """What the database has counted of a round, not yet in anybody's language."""

    wanted: int | None
    ways: Mapping[str, Way]
    tables: tuple[Table, ...]
    flow: Flow
    went: Mapping[tuple[str, str], int]
    voices: Voices
    deleted: int
    organised: Organised
    step: int
    """In which steps it is told how many were written to; 0: exactly."""
    entered: bool


class Fairness(Concluding):
    """Who takes part in rounds."""

    # ----------------------------------------------------------------- looking

    def variables(self, code: str | None = None) -> Mapping[str, Variable]:
        """Return by what those who answer a round can be told apart; None: by what a city can be described."""
        if code is None:
            return variables.of_city(self._config, self._catalog.bank)
        with self._database.reading() as db:
            return self._library.variables(db, self._row(db, code))

    def margins(self, code: str | None = None) -> Mapping[str, Margin]:
        """Return who lives in the city; with `code`, what a round goes by: its own numbers before the city's."""
        with self._database.reading() as db:
            return turnout.margins(db, None if code is None else self._row(db, code))

    def entered(self) -> list[MarginRow]:
        """Return who lives in the city as it was entered: by whom and when, too."""
        with self._database.reading() as db:
            return kept_margins.every(db)

    def weighings(self) -> list[Weighed]:
        """Return all that was ever said of who lives in the city, oldest first: by whom, when and why."""
        with self._database.reading() as db:
            return kept_margins.log(db)

    def aims(self, code: str) -> Aims:
        """Return what a round aims at, as it was said."""
        with self._database.reading() as db:
            return aims.load(self._row(db, code).aims)

    def numbers(self, code: str, language: str = wording.FALLBACK) -> Numbers:
        """Count a round now, by group and against its aims; questions in `language`.

        All is counted by the database, a statement for each kind.
        """
        return self._in_words(self._tallied(code), language)

    def glance(self, code: str, language: str = wording.FALLBACK) -> tuple[Counts, Numbers]:
        """Return a round in numbers as they were a few seconds ago at most, for pages that ask again and again."""
        counted = self._lately.of(code, self._clock(), lambda: (self.counts(code), self._tallied(code)))
        return counted[0], self._in_words(counted[1], language)

    def _tallied(self, code: str) -> _Tallied:
        with self._database.reading() as db:
            row = self._row(db, code)
            kept = turnout.kept(db, row.id)
            ways = kept.ways if kept else counted_turnout.ways(db, row.id)
            return _Tallied(
                aims.load(row.aims).answers,
                ways,
                self._tables(db, row, ways, kept),
                self._library.played(db, row).flow,
                {(one.origin, one.to): one.count for one in moves.of(db, row.id)},
                turnout.voices(db, self._library, row, kept),
                trail.many(db, row.id, FORGOTTEN),
                kept.organised if kept else organised.so_far(db, row.id, self._least),
                self._step(row),
                bool(turnout.margins(db, row)),
            )

    def _in_words(self, found: _Tallied, language: str) -> Numbers:
        ways = found.ways.values()
        sent, reached = sum(way.sent for way in ways), sum(way.reached for way in ways)
        return Numbers(
            floored(sent, found.step or 1),
            floored(reached, found.step or 1),
            sum(way.started for way in ways),
            sum(way.finished for way in ways),
            found.wanted,
            _stops(found.flow, found.went, self._least, language),
            found.voices,
            floored(found.deleted, self._least),
            found.tables,
            _most_missing(found.tables),
            self._least,
            found.organised,
            found.entered,
        )

    def missing(self, code: str, reader: str) -> list[str]:
        """Return in words who is missing most, a line each. Nothing is counted where nobody said who lives there."""
        with self._database.reading() as db:
            row = self._row(db, code)
            tables = self._tables(db, row, {}, turnout.kept(db, row.id)) if turnout.margins(db, row) else ()
        return [" ".join(sentences(table, each, self._least, reader)) for table, each in _most_missing(tables)]

    def evaluation(self, code: str, reader: str) -> list[str]:
        """Return in words what is known of a round by its end, a line each: read before its lessons are written."""
        with self._database.reading() as db:
            row = self._row(db, code)
        numbers = self.numbers(code, reader)
        missing = [" ".join(sentences(*each, numbers.minimum, reader)[:2]) for each in numbers.missing]
        came = outcome.load(row.outcome)
        return [*evaluation.known(numbers, missing, self.counts(code), self.findings(code), came, reader)]

    @property
    def _least(self) -> int:
        return self._config.digest.minimum_cell

    def _tables(self, db: Connection, row: RoundRow, ways: Mapping[str, Way], kept: Kept | None) -> tuple[Table, ...]:
        """Return the groups of each variable; once a round is counted, as they were then."""
        known, margins_ = self._library.variables(db, row), turnout.margins(db, row)
        targets = aims.load(row.aims).of(margins_)
        usual = {AREA, LANGUAGE, *margins_, *targets}
        shown = {name: each for name, each in known.items() if name in usual and len(each.groups) > 1}
        counted = kept.people if kept else turnout.live(db, self._library, row, shown, self._least)
        came = ways if kept or not ways else turnout.begun(db, row, ways, self._least)
        return tuple(
            Table(
                each,
                margins_.get(name),
                self._represented(counted.get(name, {}), margins_.get(name)),
                targets.get(name, {}),
                {each: self._told(way) for each, way in came.items()} if name == LANGUAGE else {},
            )
            for name, each in shown.items()
        )

    def _represented(self, people: Mapping[str, int], margin: Margin | None) -> Representation:
        residents = representation.parts(margin.groups) if margin else {}
        return representation.represent(people, residents, self._least, down=True)

    def _told(self, way: Way) -> Told:
        return Told(*(lowered(count, self._least) for count in (way.sent, way.reached, way.started)))

    # ----------------------------------------------------------------- acting

    def weigh(
        self,
        lines: Sequence[Line],
        source: str,
        on: str,
        *,
        code: str | None = None,
        who: int | None = None,
        why: str = "",
    ) -> list[Slip]:
        """Keep who lives there, for the city or for one round, in place of what was said by the same variables.

        `source` says who counted, `on` (ISO day) when it held. Returns what is wrong with the lines; then nothing is
        kept. Raises `Refused` for a missing source or day, without a reason where other numbers stood there (of a draft
        none is needed), and once the round is over.
        """
        found, slips = margins.weighed(lines, self.variables(code))
        told, day = margins.sourced(source, on, self._today())
        if slips:
            return slips
        new = {name: Margin(name, groups, told, day) for name, groups in found.items()}
        with self._act() as db:
            if code is None:
                self._weighed(db, [self._margin_row(db, each, who) for each in new.values()], why)
            else:
                row = self._running(db, code)
                before = aims.load(row.aims)
                self._aimed(db, row, replace(before, margins={**before.margins, **new}), who, MARGINS, why)
        return []

    def _weighed(self, db: Connection, rows: Sequence[MarginRow], why: str) -> None:
        """Keep what is other than before of who lives in the city, and write it into the log."""
        before = {row.variable: row for row in kept_margins.every(db)}
        other = [row for row in rows if row.variable not in before or _said(before[row.variable]) != _said(row)]
        if any(row.variable in before for row in other):
            self._reasoned(why)
        kept_margins.put(db, other)
        for row in other:
            self._logged(db, row, kept_margins.ENTERED, row.entered_by, why)

    def _logged(self, db: Connection, row: MarginRow, what: str, who: str, why: str) -> None:
        fits("why", why.strip(), LONGEST)
        said = (row.groups, row.source, row.valid_on)
        kept_margins.note(db, [Weighed(row.variable, what, self._clock(), who, why.strip(), *said)])

    def _margin_row(self, db: Connection, margin: Margin, who: int | None) -> MarginRow:
        weights = json.dumps(margin.groups, ensure_ascii=False)
        return MarginRow(
            margin.variable, weights, margin.source, margin.on, name_of(db, who, self.operator), self._clock()
        )

    def unweigh(self, variable: str, *, code: str | None = None, who: int | None = None, why: str = "") -> None:
        """Forget who lives there by a variable, for a reason; of a draft none is needed.

        Raises `Refused` where nothing was said by it.
        """
        with self._act() as db:
            if code is None:
                self._forgot(db, variable, who, why)
                return
            row = self._running(db, code)
            before = aims.load(row.aims)
            if variable not in before.margins:
                raise wording.Forbidden("no_margin", variable=variable)
            rest = {name: each for name, each in before.margins.items() if name != variable}
            self._aimed(db, row, replace(before, margins=rest), who, MARGINS, why)

    def _forgot(self, db: Connection, variable: str, who: int | None, why: str) -> None:
        before = next((row for row in kept_margins.every(db) if row.variable == variable), None)
        if before is None:
            raise wording.Forbidden("no_margin", variable=variable)
        self._reasoned(why)
        kept_margins.remove(db, variable)
        self._logged(db, before, kept_margins.FORGOTTEN, name_of(db, who, self.operator), why)

    def aim(self, code: str, answers: int | None, wanted: Targets, *, who: int | None = None, why: str = "") -> None:
        """Say how many answers are wanted in all, and of whom; None and nothing: no target any more.

        Raises `Refused` without a reason where another target stood there; of a draft none is needed.
        """
        with self._act() as db:
            row = self._running(db, code)
            new = aims.aimed(aims.load(row.aims), answers, wanted, self._library.variables(db, row))
            self._aimed(db, row, new, who, AIMS, why)

    def _running(self, db: Connection, code: str) -> RoundRow:
        row = self._held(db, code)
        self._must_be(row, (*BEGINNING, *RUNNING), "over_already")
        return row

    def _aimed(self, db: Connection, row: RoundRow, new: Aims, who: int | None, what: str, why: str) -> None:
        changed = aims.changes(aims.load(row.aims), new)
        if not changed:
            return
        if row.state != State.DRAFT and any(before is not None for before, _ in changed.values()):
            self._reasoned(why)
        rounds.change(db, row.id, aims=aims.dump(new))
        self._note(db, row, who, what, self._clock(), why.strip(), changed=changed)


def _said(row: MarginRow) -> tuple[object, ...]:
    return json.loads(row.groups), row.source, row.valid_on


def _most_missing(tables: Sequence[Table]) -> tuple[tuple[Table, Standing], ...]:
    shown = {each.variable.key: each for each in tables}
    found = representation.most_missing({name: each.found for name, each in shown.items()})
    return tuple((shown[name], standing) for name, standing in found)


def sentences(table: Table, standing: Standing, minimum: int, reader: str) -> tuple[str, str, str]:
    """Return in words who is missing, how the shares stand, and what to do about it."""
    variable = table.variable
    kind = variable.key if variable.key in {AREA, LANGUAGE} else "other"
    question = in_language(variable.question, reader).strip().split("\n")[0]
    who = wording.missing(reader, kind, group=variable.label(standing.group, reader), question=question)
    residents = representation.per_hundred(standing.residents or 0.0)
    if standing.answers is None:
        shares = wording.missing(reader, "hardly", minimum=minimum, base=table.found.base, residents=residents)
    else:
        answers = representation.per_hundred(standing.share or 0.0)
        shares = wording.missing(reader, "shares", answers=answers, residents=residents)
    return who, shares, wording.missing(reader, f"{kind}_do")


def _stops(flow: Flow, ways: Mapping[tuple[str, str], int], minimum: int, language: str) -> tuple[Stop, ...]:
    spoken = flow.script(language).states
    stopped = drop_off(flow, ways, minimum).stopped
    found = [
        Stop(state, spoken[state].text.strip().split("\n")[0], part.count)
        for state, part in stopped.items()
        if part.count
    ]
    return tuple(sorted(found, key=lambda stop: -stop.people)[:STOPS])
