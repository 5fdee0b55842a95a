"""What a publication tells of answers by channel and language: no combination of it finds a few people."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import astuple, fields
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digests.crossed import Line, Part, lines
from bot.digests.disclosure import narrowed
from flows.model import Ask, Choose, Number, Option, Pick, Rate
from storage.findings import Crossed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.digests.disclosure import Facts
    from flows.model import Question

CHANNELS, LANGUAGES = ("telegram", "web", "paper"), ("en", "es", "ar")
ANSWERS = ("a", "b", "c", "d")
OPTIONS = tuple(Option(name, name.upper()) for name in ANSWERS)
QUESTIONS: list[Question] = [
    Choose(id="first", text="Which?", options=OPTIONS),
    Pick(id="some", text="Which of them?", options=OPTIONS),
    Ask(id="why", text="Why?"),
]
NAMES = [field.name for field in fields(Line) if field.name != "people"]


class Person(NamedTuple):
    """Somebody who has answered every question."""

    kind: str
    late: bool
    channel: str
    language: str
    first: str
    some: tuple[str, ...]


PEOPLE = st.lists(
    st.tuples(
        st.builds(
            Person,
            st.sampled_from(["individual", "individual", "individual", "group", "organisation"]),
            st.booleans(),
            st.sampled_from(CHANNELS),
            st.sampled_from(LANGUAGES),
            st.sampled_from(ANSWERS),
            st.lists(st.sampled_from(ANSWERS), unique=True, min_size=1).map(tuple),
        ),
        st.integers(1, 40),
    ),
    max_size=12,
).map(lambda several: [person for person, times in several for _ in range(times)])


def part(people: Iterable[Person], kind: str | None, *, late: bool) -> Part:
    found: Counter[Crossed] = Counter()
    for one in people:
        where = (one.channel, one.language, 0)
        found[Crossed("first", one.first, None, None, *where)] += 1
        found[Crossed("some", None, json.dumps(one.some), None, *where)] += 1
        found[Crossed("why", None, None, None, *where)] += 1
    return Part(kind, late, [each._replace(people=n) for each, n in found.items()])


def told(people: list[Person], minimum: int) -> tuple[Line, ...]:
    kinds = sorted({one.kind for one in people if not one.late})
    parts = [part([one for one in people if one.kind == kind and not one.late], kind, late=False) for kind in kinds]
    return lines(QUESTIONS, [*parts, part([one for one in people if one.late], None, late=True)], minimum)


def fits(person: Person, line: Line) -> bool:
    """Whether a line may be about a person, as far as it tells anything."""
    said = {"first": (person.first,), "some": person.some, "why": ("",)}[line.state]
    return (
        line.late == person.late
        and line.kind in {None, person.kind}
        and line.channel in {None, person.channel}
        and line.language in {None, person.language}
        and (line.answer is None or line.answer in said)
    )


@settings(deadline=None, max_examples=300)
@given(PEOPLE, st.sampled_from([5, 10]))
def test_no_combination_of_columns_finds_fewer_people_than_the_minimum(people: list[Person], minimum: int) -> None:
    found = told(people, minimum)
    for line in found:
        assert sum(fits(one, line) for one in people) >= minimum
    for size in range(1, len(NAMES) + 1):
        for chosen in combinations(NAMES, size):
            groups: Counter[tuple[object, ...]] = Counter()
            for line in found:
                groups[tuple(getattr(line, name) for name in chosen)] += line.people
            assert all(count >= minimum and count % minimum == 0 for count in groups.values())


@settings(deadline=None, max_examples=300)
@given(PEOPLE, st.sampled_from([5, 10]))
def test_whom_something_is_hidden_from_cannot_be_found_by_subtraction(people: list[Person], minimum: int) -> None:
    found = told(people, minimum)
    for kind, late in {(line.kind, line.late) for line in found}:
        mine = [one for one in people if one.late == late and kind in {None, one.kind}]
        shown = {line.answer for line in found if (line.state, line.kind, line.late) == ("first", kind, late)} - {None}
        rest = Counter(one.first for one in mine if one.first not in shown)
        assert not rest or rest.total() >= minimum, "those whose answer is not told"
        assert not (rest and shown) or len(rest) > 1, "they gave two answers or more"


def test_a_line_says_how_many_answered_so_where_and_in_which_language() -> None:
    many = [Person("individual", False, "web", "en", "a", ("a", "b"))] * 34
    few = [Person("individual", False, "web", "es", "a", ("a",))] * 12
    one = [Person("individual", False, "paper", "en", "b", ("b",))]
    found = [astuple(line) for line in told([*many, *few, *one], 10) if line.state == "first"]
    assert found == [("first", None, None, None, "individual", False, 40)], "one of the two answers has one person"
    found = [astuple(line) for line in told([*many, *few], 10) if line.state == "first"]
    assert found == [
        ("first", "a", "web", "en", "individual", False, 30),
        ("first", "a", "web", "es", "individual", False, 10),
    ]


def test_groups_stand_apart_and_a_few_of_them_not_at_all() -> None:
    people = [Person("individual", False, "web", "en", "a", ("a",))] * 20
    groups = [Person("group", False, "web", "en", "a", ("a",))] * 10
    organisations = [Person("organisation", False, "web", "en", "a", ("a",))] * 9
    found = {line.kind: line.people for line in told([*people, *groups, *organisations], 10)}
    assert found == {"individual": 20, "group": 10}


def test_a_scale_is_told_by_its_step_and_a_number_as_it_was_given() -> None:
    asked: list[Question] = [
        Rate(id="good", text="How good?", options=OPTIONS, scale="exp5"),
        Number(id="much", text="How much?"),
    ]
    said = [Crossed("good", "a", None, 5.0, "web", "en", 12), Crossed("much", None, None, 4.0, "web", "en", 12)]
    found = lines(asked, [Part("individual", late=False, given=said)], 10)
    assert [(line.state, line.answer, line.people) for line in found] == [("good", "a", 10), ("much", "4", 10)]


FACTS = st.dictionaries(
    st.tuples(*(st.sampled_from("abc") for _ in range(3))), st.integers(1, 30), min_size=1, max_size=20
)


@settings(deadline=None, max_examples=300)
@given(FACTS, st.integers(2, 10), st.integers(0, 2))
def test_each_fact_is_shared_by_enough_people(people: dict[Facts, int], minimum: int, known: int) -> None:
    shown = narrowed(people, minimum, known)
    assert shown.keys() == people.keys()
    together: Counter[tuple[str | None, ...]] = Counter()
    for facts, told_ in shown.items():
        assert all(one in {None, fact} for fact, one in zip(facts, told_, strict=True))
        assert told_[:known] == facts[:known]
        together[told_] += people[facts]
    for told_, count in together.items():
        assert count >= minimum or all(fact is None for fact in told_[known:])
