"""Flows by chance, and a plain reading of where answers lead in them. Nothing here knows how the program does it.

A wild flow is a list of places in order. Each goes on to a later one: by the option taken, else by the first of its
ways whose `when` fits, else by the last way. What was said is a mapping from question to value; None is a question left
out. Where somebody stands follows from it: at the first question on the way that says nothing yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

Said = dict[str, Any]
"""What was said, by question, in the order of the list of answers."""
Facts = Mapping[str, Any]
"""What is known without asking, by its name in `when`."""

OPENING, BEGIN, THANKS, INVITE, REVIEW = "opening", "begin", "thanks", "invite", "review"
FRAME: Final = frozenset({OPENING, BEGIN, THANKS, INVITE, REVIEW})
END, DECLINED, JOINT = "receipt", "not_now", "part"
QUESTIONS: Final = frozenset("choose pick rate rank allocate bestworst ask number date place photo".split())
LABELS: Final = {
    "en": ("River", "Mountain", "Forest", "Island", "Desert", "Glacier"),
    "es": ("Arroyo", "Montaña", "Bosque", "Pradera", "Ciudad", "Volcán"),
}
YES_NO: Final = {"en": ("Yes", "No"), "es": ("Sí", "No")}
STEPS: Final = ("5", "4", "3", "2", "1")
"""Options of a scale, best first."""
NA: Final = "na"
"""What stands below them, and is no step."""
POINTS: Final = 10
CARDS: Final = 2
"""Six options, three to a card, each shown once."""


@dataclass(frozen=True, slots=True)
class Test:
    """One line of a `when` table: the answer to `subject`, or a fact, against a value."""

    __test__ = False

    subject: str
    operator: str
    value: Any

    def fits(self, known: Mapping[str, Any]) -> bool:
        """Whether it fits what is known."""
        here = known.get(self.subject)
        match self.operator:
            case "is":
                return _is(here, self.value)
            case "in":
                return any(_is(here, one) for one in self.value)
            case "not":
                return not _is(here, self.value)
            case "not_in":
                return not any(_is(here, one) for one in self.value)
            case "contains":
                return here is not None and (self.value if isinstance(here, tuple) else self.value.casefold()) in (
                    here if isinstance(here, tuple) else here.casefold()
                )
            case "less":
                return here not in {None, NA} and float(here) < self.value
            case "more":
                return here not in {None, NA} and float(here) > self.value
            case _:
                return (here is not None) is self.value

    def may_fit(self, known: Mapping[str, Any], unsaid: Collection[str]) -> bool:
        """Whether it may yet fit."""
        return self.subject in unsaid or self.fits(known)

    def must_fit(self, known: Mapping[str, Any], unsaid: Collection[str]) -> bool:
        """Whether it fits whatever is said."""
        return self.subject not in unsaid and self.fits(known)


def _is(here: Any, value: Any) -> bool:
    """Whether an answer is this one; of several picked, whether it is this one alone."""
    return bool(here == ((value,) if isinstance(here, tuple) else value))


@dataclass(frozen=True, slots=True)
class When:
    """A `when` table: all of its lines must fit, one of `any_of` where there are some, and not `none`."""

    tests: tuple[Test, ...] = ()
    any_of: tuple[When, ...] = ()
    none: When | None = None

    def fits(self, known: Mapping[str, Any]) -> bool:
        """Whether all of it fits what is known."""
        return (
            all(test.fits(known) for test in self.tests)
            and (not self.any_of or any(when.fits(known) for when in self.any_of))
            and not (self.none and self.none.fits(known))
        )

    def may_fit(self, known: Mapping[str, Any], unsaid: Collection[str]) -> bool:
        """Whether it may yet fit."""
        return (
            all(test.may_fit(known, unsaid) for test in self.tests)
            and (not self.any_of or any(when.may_fit(known, unsaid) for when in self.any_of))
            and not (self.none and self.none.must_fit(known, unsaid))
        )

    def must_fit(self, known: Mapping[str, Any], unsaid: Collection[str]) -> bool:
        """Whether it fits whatever is said."""
        return (
            all(test.must_fit(known, unsaid) for test in self.tests)
            and (not self.any_of or any(when.must_fit(known, unsaid) for when in self.any_of))
            and not (self.none and self.none.may_fit(known, unsaid))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place of a flow: a question, something said, or where another flow hands back."""

    id: str
    verb: str
    otherwise: str
    """Where it leads when nothing else fits."""
    ways: tuple[tuple[When, str], ...] = ()
    leads: Mapping[str, str] = field(default_factory=dict)
    """Where an option leads by itself."""
    most: int | None = None
    optional: bool = True
    role: str = ""

    @property
    def asks(self) -> bool:
        """Whether it is a question."""
        return self.verb in QUESTIONS

    @property
    def options(self) -> tuple[str, ...]:
        """Ids of what it offers, in their order."""
        if self.role:
            return ("yes", "no")
        return STEPS if self.verb == "rate" else tuple("abcdef"[: OFFERED.get(self.verb, 0)])

    @property
    def points(self) -> int:
        """How much there is to divide."""
        return POINTS

    def on(self, known: Mapping[str, Any]) -> str:
        """Return what comes after it."""
        own = self._own(known.get(self.id))
        return own or next((to for when, to in self.ways if when.fits(known)), self.otherwise)

    def _own(self, said: Any) -> str | None:
        """Return where the option leads that was taken: of an order its best, of several the first offered."""
        match said:
            case tuple() if self.verb == "rank":
                return self.leads.get(said[0])
            case tuple():
                return next((self.leads[one] for one in self.options if one in said and one in self.leads), None)
            case _:
                return self.leads.get(said)

    def may_lead_to(self, known: Mapping[str, Any], unsaid: Collection[str]) -> set[str]:
        """Return everything that may come after it where nobody knows yet what will be said to the `unsaid`."""
        found = set(self.leads.values())
        for when, to in self.ways:
            if when.may_fit(known, unsaid):
                found.add(to)
            if when.must_fit(known, unsaid):
                return found
        return found | {self.otherwise}


