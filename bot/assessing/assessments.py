"""Self-assessments in the database: what can be foretold, what is kept, what somebody may see, what their digest tells.

The one place that chat, pages, command line and digest call.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from bot import rights
from bot.assessing import form as forms
from bot.assessing import perception, scoring
from bot.assessing.form import Asked
from bot.assessing.gap import Foretold, Gap, Guess, Placed, Rated, foretell, off_by
from bot.assessing.items import BY_ID, OF_STAGE
from bot.assessing.perception import Counted, Joined
from bot.assessing.scoring import Moved, Said, Scores, Seen
from bot.digests import disclosure
from bot.digests.headlines import headlines
from bot.digests.model import WHOLE, load
from bot.digests.statistics import Posneg
from bot.digests.weeks import Week
from bot.rights import Right
from bot.rounds.lifecycle import State
from bot.rounds.tongues import in_language
from flows.words import fill
from storage import assessments as stored
from storage import digests, people, rounds, weekly
from storage.assessments import Level, Prediction

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.digests.disclosure import Share
    from bot.digests.model import Digest
    from bot.digests.summarise import Headline
    from bot.rounds.library import Library
    from flows.bank import Bank, Item
    from flows.model import Session
    from storage.assessments import Form
    from storage.beside import Beside
    from storage.rounds import RoundRow

AHEAD: Final = (State.CHECKED, State.SCHEDULED, State.OPEN)
"""States of rounds that ask people, or are about to."""
SEVERAL: Final = 2
FRESH: Final = timedelta(days=14)
"""So long after a round has opened its stage has just begun."""
EXPERIENCE_WEEKS: Final = 13
"""People's experience is that of a quarter."""
MOST_DIGESTS: Final = 500
"""So many digests are looked through for weeks that were told together."""
JOINED: Final = '"joined":[{'
"""Stands in the JSON of those that tell of any; in no text that is quoted: in there quotation marks are escaped."""


@dataclass(frozen=True, slots=True)
class Team:
    """How several assessors see a service: the middle of them for each item."""

    seen: Mapping[str, Seen]
    scores: Scores
    moved: Mapping[str, Moved]
    """By stage, against their whole forms before; nothing where others have assessed then."""
    same_people: bool
    """False where there were earlier whole forms, but not of all of them."""


@dataclass(frozen=True, slots=True)
class Mine:
    """What somebody sees of their own work at a service."""

    at: datetime
    said: Mapping[str, Said]
    scores: Scores
    moved: Mapping[str, Moved]
    """By stage, against the last time; only what the same people have said twice."""
    before: datetime | None
    top: tuple[str, ...]
    team: Team | None
    """With those who show them theirs; None where nobody does."""


@dataclass(frozen=True, slots=True)
class _Weeks:
    """Counts of a service by week, looked up once."""

    db: Connection
    service: str
    zone: ZoneInfo
    beside: Beside
    week: Week
    shown: Digest | None = None
    """The digest of the last of them that is being written."""
    known: dict[Week, tuple[weekly.Count, ...]] = field(default_factory=dict)

    def told(self, headline: Headline, first: Week) -> dict[str, Share]:
        """Return a headline's shares by week, from `first` on, as the last digest that tells of the week told it."""
        found: dict[str, Share] = {}
        digest = self.shown or self._before(str(self.week.back(-1)))
        while digest is not None and digest.period >= str(first):
            scores = [each for each in digest.scores if (each.stage, each.item) == (headline.stage, headline.item)]
            points = {point.week: point.share for each in scores for point in each.weeks}
            found = points | found
            digest = self._before(min(points, default=digest.period))
        return found

    def joined(self, headline: Headline, first: Week, last: Week) -> tuple[Joined, ...]:
        """Return which weeks of few people digests have told together, whoever got them, as the first of them did."""
        bodies = digests.before(self.db, self.service, str(last.back(-1)), MOST_DIGESTS, JOINED)
        told = [digest for body in reversed(bodies) if (digest := load(body))]
        mine = (headline.stage, headline.item, str(first))
        gaps = [each for digest in told if digest.gap for each in digest.gap.foretold]
        found: dict[str, Joined] = {}
        for part in (part for each in gaps if (each.stage, each.item, each.since) == mine for part in each.joined):
            if not found.keys() & {*part.weeks}:
                found |= dict.fromkeys(part.weeks, part)
        return tuple(dict.fromkeys(found.values()))

    def _before(self, period: str) -> Digest | None:
        body = digests.last(self.db, self.service, period, WHOLE)
        return load(body) if body else None

    def of(self, first: Week, last: Week) -> list[tuple[weekly.Count, ...]]:
        """Return what was counted in each week from `first` to `last`."""
        span = []
        while first <= last:
            span.append(first)
            first = first.back(-1)
        missing = {week.span(self.zone): week for week in span if week not in self.known}
        if missing:
            for at, figures in weekly.figures(self.db, self.service, missing.keys(), self.beside).items():
                self.known[missing[at]] = figures.counts
        return [self.known[week] for week in span]


