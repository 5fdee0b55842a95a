"""Every way through a flow: each once, as far as the flow tells answers apart, in a bounded number of lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.paths import MOST, MOST_MERGED, Path, paths
from tests.flows.talk import flow_of

if TYPE_CHECKING:
    from flows.catalog import Catalog
    from flows.model import Flow

YES_NO = 'options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No" }]\noptional = false\n'


def said(path: Path) -> str:
    """Return a path as one line."""
    steps = " ".join(f"{step.state}={step.said}" if step.said else step.state for step in path.steps)
    return " ".join([*(f"[{step.state}={step.said}]" for step in path.known), steps, path.ending]).strip()


def lines(flow: Flow) -> list[str]:
    states = flow.scripts["en"].states
    return [said(path) for path in paths(flow, flow.start, set(states)).paths]


def test_answers_with_a_way_of_their_own_make_ways_and_all_others_are_one() -> None:
    flow = flow_of(f"""
[states.like]
choose = "Do you like it?"
options = [
  {{ id = "yes", label = "Yes" }}, {{ id = "rather", label = "Rather" }}, {{ id = "no", label = "No", next = "why" }}
]
next = "end"
[states.why]
ask = "Why?"
[states.sure]
choose = "Sure?"
{YES_NO}
[states.end]
end = "Bye."
""")
    assert lines(flow) == ["like=skipped|yes|rather end", "like=no why sure end"]


def test_an_answer_that_matters_later_is_told_apart_where_it_is_given() -> None:
    flow = flow_of(f"""
[states.like]
choose = "Do you like it?"
{YES_NO}
[states.reason]
ask = "Why?"
next = [{{ when = {{ like = "no", reason = {{ answered = true }} }}, to = "sorry" }}, {{ to = "end" }}]
[states.sorry]
say = "Sorry."
[states.end]
end = "Bye."
""")
    assert lines(flow) == ["like=yes reason end", "like=no reason=skipped end", "like=no reason=answered end"]


def test_numbers_are_tried_on_both_sides_of_what_they_are_compared_with() -> None:
    flow = flow_of("""
[states.times]
number = "How many times?"
whole = true
least = 0
most = 9
optional = false
next = [{ when = { times = { more = 3 } }, to = "often" }, { to = "end" }]
[states.often]
ask = "Why so often?"
[states.end]
end = "Bye."
""")
    assert {line.split(" ", 1)[1] for line in lines(flow)} == {"end", "often end"}


def test_what_is_known_without_asking_comes_first() -> None:
    flow = flow_of("""
[states.hello]
ask = "Who are you?"
next = [{ when = { "@first_time" = true }, to = "rules" }, { to = "end" }]
[states.rules]
ask = "Have you read the rules?"
[states.end]
end = "Bye."
""")
    assert lines(flow) == ["[@first_time=True] hello rules end", "[@first_time=False] hello end"]


def test_a_circle_is_walked_once() -> None:
    flow = flow_of("""
[states.more]
choose = "One more?"
options = [{ id = "yes", label = "Yes", next = "which" }, { id = "no", label = "No" }]
optional = false
next = "end"
[states.which]
ask = "Which one?"
next = "more"
[states.end]
end = "Bye."
""")
    assert lines(flow) == ["more=yes which more again", "more=no end"]


def test_too_many_ways_are_told_once_each_where_they_go_on_alike() -> None:
    """Ten questions that may each be asked further have 1024 ways; a line for each turn tells all of them."""
    asked = "".join(
        f'[states.q{n}]\nchoose = "Yes?"\noptional = false\n'
        f'options = [{{ id = "yes", label = "Yes", next = "w{n}" }}, {{ id = "no", label = "No" }}]\n'
        f'next = "q{n + 1}"\n[states.w{n}]\nask = "Why?"\nnext = "q{n + 1}"\n'
        for n in range(10)
    )
    flow = flow_of(f'{asked}[states.q10]\nend = "Bye."\n')
    found = paths(flow, flow.start, set(flow.scripts["en"].states))
    assert found.merged
    assert len(found.paths) <= MOST
    told = {(step.state, step.said) for path in found.paths for step in path.steps}
    assert {(f"q{n}", answer) for n in range(10) for answer in ("yes", "no")} <= told
    assert {f"w{n}" for n in range(10)} <= {state for state, _ in told}
    assert sum(path.ending == "as before" for path in found.paths) == len(found.paths) - 2


def test_a_flow_that_tells_too_many_answers_apart_is_cut() -> None:
    asked = "".join(f'[states.q{n}]\nchoose = "Yes?"\n{YES_NO}' for n in range(12))
    ways = "".join(f'{{ when = {{ q{n} = "yes" }}, to = "q{n}_too" }}, ' for n in range(12))
    more = "".join(f'[states.q{n}_too]\nask = "Why?"\nnext = "end"\n' for n in range(12))
    last = f'[states.last]\nask = "What?"\nnext = [{ways}{{ to = "end" }}]\n{more}[states.end]\nend = "Bye."\n'
    flow = flow_of(asked + last)
    found = paths(flow, flow.start, set(flow.scripts["en"].states))
    assert (found.merged, found.cut, len(found.paths)) == (True, True, MOST_MERGED)


def test_of_a_framed_flow_its_own_questions_are_walked(catalog: Catalog) -> None:
    pulse = catalog.get("deliver_pulse")
    begin, own = catalog.own(pulse)
    found = paths(pulse, begin, own)
    assert [said(path) for path in found.paths] == [
        "overall=skipped|na acted heard thanks",
        "overall=5|4 reason went_well acted heard thanks",
        "overall=3|2|1 reason went_badly step acted heard thanks",
    ]
    assert [path.questions for path in found.paths] == [3, 5, 6]


def test_every_question_of_every_flow_is_on_a_way(catalog: Catalog) -> None:
    for flow in catalog.flows:
        begin, own = catalog.own(flow)
        found = paths(flow, begin, own)
        states = flow.scripts["en"].states
        asked = {one for one in own if type(states[one]).__name__ not in {"Say", "End"}}
        assert asked <= {step.state for path in found.paths for step in path.steps}, flow.id