OFFERED: Final = {"choose": 3, "pick": 4, "rank": 4, "allocate": 3, "bestworst": 6}
"""How many options each verb has here."""


@dataclass(frozen=True)
class Wild:
    """A flow by chance."""

    places: tuple[Place, ...]
    running: bool = False
    """Each answer counts at once; else those that are handed in."""
    taps: bool = False
    """A tap on an earlier question changes its answer."""
    patience: int | None = None
    """Days of silence after which it ends, where these are fewer than the city's."""

    @property
    def by_id(self) -> Mapping[str, Place]:
        """Each place by its name."""
        return {place.id: place for place in self.places}

    def way(self, said: Said, facts: Facts) -> tuple[list[str], str]:
        """Return the questions on the way that have been answered, and where it leads from there.

        What was said elsewhere tells nothing about the way.
        """
        places, known = self.by_id, dict(facts)
        at, passed = self.places[0].id, list[str]()
        while at in places and (at in said or places[at].verb == "say"):
            if places[at].asks:
                passed.append(at)
                known[at] = said[at]
            at = places[at].on(known)
        return passed, at

    def ahead(self, at: str, said: Said, facts: Facts) -> set[str]:
        """Return what may still come from here on, this place included, after what was `said` on the way here."""
        places, found, waiting = self.by_id, set[str](), [at]
        unsaid = {name for name, place in places.items() if place.asks and name not in said} | {"@language"}
        while waiting:
            here = waiting.pop()
            if here in places and here not in found:
                found.add(here)
                waiting += places[here].may_lead_to({**facts, **said}, unsaid)
        return found


# --------------------------------------------------------------------------- as its author writes it


def files(wild: Wild) -> dict[str, str]:
    """Return a flow, its frame, the flow it hands over to, and their translations as files."""
    return dict(_files(wild))


def _files(wild: Wild) -> Iterator[tuple[str, str]]:
    framed = [place for place in wild.places if place.id in FRAME]
    inner = [place for place in wild.places if place.id.startswith(f"{JOINT}.")]
    outer = [place for place in wild.places if place not in framed and place not in inner]
    ends = {END: ("Over.", "Se acabó.")}
    ends |= {DECLINED: ("Another time.", "Otra vez será.")} if BEGIN in wild.by_id else {}
    head = 'flow = "wild"\nversion = 1\nstage = "deliver"\ntitle = "Wild"\nframe = "wild_frame"\n'
    head += 'taps = "edit"\n' if wild.taps else ""
    head += f"expires_after_days = {wild.patience}\n" if wild.patience else ""
    frame = f'frame = "wild_frame"\nrunning = {_toml(wild.running)}\n'
    yield from _document("wild", head, outer[0].id, outer, {})
    yield from _document("wild_frame", frame, OPENING, framed, ends)
    if inner:
        back = {"back": ("So much for that.", "Eso fue todo.")}
        yield from _document(JOINT, f'flow = "{JOINT}"\nversion = 1\ntitle = "Part"\n', inner[0].id, inner, back)


