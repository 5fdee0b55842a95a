"""What the menu shows: the first screen, the list of rounds, and where each round stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bot.assessing.words import words
from bot.menu import figures
from bot.menu.acts import Act, possible, standing
from bot.menu.judging import Judging
from bot.menu.sorting import Sorting
from bot.menu.worker import LONGEST_LABEL, Worker, data, on_page, short
from bot.rights import ROLES, Right, reach_of
from bot.rounds import papers
from bot.rounds.lifecycle import ANSWERED, BEGINNING, BEGUN, LINK, OVER, RUNNING, State, closed_on
from bot.rounds.record import spoken_day
from bot.rounds.wording import fault, meaning
from bot.texts import texts
from flows.model import Button, End, Review, Say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.channels.web.words import Dictionary, Words
    from bot.config import Config
    from bot.desk.hall import Prompts
    from bot.menu.acts import Standing
    from bot.menu.assessing import Assessing
    from bot.menu.deeding import Deeding
    from bot.menu.links import Links
    from bot.rounds.library import Library
    from bot.rounds.looking import Awaiting, Counts, RoundView
    from bot.rounds.organising import Rounds
    from bot.rounds.record import Fault, Need
    from flows.model import Flow, Prompt

FAULTS = 6
"""So many faults are named; more would hide the buttons."""
SHORTEST = 12
"""So many letters of a round's title stand on its button, however long the words for its state are."""
ASSESS = "as"
"""What buttons to the screens of self-assessment carry."""
_URGENT = (*RUNNING, *ANSWERED, State.CHECKED, State.DRAFT, State.SCHEDULED, State.REPORTED_BACK)
"""States by how soon they want somebody."""
GAP = timedelta(seconds=3)
"""So long nobody's numbers are shown anew: a message is changed in place no faster than it can be read."""
LOOKERS = 1000
"""So many who looked are remembered."""
NEW_LINE = "\n"
_SILENT = (Say, End, Review)
"""States that ask nothing."""
_FORM = {"closes_at": "closes_on", "opens_at": "opens_on", "title": "title"}
"""Names on the form of facts of a round."""
_NEVER = datetime.max.replace(tzinfo=UTC)


