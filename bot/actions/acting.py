"""How actions are begun, given to somebody and ended: the same rules for pages and chat. Each act is one transaction's.

Whoever acts sees first how many people it reaches (`Preview`); only the second press writes. Nothing that is refused
has written anything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.actions import results, subjects, telling
from bot.actions.behind import Behind, Filters
from bot.actions.reach import NOBODY, Reach, now_in, reach
from bot.actions.subjects import Subject
from bot.actions.telling import GIVEN, Letter, Teller
from bot.digests import disclosure, questions
from bot.digests.gather import by_side
from bot.digests.headlines import headlines
from bot.digests.sides import of_service
from bot.digests.weeks import Week
from bot.errors import Refused
from bot.reading.private import finder
from bot.rounds.hours import Hours
from bot.texts import texts
from bot.themes.starter import called
from bot.threads import people_of
from flows.words import fill, whole
from storage import actions, rounds, themes, weekly
from storage.actions import (
    ANSWER,
    ASK,
    ASKED,
    CHOSEN,
    DONE,
    FIX,
    NOT_DONE,
    NOT_US,
    OPEN,
    OTHERS,
    SCORE,
    SIDES,
    THEME,
    TOLD,
    WELL,
    NewAction,
    Origin,
)
from storage.sides import NO_SIDES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from bot.actions.results import Result
    from bot.channels.base import Capabilities
    from bot.config import Config
    from bot.digests.summarise import Headline
    from bot.rounds.library import Library
    from flows.bank import Bank
    from storage.actions import Action
    from storage.beside import Beside
    from storage.people import Person
    from storage.weekly import Span

Asked: TypeAlias = tuple[str, str]
"""(stage, item)."""
ASKED_FOR = timedelta(days=14)
"""So long a question takes answers."""
CHOICES = 4
"""Most answers a question offers."""
CHOSEN_AT_ONCE = 50
"""Most answers that are acted on together."""
LONGEST = 2000
"""Letters of what people are told."""
LONGEST_WORDS = 300
"""Letters of what will be done, in a list."""
TELLING = frozenset({ANSWER, ASK})
"""Kinds that are nothing without somebody to tell."""


class Unfit(Refused):
    """What cannot be done so: said in English, and again in the reader's language."""

    def __init__(self, key: str, name: str = "", **values: object) -> None:
        """`name` is the field at fault."""
        super().__init__(texts("en")(f"deed.fault.{key}", **values))
        self.key, self.name, self._values = key, name, values

    def spoken(self, language: str) -> str:
        """Return the line in a language."""
        return texts(language)(f"deed.fault.{self.key}", **self._values)


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody is about to do."""

    service: str
    kind: str
    source: str
    origin: Origin = field(default_factory=Origin)
    words: str = ""
    """What will be done, or why it is not ours."""
    letter: Letter = field(default_factory=Letter)
    owner: int | None = None
    due_on: str = ""
    body: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What will happen, before it does."""

    reach: Reach
    tells: bool
    """Whether anybody is told."""
    why_not: str = ""
    """Key of the reason why nobody is, where people are known."""
    raised: int | None = None
    """How many raised it, in steps of the minimum; None where the digest hides it, and where nobody knows.

    The digest keeps its figure and this one is counted now: the exact number would tell of the one who left since."""
    about: int | None = None
    """To how many it goes, in steps of the minimum; None: to fewer. Beside how many raised it the exact number would
    tell of the few who did not agree, and twice on two days of the one who left in between."""
    one_by_one: bool = False
    """Whether it goes to the writers of chosen answers who agreed: any number, chosen anew with one more or one fewer,
    would tell whether that one agreed."""

    @property
    def going(self) -> int:
        """To how many people it goes, exactly: for the record, not to be shown."""
        return self.reach.going if self.tells else 0