def _document(
    name: str, head: str, start: str, places: Sequence[Place], ends: Mapping[str, tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Give the file of a flow or a frame and its translation."""
    kind = "frame" if name == "wild_frame" else "flow"
    top = f'{head}language = "en"\nstart = "{_local(start, name)}"\n'
    of = f'of = {{ {kind} = "{name}"{", version = 1" * (kind == "flow")} }}\nlanguage = "es"\n'
    of += 'title = "Salvaje"\n' if kind == "flow" else ""
    over = [_ending(end, words[0]) for end, words in ends.items()]
    overs = [f'[states.{end}]\nend = "{words[1]}"\n' for end, words in ends.items()]
    yield f"{name}.toml", "\n".join([top, *(_state(place, name) for place in places), *over])
    yield f"{name}.es.toml", "\n".join([of, *(_words(place, name) for place in places), *overs])


def _ending(end: str, words: str) -> str:
    return f'[states.{end}]\nend = "{words}"\n' + 'outcome = "declined"\n' * (end == DECLINED)


def _local(to: str, name: str) -> str:
    """Return what a place is called in the file of this name."""
    if name == JOINT:
        return "back" if to == JOINT else to.removeprefix(f"{JOINT}.")
    if name == "wild_frame" and to not in {*FRAME, END, DECLINED}:
        return "questions"
    return JOINT if to.startswith(f"{JOINT}.") else to


def _state(place: Place, name: str) -> str:
    head = f'flow = "{JOINT}"' if place.id == JOINT else f'{place.verb} = "{asked(place, "en")}"'
    ways = [f"{{ when = {_table(when, name)}, to = {_toml(_local(to, name))} }}" for when, to in place.ways]
    on = f"next = [{', '.join([*ways, f'{{ to = {_toml(_local(place.otherwise, name))} }}'])}]"
    return "\n".join([f"[states.{_local_id(place, name)}]", head, *_keys(place, name), on, ""])


def _local_id(place: Place, name: str) -> str:
    return place.id if place.id == JOINT else _local(place.id, name)


def _keys(place: Place, name: str) -> Iterator[str]:
    """Give what stands beside a question."""
    match place.verb:
        case "rate":
            yield 'scale = "ease5"'
        case "number":
            yield "least = 0\nmost = 20"
        case "date":
            yield 'most = "today"'
        case "allocate":
            yield f"points = {POINTS}"
        case "bestworst":
            yield f"cards = {CARDS}\nshows = 3"
    if place.most:
        yield f"most = {place.most}"
    if place.role:
        yield f'role = "{place.role}"\noptional = {_toml(place.optional)}'
    if place.options and place.verb != "rate":
        yield f"options = [{', '.join(_option(place, one, name) for one in place.options)}]"


def _option(place: Place, option: str, name: str) -> str:
    own = f", next = {_toml(_local(place.leads[option], name))}" if option in place.leads else ""
    return f'{{ id = "{option}", label = "{label(place, option, "en")}"{own} }}'


def _table(when: When, name: str) -> str:
    lines = [f"{_subject(test, name)} = {_wanted(test)}" for test in when.tests]
    if when.any_of:
        lines.append(f"any = [{', '.join(_table(one, name) for one in when.any_of)}]")
    if when.none:
        lines.append(f"not = {_table(when.none, name)}")
    return f"{{ {', '.join(lines)} }}"


def _subject(test: Test, name: str) -> str:
    return _toml(test.subject.removeprefix(f"{JOINT}.") if name == JOINT else test.subject)


def _wanted(test: Test) -> str:
    return _toml(test.value) if test.operator in {"is", "in"} else f"{{ {test.operator} = {_toml(test.value)} }}"


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return f'"{value}"'


def _words(place: Place, name: str) -> str:
    if place.id == JOINT:
        return ""
    lines = [f"[states.{_local_id(place, name)}]", f'{place.verb} = "{asked(place, "es")}"']
    if place.options and place.verb != "rate":
        offered = ", ".join(f'{one} = "{label(place, one, "es")}"' for one in place.options)
        lines.append(f"options = {{ {offered} }}")
    return "\n".join([*lines, ""])


def asked(place: Place, language: str) -> str:
    """Return the words of a place; no two are alike."""
    return f"Where to, {place.id}?" if language == "en" else f"¿Adónde, {place.id}?"


def label(place: Place, option: str, language: str) -> str:
    """Return the label of an option."""
    return (YES_NO if place.role else LABELS)[language][place.options.index(option)]