class Showing:
    """Screens that change nothing."""

    def __init__(
        self,
        config: Config,
        rounds: Rounds,
        library: Library,
        links: Links,
        assessing: Assessing,
        deeding: Deeding | None = None,
    ) -> None:
        """Without `deeding` nobody acts on a digest from here."""
        self._config = config
        self._rounds = rounds
        self._library = library
        self._links = links
        self._assessing = assessing
        self._deeding = deeding
        self._sorting = Sorting(config)
        self._judging = Judging(config, library.keys)
        self._tried: dict[int, Flow] = {}
        self._looked: dict[int, datetime] = {}
        """When somebody last had the numbers of a round shown anew."""

    # ----------------------------------------------------------------- the first screen

    def home(self, worker: Worker) -> Prompt:
        """Show what a person can do by their roles."""
        buttons = []
        if worker.may_somewhere(Right.SEE_ROUNDS):
            buttons.append(worker.button("rounds", "list", 0))
        if worker.may_somewhere(Right.LEAD_ROUNDS):
            buttons += [worker.button("new", "new", 0), worker.button("file", "file")]
        if worker.may_somewhere(Right.SORT_THEMES):
            buttons.append(self._sorting.button(worker))
        if worker.may_somewhere(Right.JUDGE_QUOTES):
            buttons.append(self._judging.button(worker))
        if worker.may_somewhere(Right.ASSESS):
            buttons.append(Button(words(worker.language)("menu.button"), data(ASSESS, "home")))
        buttons.append(worker.button("browser", "browser"))
        return worker.screen([worker.text("home"), self._to_sign(worker), *self._roles(worker)], *buttons)

    def _to_sign(self, worker: Worker) -> str:
        """Return how many rounds wait for this person's signature; empty where none does."""
        keys = worker.services([service.key for service in self._config.services], Right.SIGN_ROUNDS)
        waits = worker.rounds.awaiting(keys) if keys else {}
        many = sum(worker.person in one.signers for one in waits.values())
        return texts(worker.language).many("menu.to_sign", many) if many else ""

    def _roles(self, worker: Worker) -> list[str]:
        """Return a line for each role: for which services, and what it lets them do."""
        held = [role for role in ROLES if worker.is_(role)]
        return [worker.text(f"may_{role}", services=self._served(worker, role)) for role in held]

    def _served(self, worker: Worker, role: str) -> str:
        names = {service.key: service.label(worker.language) for service in self._config.services}
        return ", ".join(names[key] for key in reach_of(worker.roles, role, names))

    def browser(self, worker: Worker, round_: RoundView | None = None) -> Prompt:
        """Give a one-time link into the browser, to the page of a round where one is at hand."""
        visit = worker.visit
        to = f"/manage/rounds/{round_.code}" if round_ else ""
        link = self._links.sign_in(visit.db, worker.person, worker.language, visit.ledger.now, to)
        back = worker.button("back", *(("round", round_.code) if round_ else ("home",)))
        return replace(worker.screen(link, back), secret=True)

    # ----------------------------------------------------------------- the list

    def listed(self, worker: Worker, page: int) -> Prompt:
        """Show a person's rounds, the most urgent first."""
        keys = worker.services(worker.rounds.services(), Right.SEE_ROUNDS)
        waits = worker.rounds.awaiting(keys)
        mine = {code for code, one in waits.items() if worker.person in one.signers}
        found = sorted(worker.rounds.listed(keys), key=lambda each: (each.code not in mine, *_urgency(each)))
        entries = [Button(self._line(worker, each, waits), data("round", each.code)) for each in found]
        told = [self._awaits(worker, each, waits[each.code]) for each in on_page(found, page) if each.code in waits]
        told += [f"– {each.title}: {late}" for each in on_page(found, page) if (late := _late(worker, each))]
        text = [worker.text("list" if entries else "list_none"), *told]
        return worker.screen(text, *worker.paged(entries, page, "list"), worker.button("back", "home"))

    def _line(self, worker: Worker, round_: RoundView, waits: Mapping[str, Awaiting]) -> str:
        state = worker.text("waits_sign") if round_.code in waits else self._state(worker, round_)
        room = max(SHORTEST, LONGEST_LABEL - len(worker.text("line", title="", state=state)))
        return worker.text("line", title=short(round_.title, room), state=state)

    @staticmethod
    def _awaits(worker: Worker, round_: RoundView, waits: Awaiting) -> str:
        """Return that a round waits for a second signature, and who has written it."""
        return f"– {worker.text('waits_list', title=round_.title, names=', '.join(waits.writers))}"

    def _state(self, worker: Worker, round_: RoundView) -> str:
        return self._library.phrases[worker.language].get(f"state_{round_.state}", round_.state)

    # ----------------------------------------------------------------- one round

    def round(self, worker: Worker, round_: RoundView, *above: str) -> Prompt:
        """Show where a round stands, what it lacks, and a button for all that this person can do now."""
        stands = standing(worker, round_, worker.visit.ledger.now)
        lines = [
            *above,
            *self._head(worker, round_),
            *self._numbers(worker, round_),
            *self._lacks(worker, round_, stands),
        ]
        buttons = [
            worker.button(f"act_{act}", "do", round_.code, f"{act}{self._read_so_far(worker, round_, act)}")
            for act in possible(stands)
        ]
        return worker.screen(
            lines,
            *buttons,
            *self._more(worker, round_),
            worker.button("page", "page", round_.code),
            worker.button("again", "round", round_.code),
            worker.button("back", "list", 0),
        )

    @staticmethod
    def _more(worker: Worker, round_: RoundView) -> list[Button]:
        """Return the ways to what a round tells people, and to its numbers or whom it would ask; one screen has room.

        Of a round that has begun, the screen of its numbers leads on to what people are told.
        """
        read = worker.button("read", "read", round_.code)
        if round_.state in BEGUN:
            return [worker.button("figures", "figures", round_.code)]
        return [read] if round_.audience == LINK else [read, worker.button("left_out_who", "figures", round_.code)]

    @staticmethod
    def _read_so_far(worker: Worker, round_: RoundView, act: Act) -> int | str:
        """Return the last entry of the round's log, for whoever signs what this screen shows."""
        return worker.rounds.log(round_.code)[-1].number if act is Act.SIGN else ""

    def _head(self, worker: Worker, round_: RoundView) -> list[str]:
        service = self._config.service_of(round_.service).label(worker.language)
        head = worker.text("head", title=round_.title, service=service, state=self._state(worker, round_))
        opens = worker.text("opens", day=self.day(worker, round_.opens_at)) if self._opens_later(worker, round_) else ""
        ended = closed_on(round_.closes_at, round_.closed_at, self._config.city.zone)
        ends = spoken_day(ended, worker.language) if ended else ""
        return [head, opens, worker.text("until", day=ends) if ends else "", _late(worker, round_)]

    @staticmethod
    def _opens_later(worker: Worker, round_: RoundView) -> bool:
        opens = round_.opens_at
        return round_.state in BEGINNING and opens is not None and opens > worker.visit.ledger.now

    def _numbers(self, worker: Worker, round_: RoundView) -> list[str]:
        """Return the live numbers of a round that has begun, of one that has not whom it would ask."""
        if round_.state in BEGUN:
            counted, came = _counted(worker, worker.rounds.counts(round_.code)), _came(worker, round_)
            return [counted, came, *self._missing(worker, round_)]
        return [self.asked(worker, round_)] if round_.state in BEGINNING else []

    @staticmethod
    def _missing(worker: Worker, round_: RoundView) -> list[str]:
        """Return who is missing, and what to do about it, as long as something can be done."""
        found = worker.rounds.missing(round_.code, worker.language) if round_.state in RUNNING else []
        return [worker.text("missing"), *(f"– {line}" for line in found)] if found else []

    def asked(self, worker: Worker, round_: RoundView) -> str:
        """Return whom a round would ask if it opened now."""
        if round_.audience == LINK:
            return worker.text("asks_link")
        tally = worker.rounds.audience(round_.code)
        written = texts(worker.language).number
        asks = worker.text("asks", people=written(tally.waiting), left_out=written(sum(tally.excluded.values())))
        return f"{asks} {worker.text('asks_steps', minimum=written(tally.step))}" if tally.step else asks

    def _lacks(self, worker: Worker, round_: RoundView, stands: Standing) -> list[str]:
        """Return what keeps a round from opening, in plain words."""
        if round_.state not in BEGINNING:
            return []
        off = [worker.text("unscheduled")] if worker.rounds.unscheduled(round_.code) else []
        if stands.faults:
            named = [_lacking(worker, fault) for fault in stands.faults[:FAULTS]]
            more = len(stands.faults) - FAULTS
            return [
                *off,
                worker.text("lacks"),
                *named,
                worker.text("more", n=texts(worker.language).number(more)) if more > 0 else "",
            ]
        return [*off, worker.text("lacks_nothing"), self._signature(worker, round_, stands)]

    @staticmethod
    def _signature(worker: Worker, round_: RoundView, stands: Standing) -> str:
        """Return who has signed a round, or who may."""
        signed = worker.rounds.signature(round_.code)
        if signed is not None:
            return worker.text("signed", name=signed.who)
        if not stands.unsigned:
            return ""
        names = ", ".join(person.name for person in worker.rounds.approvers(round_.code))
        if names:
            return worker.text("signers", names=names)
        waits = ", ".join(worker.rounds.signers_invited(round_.code))
        return worker.text("signer_waits", names=waits) if waits else worker.text("no_signer")

    # ----------------------------------------------------------------- all numbers

    def figures(self, worker: Worker, round_: RoundView, *, again: bool = False) -> Prompt:
        """Show a round's numbers, in place of the screen that was there before; `again`: of itself."""
        words, zone = _dictionary().words(worker.language), self._config.city.zone
        lines = [self._head(worker, round_)[0]]
        if round_.state in BEGUN:
            lines += self._come(worker, round_, words)
        else:
            lines.append(self.asked(worker, round_))
        if round_.audience != LINK:
            sending = worker.rounds.sending(round_.code)
            lines[1:1] = figures.sent(sending, worker.language, zone) if round_.state in BEGUN else []
            lines += figures.left_out(worker.rounds.audience(round_.code), words)
        buttons = (
            worker.button("again", "look", round_.code),
            worker.button("read", "read", round_.code),
            worker.button("back", "round", round_.code),
        )
        return replace(worker.screen(lines, *buttons), update=again)

    def _come(self, worker: Worker, round_: RoundView, words: Words) -> list[str]:
        """Return who has come how far: all of them, and by group against what is wanted."""
        numbers = worker.rounds.numbers(round_.code, worker.language)
        found, wanted = words.number(numbers.finished), numbers.wanted
        return [
            _counted(worker, worker.rounds.counts(round_.code)),
            words("turnout.progress", n=found, wanted=words.number(wanted)) if wanted else "",
            *figures.apart(numbers, words),
            *self._missing(worker, round_),
            *figures.stops(numbers, words),
            *(line for table in numbers.tables for line in figures.groups(table, numbers.minimum, words)),
            f"\n{words('turnout.steps', minimum=words.number(numbers.minimum))}" if numbers.tables else "",
        ]

    def look(self, worker: Worker, round_: RoundView) -> Prompts:
        """Show the numbers of this moment in place of the older ones; whoever looked just now waits a little."""
        now, last = worker.visit.ledger.now, self._looked.get(worker.person)
        if last is not None and timedelta() <= now - last < GAP:
            return ()
        if len(self._looked) >= LOOKERS:
            self._looked.clear()
        self._looked[worker.person] = now
        return (self.figures(worker, round_, again=True),)

    # ----------------------------------------------------------------- what people are told

    def read(self, worker: Worker, round_: RoundView) -> Prompt:
        """Show what a round tells people and asks them: whoever signs it has read that."""
        facts, flow = worker.rounds.facts(round_.code, worker.language), worker.rounds.played(round_.code)
        spoken = worker.language if worker.language in flow.languages else flow.language
        needs = worker.rounds.needs(round_.flow, round_.service, worker.language)
        told = [_fact(worker, need, facts[need.name]) for need in needs if facts.get(need.name)]
        states = flow.script(spoken).states.values()
        asked = [f"– {state.text.strip().partition(NEW_LINE)[0]}" for state in states if not isinstance(state, _SILENT)]
        lines = [
            *self._borrowed(worker, round_),
            *self._untranslated(worker, round_),
            worker.text("read_facts"),
            *told,
            "",
            *self.meant(worker, round_),
            "",
            *_papers(worker, round_),
            worker.text("read_questions"),
            *asked,
        ]
        writes = worker.may(round_.service, Right.LEAD_ROUNDS) and round_.state in BEGINNING
        more = (worker.button("paper", "paper", round_.code),) if writes else ()
        return worker.screen(NEW_LINE.join(lines), *more, worker.button("back", "round", round_.code))

    def meant(self, worker: Worker, round_: RoundView) -> list[str]:
        """Return whom a round asks and when, in words: that is part of what somebody signs."""
        from bot.channels.web.meant import lines  # noqa: PLC0415 - the pages know us

        said = _dictionary().words(worker.language)
        found = lines(round_, worker.rounds.settings(round_.code), said)
        return [f"{said('asking.title')}:", *(f"– {what}: {set_}" for what, set_ in found)]

    @staticmethod
    def _borrowed(worker: Worker, round_: RoundView) -> list[str]:
        """Return where words of the example still stand: nobody should take them for the city's."""
        names = [
            label_of(worker, name) or meaning(worker.language, name) for name in worker.rounds.borrowed(round_.code)
        ]
        return [fault(worker.language, "example_words", names=", ".join(names)), ""] if names else []

    @staticmethod
    def _untranslated(worker: Worker, round_: RoundView) -> list[str]:
        """Return what of a round that has not begun is missing in a language of it: whoever signs may mind."""
        if round_.state not in BEGINNING:
            return []
        said = worker.rounds.untranslated(
            round_.code, worker.language, lambda name: label_of(worker, name) or meaning(worker.language, name)
        )
        return [f"{said[:1].upper()}{said[1:]}.", ""] if said else []

    # ----------------------------------------------------------------- days

    def day(self, worker: Worker, moment: datetime | None) -> str:
        """Return the city's day of a moment, in words; empty where there is none."""
        return spoken_day(moment.astimezone(self._config.city.zone), worker.language) if moment else ""

    def last_day(self, worker: Worker, moment: datetime | None) -> str:
        """Return the last day before a moment: midnight belongs to the day before."""
        return self.day(worker, moment and moment.astimezone(UTC) - timedelta(microseconds=1))


