"""What the database counts for a digest. Weeks that are over were counted before; answers are never read one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from bot.digests import disclosure
from bot.digests.disclosure import steps
from bot.digests.quotes import Said, by_lot, lot
from bot.digests.summarise import BASE_WEEKS, MEDIAN_WEEKS, Answers, Deadline, Heard
from bot.digests.weeks import Week
from bot.errors import Trouble
from bot.rounds import complete, record
from bot.rounds.lifecycle import last_day
from bot.themes.starter import named
from storage import answers as stored
from storage import campaigns, rounds, sessions, themes, weekly
from storage.beside import NOBODY as NO_OTHERS
from storage.sides import NO_SIDES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    import pandas as pd
    from sqlalchemy import Connection

    from bot.digests.signals import Place
    from bot.digests.summarise import Scope
    from bot.quoting import Quoting
    from storage.answers import TextRow
    from storage.beside import Beside
    from storage.database import Database
    from storage.rounds import RoundRow
    from storage.sides import Sides
    from storage.weekly import Figures, Span

Labels: TypeAlias = "Mapping[str, Mapping[str, str]]"
"""Words by id and language."""
NONE: Final[Labels] = {}

POOL = 200
"""Texts drawn by lot, of which quotes are chosen."""
PEOPLE = disclosure.INDICATION_BELOW
"""A week in which so many answered is told of by itself, whatever the minimum."""
SAMPLE = 20_000
"""Most texts of a week among which the lot decides; of more, each n-th."""
STEPS = ("del.step", "pil.step")
"""Items that ask at which step of the service something went wrong."""
NOWHERE = frozenset({"nowhere", "went_well", "na"})
"""Their options that are no step."""
AREA = "you.area"
"""Item that asks where somebody lives."""
NOBODY = (0, 0)
_BACK = range(BASE_WEEKS, -1, -1)
COUNTED = ("week", "stage", "item", "choice", "people")
WAITING = ("scheduled", "open", "paused", "closed", "analysed", "decided")
"""States of rounds with a deadline ahead, or missed."""


def gather(  # noqa: PLR0913 - all that counting needs
    db: Connection,
    service: str,
    week: Week,
    zone: ZoneInfo,
    quoting: Quoting,
    sides: Sides = NO_SIDES,
    labels: tuple[Labels, Labels] = (NONE, NONE),
    *,
    beside: Beside = NO_OTHERS,
) -> Answers:
    """Count what `summarise` needs for this week of this service, on the calendar of `zone`.

    `quoting` says which words may be quoted, and how: nothing that leads to somebody goes into a digest. `sides` say
    who tells of a problem and who of what works; `labels` are the service's own steps and areas, by id. `beside` is
    who is no voice of one person.
    """
    spans = {week.back(back): week.back(back).span(zone) for back in range(MEDIAN_WEEKS + 1)}
    figures = weekly.figures(db, service, spans.values(), beside)
    totals = weekly.everybody(db, service, figures, beside)
    weeks = {str(each): figures[span] for each, span in spans.items()}
    began, finished = sessions.passages(db, service, *spans[week])
    said = tuple(_by_lot(db, service, week, zone, weeks, quoting, beside))
    *past, sent = ([one.senders for one in campaigns.of_week(db, service, *spans[week.back(n)])] for n in _BACK)
    return Answers(
        counts=frame(COUNTED, _counts(weeks)),
        people=frame(("week", "channel", "people"), _people(weeks)),
        totals=frame(("channel", "people"), totals.items()),
        written=frame(("week", "texts"), ((each, figures.texts) for each, figures in weeks.items())),
        said=said,
        heard=tuple(_heard(db, service, [spans[week.back(n)] for n in _BACK], sides, labels, said, beside)),
        unread=_unread(db, service, spans[week], beside.texts(spans[week])),
        senders=len(beside.senders(spans[week]) - beside.kinds.keys()),
        sent=len(campaigns.sent(db, service, *spans[week]).keys() - beside.texts(spans[week])),
        campaigns=tuple(sent),
        senders_past=tuple(map(sum, past)),
        began=began,
        finished=finished,
        apart=beside.told(spans[week]),
        asked=tuple((str(each), _scoring(figures[spans[each]], spans[each], beside)) for each in sorted(spans)),
    )


def keep(database: Database, service: str, zone: ZoneInfo, now: datetime) -> int:
    """Have all weeks that are over at `now` counted; return how many had to be."""
    with database.reading() as db:
        first = weekly.first(db, service)
    return weekly.keep(database, service, _over(first, now, zone)) if first else 0


def _over(first: datetime, now: datetime, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Return the spans of the weeks from the one `first` lies in to the last before `now`."""
    week, spans = Week.of(now, zone).back(1), []
    while week.ends(zone) > first:
        spans.append(week.span(zone))
        week = week.back(1)
    return spans


