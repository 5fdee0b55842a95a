"""What an author of a form gets: a flow that says the same, and a line for whatever it cannot say."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from bot.importing.losses import lines
from bot.importing.xlsform import Imported, Wishes, carry
from tests.bot.importing.trial import catalog

CHOICES = """
| choices |
| | list_name | name | label |
| | yes_no | yes | Yes |
| | yes_no | no | No |
| | things | trees | Trees |
| | things | water | Water |
| | things | none | None of these |
| | mood | 1 | Very poor |
| | mood | 2 | Poor |
| | mood | 3 | Neither good nor poor |
| | mood | 4 | Good |
| | mood | 5 | Very good |
"""
COLUMNS = ("type", "name", "label", "relevant", "constraint", "required", "hint")


def form(*rows: str, columns: tuple[str, ...] = COLUMNS, more: str = CHOICES) -> Imported:
    """Carry a form whose survey has these rows, their cells apart by ` | `."""
    table = ["| survey |", f"| | {' | '.join(columns)} |", *(f"| | {row} |" for row in rows)]
    return carry(("\n".join(table) + more).encode(), "garden.md", Wishes(), catalog())


def states(made: Imported) -> dict[str, Any]:
    assert made.is_sound, (made.reason, made.issues)
    found: dict[str, Any] = tomllib.loads(made.files["garden.toml"])["states"]
    return found


def losses(made: Imported) -> list[str]:
    return lines(made.losses)


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ("text | a | Why?", {"ask": "Why?"}),
        ("integer | a | How many?", {"number": "How many?", "whole": True}),
        ("decimal | a | How far?", {"number": "How far?"}),
        ("range | a | How far?", {"number": "How far?", "least": 1, "most": 10, "whole": True}),
        ("geopoint | a | Where?", {"place": "Where?"}),
        ("date | a | When?", {"date": "When?"}),
        ("audio | a | Tell us.", {"voice": "Tell us."}),
        ("image | a | Show it.", {"photo": "Show it."}),
        ("note | a | Hello.", {"say": "Hello."}),
        ("acknowledge | a | Read this.", {"choose": "Read this.", "options": [{"id": "ok", "label": "OK"}]}),
    ],
)
def test_a_question_becomes_the_state_that_asks_it(row: str, state: dict[str, Any]) -> None:
    made = form(row, columns=("type", "name", "label"))
    assert (states(made), made.verdict) == ({"a": state}, "fully")


@pytest.mark.parametrize(
    ("type_", "constraint", "limits"),
    [
        ("integer", ". >= 0 and . <= 120", {"least": 0, "most": 120}),
        ("integer", ". > 0 and . < 10", {"least": 1, "most": 9}),
        ("decimal", "not(. < 0.5)", {"least": 0.5}),
        ("text", "string-length(.) <= 20", {"most": 20}),
        ("text", r"regex(., '^\d*$')", {"only": "digits"}),
        ("text", "regex(., '[0-9]{10}')", {"only": "digits", "least": 10, "most": 10}),
        ("text", r"regex(., '^\d{3,}$') and string-length(.) < 9", {"only": "digits", "least": 3, "most": 8}),
        ("text", r"string-length(.) > 4 and regex(., '\d{2,6}')", {"only": "digits", "least": 5, "most": 6}),
        ("phone number", "", {"only": "digits"}),
        ("select_multiple things", "count-selected(.) <= 2", {"most": 2}),
        ("percentage", "", {"least": 0, "most": 100}),
    ],
)
def test_a_constraint_becomes_limits(type_: str, constraint: str, limits: dict[str, float]) -> None:
    made = form(f"{type_} | a | What? | | {constraint} | |")
    found = states(made)["a"]
    assert {key: found[key] for key in ("least", "most", "only") if key in found} == limits
    assert made.losses == ()


def test_a_choice_that_goes_with_no_other_stands_alone() -> None:
    made = form("select_multiple things | a | What? | | not(selected(., 'none') and count-selected(.) > 1) | |")
    assert [one["id"] for one in states(made)["a"]["options"] if one.get("exclusive")] == ["none"]
    assert made.losses == ()


def test_what_a_limit_cannot_say_exactly_is_told() -> None:
    made = form("decimal | a | How far? | | . > 0 | |", "integer | b | How many? | | . < 3 or . > 5 | |")
    assert states(made)["a"]["least"] == 0
    assert losses(made) == [
        "survey row 2: 0 itself is let in (constraint)",
        "survey row 3: answers are not checked for a gap between the answers (constraint)",
    ]


@pytest.mark.parametrize(
    ("type_", "constraint", "limits", "lost"),
    [
        ("integer", ". >= 0 and . != 5", {"least": 0}, ["a gap between the answers: . != 5"]),
        ("integer", "(. >= 0 and . != 5) and (. < 9)", {"least": 0, "most": 8}, ["a gap between the answers: . != 5"]),
        ("text", "string-length(.) <= 10 and regex(., '[A-Z]+')", {"most": 10}, ["regex(): regex(., '[A-Z]+')"]),
        ("integer", ". >= ${b} and . <= 9", {"most": 9}, ["more than a comparison with a number: . >= ${b}"]),
        ("integer", ". * 2 < 9 and . < 9", {"most": 8}, ['"*": . * 2 < 9']),
        (
            "integer",
            ". != 3 and . != 5",
            {},
            ["a gap between the answers: . != 3", "a gap between the answers: . != 5"],
        ),
        ("integer", ". >= 0 and . != 5 or . = -3", {}, ["a gap between the answers"]),
        (
            "select_multiple things",
            "count-selected(.) <= 2 and ${b} = 'x'",
            {"most": 2},
            ["what was answered elsewhere: ${b} = 'x'"],
        ),
        (
            "date",
            ". > date('2020-01-01') and . <= today()",
            {},
            ["date(): . > date('2020-01-01')", "today(): . <= today()"],
        ),
    ],
)
def test_of_a_constraint_what_can_be_kept_is_and_each_other_part_is_told(
    type_: str, constraint: str, limits: dict[str, float], lost: list[str]
) -> None:
    made = form("text | b | Which? | | | |", f"{type_} | a | What? | | {constraint} | |")
    found = states(made)["a"]
    assert {key: found[key] for key in ("least", "most", "only") if key in found} == limits
    assert losses(made) == [f"survey row 3: answers are not checked for {what} (constraint)" for what in lost]


def test_a_calculation_of_nothing_is_told_as_that() -> None:
    made = form(
        "calculate | c | | | | |",
        "text | a | What? | ${c} = '' | | |",
        "text | b | Why? | ${c} = 'x' | | |",
    )
    assert [one for one in losses(made) if one.startswith("survey")] == [
        "survey row 2: its calculation is empty; left out"
    ]
    assert [*states(made)] == ["a"]


@pytest.mark.parametrize(
    ("constraint", "why"),
    [
        ("regex(., '[A-Z]{2}')", "regex()"),
        (r"regex(., '^\+?\d+$')", "regex()"),
        ("regex(., '[0-9]{0}')", "regex()"),
        ("not(regex(., '[0-9]+'))", "more than a comparison with a number"),
        ("regex(., '[0-9]{5}') and string-length(.) < 4", "a rule that no answer keeps"),
    ],
)
def test_a_pattern_that_is_not_of_digits_alone_is_told(constraint: str, why: str) -> None:
    made = form(f"text | a | What? | | {constraint} | |")
    assert states(made)["a"] == {"ask": "What?"}
    assert losses(made) == [f"survey row 2: answers are not checked for {why} (constraint)"]


def test_a_hint_that_a_type_brings_is_read_by_whoever_sends_why() -> None:
    assert states(form("phone number | a | Your number? | | | |"))["a"]["why"] == "Enter numbers only."


def test_all_of_a_list_is_ranked() -> None:
    made = form("rank things | a | What first? | | | |")
    assert (states(made)["a"]["rank"], states(made)["a"]["least"], made.verdict) == ("What first?", 3, "fully")


def test_a_list_that_reads_as_a_scale_is_rated_best_first() -> None:
    made = form("select_one mood | a | How is it? | | | |", "text | b | What is wrong? | ${a} < 3 | | |")
    found = states(made)
    assert found["a"] == {
        "rate": "How is it?",
        "scale": "exp5",
        "dont_know": False,
        "next": [{"when": {"a": ["1", "2"]}, "to": "b"}, {"to": "thanks"}],
    }
    assert "the best answer is offered first" in str(lines(made.notes))


def test_conditions_of_groups_hold_for_all_that_is_in_them() -> None:
    made = form(
        "select_one yes_no | a | Coming? | | | yes |",
        "begin group | g | About you | ${a} = 'yes' | | |",
        "integer | b | How old? | | | |",
        "text | c | How come? | ${b} > 17 | | | We ask to plan.",
        "end group | | | | | |",
    )
    found = states(made)
    assert list(found) == ["a", "g_heading", "b", "c"]
    assert found["a"]["next"] == [{"when": {"a": "yes"}, "to": "g_heading"}, {"to": "thanks"}]
    assert found["b"]["next"] == [{"when": {"a": "yes", "b": {"more": 17}}, "to": "c"}, {"to": "thanks"}]
    assert (found["a"]["optional"], found["c"]["why"]) == (False, "We ask to plan.")


@pytest.mark.parametrize(
    ("type_", "relevant", "when"),
    [
        ("integer", "${a} >= 18", {"a": {"more": 17}}),
        ("integer", "not(${a} < 18)", {"any": [{"a": {"more": 17}}, {"a": {"answered": False}}]}),
        ("decimal", "${a} <= 2.5", {"any": [{"a": {"less": 2.5}}, {"a": 2.5}]}),
        ("integer", "${a} > 3 and ${a} < 9", {"a": {"less": 9, "more": 3}}),
        ("select_one yes_no", "${a} != 'yes'", {"a": {"not": "yes"}}),
        ("select_multiple things", "selected(${a}, 'water')", {"a": {"contains": "water"}}),
        ("select_multiple things", "not(selected(${a}, 'water'))", {"not": {"a": {"contains": "water"}}}),
        ("select_multiple things", "count-selected(${a}) = 0", {"a": {"answered": False}}),
        ("text", "${a} = 'x'", {"a": "x"}),
    ],
)
def test_a_condition_becomes_the_table_that_holds_for_the_same_answers(
    type_: str, relevant: str, when: dict[str, Any]
) -> None:
    made = form(f"{type_} | a | What? | | | |", f"text | b | Why? | {relevant} | | |")
    assert states(made)["a"]["next"] == [{"when": when, "to": "b"}, {"to": "thanks"}]
    assert made.losses == ()


def test_what_has_no_place_here_is_told_by_sheet_and_row() -> None:
    made = form(
        "text | a | Hello ${b}, why? | regex(${b}, 'x') | | |",
        "geotrace | b | Draw it. | | | |",
        "begin repeat | c | Each | | | |",
        "text | d | Who? | | | ${a} = 'x' |",
        "end repeat | | | | | |",
        "deviceid | e | | | | |",
        "today | f | | | | |",
    )
    assert losses(made) == [
        'survey row 2: its text does not repeat the answer "${b}"; "…" stands there',
        "survey row 2: everybody is asked, as nothing here looks at regex() (relevant)",
        'survey row 3: type "geotrace": no such question here; left out',
        'survey row 4: repeat "c" is asked once, not again and again',
        "survey row 5: it may always be skipped, not only in some cases (required)",
        'survey row 7: type "deviceid" asks nobody and is not kept; left out',
    ]
    assert made.verdict == "with losses"
    assert 'survey row 8: "today" is kept with every answer here' in lines(made.notes)


def test_conditions_look_through_what_is_calculated() -> None:
    made = form(
        "select_one yes_no | a | Coming? | | | |",
        "calculate | b | | | | |",
        "text | c | Why not? | ${b} = 'no' | | |",
        columns=(*COLUMNS, "calculation"),
    )
    assert "no such" not in str(made.losses)
    with_sum = form(
        "select_one yes_no | a | Coming? | | | | |",
        "calculate | b | | | | | | if(${a} = 'yes', 'x', 'no')",
        "text | c | Why not? | ${b} = 'no' | | | |",
        columns=(*COLUMNS, "calculation"),
    )
    assert states(with_sum)["a"]["next"][0] == {"when": {"a": {"not": "yes"}}, "to": "c"}


def columns(made: Imported) -> dict[str, Any]:
    assert made.is_sound, (made.reason, made.issues)
    found: dict[str, Any] = tomllib.loads(made.files["garden.toml"])["columns"]
    return found


def test_what_is_calculated_of_answers_is_a_column() -> None:
    made = form(
        "select_one yes_no | a | Coming? | | |",
        "text | b | Why? | | |",
        "begin group | g | | ${a} = 'yes' | |",
        "calculate | c | | | | if(${b} != '', ${b}, 'no reason')",
        "end group | | | | |",
        "calculate | d | | | | if(${c} = '', ${a}, 3 - 1)",
        columns=("type", "name", "label", "relevant", "required", "calculation"),
    )
    assert columns(made) == {
        "c": [
            {"when": {"a": "yes", "b": {"answered": True}}, "answer": "b"},
            {"when": {"a": "yes"}, "value": "no reason"},
        ],
        "d": [
            {"when": {"a": {"not": "yes"}}, "answer": "a"},
            {"value": "2"},
        ],
    }
    assert made.verdict == "fully"


def test_what_is_calculated_for_all_alike_stands_in_the_words() -> None:
    made = form(
        "calculate | a | | 2 + 2",
        "calculate | b | | if(${a} = 4, 'four', ${c})",
        "note | c | ${a} is ${b} | ",
        columns=("type", "name", "label", "calculation"),
    )
    assert states(made)["c"] == {"say": "4 is four"}
    assert columns(made) == {"a": [{"value": "4"}], "b": [{"value": "four"}]}
    assert made.verdict == "fully"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("${a} * 2", 'nothing here works out "*"'),
        ("${a} + 2", "nothing here works out more than an answer or a text"),
        ("${p}", "nothing here works out ${p}, which is a file"),
        ("${x}", "nothing here works out what is calculated of itself"),
        ("pulldata('a', 'b', 'c', 'd')", "nothing here works out pulldata()"),
    ],
)
def test_what_comparisons_cannot_work_out_is_told(said: str, why: str) -> None:
    made = form(
        "integer | a | How many? | ",
        "image | p | Show it. | ",
        f"calculate | x | | {said}",
        columns=("type", "name", "label", "calculation"),
    )
    assert losses(made) == [f"survey row 4: it is not calculated, as {why}; left out"]
    assert "[columns]" not in made.files["garden.toml"]


def test_a_repeat_of_a_fixed_number_is_asked_so_often() -> None:
    made = form(
        "begin repeat | child | Child | | 2",
        "integer | age | How old? | | ",
        "text | school | Which school? | ${age} > 5 | ",
        "end repeat | | | | ",
        columns=("type", "name", "label", "relevant", "repeat_count"),
    )
    found = states(made)
    assert list(found) == ["child_heading", "age_1", "school_1", "child_heading_2", "age_2", "school_2"]
    assert found["age_2"]["next"][0] == {"when": {"age_2": {"more": 5}}, "to": "school_2"}
    assert made.verdict == "fully"


@pytest.mark.parametrize("count", ["", "6", "0", "${n}", "two"])
def test_any_other_repeat_is_asked_once(count: str) -> None:
    made = form(
        "integer | n | How many? | ",
        f"begin repeat | child | | {count}",
        "integer | years | How old? | ",
        "end repeat | | | ",
        columns=("type", "name", "label", "repeat_count"),
    )
    assert list(states(made)) == ["n", "years"]
    assert 'repeat "child" is asked once, not again and again' in str(losses(made))


PLACES = """
| {sheet} |
| | list_name | name | label | kind |
| | things | trees | Trees | |
| | things | water | Water | |
| | places | park | The park | trees |
| | places | pool | The pool | water |
| | places | lake | The lake | water |
"""
FILTERED = ("type", "name", "label", "relevant", "choice_filter")


def test_a_list_that_depends_on_an_answer_is_asked_list_by_list() -> None:
    made = form(
        "select_one things | a | Which? | | ",
        "select_one places | b | Where? | | kind = ${a}",
        "text | c | Why the lake? | ${b} = 'lake' | ",
        columns=FILTERED,
        more=PLACES.format(sheet="choices"),
    )
    found = states(made)
    assert [one["id"] for one in found["b_1"]["options"]] == ["park"]
    assert [one["id"] for one in found["b_2"]["options"]] == ["pool", "lake"]
    assert found["a"]["next"] == [
        {"when": {"a": "trees"}, "to": "b_1"},
        {"when": {"a": "water"}, "to": "b_2"},
        {"to": "thanks"},
    ]
    assert columns(made) == {"b": [{"when": {"b_1": {"answered": True}}, "answer": "b_1"}, {"answer": "b_2"}]}
    assert made.verdict == "fully"


def test_lists_have_names_that_no_question_has() -> None:
    made = form(
        "select_one things | a | Which? | | ",
        "text | b_1 | Why? | | ",
        "select_one places | b | Where? | | kind = ${a}",
        columns=FILTERED,
        more=PLACES.format(sheet="choices"),
    )
    assert list(states(made)) == ["a", "b_1", "b_1_2", "b_2"]
    assert columns(made)["b"][0] == {"when": {"b_1_2": {"answered": True}}, "answer": "b_1_2"}


def test_a_condition_looks_at_the_question_that_had_the_name_then() -> None:
    made = form(
        "begin group | g | | | | |",
        "select_one yes_no | x | Coming? | | | |",
        "text | y | Why? | ${x} = 'yes' | | |",
        "end group | | | | | |",
        "begin group | h | | | | |",
        "integer | x | How many? | | | |",
        "end group | | | | | |",
    )
    assert states(made)["x"]["next"] == [{"when": {"x": "yes"}, "to": "y"}, {"to": "x_2"}]


def test_a_list_that_is_the_same_for_all_is_asked_as_it_is() -> None:
    made = form(
        "select_one places | b | Where? | | kind = 'water'",
        columns=FILTERED,
        more=PLACES.format(sheet="choices"),
    )
    assert [one["id"] for one in states(made)["b"]["options"]] == ["pool", "lake"]
    assert made.verdict == "fully"


def test_choices_of_the_sheet_of_external_ones_are_offered() -> None:
    more = PLACES.format(sheet="choices") + PLACES.format(sheet="external_choices").replace("The ", "")
    rows = ("select_one things | a | Which? | | ", "select_one_external places | b | Where? | | kind=${a}")
    made = form(*rows, columns=FILTERED, more=more)
    assert [one["label"] for one in states(made)["b_2"]["options"]] == ["pool", "lake"]
    assert made.verdict == "fully"


@pytest.mark.parametrize(
    ("filter_", "why"),
    [
        ("kind = ${n}", "more than a choice made earlier"),
        ("kind = trees", '"trees"'),
        ("kind = 'sand'", "a list that is always empty"),
        ("starts-with(kind, 't')", "starts-with()"),
    ],
)
def test_a_filter_that_looks_at_something_else_is_told(filter_: str, why: str) -> None:
    made = form(
        "integer | n | How many? | | ",
        f"select_one places | b | Where? | | {filter_}",
        columns=FILTERED,
        more=PLACES.format(sheet="choices"),
    )
    assert [one["id"] for one in states(made)["b"]["options"]] == ["park", "pool", "lake"]
    what = f"survey row 3: all its choices are offered to everybody, as nothing here looks at {why} (choice_filter)"
    assert losses(made) == [what]


def test_names_that_a_flow_does_not_allow_are_changed_and_shown() -> None:
    made = form("text | Été_2 | Why? | | | |", "text | thanks | Why? | | | |", "text | _ | Why? | | | |")
    assert list(states(made)) == ["ete_2", "thanks_2", "q"]
    assert made.names == {"Été_2": "ete_2", "thanks": "thanks_2", "_": "q"}


def test_each_language_the_bot_speaks_becomes_a_translation() -> None:
    made = form(
        "text | a | Why? | Pourquoi ? | Kwa nini?",
        columns=("type", "name", "label::English (en)", "label::Français (fr)", "label::Swahili (sw)"),
    )
    assert tomllib.loads(made.files["garden.fr.toml"])["states"] == {"a": {"ask": "Pourquoi ?"}}
    assert losses(made) == ['survey: language "Swahili (sw)" is left out: the bot speaks en, ar, de, es, fr, pt']
    assert made.is_sound


def test_or_other_offers_one_more_answer_and_asks_which() -> None:
    made = form("select_one yes_no or_other | a | Coming? | | | |")
    assert [one["id"] for one in states(made)["a"]["options"]] == ["yes", "no", "other"]
    assert states(made)["a_other"] == {"ask": "What is it?"}
    assert made.verdict == "fully"


def test_a_flow_of_the_same_name_gets_a_new_version() -> None:
    made = carry(b"survey\n,type,name,label\n,text,a,Why?\n", "x.csv", Wishes(flow="deliver_pulse"), catalog())
    assert made.version == 1 + catalog().get("deliver_pulse").version


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("form.pdf", b"%PDF", "a form is a spreadsheet"),
        ("form.xlsx", b"PK", "is no .xlsx, or damaged"),
        ("form.csv", b"a,b,c,d,e\n", "damaged or no spreadsheet"),
        ("form.csv", b"survey\n,type,name,label\n,hidden,a,\n", "none of its questions can be asked here"),
        ("form.md", b"| choices |\n| | list_name | name |\n| | a | b |\n", "survey"),
    ],
)
def test_what_is_no_form_is_refused_with_what_to_do(name: str, data: bytes, reason: str) -> None:
    made = carry(data, name, Wishes(), catalog())
    assert (made.verdict, made.is_sound) == ("not at all", False)
    assert reason in made.reason


STAGED = """\
| survey | | | |
| | type | name | label |
| | text | why | Why? |
| settings | | | |
| | form_title | stage |
| | Why | {stage} |
"""


@pytest.mark.parametrize(
    ("said", "wished", "stage", "assumed"),
    [("pilot", "", "pilot", False), ("Deliver", "", "deliver", False), ("pilot", "renew", "renew", False),
     ("soon", "", "design", True), ("", "", "design", True)],
)  # fmt: skip
def test_the_stage_is_what_the_settings_or_the_author_say(said: str, wished: str, stage: str, *, assumed: bool) -> None:
    made = carry(STAGED.format(stage=said).encode(), "form.md", Wishes(stage=wished), catalog())
    assert (made.stage, made.assumed, made.reason) == (stage, assumed, "")
    assert f'stage = "{stage}"' in made.files[f"{made.flow}.toml"]
    told = [one.what for one in made.losses]
    assert told == (
        ['stage "soon" is none of commission, design, pilot, deliver, assess, renew'] if said == "soon" else []
    )
