"""Forms with any conditions and rules: the flow asks what ODK would ask, takes what it would take, or tells."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bot.importing.xlsform import Wishes, carry
from tests.bot.importing.trial import Trial, catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPES = ("select_one abc", "select_one numbers", "select_multiple abc", "integer", "decimal", "text", "acknowledge")
CHOICES = """
| choices |
| | list_name | name | label |
| | abc | a | Apples |
| | abc | b | Bread |
| | abc | c | Cheese |
| | numbers | 1 | One of them |
| | numbers | 2 | Two of them |
| | numbers | 3 | Three of them |
"""
PLACES = """
| choices |
| | list_name | name | label | kind | far |
| | abc | a | Apples | | |
| | abc | b | Bread | | |
| | abc | c | Cheese | | |
| | numbers | 1 | One of them | | |
| | numbers | 2 | Two of them | | |
| | numbers | 3 | Three of them | | |
| | places | park | The park | a | 1 |
| | places | pool | The pool | b | 2 |
| | places | lake | The lake | b | 3 |
| | places | hall | The hall | c | 1 |
| | places | hall | The hall | a | 3 |
| settings |
| | allow_choice_duplicates |
| | yes |
"""
SIGNS = st.sampled_from(("=", "!=", "<", "<=", ">", ">="))
NUMBERS = st.sampled_from(("0", "1", "2", "2.5", "-1", "18"))


def about(name: str, type_: str) -> st.SearchStrategy[str]:
    """Give expressions about one answer, as authors write them."""
    if type_.startswith("select_multiple"):
        return st.one_of(
            st.sampled_from("abc").map(lambda choice: f"selected({name}, '{choice}')"),
            st.sampled_from("abc").map(lambda choice: f"{name} = '{choice}'"),
            st.builds(lambda sign, number: f"count-selected({name}) {sign} {number}", SIGNS, NUMBERS),
        )
    if type_ in {"integer", "decimal"}:
        turned = st.builds(lambda sign, number: f"{number} {sign} {name}", SIGNS, NUMBERS)
        return st.one_of(turned, st.builds(lambda sign, number: f"{name} {sign} {number}", SIGNS, NUMBERS))
    if type_ == "text":
        counted = st.builds(lambda sign, number: f"string-length({name}) {sign} {number}", SIGNS, NUMBERS)
        return st.one_of(counted, st.sampled_from((f"{name} = 'x'", f"{name} != ''", f"{name} != 'x'", f"{name} = ''")))
    values = st.sampled_from(("'a'", "'b'", "'1'", "2", "''", "'OK'"))
    compared = st.builds(lambda sign, value: f"{name} {sign} {value}", SIGNS, values)
    return st.one_of(compared, values.map(lambda value: f"selected({name}, {value})"))


def together(single: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Give expressions that put single ones together."""
    return st.recursive(
        single,
        lambda inner: st.one_of(
            st.builds(lambda one, how, other: f"({one} {how} {other})", inner, st.sampled_from(("and", "or")), inner),
            inner.map(lambda one: f"not({one})"),
        ),
        max_leaves=4,
    )


@st.composite
def forms(draw: st.DrawFn) -> str:
    """Give a form of a few questions, each with a condition on those before it and a rule of its own."""
    asked: dict[str, str] = {}
    lines = ["| survey |", "| | type | name | label | relevant | constraint | required |"]
    for number in range(draw(st.integers(2, 5))):
        name, type_ = f"q{number}", draw(st.sampled_from(TYPES))
        relevant = draw(st.one_of(st.just(""), conditions(asked))) if asked else ""
        rule = draw(st.one_of(st.just(""), together(about(".", type_)))) if not type_.startswith("select_one") else ""
        cells = (type_, name, f"Question {number}?", relevant, rule, draw(st.sampled_from(("", "yes"))))
        lines.append(f"| | {' | '.join(cells)} |")
        asked[name] = type_
    return "\n".join(lines) + CHOICES


def conditions(asked: Mapping[str, str]) -> st.SearchStrategy[str]:
    single = st.sampled_from(sorted(asked)).flatmap(lambda name: about(f"${{{name}}}", asked[name]))
    return together(single)


@given(form=forms(), seed=st.integers(0, 9))
@settings(max_examples=150, deadline=None, phases=[Phase.generate])
def test_a_flow_asks_what_the_form_asks_and_takes_what_it_takes(form: str, seed: int) -> None:
    made = carry(form.encode(), "form.md", Wishes(), catalog())
    assert {one.code for one in made.issues if one.severity == "error"} <= {"unreachable-state"}
    trial = Trial(form.encode(), "form.md", made)
    assert [*trial.gone()] == []
    assert [*trial.loose()] == []
    chance = random.Random(seed)  # noqa: S311 - the same people every time
    assert {trial.walk(chance) for _ in range(8)} == {""}


