"""What must be counted: a plain reckoning of one person in one round, written from what the documents promise.

It knows a flow as its author wrote it (`wild`), remembers what was said, and shares nothing with the program.
An answer stands while its question is on the way that the answers take, or may still come. It counts at once in a
running round, and from handing in on in every other. What no longer stands is kept as taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.reference.wild import BEGIN, CARDS, DECLINED, END, INVITE, POINTS, REVIEW

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tests.reference.wild import Facts, Place, Said, Wild

UNKEPT: Final = frozenset({BEGIN, INVITE})
"""Questions whose answers open doors and are no answers to count."""
DRAFTS: Final = timedelta(days=7)
"""How long the city keeps what was begun and taken back."""
REST: Final = timedelta(days=7)
"""How long a running round lets people rest."""
SKIP, DONE, ORDERED, ANEW, OK = "@skip", "@done", "@ordered", "@anew", "@ok"
"""Buttons beside the options."""
GOING, STOPPED, OVER, EXPIRED = "going", "stopped", "over", "expired"


@dataclass(slots=True)
class Entry:
    """One answer ever given, and what has become of it."""

    question: str
    value: Any
    at: datetime
    passage: int
    counts: bool
    taken_back_at: datetime | None = None


@dataclass(slots=True)
class Passage:
    """One passage through the flow."""

    number: int
    facts: Facts
    began_at: datetime
    touched_at: datetime
    said: Said = field(default_factory=dict)
    place: str = ""
    """What is asked when nothing earlier is being changed."""
    changing: str = ""
    """The earlier question asked again just now."""
    aside: str = ""
    """What is asked on top of it all: which answer to `change`, which `language`."""
    ticks: tuple[str, ...] = ()
    """Steps done towards an answer that takes several."""
    is_now: str = GOING
    finished_at: datetime | None = None
    """When it was first at its end: from then on every change counts at once."""
    again: bool = False
    """Whether an earlier passage was at its end: its receipt stays, whatever becomes of this one."""

    @property
    def at(self) -> str:
        """What is asked, asides apart."""
        return self.changing or self.place


@dataclass(slots=True)
class Reckoning:
    """All that one person has said in one round."""

    wild: Wild
    now: datetime
    language: str = "en"
    """The one they are spoken to, at the desk and in every passage."""
    entries: list[Entry] = field(default_factory=list)
    passage: Passage | None = None
    cards: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    """The cards this passage was shown, by question, in their order."""
    silent: bool = False
    """Whether they want no more messages."""

    # ----------------------------------------------------------------- what there is

    @property
    def going(self) -> Passage | None:
        """The passage that goes on, if there is one."""
        return self.passage if self.passage is not None and self.passage.is_now == GOING else None

    @property
    def here(self) -> Passage:
        """The passage that goes on."""
        assert self.going is not None
        return self.going

    @property
    def asks(self) -> Place | None:
        """The question at hand."""
        place = self.wild.by_id.get(self.here.at) if self.going else None
        return place if place is not None and place.asks else None

    @property
    def listed(self) -> list[str]:
        """What the list of answers shows, in its order."""
        return [] if self.passage is None else [name for name in self.passage.said if name != BEGIN]

    def passed(self) -> list[str]:
        """Return the questions on the way to the place at hand."""
        return self.wild.way(self.here.said, self.here.facts)[0]

    # ----------------------------------------------------------------- begin, stop, time

    def starts(self) -> None:
        """Follow the link: begin, go on, or hear why not."""
        one, self.silent = self.passage, False
        if one is not None and one.is_now in {GOING, STOPPED}:
            one.is_now, one.touched_at = GOING, self.now
        elif one is None or one.is_now == EXPIRED or self._is_rested(one):
            self._begins()

    def _is_rested(self, one: Passage) -> bool:
        return self.wild.running and one.finished_at is not None and one.finished_at + REST <= self.now

    def _begins(self) -> None:
        one, number = self.passage, 1
        if one is not None:
            number = one.number + 1
            if one.finished_at is None and not self.wild.running:
                self._take_back(one.said)
        facts = {"@channel": "pigeon", "@first_time": one is None}
        self.cards.clear()
        again = one is not None and (one.again or one.finished_at is not None)
        self.passage = Passage(max(number, self._last + 1), facts, self.now, self.now, again=again)
        self._settles()

    @property
    def _last(self) -> int:
        return max((entry.passage for entry in self.entries), default=0)

    def stops(self) -> None:
        """Send STOP, which takes back every yes to being written to; who is silent already takes back nothing more."""
        refuses = self.going is not None or not self.silent
        if self.going:
            self.here.touched_at = self.now
            self._leaves(STOPPED)
        if self.passage is not None and refuses:
            said = self.passage.said
            if back := {name: "no" for name in said if said[name] == "yes" and self._is_written_to(name)}:
                said.update(back)
                self.passage.touched_at = self.now
        self.silent = True

    def _is_written_to(self, question: str) -> bool:
        return self.wild.by_id[question].role in {"result", "invite"}

    def _leaves(self, becomes: str) -> None:
        """A passage that was at its end before is there again, whatever was being changed."""
        one = self.here
        if one.finished_at is not None:
            one.ticks = () if one.changing else one.ticks
            one.is_now, one.changing, one.aside = OVER, "", ""
        else:
            one.is_now = becomes

    def hears(self) -> None:
        """Note that a message came: whatever it says, nobody is silent."""
        if self.going:
            self.here.touched_at = self.now

    def falls_silent(self) -> None:
        """End what has been silent for too long."""
        patience = min(timedelta(days=self.wild.patience or 99), DRAFTS)
        if self.going and self.here.touched_at < self.now - patience:
            self._leaves(EXPIRED)

    def forgets(self, begun: Sequence[datetime]) -> None:
        """Forget what was taken back, or never handed in and can be of no passage that goes on (`begun` then)."""
        before, one = self.now - DRAFTS, self.passage
        kept = one is None or one.again or one.finished_at is not None or one.is_now == GOING
        if one is not None and not kept and one.touched_at < before:
            self.passage = None
        self.entries = [entry for entry in self.entries if not self._is_past(entry, before, begun)]

    @staticmethod
    def _is_past(entry: Entry, before: datetime, begun: Sequence[datetime]) -> bool:
        if entry.taken_back_at is not None and entry.taken_back_at < before:
            return True
        return not entry.counts and entry.at < before and all(at > entry.at for at in begun)

    def deletes(self) -> None:
        """Send DELETE and yes."""
        self.entries, self.passage = [], None

    # ----------------------------------------------------------------- answers

    def answers(self, question: str, value: Any) -> None:
        """Answer the question at hand, whether it is asked for the first time or again."""
        self.here.ticks = ()
        self._notes(question, value)
        self.here.changing = self.here.aside = ""
        self._settles()

    def replaces(self, question: str, value: Any) -> None:
        """Put another answer in the place of an earlier one; where that leads elsewhere, that is asked now."""
        self._notes(question, value)
        if self.wild.way(self.here.said, self.here.facts)[1] == self.here.place:
            self._keeps()
        else:
            self.here.ticks, self.here.changing, self.here.aside = (), "", ""
            self._settles()

    def _notes(self, question: str, value: Any) -> None:
        one = self.here
        if question in one.said:
            self._take_back([question])
        one.said[question] = value
        if question not in UNKEPT:
            counts = self.wild.running or one.finished_at is not None
            self.entries.append(Entry(question, value, self.now, one.number, counts))

    def _take_back(self, questions: Sequence[str] | Said) -> None:
        assert self.passage is not None
        for entry in self.entries:
            if entry.passage == self.passage.number and entry.question in questions and entry.taken_back_at is None:
                entry.taken_back_at = self.now

    def _settles(self) -> None:
        """Go to the first question that is open, or to what comes after the last."""
        one = self.here
        _, one.place = self.wild.way(one.said, one.facts)
        self._keeps()
        if one.place == DECLINED and one.again:
            one.is_now, one.place, one.said = EXPIRED, "", {}
        elif one.place == DECLINED:
            self.passage = None
        elif one.place == END:
            self._ends()

    def _keeps(self) -> None:
        """Take back what is on no way any more; the list of answers follows the way."""
        one = self.here
        passed, place = self.wild.way(one.said, one.facts)
        ahead = self.wild.ahead(place, {name: one.said[name] for name in passed}, one.facts)
        gone = [name for name in one.said if name not in passed and name not in ahead]
        self._take_back(gone)
        kept = [*passed, *(name for name in one.said if name not in passed and name not in gone)]
        one.said = {name: one.said[name] for name in kept}

    def _ends(self) -> None:
        one = self.here
        one.is_now, one.finished_at = OVER, one.finished_at or self.now
        self._hands_in()

    def _hands_in(self) -> None:
        for entry in self.entries:
            entry.counts = entry.counts or entry.taken_back_at is None

    def oks(self) -> None:
        """Send OK: it is well as it is; at the list of all answers they are handed in."""
        one = self.here
        if one.aside == "change":
            self._leaves_aside()
        elif one.changing:
            self.backs()
        elif one.place == REVIEW:
            self._hands_in()
            one.place, one.aside = END, ""
            self._ends()

    def skips(self) -> None:
        """Leave the question out; of cards, the one at hand; a question on top of it is left first."""
        place = self.asks
        if self.here.aside:
            self._leaves_aside()
        elif place is not None and place.verb == "bestworst":
            self._card(place, "", "")
        elif place is not None and place.optional:
            self.answers(place.id, None)

    # ----------------------------------------------------------------- going back

    def backs(self) -> None:
        """Send BACK: leave what was asked on top or again, else take back the last answer."""
        one = self.here
        if one.aside:
            self._leaves_aside()
            return
        if one.changing:
            one.changing, one.ticks = "", ()
            self._closes()
        elif passed := self.passed():
            self._take_back(passed[-1:])
            del one.said[passed[-1]]
            one.place, one.ticks = passed[-1], ()

    def backs_by(self, number: int) -> None:
        """Send BACK with a number."""
        passed = self.passed()
        if number == 1:
            self.backs()
        elif 1 < number <= len(passed):
            self._reopens(passed[-number])
        else:
            self.changes()

    def changes(self) -> None:
        """Send CHANGE: the list of answers, which at the end of the questions stands there anyway."""
        self.here.aside = "change" if self.listed and self.here.at != REVIEW else ""
        self._closes()

    def changes_by(self, number: int) -> None:
        """Send CHANGE with a number, or a number of the list of answers."""
        if 1 <= number <= len(self.listed):
            self._reopens(self.listed[number - 1])
        else:
            self.changes()

    def changes_finished(self) -> None:
        """Send CHANGE when nothing is asked any more: answers that were handed in can be changed, if any."""
        one = self.passage
        if one is not None and self.listed and (one.is_now == OVER or (one.again and one.is_now == EXPIRED)):
            one.is_now, one.aside, one.touched_at = GOING, "change", self.now

    def _reopens(self, question: str, ticks: tuple[str, ...] | None = None) -> None:
        """Ask an earlier question again; what was picked stands there ticked."""
        one, place = self.here, self.wild.by_id[question]
        if ticks is None:
            ticks = (one.said.get(question) or ()) if place.verb in {"pick", "rank"} else ()
        one.changing, one.aside, one.ticks = question, "", ticks

    def _leaves_aside(self) -> None:
        self.here.aside = ""
        self._closes()

    def _closes(self) -> None:
        """A finished passage is over again once nothing is being changed."""
        one = self.here
        if one.place == END and not one.changing and not one.aside:
            one.is_now = OVER

    def edits(self, question: str, value: Any) -> None:
        """Edit the message that answered a question."""
        if not self.going:
            return
        one = self.here
        if question == one.at:
            self.answers(question, value)
        elif question in one.said and one.said[question] != value:
            self.replaces(question, value)

    # ----------------------------------------------------------------- languages

    def asks_language(self) -> None:
        """Send LANGUAGE."""
        if self.going:
            self.here.aside = "language"

    def speaks_from_now(self, language: str) -> None:
        """Choose a language."""
        self.language = language
        if self.going:
            self.here.aside = ""
            self._closes()

    # ----------------------------------------------------------------- taps

    def taps(self, question: str, option: str) -> None:
        """Tap a button of this passage, wherever it stands by now."""
        if not self.going:
            return
        place = self.wild.by_id[question]
        if question != self.here.at:
            self._taps_earlier(place, option)
        elif not place.asks:
            if option == OK:
                self.here.aside = ""
                self.oks()
        elif option == SKIP:
            self.skips()
        elif option in {DONE, ORDERED}:
            self._is_done(place)
        elif place.verb in {"choose", "rate"}:
            self.answers(question, option)
        elif place.verb == "date":
            self.answers(question, self.day(option))
        else:
            self._taps_step(place, option, self.here.ticks)

    def day(self, word: str) -> str:
        """Return the day that today or yesterday is now."""
        return (self.now - timedelta(days=word == "yesterday")).date().isoformat()

    def _is_done(self, place: Place) -> None:
        """Take what is ticked: picks in the order offered, an order as it is."""
        ticks = self.here.ticks
        if ticks:
            self.answers(place.id, ticks if place.verb == "rank" else tuple(o for o in place.options if o in ticks))

    def _taps_step(self, place: Place, option: str, ticks: tuple[str, ...]) -> None:
        match place.verb:
            case "pick" | "rank":
                self._ticked(toggled(place, option, ticks))
            case "allocate" if option == ANEW:
                self._ticked(())
            case "allocate":
                self._gives(place, option)
            case "bestworst" if option in self.card(place):
                self._taps_card(place, option)

    def _ticked(self, ticks: tuple[str, ...] | None) -> None:
        if ticks is not None:
            self.here.ticks, self.here.aside = ticks, ""

    def _gives(self, place: Place, option: str) -> None:
        """Give points to the option whose turn it is; those of the last one must bring the sum to the whole."""
        turn, _, number = option.partition("=")
        given = self.here.ticks
        rest = POINTS - sum(int(one.partition("=")[2]) for one in given)
        if int(turn) != len(given) or int(number) > rest:
            return
        ticks = (*given, f"{place.options[len(given)]}={number}")
        if len(ticks) < len(place.options):
            self._ticked(ticks)
        elif int(number) == rest:
            self.answers(place.id, ticks)

    # ----------------------------------------------------------------- cards

    def sees_card(self, question: str, shown: tuple[str, ...]) -> None:
        """Note a card that was shown: there are as many as it takes to show each option once."""
        known = self.cards.setdefault(question, [])
        if shown not in known:
            known.append(shown)
        assert len(known) <= CARDS, f"another card of {question}: {shown}"

    def card(self, place: Place) -> tuple[str, ...]:
        """Return the options on the card at hand."""
        done = [one for one in self.here.ticks if one.count(":") == 2]
        known = self.cards.get(place.id, [])
        return known[len(done)] if len(done) < len(known) else ()

    @property
    def best(self) -> str:
        """The best of the card at hand, where it is known already."""
        last = self.here.ticks[-1:]
        return last[0].rpartition(":")[2] if last and last[0].count(":") == 1 else ""

    def _taps_card(self, place: Place, option: str) -> None:
        if not self.best:
            shown = ",".join(self.card(place))
            self._ticked((*self.here.ticks, f"{shown}:{option}"))
        elif option == self.best:
            self._ticked(self.here.ticks[:-1])
        else:
            self._card(place, self.best, option)

    def names_on_card(self, place: Place, names: Sequence[str]) -> None:
        """Write the best and the last of the card at hand, or one of them."""
        if len(names) == 1:
            self._taps_card(place, names[0])
        else:
            self._card(place, names[0], names[1])

    def _card(self, place: Place, best: str, last: str) -> None:
        """Be done with a card; the last one makes the answer, and where all were left out so is the question."""
        done = [one for one in self.here.ticks if one.count(":") == 2]
        ticks = (*done, f"{','.join(self.card(place))}:{best}:{last}")
        if len(ticks) < CARDS:
            self._ticked(ticks)
        else:
            self.answers(place.id, None if all(one.endswith("::") for one in ticks) else ticks)

    # ----------------------------------------------------------------- taps on what was asked before

    def _taps_earlier(self, place: Place, option: str) -> None:
        """Change an earlier answer where the author lets a tap do so; everything else is a slip."""
        one = self.here
        if place.id not in one.said or not self.wild.taps or place.role == BEGIN:
            return
        given = one.said[place.id]
        match place.verb:
            case _ if option == SKIP:
                self._changes_by_tap(place, None)
            case "choose" | "rate":
                self._changes_by_tap(place, option)
            case "date":
                self._changes_by_tap(place, self.day(option))
            case "pick" | "rank" if option not in {DONE, ORDERED}:
                ticks = toggled(place, option, given or ())
                if ticks is not None:
                    self._reopens(place.id, ticks)
            case "allocate" if option.startswith("0="):
                self._reopens(place.id, (f"{place.options[0]}={option[2:]}",))
            case "bestworst" if option in self.cards[place.id][0]:
                self._reopens(place.id, (f"{','.join(self.cards[place.id][0])}:{option}",))

    def _changes_by_tap(self, place: Place, value: Any) -> None:
        if self.here.said[place.id] != value:
            self.here.aside = ""
            self.replaces(place.id, value)
            if self.going:
                self._closes()

    def taps_list(self, option: str) -> None:
        """Tap a number, or OK, of a list of answers."""
        if self.going and option in self.listed:
            self._reopens(option)
        elif self.going and option == OK and self.here.aside == "change":
            self._leaves_aside()


def toggled(place: Place, option: str, ticks: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the ticks with one more or less; None where these are as many as may be."""
    if option in ticks:
        return tuple(one for one in ticks if one != option)
    return None if place.most and len(ticks) >= place.most else (*ticks, option)
