"""Citizens by chance, who talk with the whole program; the reckoning of each goes along with what they do."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from bot import letters
from storage import rounds
from tests.reference import wild
from tests.reference.chance import values
from tests.reference.reckoning import ANEW, DONE, GOING, OVER, Reckoning
from tests.reference.wild import BEGIN, REVIEW
from tests.support.house import raw

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from bot.channels.base import Outbound, Raw
    from tests.reference.reckoning import Passage
    from tests.reference.wild import Place, Wild
    from tests.support.house import House

CODE: Final = "wild"
KNOWN: Final = timedelta(days=30)
"""How long the program remembers which updates it has had; no channel brings one again after so long."""
TAPPED: Final = frozenset("choose pick rate rank allocate bestworst date".split())
"""Questions that can be answered by taps alone."""
LISTING: Final = frozenset({"pick", "rank"})


SAID: Final = """
    SELECT o.id, o.body, o.key FROM outbox o JOIN contacts c ON c.id = o.contact_id
    WHERE c.address_hash = ? AND o.id > ? ORDER BY o.id
"""
ANSWERS: Final = """
    SELECT state, withdrawn_at, counted_at, verb, skipped, choice, choices, score, text, file FROM answers
    WHERE pseudonym = ?
"""
SESSION: Final = """
    SELECT s.status, s.state FROM sessions s JOIN contacts c ON c.id = s.contact_id WHERE c.address_hash = ?