@st.composite
def forms_that_reckon(draw: st.DrawFn) -> str:
    """Give a form whose lists depend on earlier answers, and which calculates."""
    asked = {"q0": "select_one abc", "q1": "select_one numbers", "q2": "select_one places", "q3": "select_one places"}
    filters = (
        "kind = ${q0}",
        "kind != ${q0}",
        "far < ${q1}",
        "kind = ${q0} and far = ${q1}",
        "name = 'park'",
        "far > 1",
    )
    lines = ["| survey |", "| | type | name | label | relevant | choice_filter | calculation |"]
    lines += [f"| | {type_} | {name} | {name}? | | | |" for name, type_ in [*asked.items()][:2]]
    for name in ("q2", "q3"):
        relevant = draw(st.one_of(st.just(""), conditions({"q0": asked["q0"], "q1": asked["q1"]})))
        more = ("kind = ${q0} or ${q2} = 'lake'", "${q2} = 'hall' and far > 1") if name == "q3" else ()
        filter_ = draw(st.sampled_from((*filters, *more)))
        lines.append(f"| | select_one places | {name} | {name}? | {relevant} | {filter_} | |")
    for number in range(draw(st.integers(1, 3))):
        lines.append(f"| | calculate | c{number} | | | | {draw(reckonings(asked))} |")
    after = draw(st.sampled_from(("", "${q2} = 'pool'", "${c0} = 'x'", "${c0} = ${q2}", "${q3} != ''")))
    lines.append(f"| | text | q4 | Last? | {after} | | |")
    return "\n".join(lines) + PLACES


def reckonings(asked: Mapping[str, str]) -> st.SearchStrategy[str]:
    """Give what authors calculate: an answer, a text, or one of them as the case may be."""
    leaves = st.one_of(
        st.sampled_from(sorted(asked)).map(lambda name: f"${{{name}}}"), st.sampled_from(("'x'", "2 + 2", "''"))
    )
    either = st.sampled_from(
        ("${q0} = 'a'", "selected(${q2}, 'hall')", "${q1} > 1", "not(${q3} = 'lake')", "${q0} = ''")
    )
    return st.recursive(
        leaves,
        lambda inner: st.builds(lambda one, yes, no: f"if({one}, {yes}, {no})", either, inner, inner),
        max_leaves=4,
    )


@given(form=forms_that_reckon(), seed=st.integers(0, 9))
@settings(max_examples=100, deadline=None, phases=[Phase.generate])
def test_a_flow_offers_what_the_form_offers_and_works_out_what_it_calculates(form: str, seed: int) -> None:
    made = carry(form.encode(), "form.md", Wishes(), catalog())
    assert {one.code for one in made.issues if one.severity == "error"} <= {"unreachable-state"}
    trial = Trial(form.encode(), "form.md", made)
    assert [*trial.gone()] == []
    chance = random.Random(seed)  # noqa: S311 - the same people every time
    assert {trial.walk(chance) for _ in range(8)} == {""}


def test_most_conditions_that_authors_write_are_carried() -> None:
    written = {
        "${q0} = 'a'": "select_one abc",
        "${q0} != 'a' and ${q0} != 'b'": "select_one abc",
        "selected(${q0}, 'a') or selected(${q0}, 'b')": "select_multiple abc",
        "not(selected(${q0}, 'a'))": "select_multiple abc",
        "selected(${q0}, 'a') and selected(${q0}, 'b')": "select_multiple abc",
        "count-selected(${q0}) > 0": "select_multiple abc",
        "${q0} >= 18 and ${q0} < 65": "integer",
        "${q0} < 18 or ${q0} > 65.5": "decimal",
        "not(${q0} > 3)": "decimal",
        "${q0} != ''": "text",
        "string-length(${q0}) > 0": "text",
        "${q0} > 1": "select_one numbers",
        "true()": "integer",
        "yes": "integer",
    }
    for relevant, type_ in written.items():
        rows = f"| | {type_} | q0 | A? | |\n| | text | q1 | B? | {relevant} |\n"
        form = "| survey |\n| | type | name | label | relevant |\n" + rows
        made = carry((form + CHOICES).encode(), "form.md", Wishes(), catalog())
        assert (relevant, made.verdict, made.losses) == (relevant, "fully", ())
