"""Who is asked again goes on at the flow's own questions, and what was answered the last time tells where."""

from __future__ import annotations

import pytest

from flows import paths
from flows.catalog import Catalog
from flows.model import End
from tests.flows.talk import Talk

HEAD = (
    'flow = "small"\nversion = 1\nstage = "pilot"\nlanguage = "en"\ntitle = "Small"\nframe = "pulse"\nstart = "entry"\n'
)
STATES = """
[states.entry]
say = "Please think back."
next = [
  { when = { "@before" = { contains = "why" } }, to = "fixed" },
  { when = { "@before" = { answered = true }, "@last" = true }, to = "ready" },
  { to = "well" },
]

[states.fixed]
choose = "Was it mended?"
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No" }]
next = [{ when = { "@last" = true }, to = "ready" }, { to = "well" }]

[states.well]
choose = "Did it work?"
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No", next = "why" }]
next = [{ when = { "@last" = true }, to = "ready" }, { to = "again" }]

[states.why]
ask = "What happened?"
next = [{ when = { "@last" = true }, to = "ready" }, { to = "again" }]

[states.again]
choose = "May I ask you again?"
options = [{ id = "yes", label = "Yes", next = "until_then" }, { id = "no", label = "No more" }]
next = "ready"

[states.ready]
choose = "Is it ready?"
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No" }]
next = "thanks"

[states.until_then]
end = "Your answers count. I will write again."
again_after_days = 7
"""


def small(states: str = STATES, head: str = HEAD) -> Catalog:
    """Return all flows with a small diary among them."""
    texts = Catalog.load().texts
    return Catalog.of({**texts, "small.toml": head + states})


@pytest.fixture(scope="module")
def made() -> Catalog:
    return small()


def talk(made: Catalog, before: tuple[str, ...] | None = None, *, last: bool = False) -> Talk:
    return Talk(made.get("small"), before=before, last=last)


def test_the_first_time_it_begins_with_the_opening(made: Catalog) -> None:
    first = talk(made).hears("I am not a person").stands_at("age").says("yes", "yes").stands_at("well")
    assert first.says("yes", "yes").stands_at("until_then").session.status == "completed"


def test_asked_again_it_begins_at_the_questions_also_where_nothing_was_answered(made: Catalog) -> None:
    assert talk(made, ("well",)).stands_at("well").text == "Please think back.\nDid it work?"
    assert talk(made, ()).stands_at("well").session.before == ()


def test_what_was_answered_the_last_time_and_the_nearing_end_lead_on(made: Catalog) -> None:
    talk(made, ("well", "why")).stands_at("fixed").says("no").stands_at("well")
    talk(made, ("well", "why"), last=True).stands_at("fixed").says("yes").stands_at("ready")
    talk(made, ("well",), last=True).stands_at("ready")
    talk(made, last=True).says("yes", "yes").stands_at("well").says("yes").stands_at("ready")


def test_going_back_and_changing_stay_among_the_questions(made: Catalog) -> None:
    again = talk(made, ("well", "why")).says("no", "no", "It rained.", "/change", "1")
    again.stands_at("fixed").says("yes").stands_at("again")
    assert again.answers == {"fixed": "yes", "well": "no", "why": "It rained."}
    again.says("/back", "/back", "/back").stands_at("fixed").says("/back").is_told("back_none")


def test_the_end_says_after_how_many_days(made: Catalog) -> None:
    flow = made.get("small")
    assert flow.comes_back == {"until_then": 7}
    assert isinstance(flow.scripts["en"].states["receipt"], End)
    assert made.get("deliver_pulse").comes_back == {}


def test_every_way_of_it_is_walked(made: Catalog) -> None:
    assert [issue for issue in made.issues_of("small") if issue.severity == "error"] == []
    flow = made.get("small")
    begin, own = made.own(flow)
    known = {frozenset(path.known) for path in paths.paths(flow, begin, own).paths}
    assert frozenset({("@before", "why"), ("@last", "True")}) in known
    assert frozenset({("@before", "skipped"), ("@last", "False")}) in known


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('contains = "why"', 'contains = "whi"', 'no question "whi" to have been answered. Did you mean "why"?'),
        ('{ contains = "why" }', '"why"', '"@before" is a list of questions. Use contains or answered.'),
        ('{ "@last" = true }', '{ "@last" = "yes" }', '"@last" is true or false, without quotes.'),
    ],
)
def test_what_cannot_be_known_is_told(old: str, new: str, message: str) -> None:
    assert message in [issue.message for issue in small(STATES.replace(old, new)).issues_of("small")]


@pytest.mark.parametrize(
    ("states", "head"),
    [
        (STATES, HEAD.replace('"pulse"', '"round"')),
        (STATES.replace("again_after_days", 'outcome = "declined"\nagain_after_days'), HEAD),
    ],
)
def test_it_takes_an_end_before_which_each_answer_counts(states: str, head: str) -> None:
    (told,) = [one for one in small(states, head).issues_of("small") if "again_after_days" in one.message]
    assert told.severity == "error"
    assert told.message.endswith('Write frame = "pulse".')
