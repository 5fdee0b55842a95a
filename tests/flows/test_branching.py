"""Ways chosen by several comparisons at once: `all`, `any` and `not`, as deep as an author likes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flows import diagram
from flows.catalog import Catalog
from flows.source import FlowTrouble
from tests.flows.talk import Talk, files_of, flow_of

if TYPE_CHECKING:
    from flows.issues import Issue

QUESTIONS = """
[states.visit]
choose = "Do you come here?"
options = [{ id = "often", label = "Often" }, { id = "seldom", label = "Seldom" }, { id = "never", label = "Never" }]

[states.days]
pick = "On which days?"
options = [{ id = "mon", label = "Monday" }, { id = "sat", label = "Saturday" }]

[states.minutes]
number = "How many minutes does it take you?"
least = 0
most = 300
whole = true
next = [
  { when = WHEN, to = "yes" },
  { to = "no" },
]

[states.yes]
end = "yes"

[states.no]
end = "no"
"""


def asking(when: str) -> str:
    return QUESTIONS.replace("WHEN", when)


def ends(when: str, *said: str, area: str | None = None, channel: str = "web") -> str:
    return Talk(flow_of(asking(when)), area=area, channel=channel).says(*said).text


EITHER = '{ any = [{ visit = "never" }, { days = { contains = "sat" }, minutes = { more = 60 } }] }'


@pytest.mark.parametrize(
    ("said", "way"),
    [
        (("never", "1", "5"), "yes"),
        (("often", "2", "61"), "yes"),
        (("often", "2", "60"), "no"),
        (("often", "1", "61"), "no"),
        (("SKIP", "SKIP", "SKIP"), "no"),
    ],
)
def test_any_holds_where_one_of_its_tables_does(said: tuple[str, ...], way: str) -> None:
    assert ends(EITHER, *said) == way


@pytest.mark.parametrize(
    ("when", "way"),
    [
        ('{ not = { visit = "often" } }', "no"),
        ('{ not = { visit = "often", days = { contains = "sat" } } }', "yes"),
        ('{ visit = "often", not = { minutes = { less = 10 } } }', "yes"),
        ('{ all = [{ visit = "often" }, { not = { any = [{ visit = "seldom" }, { minutes = 10 }] } }] }', "no"),
        ('{ all = [{ visit = ["often", "seldom"] }, { minutes = [10, 20] }] }', "yes"),
        ('{ any = [{ visit = "never" }, { all = [{ "@area" = "north" }, { "@channel" = ["web", "sms"] }] }] }', "yes"),
        ('{ any = [{ "@area" = { answered = false } }, { "@language" = { not = "en" } }] }', "no"),
    ],
)
def test_tables_stand_within_each_other(when: str, way: str) -> None:
    assert ends(when, "often", "1", "10", area="north") == way


def test_what_was_left_out_is_neither_less_nor_more_and_so_meets_a_not() -> None:
    assert ends("{ minutes = { less = 10 } }", "often", "1", "SKIP") == "no"
    assert ends("{ not = { minutes = { less = 10 } } }", "often", "1", "SKIP") == "yes"


def test_a_picture_tells_how_tables_are_put_together() -> None:
    flow = flow_of(asking('{ any = [{ visit = "never" }, { not = { days = { contains = "sat" } } }] }'))
    assert [arrow.on for arrow in diagram.arrows(flow) if arrow.to == "yes"] == ["(visit = never or not (days ∋ sat))"]


def faults(when: str) -> list[Issue]:
    files = files_of(asking(when).replace("{ when", "# here\n  { when"))
    return [issue for issue in Catalog.of(files).issues if issue.file == "small.toml"]


HERE = next(n for n, line in enumerate(files_of(asking("X"))["small.toml"].split("\n"), 1) if "when = X" in line) + 1


@pytest.mark.parametrize(
    ("when", "message"),
    [
        (
            '{ any = [{ visit = "never" }, { vist = "often" }] }',
            'no state "vist" to compare with. Did you mean "visit"?',
        ),
        ('{ not = { visit = "nevver" } }', '"visit" has no option "nevver". Did you mean "never"?'),
        ("{ all = [{ any = [{ days = { less = 3 } }] }] }", '"days" is no number. Use contains.'),
        ("{ any = [] }", '"any" has nothing in it. Write what it puts together.'),
        ('{ any = [{ visit = "never" }, {}] }', '"any" has nothing in it. Write what it puts together.'),
        ("{ not = {} }", '"not" has nothing in it. Write what it puts together.'),
        ('{ any = "never" }', '"any" must be a list in [ ], not "never".'),
        ("{ any = [{ visit = { lesss = 3 } }] }", 'there is no key "lesss" here. Did you mean "less"?'),
        ('{ any = [{ "@chanel" = "web" }] }', 'nothing is known as "@chanel". Did you mean "@channel"?'),
        ('{ "@first_time" = "yes" }', '"@first_time" is true or false, without quotes.'),
        ('{ "@area" = { more = 3 } }', '"@area" is no number. Write @area = "…" in place of more.'),
        ('{ not = { "@language" = "es" } }', 'the flow does not speak "es". It speaks en.'),
    ],
)
def test_a_fault_deep_within_is_told_once_with_its_line(when: str, message: str) -> None:
    assert [(issue.line, issue.message) for issue in faults(when)] == [(HERE, message)]


def test_a_fault_in_a_table_over_several_lines_is_told_with_its_own_line() -> None:
    found = faults(
        '{ any = [\n  { visit = "never" },\n  { days = { contains = "sat" } },\n  { not = { vist = "often" } },\n] }'
    )
    assert [(issue.line - HERE, issue.code) for issue in found] == [(3, "bad-comparison")]


def test_a_flow_with_such_a_fault_can_not_be_played_silently_wrong() -> None:
    with pytest.raises(FlowTrouble, match="any"):
        flow_of(asking('{ any = "never" }'))