class Assessments:
    """Self-assessments of an installation."""

    def __init__(self, config: Config, bank: Bank, library: Library) -> None:
        self._config = config
        self._library = library
        self._headlines: Mapping[str, Headline] = {each.stage: each for each in headlines(bank)}
        self._paired = _paired(bank)

    # ------------------------------------------------------------------- who

    def services(self, db: Connection, person_id: int) -> list[str]:
        """Return the services somebody may assess, in the order of the configuration."""
        held = people.roles_of(db, person_id)
        return [each.key for each in self._config.services if rights.may(held, each.key, Right.ASSESS)]

    def colleagues(self, db: Connection, person_id: int, service: str) -> list[people.Person]:
        """Return who else may assess a service."""
        found = rights.who(db, Right.ASSESS, service)
        return sorted((each for each in found if each.id != person_id), key=lambda each: (each.name, each.id))

    # ------------------------------------------------------------------- what can be foretold

    def ahead(self, db: Connection, service: str, now: datetime) -> list[RoundRow]:
        """Return the rounds of a service whose result nobody can have seen, one for each stage: the next to open."""
        found: dict[str, RoundRow] = {}
        for row in sorted(rounds.find(db, services=[service], states=AHEAD), key=lambda row: row.opens_at or now):
            if row.stage not in found and self._asks(db, row) and not self.is_locked(db, row, now):
                found[row.stage] = row
        return list(found.values())

    def gates(self, db: Connection, service: str, now: datetime) -> list[RoundRow]:
        """Return the rounds with which a stage begins, or has just begun, whose question is foretold."""
        found = rounds.find(db, services=[service], states=AHEAD)
        return [row for row in found if (row.opened_at is None or now - row.opened_at < FRESH) and self._asks(db, row)]

    def _asks(self, db: Connection, row: RoundRow) -> bool:
        """Whether a round asks the question of its stage that is foretold, and may still be asked."""
        return (
            self._library.asks(db, row)
            and row.stage in self._headlines
            and self._headlines[row.stage].item in self._states(db, row).values()
        )

    def _states(self, db: Connection, row: RoundRow) -> dict[str, str]:
        """Return the round's questions of the bank, those about the person left out: state to item."""
        flow = self._library.shown(db, row)
        states = flow.script(flow.language).states.values()
        items = ((state.id, getattr(state, "item", None)) for state in states)
        return {state: item for state, item in items if item and not item.startswith("you.")}

    def is_locked(self, db: Connection, row: RoundRow, now: datetime) -> bool:
        """Whether a first answer has come in: to the round, or to its stage since the week in which it opened.

        Whoever can have seen a result does not foretell it.
        """
        zone = self._config.city.zone
        since = Week.of(row.opened_at or now, zone).begins(zone)
        over = row.state not in AHEAD
        return over or stored.is_answered(db, row.id, row.service, row.stage, since, [*self._states(db, row)])

    def asked(self, db: Connection, row: RoundRow) -> Asked:
        """Return what is asked of whoever foretells a round's result."""
        headline, flow = self._headlines[row.stage], self._library.played(db, row).flow
        state = next(state for state, item in self._states(db, row).items() if item == headline.item)
        values: Mapping[str, Any] = self._library.facts(row, flow).values
        question = {
            language: fill(
                flow.script(language).states[state].text.strip(),
                {name: in_language(value, language) for name, value in values.items()},
            )
            for language in flow.languages
        }
        return Asked(row.id, row.stage, {**headline.question, **question}, headline.good)

    def asked_of(self, db: Connection, round_ids: Sequence[int]) -> list[Asked]:
        """Return the same of several rounds, in their order; also of those that have their first answer by now."""
        known = rounds.by_ids(db, round_ids)
        return [self.asked(db, known[each]) for each in round_ids if each in known]

    def predict(self, db: Connection, person_id: int, round_id: int, percent: int, now: datetime) -> bool:
        """Keep a prediction; False where a first answer has come in, and the one before it stands."""
        row = rounds.get(db, round_id)
        if row is None or self.is_locked(db, row, now):
            return False
        stored.predict(db, Prediction(round_id, person_id, percent, now))
        return True

    # ------------------------------------------------------------------- keeping

    def finish(self, db: Connection, form: Form, session: Session, now: datetime) -> bool:
        """Keep a form that has come to its end; return whether it had not before."""
        return self.keep(db, form, forms.levels(session), forms.top(session), now)

    @staticmethod
    def keep(db: Connection, form: Form, said: Mapping[str, Said], top: Sequence[str], now: datetime) -> bool:
        """Keep what was said of each item, and what somebody wants to work on."""
        levels = {item: Level(each.level, each.evidence.strip()) for item, each in said.items()}
        return stored.finish(db, form.id, levels, top, now)

    # ------------------------------------------------------------------- what somebody sees

    def mine(self, db: Connection, person_id: int, service: str, now: datetime) -> Mine | None:
        """Return how somebody saw their work last, beside those who show them theirs; None: not yet."""
        shown = stored.shown_to(db, person_id, service) & {one.id for one in self.colleagues(db, person_id, service)}
        told = [each for each in stored.done(db, service, [person_id, *shown]) if (each.done_at or now) <= now]
        own = [each for each in told if each.person_id == person_id]
        if not own:
            return None
        said = _said(db, [each.id for each in told])
        wholes = [each for each in own if each.stage is None]
        before = wholes[1] if len(wholes) > 1 else None
        latest = {who: _laid([said[each.id] for each in told if each.person_id == who]) for who in {person_id, *shown}}
        mine = latest[person_id]
        scores = scoring.score(scoring.levels(mine))
        earlier = scoring.score(scoring.levels(said[before.id])) if before else None
        return Mine(
            at=own[0].done_at or now,
            said=mine,
            scores=scores,
            moved=_moved(scores, earlier, {person_id}, {person_id}) if earlier else {},
            before=before.done_at if before else None,
            top=_top(wholes),
            team=_together([each for each in told if each.stage is None], latest, said),
        )

    def above(self, db: Connection) -> tuple[int, int | None]:
        """Return how many teams have looked at their work, and their mean in steps; None of fewer than three."""
        newest: dict[str, dict[int, list[int]]] = {}
        every = stored.all_done(db)
        for each in every:
            newest.setdefault(each.service, {}).setdefault(each.person_id, []).append(each.id)
        said = _said(db, [each.id for each in every])
        totals = [total for team in newest.values() if (total := _team(team, said)) is not None]
        return len(totals), scoring.above_teams(totals)

    # ------------------------------------------------------------------- the gap

    def gap(
        self,
        db: Connection,
        person_id: int,
        service: str,
        week: Week,
        zone: ZoneInfo,
        now: datetime,
        shown: Digest | None = None,
    ) -> Gap | None:
        """Return item 8 of somebody's digest of a week (`shown`); None where they have said nothing yet."""
        mine = self.mine(db, person_id, service, now)
        weeks = _Weeks(db, service, zone, self._library.beside(db, service), week, shown)
        predicted = self._predicted(db, person_id, service, now)
        if mine is None and not predicted:
            return None
        this = scoring.quarter(week.sunday)
        guesses = self._guesses(weeks, predicted, week)
        earlier = _last_of_quarter_before(week)
        found = Gap(
            quarter=this,
            foretold=self.foretold(guesses),
            fields=self._fields(mine, weeks, week) if mine else (),
            calibration=off_by(guesses),
            before=off_by(self._guesses(weeks, predicted, earlier)),
            top=tuple(self._rated(item, weeks, week) for item in mine.top) if mine else (),
        )
        return found if found.foretold or found.fields or found.top else None

    def waiting(self, db: Connection, person_id: int, service: str, gap: Gap | None) -> list[tuple[str, int]]:
        """Return (stage, percent) of what somebody foretells and nobody can compare yet, one for each stage."""
        said = stored.predictions(db, person_id)
        known = rounds.by_ids(db, [each.round_id for each in said])
        open_ = {
            known[each.round_id].stage: each.percent
            for each in said
            if each.round_id in known and known[each.round_id].service == service
        }
        compared = {each.stage for each in gap.foretold} if gap else set()
        return [(stage, percent) for stage, percent in open_.items() if stage not in compared]

    @staticmethod
    def foretold(guesses: Sequence[Guess]) -> tuple[Foretold, ...]:
        """Return what came of predictions."""
        return foretell(guesses)

    def _predicted(
        self, db: Connection, person_id: int, service: str, now: datetime
    ) -> list[tuple[Prediction, RoundRow]]:
        """Return what somebody has foretold of rounds of a service that have opened."""
        said = stored.predictions(db, person_id, until=now + timedelta(microseconds=1))
        known = rounds.by_ids(db, [each.round_id for each in said])
        found = ((each, known[each.round_id]) for each in said if each.round_id in known)
        return [(each, row) for each, row in found if row.service == service and row.opened_at is not None]

    def _guesses(self, weeks: _Weeks, predicted: Iterable[tuple[Prediction, RoundRow]], week: Week) -> list[Guess]:
        """Return the newest prediction of each stage that answers of the week's quarter belong to."""
        newest: dict[str, tuple[Prediction, RoundRow]] = {}
        for said, row in sorted(predicted, key=lambda one: one[1].opened_at or one[0].said_at):
            first, last = self._measured(row, week, weeks.zone)
            if first <= week and scoring.quarter(last.sunday) == scoring.quarter(week.sunday):
                newest[row.stage] = said, row
        return [self._guess(weeks, said, row, week) for said, row in newest.values()]

    @staticmethod
    def _measured(row: RoundRow, week: Week, zone: ZoneInfo) -> tuple[Week, Week]:
        first = Week.of(row.opened_at, zone) if row.opened_at else week.back(-1)
        return first, min(week, Week.of(row.closed_at, zone)) if row.closed_at else week

    def _guess(self, weeks: _Weeks, said: Prediction, row: RoundRow, week: Week) -> Guess:
        headline = self._headlines[row.stage]
        first, last = self._measured(row, week, weeks.zone)
        told = weeks.told(headline, first)
        counted = ((str(first.back(-n)), _posneg(counts, headline)) for n, counts in enumerate(weeks.of(first, last)))
        groups = [Counted(week, group, told.get(week)) for week, group in counted]
        share, joined = perception.observed(
            groups, self._config.digest.minimum_cell, weeks.joined(headline, first, last)
        )
        return Guess(row.stage, headline.item, said.percent, share, headline.good, str(first), joined)

    # ------------------------------------------------------------------- practice and experience

    def _fields(self, mine: Mine, weeks: _Weeks, week: Week) -> tuple[Placed, ...]:
        felt = {stage: self._felt([*of], weeks, week) for stage, of in OF_STAGE.items()}
        return tuple(
            Placed(stage, field_, each.indication)
            for stage, each in felt.items()
            if each and (field_ := perception.field_of(mine.scores.stages[stage], each))
        )

    def _felt(self, of: Iterable[Any], weeks: _Weeks, week: Week) -> perception.Experience | None:
        """Return people's experience of what stands beside these items, in the last quarter of a year."""
        counted = self._worth([item.id for item in of], weeks, week)
        return perception.experience(counted, f"{weeks.service} {week}")

    def _worth(self, items: Sequence[str], weeks: _Weeks, week: Week) -> dict[str, dict[int, int]]:
        """Return by citizens' question how many people gave an answer worth so many of 100 points."""
        asked = {(BY_ID[item].stage, one.id): one for item in items for one in self._paired.get(item, ())}
        found: dict[str, dict[int, int]] = {}
        for counts in weeks.of(week.back(EXPERIENCE_WEEKS - 1), week):
            for count in counts:
                one = asked.get((count.stage, count.item))
                worth = _worth(one, count.choice) if one else None
                if one is not None and worth is not None:
                    tally = found.setdefault(one.id, {})
                    tally[worth] = tally.get(worth, 0) + count.people
        return found

    def _rated(self, item: str, weeks: _Weeks, week: Week) -> Rated:
        """Return people's experience of one item, in steps that no few people can move."""
        counted = self._worth([item], weeks, week)
        felt = perception.experience(counted, f"{weeks.service} {week}")
        least = min((sum(each.values()) for each in counted.values() if sum(each.values()) >= 10), default=0)
        step = disclosure.step(least, self._config.digest.minimum_cell)
        return Rated(item, disclosure.in_step(Fraction(felt.index), 100, step) if felt and step else None)