def frame(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> pd.DataFrame:
    """Return rows as a table that has its columns even where it has no rows."""
    import pandas as pd  # noqa: PLC0415 - half a second of import, for the process that writes a digest

    return pd.DataFrame.from_records(list(rows), columns=list(columns))


def _counts(weeks: Mapping[str, Figures]) -> Iterator[tuple[object, ...]]:
    for week, figures in weeks.items():
        for count in figures.counts:
            yield week, count.stage, count.item, count.choice, count.people


def _people(weeks: Mapping[str, Figures]) -> Iterator[tuple[object, ...]]:
    for week, figures in weeks.items():
        for each in figures.people:
            yield week, each.channel, each.people


def _scoring(figures: Figures, span: Span, beside: Beside) -> dict[int, int]:
    """Return by round how many answered in a week, without those who sent a campaign: their scores are in no share."""
    people = Counter[int]()
    for one in figures.people:
        people[one.round_id] += one.people
    people.subtract(round_id for round_id, who in beside.senders(span) if (round_id, who) not in beside.kinds)
    return dict(+people)


def _by_lot(
    db: Connection,
    service: str,
    week: Week,
    zone: ZoneInfo,
    weeks: Mapping[str, Figures],
    quoting: Quoting,
    beside: Beside,
) -> Iterator[Said]:
    """Give quotable texts of the week, and of the weeks before it that may be too quiet to be told of by themselves."""
    for back in range(BASE_WEEKS + 1):
        this = week.back(back)
        figures = weeks[str(this)]
        if back and sum(each.people for each in figures.people) >= PEOPLE:
            return
        every = every_nth(figures.texts)
        ids = quoting.ids(db, service, this.span(zone), every, week.number % every)
        lots = sorted(ids, key=lambda each: lot(str(each[1]), str(week), str(each[0])))
        organised = {text: f"campaign {n}" for text, n in campaigns.sent(db, service, *this.span(zone)).items()}
        out = beside.texts(this.span(zone))
        own = ((answer_id, round_id) for answer_id, round_id in lots if answer_id not in out)
        drawn = _one_of_each(own, organised, str(week))[:POOL]
        said = _said(quoting.texts(db, drawn), zone)
        yield from by_lot((replace(one, draws=organised.get(int(one.key), "")) for one in said), str(week))


def _one_of_each(texts: Iterable[tuple[int, int]], organised: Mapping[int, str], week: str) -> list[int]:
    """Return texts, (id, round id), by lot, with one of each campaign: many who send the same have one lot together."""
    drawn: dict[str, tuple[bytes, int]] = {}
    for text, round_id in texts:
        campaign = organised.get(text, "")
        by = lot("", week, campaign) if campaign else lot(str(round_id), week, str(text))
        drawn.setdefault(campaign or str(text), (by, text))
    return [text for _, text in sorted(drawn.values())]


def every_nth(texts: int) -> int:
    """Return of how many texts of a week one is read: of 1, unless there are too many to read all."""
    return max(-(-texts // SAMPLE), 1)


def _said(quotes: Iterable[tuple[TextRow, str]], zone: ZoneInfo) -> Iterator[Said]:
    for row, text in quotes:
        on, scored = row.counted_at.astimezone(zone).date(), (row.score_item or "", row.score_choice or "")
        yield Said(str(Week.holding(on)), on, row.stage, text, *scored, str(row.id), str(row.round_id))


# --------------------------------------------------------------------------- themes


def _heard(
    db: Connection,
    service: str,
    spans: Sequence[Span],
    sides: Sides,
    labels: tuple[Labels, Labels],
    said: Sequence[Said],
    beside: Beside,
) -> Iterator[Heard]:
    """Give each theme somebody has confirmed twice: by those to whom it works, and by those it is a problem to.

    Whoever raised it only in a campaign is counted apart. `spans`: the four weeks before and this one; `labels`: of
    steps and of areas.
    """
    book = {each.id: each for each in themes.codebook(db, service, [themes.CONFIRMED])}
    if not book:
        return
    out = {each: beside.texts(each) for each in spans}
    *past, now = (
        (by_side(db, service, each, sides, apart=True, without=out[each]), _wrote(db, service, each, out[each]))
        for each in spans
    )
    span = spans[-1]
    left = out[span]
    all_, about = by_side(db, service, span, sides, without=left), dict(campaigns.about(db, service, *span))
    places, areas = _places(db, service, span, left), _areas(db, service, span, labels[1], left)
    words, praise = _words(db, said), _praise(db, service, spans, sides, said, out)
    for theme_id in sorted(all_.keys() & book.keys()):
        theme, own = book[theme_id], now[0].get(theme_id, NOBODY)
        step, people = places.get(theme_id, ("", 0))
        for well in (False, True):
            before = tuple((raised.get(theme_id, NOBODY)[well], wrote) for raised, wrote in past)
            yield Heard(
                theme=theme.key,
                name=named(theme),
                good=well,
                people=own[well],
                people_before=before[-1][0],
                step={} if well else dict(labels[0].get(step, {})),
                step_people=people,
                quotes=tuple(one for one in words.get(theme_id, ()) if ((int(one.key), theme_id) in praise) == well),
                organised=max(all_[theme_id][well] - own[well], 0),
                campaigns=about.get(theme_id, 0),
                wrote=now[1],
                past=before,
                places=() if well else areas.get(theme_id, ()),
            )


def _praise(
    db: Connection,
    service: str,
    spans: Sequence[Span],
    sides: Sides,
    said: Sequence[Said],
    out: Mapping[Span, Collection[int]],
) -> set[tuple[int, int]]:
    """Return (text, theme) of the texts whose writers say what works, each in its week."""
    ids = [int(one.key) for one in said]
    if not ids:
        return set()
    return {one for each in spans for one in themes.praising(db, service, *each, sides, ids, without=out[each])}


def _wrote(db: Connection, service: str, span: Span, without: Collection[int]) -> int:
    return themes.read_so_far(db, service, *span, apart=True, without=without).people


def _unread(db: Connection, service: str, span: Span, without: Collection[int]) -> tuple[int, int]:
    """Return how many texts are not sorted, and of how many; nothing of a service that sorts none."""
    if not themes.revision(db, service):
        return 0, 0
    read = themes.read_so_far(db, service, *span, without=without)
    return read.unsorted, read.texts


def by_side(
    db: Connection,
    service: str,
    span: Span,
    sides: Sides,
    *,
    apart: bool = False,
    without: Collection[int] = (),
) -> dict[int, tuple[int, int]]:
    """Return by theme the people to whom it is a problem, and those to whom it works; `apart`: without campaigns.

    Nor do the texts `without` count.
    """
    works = themes.praised(db, service, *span, sides, apart=apart, without=without)
    everybody = themes.raised(db, service, *span, apart=apart, without=without)
    return {one.theme_id: (one.people - works.get(one.theme_id, 0), works.get(one.theme_id, 0)) for one in everybody}


def _places(db: Connection, service: str, span: Span, without: Collection[int]) -> dict[int, tuple[str, int]]:
    """Return by theme the step that most people name, with how many they are; none where two are named as often."""
    named: dict[int, Counter[str]] = {}
    for one in themes.chose(db, service, *span, STEPS, apart=True, without=without):
        if one.choice not in NOWHERE:
            named.setdefault(one.theme_id, Counter())[one.choice] += one.people
    first = {theme: [*steps.most_common(2), ("", 0)] for theme, steps in named.items()}
    return {theme: steps[0] for theme, steps in first.items() if steps[0][1] > steps[1][1]}


def _areas(
    db: Connection, service: str, span: Span, labels: Labels, without: Collection[int]
) -> dict[int, tuple[Place, ...]]:
    """Return by theme where people live who raised it, beside where all live who wrote; as far as they told."""
    wrote = themes.writers(db, service, *span, AREA, apart=True, without=without) if labels else {}
    raised: dict[int, Counter[str]] = {}
    for one in themes.chose(db, service, *span, [AREA], apart=True, without=without) if wrote else ():
        raised.setdefault(one.theme_id, Counter())[one.choice] += one.people
    known = [area for area in labels if area in wrote]
    return {
        theme: tuple((labels[area], areas[area], max(wrote[area], areas[area])) for area in known)
        for theme, areas in raised.items()
    }


def _words(db: Connection, said: Sequence[Said]) -> dict[int, list[Said]]:
    """Return the texts of each theme that were sent in no campaign, in the order of their lots."""
    found: dict[int, list[Said]] = {}
    ids = [int(one.key) for one in said]
    about, organised = (themes.of_texts(db, ids), campaigns.of_texts(db, ids)) if said else ({}, {})
    for one in (each for each in said if int(each.key) not in organised):
        for theme in about.get(int(one.key), ()):
            found.setdefault(theme, []).append(one)
    return found


def in_steps(db: Connection, answers: Answers, scope: Scope, beside: Beside = NO_OTHERS) -> Answers:
    """Return the answers with the running week's headlines cut back to whole steps of people, oldest first."""
    week, earlier = str(scope.week), answers.counts[answers.counts["week"] != str(scope.week)]
    begins, ends = scope.week.begins(scope.zone), scope.week.ends(scope.zone)
    out = {*beside.kinds, *beside.senders((begins, ends))}
    rows = [tuple(row) for row in earlier.itertuples(index=False)]
    for headline in scope.headlines:
        based = headline.positive | headline.neutral | headline.negative
        current = answers.counts[(answers.counts["week"] == week) & (answers.counts["item"] == headline.item)]
        shown = steps(int(current[current["choice"].isin(based)]["people"].sum()), scope.minimum)
        first = stored.earliest(db, scope.service, headline.item, begins, ends, sorted(based), shown, without=out)
        rows += [(week, headline.stage, headline.item, choice, people) for choice, people in first.items()]
    return replace(answers, counts=frame(COUNTED, rows))


# --------------------------------------------------------------------------- clock


def deadlines(db: Connection, service: str, zone: ZoneInfo) -> tuple[Deadline, ...]:
    """Return what the clock may tell of the rounds of a service."""
    return tuple(_deadline(row, zone) for row in rounds.find(db, services=[service], states=WAITING))


def _deadline(row: RoundRow, zone: ZoneInfo) -> Deadline:
    """What of a round cannot be read any more says nothing: the deadlines of others stand all the same."""
    opens_on = row.opens_at.astimezone(zone).date() if row.opens_at else None
    closes_on = last_day(row.closes_at, zone) if row.closes_at else None
    plain = Deadline(row.code, row.title, row.state, opens_on, closes_on)
    try:
        kept, written = record.load(row.record), complete.fields(row) if complete.wanted(row) else None
    except Trouble:
        return plain
    return replace(plain, feedback_on=_feedback_on(kept), written=written, titles=record.titles(kept))


def _feedback_on(kept: Mapping[str, Any]) -> date | None:
    """The day people were promised to hear what came of it; None where the record names no day."""
    said = kept.get("feedback_on")
    try:
        return date.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
