"""What a closed round says, as everybody may know it: counted once, kept, and shown the same for ever. Pure.

Pages, files and charts of the public all show one `Findings`. As it is never counted anew, two looks at it differ by
nobody, whoever deletes their answers later. Its rules, with the public minimum (see `bot.digests.disclosure`):

- Counts are told in steps of the minimum, so that sums of them give back no few people. Whoever also has every digest
  of a round, exact in all weeks but one, may still find the few of that week where a step ends just among them.
- Counts of a question go down to a whole step, so that no parts add up to more than their whole. The range of a share
  is wider by what that may leave out of the part, and of the whole.
- Fewer people than the minimum are told as that; none and all are not told apart from nearly none and nearly all.
- Percentages are of what is told, without those who said that they do not know or that it does not apply to them.
- Only what people chose is told. What they wrote, sent or marked on a map is counted, not shown.
- What they said about their age, their consent and how to reach them is no finding.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from dataclasses import dataclass, replace
from datetime import datetime  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING

import msgspec

from bot.digests import crossed, disclosure, questions, statistics
from bot.digests.crossed import Line  # noqa: TC001 - msgspec reads the annotations
from bot.digests.disclosure import about, lowered
from bot.digests.results import Poll, Result, result
from bot.digests.statistics import Unraked
from bot.digests.weighing import Among, Weighing, Weighted, shares, weigh
from flows.ballots import said
from flows.model import Allocate, BestWorst, Choose, Number, Pick, Question, Rank, Rate
from flows.voices import ROLE as VOICE
from storage.ballots import EVERYBODY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from bot.digests.crossed import Part
    from bot.digests.results import Kind
    from bot.rounds.organised import Organised
    from flows.model import Flow
    from storage.ballots import Tally
    from storage.findings import Counted

NOT_ASKED_ABOUT = frozenset({"age", "begin", "gate", "quote", "result", "invite", VOICE})
"""Roles of questions that serve the conversation."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One option of a question."""

    option: str
    label: Mapping[str, str]
    people: int | None
    """In steps of the minimum; None: fewer than it, none among them."""
    percent: int | None = None
    """Of the base; None where it is not told, or no part of the base."""
    low: int | None = None
    high: int | None = None
    """Percent within which the share may lie by chance (Wilson, 95 %) and by the step."""
    everybody: bool = False
    """All of the base, or nearly."""
    counts: bool = True
    """False for "do not know" and "does not apply": they are no part of the base."""
    weighted: Weighted | None = None
    """The share where each group counts as large as it is; None where nothing is weighted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What people said to one question."""

    state: str
    item: str
    verb: str
    question: Mapping[str, str]
    people: int | None
    """Who answered, in steps of the minimum; None: fewer than it."""
    base: int | None = None
    """Of whom the percentages are."""
    answers: tuple[Answer, ...] = ()
    """In the order they were offered."""
    middle: float | None = None
    """Of numbers: what the middle person said, where half the minimum of people could not move it."""
    unit: str = ""
    recommend: tuple[int, int, int] | None = None
    """Points of 100 more who would recommend it (9, 10) than who would not (0 to 6), and within which this may lie."""
    ballot: Result | None = None
    """Of options that were put in order, given points or called best and last."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group of those who answered; `label` is empty for a channel."""

    group: str
    label: Mapping[str, str]
    people: int | None
    """In steps; None: fewer than the minimum."""
    percent: int | None = None
    """Of those who said which group is theirs."""
    residents: int | None = None
    """Of a hundred residents; None where nobody has said it."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who answered, by one thing: beside who lives there, where a source says it."""

    variable: str
    question: Mapping[str, str]
    """What was asked; empty where the name of the variable says it."""
    groups: tuple[Group, ...]
    source: str = ""
    on: str = ""
    """ISO day when the numbers of the source held."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a round says."""

    at: datetime
    minimum: int
    people: int | None
    """Individuals who handed in answers in time, in steps; None: fewer than the minimum."""
    groups: int = 0
    heads: int | None = 0
    """People in these groups together, in steps; None: fewer than the minimum."""
    organisations: int = 0
    late: int | None = 0
    """People who came later than that, in steps; their answers are not in the figures. None: fewer than the minimum."""
    declared: int | None = 0
    """Who said themselves that they answer for a group or an organisation, in steps; not in the figures either."""
    campaigns: int = 0
    """How many campaigns sent nearly the same words, each of the minimum of people or more ..."""
    senders: int | None = 0
    """... from how many people, in steps; their choices are in the figures ..."""
    texts: int | None = 0
    """... and how many texts, in steps."""
    findings: tuple[Finding, ...] = ()
    lines: tuple[Line, ...] = ()
    """The same answers by channel and language, for a publication; rounds counted before there were any have none."""
    who: tuple[Who, ...] = ()
    """Who answered; likewise."""
    weighing: Weighing | None = None
    """By what shares are weighted, or why not; None where nobody has said who lives there by age or area."""


