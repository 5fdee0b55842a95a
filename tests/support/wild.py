"""Random flows, and a plain reckoning of what must count in them: a reference for the engine that shares none of it.

A wild flow is a list of questions; each goes on to a later one, by the first of its ways whose test holds. What was
said is a mapping from question to value. Where somebody stands follows from it: at the first question on the way that
says nothing yet. That is all the reference knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import DrawFn

END: Final = "thanks"
LABELS: Final = {
    "en": ("River", "Mountain", "Forest", "Island"),
    "es": ("Desierto", "Montaña", "Bosque", "Pradera"),
}
SCALE: Final = ("5", "4", "3", "2", "1")
"""Ids of a scale's steps, best first; `na` is offered below them."""
CHOICES: Final = ("a", "b", "c", "d")

Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of a `when` table."""

    subject: str
    operator: str
    value: Any

    def holds(self, said: Mapping[str, Any]) -> bool:
        """Whether it holds for what was said; None is a question that was skipped."""
        here = said.get(self.subject)
        match self.operator:
            case "is":
                return bool(here == self.value)
            case "in":
                return here in self.value
            case "not":
                return bool(here != self.value)
            case "not_in":
                return here not in self.value
            case "contains":
                return here is not None and self.value in here
            case "less":
                return here not in {None, "na"} and float(here) < self.value
            case "more":
                return here not in {None, "na"} and float(here) > self.value
            case _:
                return bool((here is not None) == self.value)


@dataclass(frozen=True, slots=True)
class Question:
    """One question, its ways on (all of a way's tests must hold), and where it goes where none of them does."""

    id: str
    verb: str
    ways: tuple[tuple[tuple[Test, ...], str], ...]
    otherwise: str
    before: bool = False
    """Whether a sentence is said before it."""

    @property
    def options(self) -> tuple[str, ...]:
        """Ids of what it offers, in their order."""
        return {"choose": CHOICES[:3], "pick": CHOICES, "rate": (*SCALE, "na")}.get(self.verb, ())

    def on(self, said: Mapping[str, Any]) -> str:
        """Return what comes after it."""
        return next((to for tests, to in self.ways if all(test.holds(said) for test in tests)), self.otherwise)

    @property
    def may_lead_to(self) -> set[str]:
        """Everything that may come after it."""
        return {self.otherwise, *(to for _, to in self.ways)}


@dataclass(slots=True)
class Wild:
    """A random flow."""

    questions: Sequence[Question]
    by_id: dict[str, Question] = field(init=False)

    def __post_init__(self) -> None:
        self.by_id = {question.id: question for question in self.questions}

    def way(self, said: Mapping[str, Any]) -> list[str]:
        """Return the questions on the way that have been answered, then the one that has not, or the end."""
        at, way = self.questions[0].id, []
        while at in said:
            way.append(at)
            at = self.by_id[at].on(said)
        return [*way, at]

    def ahead(self, at: str) -> set[str]:
        """Return the questions that may still come from here on, this one included."""
        found: set[str] = set()
        waiting = [at]
        while waiting:
            here = waiting.pop()
            if here in self.by_id and here not in found:
                found.add(here)
                waiting += self.by_id[here].may_lead_to
        return found

    def kept(self, said: Said) -> Said:
        """Return what stands of it: on the way taken, or still to come."""
        *way, at = self.way(said)
        ahead = self.ahead(at)
        return {name: value for name, value in said.items() if name in way or name in ahead}

    # ----------------------------------------------------------------- as its author writes it

    def files(self) -> dict[str, str]:
        """Return the flow and its translation as files."""
        head = 'flow = "wild"\nversion = 1\nstage = "deliver"\nlanguage = "en"\ntitle = "Wild"\n'
        of = 'of = { flow = "wild", version = 1 }\nlanguage = "es"\ntitle = "Salvaje"\n'
        start = f'start = "{self._entry(self.questions[0].id)}"\n'
        return {
            "wild.toml": "\n".join([head + start, *map(self._state, self.questions), f'[states.{END}]\nend = "Over."']),
            "wild.es.toml": "\n".join([of, *map(_words, self.questions), f'[states.{END}]\nend = "Se acabó."']),
        }

    def _entry(self, name: str) -> str:
        """Return the state by which a question, or the end, is entered."""
        return f"before_{name}" if name in self.by_id and self.by_id[name].before else name

    def _state(self, question: Question) -> str:
        lines = _saying(question, "Nearly there.", f'next = "{question.id}"')
        lines += [f"[states.{question.id}]", f'{question.verb} = "{asked(question.id, "en")}"', *_answers(question)]
        ways = [f'{{ when = {{ {_tests(tests)} }}, to = "{self._entry(to)}" }}' for tests, to in question.ways]
        lines.append(f"next = [{', '.join([*ways, f'{{ to = {_quoted(self._entry(question.otherwise))} }}'])}]")
        return "\n".join([*lines, ""])


def asked(question: str, language: str) -> str:
    """Return the words of a question; no two are alike."""
    number = question.removeprefix("q")
    return f"Where to, number {number}?" if language == "en" else f"¿Adónde, número {number}?"


def label(question: Question, option: str, language: str) -> str:
    """Return the label of an option of a choose or a pick."""
    return LABELS[language][question.options.index(option)]


def _saying(question: Question, words: str, *more: str) -> list[str]:
    return [f"[states.before_{question.id}]", f'say = "{words}"', *more, ""] if question.before else []


def _answers(question: Question) -> list[str]:
    match question.verb:
        case "rate":
            return ['scale = "ease5"']
        case "number":
            return ["least = 0", "most = 20"]
        case "choose" | "pick":
            offered = [f'{{ id = "{one}", label = "{label(question, one, "en")}" }}' for one in question.options]
            return [f"options = [{', '.join(offered)}]"]
        case _:
            return []


def _tests(tests: Sequence[Test]) -> str:
    return ", ".join(f"{test.subject} = {_wanted(test)}" for test in tests)


def _wanted(test: Test) -> str:
    match test.operator:
        case "is" | "in":
            return _quoted(test.value)
        case operator:
            return f"{{ {operator} = {_quoted(test.value)} }}"


def _quoted(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case tuple():
            return f"[{', '.join(map(_quoted, value))}]"
        case _:
            return f'"{value}"'


def _words(question: Question) -> str:
    lines = _saying(question, "Ya casi.")
    lines += [f"[states.{question.id}]", f'{question.verb} = "{asked(question.id, "es")}"']
    if question.verb in {"choose", "pick"}:
        offered = ", ".join(f'{one} = "{label(question, one, "es")}"' for one in question.options)
        lines.append(f"options = {{ {offered} }}")
    return "\n".join([*lines, ""])


# --------------------------------------------------------------------------- by chance

VERBS: Final = ("choose", "pick", "rate", "ask", "number")


@st.composite
def wilds(draw: DrawFn) -> Wild:
    """Draw a flow of two to seven questions."""
    count = draw(st.integers(2, 7))
    verbs = [draw(st.sampled_from(VERBS)) for _ in range(count)]
    return Wild([_question(draw, n, verbs) for n in range(count)])


def _question(draw: DrawFn, n: int, verbs: Sequence[str]) -> Question:
    later = [f"q{k}" for k in range(n + 1, len(verbs))] + [END]
    ways = tuple(
        (tuple({test.subject: test for test in draw(_several(n, verbs))}.values()), draw(st.sampled_from(later)))
        for _ in range(draw(st.integers(0, 2)))
    )
    return Question(f"q{n}", verbs[n], ways, later[0], before=draw(st.booleans()))


def _several(n: int, verbs: Sequence[str]) -> st.SearchStrategy[list[Test]]:
    """Return one or two tests on what has been asked by the end of question `n`."""
    one = st.integers(0, n).flatmap(lambda k: _test(f"q{k}", verbs[k]))
    return st.lists(one, min_size=1, max_size=2)


def _test(subject: str, verb: str) -> st.SearchStrategy[Test]:
    answered = st.builds(Test, st.just(subject), st.just("answered"), st.booleans())
    figure = st.builds(Test, st.just(subject), st.sampled_from(["less", "more"]), st.integers(1, 5))
    option = st.sampled_from(CHOICES[:3])
    match verb:
        case "choose":
            single = st.builds(Test, st.just(subject), st.sampled_from(["is", "not"]), option)
            several = st.lists(option, min_size=1, max_size=2, unique=True).map(tuple)
            return single | st.builds(Test, st.just(subject), st.sampled_from(["in", "not_in"]), several) | answered
        case "pick":
            return st.builds(Test, st.just(subject), st.just("contains"), st.sampled_from(CHOICES)) | answered
        case "rate" | "number":
            return figure | answered
        case _:
            return answered


def values(question: Question) -> st.SearchStrategy[Any]:
    """Return what may be said to a question; None leaves it out."""
    match question.verb:
        case "choose" | "rate":
            said: st.SearchStrategy[Any] = st.sampled_from(question.options)
        case "pick":
            several = st.lists(st.sampled_from(CHOICES), min_size=1, max_size=4, unique=True)
            said = several.map(lambda picked: tuple(one for one in CHOICES if one in picked))
        case "number":
            said = st.integers(0, 20).map(float)
        case _:
            said = st.sampled_from(["the door was shut", "too far away", "nobody came to help us"])
    return said | st.none()