class Actions:
    """The actions of an installation. Writes into the transaction it is given."""

    def __init__(self, config: Config, library: Library, bank: Bank, channels: Mapping[str, Capabilities]) -> None:
        self._config = config
        self._library = library
        self._channels = channels
        self._headlines: Mapping[str, Headline] = {one.item: one for one in headlines(bank)}
        self._sides = partial(of_service, library=library, bank=bank)
        self.behind = Behind(config, library, bank)
        self.teller = Teller(config, library.phrases, channels, Hours.of(config))

    # ----------------------------------------------------------------- what gives rise to it

    def origin(self, source: str, name: str, week: str, now: datetime) -> Origin:
        """Return what the address of a form names. Raises `Unfit` where there is no such thing.

        A week that is running is no ground yet: who counts twice, before and after somebody answers, would know them.
        """
        if source not in actions.SOURCES:
            raise Unfit("no_origin")
        if source not in {SCORE, THEME, CHOSEN}:
            return Origin(name[:LONGEST_WORDS])
        try:
            since, until = (each.isoformat() for each in Week.parse(week).span(self._config.city.zone))
        except ValueError as error:
            raise Unfit("no_week") from error
        if until > now.isoformat():
            raise Unfit("early")
        if source == CHOSEN:
            return Origin(since=since, until=until, answers=_chosen(name))
        if source == THEME:
            key, _, side = name.partition(".")
            if (number := whole(key)) is None or side not in {"", *SIDES}:
                raise Unfit("no_origin")
            return Origin(str(number), since=since, until=until, side=side)
        found = self._headlines.get(name)
        if found is None:
            raise Unfit("no_origin")
        return Origin(name, found.stage, choices=tuple(sorted(found.raised)), since=since, until=until)

    def known(self, db: Connection, service: str, source: str, origin: Origin) -> bool:
        """Whether what gives rise to an action is of this service."""
        if source == CHOSEN:
            span = (datetime.fromisoformat(origin.since), datetime.fromisoformat(origin.until))
            return len(actions.wrote(db, service, origin.answers, *span)) == len(origin.answers)
        if source != THEME:
            return True
        theme = themes.get(db, int(origin.name)) if origin.name.isdecimal() else None
        return theme is not None and theme.service == service

    def named(self, db: Connection, service: str, source: str, origin: Origin, language: str) -> str:
        """Return what gave rise to an action, in words: the theme, the question, the issue."""
        if source == CHOSEN:
            return texts(language).many("deed.chosen", len(origin.answers))
        if source == THEME and origin.name.isdecimal():
            theme = themes.get(db, int(origin.name))
            return _sided(called(theme, language), origin.side, language) if theme else ""
        if source == SCORE:
            found = self._headlines.get(origin.name)
            asked = texts(language).pick(found.question) if found else origin.name
            names = {"service": self._config.service_of(service).spoken(language)}
            said = fill(asked, names | {"org": self._config.city.speaker(language)})
            raised = self.behind.labels(origin.name, found.raised, language) if found else []
            return f"{said} – {texts(language).either(raised)}" if raised else said
        return origin.name

    def result(self, db: Connection, row: Action, language: str) -> Result:
        """Return what people answered to a question, as it may be shown to a reader of a language."""
        finds, said = finder(db, self._config), texts(language)
        minimum = self._config.digest.minimum_cell
        return results.of(db, row, minimum, language, lambda text, of: finds.masked(text, of, said))

    def subjects(self, db: Connection, service: str, week: str, language: str) -> list[Subject]:
        """Return what there is to act on in a week: scores somebody gave, themes that the minimum of people raised."""
        span, minimum = Week.parse(week).span(self._config.city.zone), self._config.digest.minimum_cell
        beside = self._library.beside(db, service, span)
        counted = self._counted(db, service, span, beside)
        asked = [(one.stage, item) for item, one in self._headlines.items()]
        given = [one for one in asked if counted[one].total() >= minimum]
        scores = [Subject(SCORE, item, self.behind.question(service, item, language), stage) for stage, item in given]
        sides = self._sides(db, service=service, span=span)
        found = subjects.of(db, service, scores, span, minimum, language, sides, beside.texts(span))
        return [replace(each, label=_sided(each.label, each.side, language)) if each.side else each for each in found]

    @staticmethod
    def _counted(db: Connection, service: str, span: Span, beside: Beside) -> defaultdict[Asked, Counter[str]]:
        """Count by stage and item who chose what, as the digest does: without campaigns and who is counted apart."""
        found: defaultdict[Asked, Counter[str]] = defaultdict(Counter)
        for one in weekly.figures(db, service, [span], beside)[span].counts:
            found[one.stage, one.item][one.choice] += one.people
        return found

    def asked(self, db: Connection, by: Filters, language: str) -> str:
        """Return a question of a round in words; its name in the flow where its words cannot be read."""
        row = rounds.by_code(db, by.round)
        flow = self._library.shown(db, row) if row else None
        there = flow is not None and all(by.state in flow.script(one).states for one in flow.languages)
        words = questions.question(flow, by.state) if flow is not None and there else {}
        return texts(language).pick(words, by.state).split("\n")[0]

    @staticmethod
    def filters(db: Connection, source: str, origin: Origin, week: str) -> Filters:
        """Return where the answers are that gave rise to an action of a week: those of its theme, or the bad ones."""
        if source == THEME:
            return Filters(week, theme=now_in(db, int(origin.name)), side=origin.side)
        return Filters(week, origin.stage, origin.name, origin.choices)

    # ----------------------------------------------------------------- before

    def languages(self, service: str) -> tuple[str, ...]:
        """Return the languages people of a service may read."""
        return tuple(self._config.service_of(service).languages)

    def owners(self, db: Connection, service: str) -> list[Person]:
        """Return who an action of a service can be given to."""
        return people_of(db, service)

    def preview(self, db: Connection, draft: Draft, now: datetime) -> Preview:
        """Say what a draft does, and whom it reaches. Raises `Unfit` where it cannot be done."""
        self._fits(db, draft, now)
        found = NOBODY if draft.kind == FIX else self._reach(db, draft, now)
        why_not = self._why_not(found, draft.kind)
        if why_not and draft.kind in TELLING:
            raise Unfit(why_not, minimum=self._config.digest.minimum_cell)
        raised = self._raised(db, draft.service, draft.source, draft.origin, found)
        return self._previewed(found, why_not, raised, draft.source, tells=draft.kind != FIX)

    def _previewed(self, found: Reach, why_not: str, raised: int | None, source: str, *, tells: bool = True) -> Preview:
        if source == CHOSEN:
            return Preview(found, tells and not why_not, why_not, one_by_one=True)
        steps = disclosure.about(found.going, self._config.digest.minimum_cell)
        most = steps if steps is None or raised is None else min(steps, raised)
        return Preview(found, tells and not why_not, why_not, raised, most)

    def _raised(self, db: Connection, service: str, source: str, origin: Origin, found: Reach) -> int | None:
        """Return how many raised it as far as that may be told: of a score as far as the digest tells its bad side.

        Where it hides that side, there is no total here either. Where no answer is bad, those beside the good ones
        follow from the good side. Of a theme those to whom it works are told apart from
        the others: where either are few, their sum would give them back. So would a theme of which a campaign is, too:
        the digest tells its own people, and of the senders only where they are many. Nor is there one where others
        than those the digest counts raised it, too: who answers for many, came late or sent a campaign. Of answers
        somebody chose there is no total: beside how many these are it would tell which are of one person.
        """
        if found.raised is None or source == CHOSEN:
            return None
        told = (
            self._both_told(db, service, origin)
            if source == THEME
            else self._bad_told(db, service, source, origin, found.raised)
        )
        return disclosure.about(found.raised, self._config.digest.minimum_cell) if told else None

    def _bad_told(self, db: Connection, service: str, source: str, origin: Origin, raised: int) -> bool:
        if source != SCORE:
            return True
        score = self._headlines.get(origin.name)
        if score is None:
            return False
        span = (datetime.fromisoformat(origin.since), datetime.fromisoformat(origin.until))
        counted = self._counted(db, service, span, self._library.beside(db, service, span))[score.stage, origin.name]
        good, middle, bad = (
            sum(counted[choice] for choice in choices) for choices in (score.positive, score.neutral, score.negative)
        )
        told = disclosure.shares(good, middle, bad, self._config.digest.minimum_cell)[int(bool(score.negative))]
        return told.exact and raised == (bad if score.negative else middle)

    def _both_told(self, db: Connection, service: str, origin: Origin) -> bool:
        if not origin.since:
            return False
        span = (datetime.fromisoformat(origin.since), datetime.fromisoformat(origin.until))
        rule, theme = self._sides(db, service=service, span=span), now_in(db, int(origin.name))
        out = self._library.beside(db, service, span).texts(span)
        sides = by_side(db, service, span, rule).get(theme, (0, 0))
        own = by_side(db, service, span, rule, apart=True, without=out).get(theme, (0, 0))
        minimum = self._config.digest.minimum_cell
        if origin.side:
            at = int(origin.side == WELL)
            return sides[at] == own[at] and self._exact(db, service, span, own[at], well=bool(at))
        return sides == own and all(disclosure.cell(one, minimum) is not None for one in own)

    def _exact(self, db: Connection, service: str, span: Span, people: int, *, well: bool) -> bool:
        """Whether the digest tells how many raised a theme on one side: not where it says "at least" so many."""
        minimum, beside = self._config.digest.minimum_cell, self._library.beside(db, service, span)
        counted = self._counted(db, service, span, beside)
        content = sum(
            counted[one.stage, item][choice] for item, one in self._headlines.items() for choice in one.positive
        )
        everybody = sum(each.people for each in weekly.figures(db, service, [span], beside)[span].people)
        whole_ = content if well else everybody - content
        wholes = [whole_, everybody]
        return disclosure.cell(people, minimum) is not None and not disclosure.inside(people, wholes, minimum)[1]

    def _reach(self, db: Connection, draft: Draft, now: datetime) -> Reach:
        about = (draft.service, draft.source, draft.origin, draft.kind)
        origin = draft.origin
        span = (datetime.fromisoformat(origin.since), datetime.fromisoformat(origin.until)) if origin.since else None
        sides = self._sides(db, service=draft.service, span=span) if span and origin.side else NO_SIDES
        return reach(db, self._library, self._channels, *about, now, sides)

    def _why_not(self, found: Reach, kind: str) -> str:
        """Return why nobody can be told; empty: they can.

        A question needs as many who can be asked as the minimum, or no answer could ever be shown.
        """
        minimum = self._config.digest.minimum_cell
        if found.raised is None:
            return "unknown"
        if found.single_out(minimum):
            return "few"
        if kind == ASK and found.going < minimum:
            return "few_asked"
        return "" if found.going else "nobody"

    def _fits(self, db: Connection, draft: Draft, now: datetime) -> None:
        if draft.kind not in actions.KINDS or not self.known(db, draft.service, draft.source, draft.origin):
            raise Unfit("no_origin")
        if not draft.words.strip():
            raise Unfit("no_reason" if draft.kind == NOT_US else "no_words", "words")
        if len(draft.words) > LONGEST_WORDS:
            raise Unfit("long_words", "words", most=LONGEST_WORDS)
        if draft.kind == FIX:
            self._owned(db, draft, now)
        else:
            self._written(draft)

    def _owned(self, db: Connection, draft: Draft, now: datetime) -> None:
        if draft.owner is not None and draft.owner not in {each.id for each in self.owners(db, draft.service)}:
            raise Unfit("no_owner", "owner")
        self.day(draft.due_on, now)

    def day(self, text: str, now: datetime) -> str | None:
        """Return an ISO day that lies not in the past; None: none was named. Raises `Unfit`."""
        if not text:
            return None
        on = telling.day_of(text)
        if on is None:
            raise Unfit("bad_day", "due")
        if on < self.today(now):
            raise Unfit("past_day", "due")
        return on.isoformat()

    def today(self, now: datetime) -> date:
        """Return the city's day."""
        return now.astimezone(self._config.city.zone).date()

    def _written(self, draft: Draft) -> None:
        said, offered = draft.letter.texts, draft.letter.choices
        first = next(iter(said), self.languages(draft.service)[0])
        if not said and draft.kind in TELLING:
            raise Unfit("no_text", f"text-{first}")
        for language, text in said.items():
            if len(text) > LONGEST:
                raise Unfit("long_text", f"text-{language}", most=LONGEST)
        counts = {len(offered.get(language, ())) for language in said}
        if draft.kind == ASK and (len(counts) > 1 or not counts <= {0, *range(2, CHOICES + 1)}):
            raise Unfit("choices", f"choices-{first}", most=CHOICES)

    # ----------------------------------------------------------------- acts

    def do(self, db: Connection, draft: Draft, person: Person, now: datetime) -> Action:
        """Begin the action and tell whom it concerns; the same form of a browser acts once. Raises `Unfit`."""
        if draft.form and (known := actions.by_form(db, draft.form)) is not None:
            return known
        preview = self.preview(db, draft, now)
        row = actions.add(db, self._new(db, draft, preview, now), person.name)
        if row.kind == FIX and row.person_id != person.id:
            self.teller.tell_owner(db, row, GIVEN, now, person.name)
        if preview.tells:
            self._tell(db, row, row.kind, preview.reach, now)
        return row

    def _new(self, db: Connection, draft: Draft, preview: Preview, now: datetime) -> NewAction:
        over = {ANSWER: DONE, NOT_US: NOT_DONE}.get(draft.kind, OPEN)
        names = {each.id: each.name for each in self.owners(db, draft.service)}
        counted = preview.reach if draft.kind != FIX else self._reach(db, replace(draft, kind=ANSWER), now)
        small = counted.single_out(self._config.digest.minimum_cell)
        return NewAction(
            draft.service,
            draft.kind,
            draft.source,
            draft.origin,
            draft.words.strip(),
            now,
            state=over,
            outcome=draft.words.strip() if over != OPEN else "",
            body=draft.body.strip()[:200],
            owner=names.get(draft.owner or 0, ""),
            person_id=draft.owner if draft.owner in names else None,
            due_on=self.day(draft.due_on, now) if draft.kind == FIX else None,
            settled_at=now if over != OPEN else None,
            raised=None if small else self._raised(db, draft.service, draft.source, draft.origin, counted),
            agreed=0 if small or draft.kind == ASK else counted.agreed,
            told=0 if draft.kind == ASK else preview.going,
            letter=telling.dump(draft.letter),
            expires_at=now + ASKED_FOR if draft.kind == ASK else None,
            form=draft.form or None,
        )

    def _tell(self, db: Connection, row: Action, about: str, found: Reach, now: datetime) -> None:
        actions.link(db, row.id, found.links, ASKED if about == ASK else TOLD, now)
        self.teller.send(db, row, about, found.links, now)

    # ----------------------------------------------------------------- later

    def give(self, db: Connection, row: Action, to: int | None, due_on: str, person: Person, now: datetime) -> Action:
        """Let somebody own an open action until a day, and tell them. Raises `Unfit`."""
        self._open(row)
        if (to, due_on or None) == (row.person_id, row.due_on):
            return row
        names = {each.id: each.name for each in self.owners(db, row.service)}
        if to is not None and to not in names:
            raise Unfit("no_owner", "owner")
        day = due_on if due_on == row.due_on else self.day(due_on, now)
        owned = names.get(to or 0, "")
        given = actions.change(db, row, now, person.name, "given", person_id=to, owner=owned, due_on=day or None)
        if to not in {None, person.id}:
            self.teller.tell_owner(db, given, GIVEN, now, person.name)
        return given

    @staticmethod
    def _open(row: Action) -> None:
        if row.state != OPEN:
            raise Unfit("settled")

    def foresee(self, db: Connection, row: Action, now: datetime) -> Preview:
        """Say whom the end of an action would be told to."""
        found = self._reach(db, Draft(row.service, ANSWER, row.source, row.of), now)
        why_not = self._why_not(found, ANSWER)
        raised = self._raised(db, row.service, row.source, row.of, found)
        return self._previewed(found, why_not, raised, row.source)

    def settle(
        self, db: Connection, row: Action, state: str, outcome: str, person: Person, now: datetime, *, tell: bool
    ) -> Action:
        """End an action: it is done, or will not be and why; tell those who raised it where so wished."""
        said = outcome.strip()
        if (row.state, row.outcome) == (state, said) and state != OPEN:  # the same form again
            return row
        self._open(row)
        if state not in {DONE, NOT_DONE} or not said:
            raise Unfit("no_reason" if state == NOT_DONE else "no_outcome", "outcome")
        if len(said) > LONGEST:
            raise Unfit("long_text", "outcome", most=LONGEST)
        preview = self.foresee(db, row, now) if tell and row.kind != ASK else None
        letter = telling.dump(Letter({person.language: said})) if preview and preview.tells else row.letter
        ended: dict[str, Any] = {"state": state, "outcome": said, "settled_at": now, "letter": letter}
        if preview and preview.tells:
            ended |= {"raised": preview.raised, "agreed": preview.reach.agreed, "told": preview.going}
        done = actions.change(db, row, now, person.name, state, **ended)
        if preview and preview.tells:
            self._tell(db, done, state, preview.reach, now)
        return done


def _chosen(name: str) -> tuple[int, ...]:
    """Return the ids of answers, as an address names them: `12,15`. Raises `Unfit`."""
    found = [whole(each) for each in dict.fromkeys(name.split(","))]
    ids = tuple(sorted(each for each in found if each is not None))
    if not ids or len(ids) < len(found) or len(ids) > CHOSEN_AT_ONCE:
        raise Unfit("no_origin")
    return ids


def _sided(name: str, side: str, language: str) -> str:
    """Return a theme in words: where it is about what works it says so, problems are what one thinks of."""
    if side == OTHERS:
        return name
    return texts(language)("deed.well" if side == WELL else "deed.both", theme=name)