@dataclass(frozen=True, slots=True)
class Turnout:
    """Who took part: individuals in time, groups with their heads, organisations, and who came late."""

    people: int
    groups: int = 0
    heads: int = 0
    organisations: int = 0
    late: int = 0
    declared: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A round as it was asked: its flow with the texts filled in, what it is called, the public minimum."""

    code: str
    title: Mapping[str, str]
    flow: Flow
    minimum: int
    recommend: Collection[str] = ()
    """The items that ask from 0 to 10 how likely somebody is to recommend it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of a round: how many people answered each question, and how many said what."""

    answered: Mapping[str, int]
    given: Sequence[Counted]

    def of(self, state: str) -> list[Counted]:
        """Return what was said to one question."""
        return [one for one in self.given if one.state == state]


def dump(findings: Findings) -> str:
    """Return findings as JSON; equal findings give equal text."""
    return msgspec.json.encode(findings, order="sorted").decode()


def load(text: str) -> Findings:
    """Read findings back. Raises `msgspec.ValidationError` where the text is none.

    People and the heads of groups were once kept as they are; they too are told in steps.
    """
    kept = msgspec.json.decode(text, type=Findings)
    people, heads = (about(count, kept.minimum) if count else count for count in (kept.people, kept.heads))
    return replace(kept, people=people, heads=heads)


def found(
    asked: Asked,
    turnout: Turnout,
    counts: Counts,
    at: datetime,
    parts: Sequence[Part] = (),
    among: Among | None = None,
) -> Findings:
    """Return as much of a round as everybody may know; with fewer people than the minimum, no findings.

    `parts` are the answers of everybody by channel and language; `among` those of individuals by age and area, where it
    is known who lives there.
    """
    enough = turnout.people >= asked.minimum
    states = [*_questions(asked.flow)] if enough else []
    told = Findings(
        at=at,
        minimum=asked.minimum,
        people=about(turnout.people, asked.minimum) if enough else None,
        groups=turnout.groups,
        heads=about(turnout.heads, asked.minimum),
        organisations=turnout.organisations,
        late=about(turnout.late, asked.minimum),
        declared=about(turnout.declared, asked.minimum),
        findings=tuple(_finding(asked, state, counts) for state in states),
        lines=crossed.lines(states, parts, asked.minimum),
    )
    return _weighted(told, among) if among and enough else told


def told_apart(told: Findings, organised: Organised) -> Findings:
    """Return findings with how many texts were sent in campaigns; nothing where too few people answered."""
    if told.people is None:
        return told
    senders, texts = (about(count, told.minimum) for count in (organised.people, organised.texts))
    return replace(told, campaigns=organised.campaigns, senders=senders, texts=texts)


def _weighted(told: Findings, among: Among) -> Findings:
    """Return findings with weighted shares beside those that are told, or with the reason why there are none."""
    weighing, weights = weigh(among, told.minimum)

    def beside(one: Finding) -> Finding:
        if one.item in among.items or not one.answers:
            return one
        given = [each for each in among.given if each.state == one.state]
        outside = {each.option for each in one.answers if not each.counts}
        raw = [each.option for each in one.answers if each.percent is not None]
        weighted = shares(raw, given, weights, outside, told.minimum)
        return replace(one, answers=tuple(replace(each, weighted=weighted.get(each.option)) for each in one.answers))

    found = tuple(map(beside, told.findings))
    if weights and not any(each.weighted for one in found for each in one.answers):
        weighing = Weighing(among.by, Unraked.TELLING)
    return replace(told, weighing=weighing, findings=found)


def _questions(flow: Flow) -> Iterator[Question]:
    """Give what was asked about the service and the person, in the order of the flow."""
    for state in flow.script(flow.language).states.values():
        if isinstance(state, Question) and state.role not in NOT_ASKED_ABOUT:
            yield state


def _finding(asked: Asked, state: Question, counts: Counts) -> Finding:
    given = counts.of(state.id)
    plain = Finding(
        state=state.id,
        item=state.item or "",
        verb=type(state).__name__.lower(),
        question=questions.question(asked.flow, state.id),
        people=lowered(counts.answered.get(state.id, 0), asked.minimum),
    )
    match state:
        case Choose() | Rate() | Pick():
            return _chosen(asked, state, plain, given)
        case Rank() | Allocate() | BestWorst():
            return replace(plain, ballot=result(_poll(asked, state, given), asked.minimum))
        case Number():
            score = _recommended(given, asked.minimum) if plain.item in asked.recommend else None
            return replace(plain, middle=_middle(given, asked.minimum), unit=state.unit, recommend=score)
        case _:
            return plain


# --------------------------------------------------------------------------- shares


def _chosen(asked: Asked, state: Choose | Rate | Pick, plain: Finding, given: Sequence[Counted]) -> Finding:
    chosen: Counter[str] = Counter()
    for one in given:
        for option in json.loads(one.choices) if one.choices else filter(None, (one.choice,)):
            chosen[option] += one.people
    outside = {option.id for option in state.options if isinstance(state, Rate) and option.value is None}
    everybody = sum(one.people for one in given if one.choices or one.choice not in outside)
    base = lowered(everybody, asked.minimum)
    answers = tuple(
        _answer(option.id, questions.label(asked.flow, state.id, place), chosen[option.id], asked.minimum)
        for place, option in enumerate(state.options)
    )
    return replace(plain, base=base, answers=tuple(_shared(one, base, outside, asked.minimum) for one in answers))


def _answer(option: str, label: Mapping[str, str], people: int, minimum: int) -> Answer:
    return Answer(option, label, lowered(people, minimum))


def _shared(one: Answer, base: int | None, outside: Collection[str], minimum: int) -> Answer:
    """Return an answer with its share of the base, from what is told of both."""
    if one.option in outside:
        return replace(one, counts=False)
    if base is None or one.people is None or base < disclosure.PERCENT_FROM:
        return one
    if one.people >= base:
        return replace(one, everybody=True)
    more = minimum - 1
    low = statistics.wilson(one.people, base + more).low
    high = statistics.wilson(min(one.people + more, base), base).high
    share = statistics.percent(one.people, base)
    return replace(one, percent=share, low=statistics.points(low), high=statistics.points(high))


def _middle(given: Sequence[Counted], minimum: int) -> float | None:
    values: Counter[float] = Counter()
    for one in given:
        if one.score is not None:
            values[one.score] += one.people
    return disclosure.middle(values, minimum) if values.total() >= minimum else None


def _recommended(given: Sequence[Counted], minimum: int) -> tuple[int, int, int] | None:
    """Return the recommend score in steps, as a score of cards is, with its range wider by a step."""
    scores: Counter[int] = Counter()
    for one in given:
        if one.score is not None:
            scores[round(one.score)] += one.people
    step = disclosure.step(scores.total(), minimum)
    if not step:
        return None
    found, span = statistics.recommended(scores)
    score = 2 * disclosure.in_step(round(found + 1, 9), 2, step) - 100
    reach = 2 * step * math.ceil(round(50 * (span.high - found) / step, 9)) + step
    return score, max(score - reach, -100), min(score + reach, 100)


# --------------------------------------------------------------------------- ballots


def _poll(asked: Asked, state: Rank | Allocate | BestWorst, given: Sequence[Counted]) -> Poll:
    kind, most = questions.kind(state)
    tally = _tally(kind, given)
    return Poll(
        code=asked.code,
        title=asked.title,
        state=state.id,
        kind=kind,
        question=questions.question(asked.flow, state.id),
        options={option.id: questions.label(asked.flow, state.id, place) for place, option in enumerate(state.options)},
        most=most,
        people=tally[EVERYBODY],
        tally=tally,
        whole=True,
    )


def _tally(kind: Kind, given: Sequence[Counted]) -> Tally:
    tally: Tally = Counter()
    for one in given:
        if one.choices:
            tally[EVERYBODY] += one.people
            for each in said(kind.value, json.loads(one.choices)):
                tally[each] += one.people
    return tally
