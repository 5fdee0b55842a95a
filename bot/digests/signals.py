"""When a digest says Act, Watch or Steady, and why. Pure; read from what is shown, so nothing hidden follows from it.

The limits are rules of the house. 99 % where a share is said to have fallen, because many figures are looked at each
week; a run of weeks on one side of the median, because two points make people react to noise (NHS England, *Making data
count*; Riley and others 2021, BMJ Leader). No colours, and no alarm on a single number.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from bot.digests import disclosure, statistics
from bot.digests.model import ACTING, Alert, Move, Proposal, Reason, Tick
from bot.digests.representation import HARDLY_HEARD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.digests.disclosure import Share
    from bot.digests.model import Clock, Missing, Score, Theme

MOST = 3
"""Alerts, and proposals, in one digest."""
LEVEL = 0.99
"""A share fell where this range of the difference leaves out zero."""
FIRM_FROM = disclosure.INDICATION_BELOW
"""New answers from which a fall calls for action."""
DROP = 15
"""Points that a share of fewer answers has to fall."""
DOUBLED_FROM = 10
"""People from which a theme that doubled calls for action."""
RUN = 6
"""Weeks in a row on one side of the median."""
MEDIAN_FROM = 12
"""Weeks with a share that a median takes: of fewer, six on one side are half of all."""
SOON = 7
"""Days before a promised report-back at which it is proposed."""


def alerts(
    *,
    urgent: int,
    clock: Iterable[Clock],
    scores: Sequence[Score],
    themes: Iterable[Theme],
    missing: Iterable[Missing],
    minimum: int,
    issued: Iterable[Alert] = (),
) -> tuple[Alert, ...]:
    """Return all reasons to act, then those to watch, the gravest first.

    `urgent` counts reports of danger that nobody has closed, `themes` are all that are told. `issued` are
    those of a digest of the same week that somebody has got: its list of themes was cut, their alerts were not.
    """
    grown = [*_doubled(themes, minimum)]
    grown += [each for each in issued if each.reason is Reason.DOUBLED and each not in grown]
    found = [
        *([Alert(Reason.URGENT, urgent)] if urgent else []),
        *_overdue(clock),
        *_falls(scores, minimum),
        *grown,
        *_runs(scores),
        *_unheard(missing),
    ]
    return tuple(sorted(found, key=lambda each: each.reason not in ACTING))


def told(found: Sequence[Alert]) -> tuple[Alert, ...]:
    """Return those that a digest tells: at most three in their order, and one of each reason before a second of any."""
    first = [place for place, each in enumerate(found) if each.reason not in {one.reason for one in found[:place]}]
    rest = [place for place in range(len(found)) if place not in first]
    return tuple(found[place] for place in sorted([*first, *rest][:MOST]))


def _overdue(clock: Iterable[Clock]) -> Iterator[Alert]:
    late = [each for each in clock if each.tick is Tick.OVERDUE]
    for each in sorted(late, key=lambda one: (-one.days, one.code)):
        yield Alert(Reason.OVERDUE, each.days, each.name)


def _falls(scores: Sequence[Score], minimum: int) -> Iterator[Alert]:
    for score in scores:
        now = score.compared
        past = score.past
        if score.change is None or not now.base:
            continue
        lost = disclosure.surely_lost(now, past, minimum)
        told = statistics.points(float(lost))
        if now.base >= FIRM_FROM:
            if lost > 0 and disclosure.changed(now, past, minimum, LEVEL):
                yield Alert(Reason.FELL, told, stage=score.stage)
        elif 100 * lost >= DROP:
            yield Alert(Reason.DROP, told, stage=score.stage)


def doubled(theme: Theme, minimum: int) -> bool:
    """Whether a theme calls for action; a number that is too small to tell is taken for the largest it can be."""
    before = minimum - 1 if theme.before is None else theme.before
    return theme.compared and theme.people >= max(DOUBLED_FROM, 2 * before)


def _doubled(themes: Iterable[Theme], minimum: int) -> Iterator[Alert]:
    for theme in themes:
        if doubled(theme, minimum):
            yield Alert(Reason.DOUBLED, theme.people, theme.name, at_least=theme.at_least)


def _runs(scores: Iterable[Score]) -> Iterator[Alert]:
    for score in scores:
        if abs(score.side) >= RUN:
            reason = Reason.ABOVE if score.side > 0 else Reason.BELOW
            yield Alert(reason, abs(score.side), stage=score.stage)


def _unheard(missing: Iterable[Missing]) -> Iterator[Alert]:
    for each in missing:
        ratio = each.ratio or 0.0  # too few people to tell are hardly heard, too
        if ratio < HARDLY_HEARD:
            yield Alert(Reason.MISSING, round(100 * ratio), each.group)


# --------------------------------------------------------------------------- where

Place = tuple["Mapping[str, str]", int, int]
"""An area: its name by language, who raised a theme there, and who wrote there at all."""


AREA_FROM = 10
"""A quote stands beside an area only where so many raised the theme there."""


def stands_out(places: Sequence[Place], minimum: int) -> Mapping[str, str]:
    """Return the name of the area in which most people raised a theme, where they do so more often than elsewhere.

    Beyond chance at 99 %, and by no fewer than ten people nor the minimum: somebody's words may stand beside it.
    Nothing where no area is like that.
    """
    most = max(places, key=lambda each: each[1], default=None)
    if most is None or most[1] < max(minimum, AREA_FROM):
        return {}
    name, here, wrote = most
    elsewhere, others = sum(each[1] for each in places) - here, sum(each[2] for each in places) - wrote
    if not others or statistics.newcombe(here, wrote, elsewhere, others, LEVEL).low <= 0:
        return {}
    return name


# --------------------------------------------------------------------------- on which side of the median


def middle(weeks: Sequence[Share]) -> int | None:
    """Return the median of the shares that are told exactly, in whole percent; None of fewer than twelve weeks."""
    told = [share.percent for share in weeks if share.percent is not None]
    return int(median(told) + 0.5) if len(told) >= MEDIAN_FROM else None


def side(weeks: Sequence[Share]) -> int:
    """Return how many weeks in a row, up to the last, lie above the median; below it as a negative number.

    A week without an exact share ends a run, and so does one that lies on the median.
    """
    told = [share.percent for share in weeks]
    known = [percent for percent in told if percent is not None]
    if len(known) < MEDIAN_FROM:
        return 0
    centre, run = median(known), 0
    for percent in reversed(told):
        if percent is None or percent == centre or run * (percent - centre) < 0:
            break
        run += 1 if percent > centre else -1
    return run


# --------------------------------------------------------------------------- what could be done


def proposals(
    found: Sequence[Alert],
    clock: Sequence[Clock],
    problems: Sequence[Theme],
    missing: Sequence[Missing],
    *,
    late: bool = False,
    quiet: bool,
) -> tuple[Proposal, ...]:
    """Return at most three steps for this week: fix what asks for it, ask who is missing, tell who waits.

    First what each reason to act asks for, then a step of each kind, then others. `found` are all reasons, told or not;
    `late`: actions are beyond their day; `quiet`: too few people answered to say anything.
    """
    acting = _steps((each for each in told(found) if each.reason in ACTING), problems)
    every = [*_tell(clock), *_steps(found, problems), *_fix(problems, late=late), *_ask(missing, quiet=quiet)]
    of_each = [next((each for each in every if each.move is move), None) for move in Move]
    chosen: list[Proposal] = []
    for each in (*acting, *of_each, *every):
        if each and each not in chosen:
            chosen.append(each)
    return tuple(sorted(chosen[:MOST], key=lambda each: list(Move).index(each.move)))


def _steps(found: Iterable[Alert], problems: Sequence[Theme]) -> Iterator[Proposal]:
    """Give what reasons ask for, in their order."""
    for alert in found:
        match alert.reason:
            case Reason.URGENT:
                yield Proposal(Move.FIX, "urgent")
            case Reason.OVERDUE:
                yield Proposal(Move.TELL, Tick.OVERDUE.value, alert.name)
            case Reason.FELL | Reason.DROP:
                yield Proposal(Move.FIX, "score", stage=alert.stage)
            case Reason.DOUBLED:
                step = next((theme.step for theme in problems if theme.name == alert.name), {})
                yield Proposal(Move.FIX, "theme", alert.name, step=step)
            case Reason.BELOW:
                yield Proposal(Move.FIX, "low", stage=alert.stage)
            case Reason.MISSING:
                yield Proposal(Move.ASK, "missing", alert.name)
            case Reason.ABOVE:
                pass


def _tell(clock: Iterable[Clock]) -> Iterator[Proposal]:
    for each in clock:
        if each.tick is Tick.OVERDUE or (each.tick is Tick.DUE and each.days <= SOON):
            yield Proposal(Move.TELL, each.tick.value, each.name)


def _fix(problems: Sequence[Theme], *, late: bool) -> Iterator[Proposal]:
    """Give what most people name, then what is late, then what others name."""
    themes = [Proposal(Move.FIX, "theme", theme.name, step=theme.step) for theme in problems]
    yield from (*themes[:1], *([Proposal(Move.FIX, "late")] if late else []), *themes[1:])


def _ask(missing: Iterable[Missing], *, quiet: bool) -> Iterator[Proposal]:
    for each in missing:
        yield Proposal(Move.ASK, "missing", each.group)
    if quiet:
        yield Proposal(Move.ASK, "quiet")