# --------------------------------------------------------------------------- helpers


def _paired(bank: Bank) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in bank.items.values():
        for pair in item.pair:
            found.setdefault(pair, []).append(item)
    return found


def _worth(item: Item, choice: str) -> int | None:
    """Return what an answer is worth of 100 points: of five steps (step - 1) / 4; else all where it is a good one.

    None for "do not know" and whatever has no place on a scale.
    """
    if choice in item.outside or choice == "na":
        return None
    values = {option.id: option.value for option in item.options}
    value = values.get(choice)
    if value is not None:
        return (value - 1) * 25
    return (100 if choice in item.headline else 0) if item.headline and choice in values else None


def _posneg(counts: Iterable[weekly.Count], headline: Headline) -> Posneg:
    tally = {"positive": 0, "neutral": 0, "negative": 0}
    for count in counts:
        tone = headline.tone(count.choice) if (count.stage, count.item) == (headline.stage, headline.item) else ""
        if tone in tally:
            tally[tone] += count.people
    return Posneg(tally["positive"], tally["neutral"], tally["negative"])


def _said(db: Connection, told: Collection[int]) -> dict[int, dict[str, Said]]:
    """Return what was said in these forms, and whether a round shows it."""
    found = stored.levels(db, told)
    words = {
        part.lower() for levels in found.values() for each in levels.values() for part in scoring.parts(each.evidence)
    }
    codes = rounds.codes(db, words)
    return {
        form: {item: _one(each, codes) for item, each in levels.items() if item in BY_ID}
        for form, levels in found.items()
    }