"""
Counted = tuple[str, str, bool, bool]
"""Of an answer: its question, its value, whether it stands, and whether it counts."""


class Divergence(AssertionError):
    """The program and the reckoning say different things."""


@dataclass(slots=True)
class Town:
    """The program, and all who talk with it."""

    house: House
    wild: Wild
    tables: sqlite3.Connection
    """The database, read without the program."""
    draw: Callable[[st.SearchStrategy[Any]], Any]
    walkers: list[Walker] = field(default_factory=list)
    talk: list[str | tuple[str, Outbound]] = field(default_factory=list)
    """All that was said, for who reads why something went wrong."""
    waiting: list[tuple[Walker, Raw]] | None = None
    """Updates that arrive at once, while they gather."""

    def walker(self, address: str) -> None:
        """Let somebody come."""
        with self.house.database.reading() as db:
            of = rounds.by_code(db, CODE)
        assert of is not None
        mine = self.house.keys.address_hash("pigeon", address)
        pseudonym = self.house.library.pseudonym(of, mine)
        self.walkers.append(Walker(self, address, mine, pseudonym, Reckoning(self.wild, self.house.clock())))

    def one_of(self, *things: Any) -> Any:
        """Draw one of some things."""
        return things[self.draw(below(len(things)))]

    def any_of(self, acts: list[str]) -> str:
        """Draw what happens next. Hypothesis likes the first best: here it is another one each time."""
        drawn: int = self.draw(below(len(acts)))
        return acts[(drawn + len(self.talk)) % len(acts)]

    def finds(self, wanted: str, *given: Any) -> list[Any]:
        """Return rows of the database."""
        return self.tables.execute(wanted, given).fetchall()

    async def brings(self, walker: Walker, update: Raw) -> None:
        """Bring an update to the program, at once or with those that gather."""
        if self.waiting is not None:
            self.waiting.append((walker, update))
        else:
            await self.house.turns.accept([update])
            walker.hears()

    async def at_once(self) -> None:
        """Bring all that gathered, and one of it twice."""
        updates = [update for _, update in self.waiting or ()]
        people = {walker.address: walker for walker, _ in self.waiting or ()}
        self.waiting = None
        if updates:
            await self.house.turns.accept([*updates, self.one_of(*updates)])
        for walker in people.values():
            walker.hears()

    async def restarts(self) -> None:
        """The program ends and starts anew on what it has kept."""
        self.talk.append("| the program starts anew")
        await self.house.turns.end()
        self.house.turns = self.house.new_turns()
        self.house.turns.begin()

    def passes(self, days: int, *, swept: bool) -> None:
        """Time goes by, and perhaps the clock does what is due."""
        self.talk.append(f"| {days} days later{', after the sweeps' * swept}")
        self.house.clock.forward(days=days)
        reckonings = [walker.reckoning for walker in self.walkers]
        for one in reckonings:
            one.now = self.house.clock()
        if swept:
            self.house.sweeps.sessions()
            self.house.sweeps.privacy()
            for one in reckonings:
                one.falls_silent()
            begun = [one.passage.began_at for one in reckonings if one.passage and one.passage.is_now == GOING]
            for one in reckonings:
                one.forgets(begun)

    def story(self) -> str:
        """Return the flow and the whole talk, to be read by a person."""
        files = wild.files(self.wild)
        return "\n".join([*(text for name, text in files.items() if ".es." not in name), *map(_line, self.talk)])


@dataclass(slots=True)
class Walker:
    """One citizen, and what must be counted of them."""

    town: Town
    address: str
    hash: bytes
    pseudonym: bytes | None
    """How the program knows them, and their answers."""
    reckoning: Reckoning
    sent: list[tuple[Raw, Any]] = field(default_factory=list)
    """Every update with when it was sent."""
    buttons: list[str] = field(default_factory=list)
    """Every button shown in this passage."""
    stale: list[str] = field(default_factory=list)
    """Those of earlier ones."""
    _of: Passage | None = None
    _heard: int = 0

    def draw(self, strategy: st.SearchStrategy[Any]) -> Any:
        """Draw what happens next."""
        return self.town.draw(strategy)

    def one_of(self, *things: Any) -> Any:
        """Draw one of some things."""
        return self.town.one_of(*things)

    def some(self) -> bool:
        """Draw yes or no."""
        return bool(self.draw(below(2)))

    # ----------------------------------------------------------------- sending and hearing

    async def sends(self, told: str, reckon: Callable[[], None], **update: Any) -> None:
        """Send an update; what it means is reckoned at the same time."""
        self.town.talk.append(f"> {self.address}: {told}")
        made = raw(self.address, **update)
        self.sent.append((made, self.reckoning.now))
        self.reckoning.hears()
        reckon()
        self.reckoning.hears()
        await self.town.brings(self, made)

    async def says(self, text: str, reckon: Callable[[], None], **about: Any) -> None:
        """Send a text."""
        await self.sends(text, reckon, text=text, about=about)

    async def word(self, word: str, reckon: Callable[[], None] = lambda: None, number: int | None = None) -> None:
        """Send a word that is understood everywhere: as it reads in the language at hand, or as a command."""
        known = self.town.house.catalog.words(self.reckoning.language)
        form = self.one_of(f"/{word}", *sorted(typed for typed, means in known.items() if means == word)[:2])
        await self.says(form if number is None else f"{form} {number}", reckon)

    async def taps(self, question: str, option: str) -> None:
        """Tap the button for an option, where it was shown last."""
        shown = (one for one in reversed(self.buttons) if one.endswith(f":{question}:{option}"))
        data = next(shown, "")
        self._agree(f"button {option} of {question}", bool(data), True)
        await self._taps(data, lambda: self.reckoning.taps(question, option))

    async def _taps(self, data: str, reckon: Callable[[], None] = lambda: None) -> None:
        await self.sends(f"(taps {data})", reckon, kind="tap", data=data)

    def hears(self) -> None:
        """Read what was said since: the buttons, and the cards."""
        if self.reckoning.passage is not self._of:
            self._of, self.stale, self.buttons = self.reckoning.passage, [*self.stale, *self.buttons], []
        for message in self._said():
            self.town.talk.append((self.address, message))
            self.buttons += [one.data for one in message.buttons]
            self._looks_at_card(message)

    def _said(self) -> list[Outbound]:
        """Return what was said since."""
        rows = self.town.finds(SAID, self.hash, self._heard)
        self._heard = max([self._heard, *(number for number, _, _ in rows)])
        return [
            letters.read(letters.opened(body, self.town.house.keys), key, self.address) for _, body, key in rows if body
        ]

    def _looks_at_card(self, message: Outbound) -> None:
        places = self.town.wild.by_id
        parts = [one.data.split(":") for one in message.buttons if not one.helper]
        shown = [(one[1], one[2]) for one in parts if len(one) == 3 and one[1] in places]
        if shown and places[shown[0][0]].verb == "bestworst":
            self.reckoning.sees_card(shown[0][0], tuple(option for _, option in shown))

    # ----------------------------------------------------------------- answers

    async def answer(self) -> None:
        """Answer the question at hand, or leave it out."""
        place = self.reckoning.asks
        assert place is not None
        if place.optional and self.draw(below(8)) == 7:
            await self.word("skip", self.reckoning.skips)
        elif place.verb == "bestworst":
            await self._answers_cards(place)
        elif self.reckoning.here.aside or (place.verb in TAPPED and self.some()):
            await self._answers_by_taps(place)
        else:
            await self.types()

    async def types(self) -> None:
        """Type an answer to the question at hand."""
        place = self.reckoning.asks
        assert place is not None
        value = self.draw(values(place, self.reckoning.now.date()))
        update = self.update(place, value)
        await self.sends(update.get("text", str(update)), lambda: self.reckoning.answers(place.id, value), **update)

    async def _answers_by_taps(self, place: Place) -> None:
        match place.verb:
            case "date":
                await self.taps(place.id, self.one_of("today", "yesterday"))
            case "choose" | "rate":
                await self.taps(place.id, self.one_of(*place.options))
            case "allocate":
                await self._gives(place)
            case _:
                await self._ticks(place, self.draw(values(place, self.reckoning.now.date())))

    async def _ticks(self, place: Place, wanted: tuple[str, ...]) -> None:
        """Tick until it is as wanted: an order is taken apart as far as it is another one."""
        ticks = self.reckoning.here.ticks
        alike = next((n for n, (one, other) in enumerate(zip(ticks, wanted, strict=False)) if one != other), None)
        kept = ticks[: min(len(ticks), len(wanted)) if alike is None else alike] if place.verb == "rank" else wanted
        for option in [one for one in ticks if one not in kept]:
            await self.taps(place.id, option)
        for option in [one for one in wanted if one not in self.reckoning.here.ticks]:
            await self.taps(place.id, option)
        await self.taps(place.id, DONE if place.verb == "pick" else "@ordered")

    async def _gives(self, place: Place) -> None:
        """Give points to one option after the other, the rest to the last."""
        if self.reckoning.here.ticks:
            await self.taps(place.id, ANEW)
        for given in self.draw(values(place, self.reckoning.now.date())):
            turn = place.options.index(given.partition("=")[0])
            await self.taps(place.id, f"{turn}={given.partition('=')[2]}")

    async def _answers_cards(self, place: Place) -> None:
        passage = self.reckoning.here
        while self.reckoning.passage is passage and passage.at == place.id and passage.is_now == GOING:
            await self._answers_card(place)
            if len(passage.ticks) == 0:
                return

    async def _answers_card(self, place: Place) -> None:
        card = self.reckoning.card(place)
        self._agree(f"card of {place.id}", bool(card), True)
        best, last = self.draw(st.lists(st.sampled_from(card), min_size=2, max_size=2, unique=True))
        if self.reckoning.here.aside or self.some():
            for option in (best, last) if not self.reckoning.best else (last,):
                await self.taps(place.id, option)
        else:
            text = ", ".join(self._name(place, one, card) for one in (best, last))
            await self.says(text, lambda: self.reckoning.names_on_card(place, (best, last)))

    def _name(self, place: Place, option: str, among: tuple[str, ...]) -> str:
        """Return a number or a label."""
        if place.verb == "rate" or self.some():
            return str(among.index(option) + 1)
        return wild.label(place, option, self.reckoning.language)

    def update(self, place: Place, value: Any) -> dict[str, Any]:
        """Return what to send for a value."""
        if value is None:
            return {"text": "/skip"}
        if place.verb == "photo":
            return {"kind": "photo", "file": value}
        if place.verb == "place" and value[0].isdigit():
            latitude, longitude = value.split(",")
            return {"kind": "place", "latitude": float(latitude), "longitude": float(longitude)}
        return {"text": self._typed(place, value)}

    def _typed(self, place: Place, value: Any) -> str:
        if place.verb == "number":
            return f"{value:.0f}"
        if place.verb == "allocate":
            numbers = [one.partition("=")[2] for one in value]
            return str(self.one_of(" ", ", ")).join(numbers)
        if not place.options:
            return str(value)
        several = value if isinstance(value, tuple) else (value,)
        return ", ".join(self._name(place, one, place.options) for one in several)

    async def tick(self) -> None:
        """Take one step towards an answer, and leave it there."""
        place = self.reckoning.asks
        assert place is not None
        if place.verb == "allocate":
            given = self.reckoning.here.ticks
            turn, rest = len(given), 10 - sum(int(one.partition("=")[2]) for one in given)
            number = rest if turn == len(place.options) - 1 else self.one_of(0, rest)
            await self.taps(place.id, f"{turn}={number}")
        else:
            options = self.reckoning.card(place) if place.verb == "bestworst" else place.options
            await self.taps(place.id, self.one_of(*options))

    async def wrong(self) -> None:
        """Send what is no answer to the question at hand."""
        place = self.reckoning.asks
        if place is not None and place.verb in {"ask", "place"} and self.reckoning.here.aside != "change":
            await self.sends("(sticker)", lambda: None, kind="other")
        else:
            junk = ("xyzzy", "🙂") if place is None or place.verb == "date" else ("xyzzy", "🙂", "999", "-4,5,6")
            await self.says(self.one_of(*junk), lambda: None)

    # ----------------------------------------------------------------- back and change

    async def back(self) -> None:
        """Send BACK."""
        await self.word("back", self.reckoning.backs)

    async def back_by(self) -> None:
        """Send BACK with a number, sometimes too high a one."""
        number = self.one_of(*range(len(self.reckoning.passed()) + 2))
        await self.word("back", lambda: self.reckoning.backs_by(number), number)

    async def change(self) -> None:
        """Send CHANGE, while something is asked or after all was handed in."""
        await self.word("change", self.reckoning.changes if self.reckoning.going else self.reckoning.changes_finished)

    async def change_by(self) -> None:
        """Send the number of an answer, with CHANGE before it where no list stands there."""
        listed, one = len(self.reckoning.listed), self.reckoning.here
        if listed and (one.aside == "change" or (one.at == REVIEW and not one.aside)) and self.some():
            number = self.one_of(*range(1, listed + 1))
            await self.says(str(number), lambda: self.reckoning.changes_by(number))
        else:
            number = self.one_of(*range(listed + 2))
            await self.word("change", lambda: self.reckoning.changes_by(number), number)

    async def ok(self) -> None:
        """Send OK."""
        await self.word_of_consent("ok")

    async def word_of_consent(self, word: str) -> None:
        """Send OK as it reads in the language at hand."""
        known = self.town.house.catalog.words(self.reckoning.language)
        text = self.one_of(*sorted(typed for typed, means in known.items() if means == word)[:3])
        await self.says(text, self.reckoning.oks)

    async def skip(self) -> None:
        """Send SKIP."""
        await self.word("skip", self.reckoning.skips)

    async def edit(self) -> None:
        """Edit the message that answered a question, this one or another, or one that stands no more."""
        one = self.reckoning.passage
        asked = [name for name, place in self.town.wild.by_id.items() if place.asks]
        name = self.one_of(*(one.said if one is not None and one.said else asked), self.one_of(*asked))
        place = self.town.wild.by_id[name]
        if place.verb == "bestworst" or (self.reckoning.going and name == self.reckoning.here.at and one and one.aside):
            return
        skips = st.none() if place.optional else st.nothing()
        value = self.draw(values(place, self.reckoning.now.date()) | skips)
        about = {"amends": name, "about": {"edited": True}} | self.update(place, value)
        await self.sends(f"(edits {name}: {about})", lambda: self.reckoning.edits(name, value), **about)

    # ----------------------------------------------------------------- buttons of before

    async def old_button(self) -> None:
        """Tap any button that this passage has shown."""
        places = self.town.wild.by_id
        shown = sorted({tuple(data.split(":")[1:]) for data in self.buttons if _about(data) in places})
        if shown:
            await self.taps(*self.one_of(*shown))

    async def list_button(self) -> None:
        """Tap a number of a list of answers shown some time."""
        shown = sorted({data for data in self.buttons if _about(data) == "@change"})
        if shown:
            data = self.one_of(*shown)
            await self._taps(data, lambda: self.reckoning.taps_list(data.rpartition(":")[2]))

    async def stale_button(self) -> None:
        """Tap a button of an earlier passage."""
        shown = [data for data in self.stale if _about(data) in self.town.wild.by_id]
        if shown:
            await self._taps(self.one_of(*shown))

    # ----------------------------------------------------------------- words

    async def language(self) -> None:
        """Ask for another language; where nothing is asked by a session, choose it at once."""
        going = self.reckoning.going
        if going and going.aside == "language":  # the name of a language, which is a word for it, would choose it now
            await self.says("/language", self.reckoning.asks_language)
        else:
            await self.word("language", self.reckoning.asks_language)
        if not going:
            await self.chosen_language()

    async def chosen_language(self) -> None:
        """Choose a language by its number or its name."""
        language, *names = self.one_of(("en", "1", "English"), ("es", "2", "Español"))
        await self.says(self.one_of(*names), lambda: self.reckoning.speaks_from_now(language))

    async def tapped_language(self) -> None:
        """Tap a language on a list of them shown some time."""
        shown = sorted({data for data in self.buttons if _about(data) == "@language"})
        if shown:
            data = self.one_of(*shown)
            await self._taps(data, lambda: self.reckoning.speaks_from_now(data.rpartition(":")[2]))

    async def help(self) -> None:
        """Send a word that changes nothing."""
        await self.word(self.one_of("help", "why", "mydata", "human"))

    async def greet(self) -> None:
        """Send START amid the talk: a yes where the talk begins with one, else nothing."""
        one = self.reckoning.here
        begins = one.at == BEGIN and not one.aside
        await self.word("start", lambda: self.reckoning.answers(BEGIN, "yes") if begins else None)

    async def start(self) -> None:
        """Follow the link."""
        await self.sends(f"/start {CODE}", self.reckoning.starts, text=f"/start {CODE}", about={"start": CODE})

    async def stop(self) -> None:
        """Send STOP."""
        await self.word("stop", self.reckoning.stops)

    async def delete(self) -> None:
        """Send DELETE, and mean it or not."""
        before = len(self.buttons)
        await self.word("delete")
        if "@delete:yes" in self.buttons[before:]:
            sure = self.one_of(True, True, False)
            done = self.reckoning.deletes if sure else lambda: None
            await self._taps("@delete:yes" if sure else "@delete:no", done)

    async def again(self) -> None:
        """An earlier update comes again."""
        recent = [update for update, at in self.sent if at + KNOWN > self.reckoning.now]
        if recent:
            update = self.one_of(*recent)
            self.town.talk.append(f"| again: {update.body.decode()}")
            await self.town.brings(self, update)

    # ----------------------------------------------------------------- what must hold

    def checks(self) -> None:
        """Compare all that is kept with what must be."""
        kept = self.town.finds(ANSWERS, self.pseudonym)
        self._agree("answers (question, value, stands, counts)", _counted(kept), self._reckoned())
        self._agree("session", self._session(), self._stands())

    def _agree(self, what: str, kept: Any, reckoned: Any) -> None:
        if kept != reckoned:
            raise Divergence(f"{self.town.story()}\n{what} of {self.address}\n  kept: {kept}\n  due:  {reckoned}")

    def _reckoned(self) -> Counter[Counted]:
        return Counter(
            (one.question, str(one.value), one.taken_back_at is None, one.counts) for one in self.reckoning.entries
        )

    def _session(self) -> tuple[str, str] | None:
        found = self.town.finds(SESSION, self.hash)
        return (found[0][0], found[0][1] if found[0][0] == "active" else "") if found else None

    def _stands(self) -> tuple[str, str] | None:
        one = self.reckoning.passage
        if one is None:
            return None
        status = {GOING: "active", OVER: "completed"}.get(one.is_now, one.is_now)
        return status, one.at if one.is_now == GOING else ""


@cache
def below(count: int) -> st.SearchStrategy[int]:
    """Return how to draw a number below `count`; made once, as thousands are drawn."""
    return st.integers(0, count - 1)


def _about(data: str) -> str:
    """Return what a button is about: a question, `@change`, `@language`; empty for one of the desk's."""
    parts = data.split(":")
    return parts[1] if len(parts) == 3 and not data.startswith("@") else ""


def _line(said: str | tuple[str, Outbound]) -> str:
    """Return a line of the talk: `>` what was sent, `<` what was said to it, `|` what happened meanwhile."""
    if isinstance(said, str):
        return said
    address, message = said
    labels = " | ".join("✓" * one.ticked + one.label for one in message.buttons)
    return f"< {address}: {' '.join(message.text.split())}{f' [{labels}]' if labels else ''}"


def _counted(rows: list[Any]) -> Counter[Counted]:
    return Counter(
        (state, str(_value(*said)), taken_back is None, counts is not None) for state, taken_back, counts, *said in rows
    )


def _value(
    verb: str,
    skipped: int,
    choice: str | None,
    choices: str | None,
    score: float | None,
    text: str | None,
    file: str | None,
) -> Any:
    if skipped:
        return None
    match verb:
        case "pick" | "rank" | "allocate" | "bestworst":
            return tuple(json.loads(choices or "[]"))
        case "number":
            return score
        case _:
            return file or choice or text
