"""Ways that no answer takes are found by trying every answer that makes a difference, and no other way is blamed."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.branching import holds
from flows.catalog import Catalog
from flows.checks import branches
from flows.model import Answer, Session
from tests.flows.talk import files_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flows.model import State

SOMEBODY = Session("small", 1, "en", "web", "", "", "weight")
LIKE = """
[states.like]
choose = "Which one?"
options = [
  { id = "yes", label = "This one", value = 5 },
  { id = "no", label = "That one", value = 1 },
  { id = "gone", label = "Another", value = 3, next = "bye" },
]
"""
DAYS = """
[states.days]
pick = "Which days?"
options = [
  { id = "mon", label = "Monday" },
  { id = "tue", label = "Tuesday" },
  { id = "wed", label = "Wednesday" },
  { id = "none", label = "No day", exclusive = true },
]
most = 2
"""
ORDER = """
[states.order]
rank = "Which come first?"
options = [{ id = "a", label = "This one" }, { id = "b", label = "That one" }, { id = "c", label = "Another" }]
most = 2
"""
WEIGHT = """
[states.weight]
number = "How many?"
least = 0
most = 10
whole = true
"""
WORDS = """
[states.words]
ask = "Why is that?"
"""
END = """
[states.why]
ask = "Why is that?"
next = "bye"
[states.how]
ask = "How is that?"
next = "bye"
[states.bye]
end = "Thank you."
"""


def told(states: str, **more: str) -> list[tuple[str, int]]:
    """Return code and line of what is wrong with a flow of these states."""
    issues = Catalog.of({**files_of(states), **more}).issues
    return [(issue.code, issue.line) for issue in issues if issue.code in {"dead-way", "dead-option", "endless-circle"}]


def line_of(states: str, part: str) -> int:
    text = files_of(states)["small.toml"]
    return text[: text.index(part)].count("\n") + 1


def ways(*whens: str) -> str:
    """Write a list of ways, one to a line, each to a state of its own as far as there are any."""
    targets = itertools.cycle(("why", "how"))
    lines = [f'  {{ when = {{ {when} }}, to = "{to}" }},' for when, to in zip(whens, targets, strict=False)]
    return "\n".join(["next = [", *lines, '  { to = "bye" },', "]", ""])


@pytest.mark.parametrize(
    ("question", "whens"),
    [
        (LIKE, ['like = "yes"', 'like = "no"']),
        (LIKE, ["like = { more = 3 }", "like = { less = 3 }"]),
        (LIKE, ["like = { answered = false }", 'like = { not = "yes" }']),
        (DAYS, ['days = { contains = "mon" }', 'days = { contains = "tue" }']),
        (DAYS, ['days = "mon"', 'days = { contains = "mon" }']),
        (DAYS, ['days = ["mon", "none"]', "days = { answered = true }"]),
        (ORDER, ['order = "a"', 'order = { contains = "a" }']),
        (ORDER, ['all = [{ order = { contains = "a" } }, { order = { contains = "b" } }]']),
        (WEIGHT, ["weight = { less = 1 }", "weight = { more = 9 }"]),
        (WEIGHT, ["weight = 3", "weight = { more = 2, less = 5 }"]),
        (WORDS, ['words = { contains = "bus" }', 'words = { contains = "tram" }']),
        (WORDS, ['words = "bus"', "words = { answered = false }"]),
        (LIKE, ['"@language" = "en", like = "yes"', '"@channel" = "web"']),
        (LIKE, ['"@first_time" = true', '"@area" = "north"']),
        (LIKE, ['any = [{ like = "gone" }, { like = "yes" }]', 'not = { like = "yes" }']),
    ],
)
def test_a_way_that_some_answer_takes_is_not_blamed(question: str, whens: list[str]) -> None:
    assert told(question + ways(*whens) + END) == []


@pytest.mark.parametrize(
    ("question", "whens", "dead"),
    [
        (LIKE, ['like = "gone"'], 'like = "gone"'),  # it leaves by its own way
        (LIKE, ["like = { answered = true }", 'like = "yes"'], 'like = "yes"'),
        (LIKE, ['like = ["yes", "no"]', "like = { more = 3 }"], "more = 3"),
        (LIKE, ["like = { more = 5 }"], "more = 5"),
        (DAYS, ['days = { contains = "none", not = "none" }'], "not ="),  # it stands alone
        (DAYS, ['days = { contains = "mon" }', 'days = "mon"'], 'days = "mon"'),
        (ORDER, ["order = { answered = true }", 'order = { contains = "c" }'], 'contains = "c"'),
        (WEIGHT, ["weight = { more = 10 }"], "more = 10"),
        (WEIGHT, ["weight = { more = 4, less = 5 }"], "more = 4"),
        (WORDS, ['words = { contains = "bus" }', 'words = "the bus"'], 'words = "the bus"'),
        (LIKE, ['"@language" = { not = "en" }'], "not ="),  # it speaks nothing else
        (LIKE, ['any = [{ like = "gone" }, { "@language" = { not = "en" } }]'], "any ="),
        (
            LIKE,
            ["not = { like = { answered = true } }", 'like = { not = "yes" }, not = { like = "no" }'],
            'not = { like = "no"',
        ),
        (LIKE, ['"@first_time" = true', '"@first_time" = false', 'like = "yes"'], 'like = "yes"'),
    ],
)
def test_a_way_that_no_answer_takes_is_told_at_its_line(question: str, whens: list[str], dead: str) -> None:
    states = question + ways(*whens) + END
    assert told(states) == [("dead-way", line_of(states, dead))]


def test_what_was_answered_before_is_known_later() -> None:
    later = '[states.later]\nask = "And then?"\n'
    first = LIKE + 'next = [{ when = { like = "yes" }, to = "later" }, { to = "bye" }]\n'
    states = first + later + ways('like = "no"') + END.replace("[states.how]", "[states.how_]")
    assert told(states) == [("dead-way", line_of(states, '{ like = "no" }'))]


def test_a_question_not_asked_on_the_way_has_no_answer() -> None:
    first = LIKE.replace(', next = "bye"', ', next = "weight"') + 'next = "words"\n'
    states = first + WORDS + 'next = "weight"\n' + WEIGHT + ways("words = { answered = true }", 'like = "gone"') + END
    assert told(states) == []


def test_an_option_whose_way_nobody_can_take_is_told() -> None:
    days = DAYS.replace('label = "Monday" }', 'label = "Monday", next = "why" }')
    days = days.replace('label = "Tuesday" }', 'label = "Tuesday", next = "how" }')
    assert told(days + 'next = "bye"\n' + END) == []
    both = "".join(
        '[states.both]\npick = "Which?"\nleast = 2\nmost = 2\noptions = [{ id = "a", label = "A one", next = "why" }, '
        '{ id = "b", label = "B one", next = "how" }]\nnext = "bye"\n'
    )
    assert [code for code, _ in told(both + END)] == ["dead-option"]


def test_the_best_of_an_order_leads_its_own_way() -> None:
    order = ORDER.replace('label = "This one"', 'label = "This one", next = "why"')
    order = order.replace('label = "That one"', 'label = "That one", next = "how"')
    assert told(order + 'next = "bye"\n' + END) == []


def test_a_circle_that_some_answers_never_leave_is_told() -> None:
    states = LIKE + WORDS + 'next = [{ when = { like = "yes" }, to = "words" }, { to = "bye" }]\n' + END
    states = states.replace('[states.why]\nask = "Why is that?"\nnext = "bye"\n', "").replace(
        '[states.how]\nask = "How is that?"\nnext = "bye"\n', ""
    )
    assert told(states) == [("endless-circle", line_of(states, "[states.words]"))]
    again = states.replace('like = "yes" }, to = "words"', 'like = "yes" }, to = "like"')
    assert told(again) == [], "another answer leads out"


def test_where_there_are_too_many_places_what_came_before_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branches, "MOST_PLACES", 0)
    dead = LIKE + ways('like = "gone"') + END
    assert told(dead) == [("dead-way", line_of(dead, 'like = "gone"'))]
    later = LIKE + 'next = [{ when = { like = "yes" }, to = "words" }, { to = "bye" }]\n'
    later += WORDS + ways('like = "no"') + END.replace("[states.how]", "[states.how_]")
    assert told(later) == []


@pytest.mark.timeout(120)
def test_a_flow_of_a_thousand_states_is_checked_whole() -> None:
    many = "".join(
        f'[states.q{n}]\n{LIKE.partition("]")[2].strip()}\nnext = [{{ when = {{ q{n} = "yes" }}, to = "q{n + 1}" }}, '
        f'{{ when = {{ q{n} = "gone" }}, to = "bye" }}, {{ to = "q{n + 1}" }}]\n'
        for n in range(1000)
    )
    last = '[states.q1000]\nask = "Why is that?"\n' + ways('q0 = "yes"', 'q999 = "yes"') + END
    assert len(told(many + last)) == 1000, "the way of one option is dead in each, and all others are taken"


@pytest.mark.timeout(120)
def test_where_every_answer_matters_at_the_end_the_check_comes_to_one() -> None:
    many = "".join(LIKE.replace("states.like", f"states.q{n}").replace(', next = "bye"', "") for n in range(60))
    assert told(many + WORDS + ways(*(f'q{n} = "yes"' for n in range(60))) + END) == []


# --------------------------------------------------------------------------- against playing it


@st.composite
def tables(draw: st.DrawFn) -> str:
    """A flow of three questions in a row and a table of ways over all of them."""
    asked = [
        *('like = "yes"', 'like = "no"', "like = { more = 3 }", "like = { answered = false }"),
        *('days = { contains = "mon" }', 'days = { contains = "tue" }', 'days = "none"'),
        *("weight = { less = 3 }", "weight = { more = 5 }", "weight = 7"),
    ]
    whens = draw(
        st.lists(st.lists(st.sampled_from(asked), min_size=1, max_size=2, unique_by=_subject), min_size=1, max_size=4)
    )
    return (
        LIKE + 'next = "days"\n' + DAYS + 'next = "weight"\n' + WEIGHT + ways(*(", ".join(one) for one in whens)) + END
    )


def _subject(when: str) -> str:
    return when.split(" ", maxsplit=1)[0]


LIKES = ("yes", "no", None)
PICKS = (None, ("none",), *[some for n in (1, 2) for some in itertools.combinations(("mon", "tue", "wed"), n)])


@settings(max_examples=60, deadline=None)
@given(tables())
def test_the_search_finds_what_playing_every_answer_finds(states: str) -> None:
    catalog = Catalog.of(files_of(states))
    script = catalog.get("small").scripts["en"].states
    taken = {
        _taken(script, {"like": Answer("like", like), "days": Answer("days", days), "weight": Answer("weight", number)})
        for like, days, number in itertools.product(LIKES, PICKS, (None, *map(float, range(11))))
    }
    dead = {number for number, way in enumerate(script["weight"].next) if way.when} - taken
    lines = {catalog.compiled["small", 1].where("weight", "next", number)[1] for number in dead}
    assert {line for code, line in told(states) if code == "dead-way"} == lines


def _taken(script: Mapping[str, State], said: dict[str, Answer]) -> int:
    """Return which of the ways after the last question is taken."""
    ways = script["weight"].next
    return next(n for n, way in enumerate(ways) if all(holds(script, one, said, SOMEBODY) for one in way.when))