def _one(said: Level, codes: Collection[str]) -> Said:
    of_round = any(part.lower() in codes for part in scoring.parts(said.evidence))
    return Said(said.level, said.evidence, of_round)


def _laid(told: Sequence[Mapping[str, Said]]) -> dict[str, Said]:
    """Return the newest word on each item; `told` has the newest form first."""
    laid: dict[str, Said] = {}
    for each in reversed(told):
        laid |= each
    return laid


def _moved(now: Scores, before: Scores, who: Collection[int], who_before: Collection[int]) -> dict[str, Moved]:
    found = {stage: scoring.moved(now.stages[stage], before.stages[stage], who, who_before) for stage in OF_STAGE}
    return {stage: each for stage, each in found.items() if each is not None}


def _together(
    wholes: Sequence[Form], latest: Mapping[int, Mapping[str, Said]], said: Mapping[int, Mapping[str, Said]]
) -> Team | None:
    """Return what several see together; None of one alone. `wholes` has the newest form first."""
    if sum(1 for each in latest.values() if each) < SEVERAL:
        return None
    forms_of: dict[int, list[int]] = {}
    for each in wholes:
        forms_of.setdefault(each.person_id, []).append(each.id)
    now, before = ({who: each[place] for who, each in forms_of.items() if len(each) > place} for place in (0, 1))
    scores_now, scores_before = (_middle([said[each] for each in of.values()]) for of in (now, before))
    seen = scoring.together([each for each in latest.values() if each])
    moved = _moved(scores_now, scores_before, now, before) if before else {}
    return Team(seen, _middle([*latest.values()]), moved, not before or set(now) == set(before))


def _middle(told: Iterable[Mapping[str, Said]]) -> Scores:
    return scoring.score({item: each.middle for item, each in scoring.together(told).items()})


def _top(wholes: Sequence[Form]) -> tuple[str, ...]:
    return forms.picked(json.loads(wholes[0].top)) if wholes else ()


def _team(team: Mapping[int, Sequence[int]], said: Mapping[int, Mapping[str, Said]]) -> Fraction | None:
    """Return the total of a team: the middle of its assessors for each item."""
    return _middle([_laid([said[form] for form in told]) for told in team.values()]).total


def _last_of_quarter_before(week: Week) -> Week:
    """Return the last week whose Sunday lies in the quarter before the week's own."""
    this, before = scoring.quarter(week.sunday), week
    while scoring.quarter(before.sunday) == this:
        before = before.back(1)
    return before