def _counted(worker: Worker, counts: Counts) -> str:
    names, written = ("invited", "started", "finished", "dropped"), texts(worker.language).number
    return worker.text("numbers", **{name: written(getattr(counts, name)) for name in names})


def _papers(worker: Worker, round_: RoundView) -> list[str]:
    """Return the documents that people can read before they answer."""
    named = [f"– {each.title} (PDF)" for each in papers.of(round_.record)]
    return [worker.text("papers"), *named, ""] if named else []


def _fact(worker: Worker, need: Need, text: str) -> str:
    """Return one thing that a round says, under the name that the form gives it."""
    what = label_of(worker, need.name) or meaning(worker.language, need.name)
    return worker.text("read_fact", what=what, text=dict(need.options).get(text, text))


def _lacking(worker: Worker, fault: Fault) -> str:
    """Return what keeps a round from opening, under the name that the form gives the field."""
    what = label_of(worker, fault.field)
    return worker.text("read_fact", what=what, text=fault.short) if what else f"– {fault.message}"


def label_of(worker: Worker, name: str) -> str:
    """Return the name of a field on the form; empty where it has none."""
    said = _dictionary().words(worker.language)
    return next((said(key) for key in (f"need.{name}", f"form.{_FORM.get(name, '')}") if said.has(key)), "")


@cache
def _dictionary() -> Dictionary:
    """Return the sentences of the pages, which have a short name for each field."""
    from bot.channels.web.words import Dictionary  # noqa: PLC0415 - the pages know us

    return Dictionary.load()


def _urgency(round_: RoundView) -> tuple[int, datetime]:
    """Return how soon a round wants somebody: first by what it is, then by when it ends."""
    known: Sequence[str] = _URGENT
    return (known.index(round_.state) if round_.state in known else len(known), round_.closes_at or _NEVER)


def _late(worker: Worker, round_: RoundView) -> str:
    """Return by how many days the result of a round is late; empty where it is not."""
    days = worker.rounds.overdue(round_.state, round_.record)
    return _dictionary().words(worker.language).many("rounds.overdue", days) if days else ""


def _came(worker: Worker, round_: RoundView) -> str:
    """Return how much is written down of what came of a round; empty before its end."""
    if round_.state not in OVER:
        return ""
    number = texts(worker.language).number
    come = round_.outcome
    return worker.text("came", issues=number(len(come.issues)), read=number(len(come.readings)))
