"""Going back to any earlier question, and changing it by a word, a number, an edited message or an old button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.branching import onward
from flows.catalog import Catalog
from flows.model import Answered, Kind, Message, Spoke, Withdrawn
from tests.flows.talk import Talk, flow_of
from tests.flows.test_transcripts import VERBS

if TYPE_CHECKING:
    from flows.model import Flow

STATES = """
[states.use]
choose = "Do you use it?"
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No", next = "barrier" }]
next = "days"

[states.days]
pick = "On which days?"
options = [{ id = "mon", label = "Monday" }, { id = "tue", label = "Tuesday" }, { id = "wed", label = "Wednesday" }]
next = [{ when = { days = { contains = "wed" } }, to = "why_then" }, { to = "minutes" }]

[states.why_then]
ask = "Why on that day?"
next = "minutes"

[states.barrier]
ask = "What stops you?"
next = "minutes"

[states.minutes]
number = "How many minutes?"
least = 0
most = 90

[states.where]
place = "Where?"

[states.picture]
photo = "A picture?"

[states.wish]
ask = "What do you wish?"

[states.bye]
end = "Thank you."
"""
PLAIN = flow_of(STATES)
EDITABLE = flow_of(STATES, head='taps = "edit"')
ONLY_USE = flow_of(STATES.replace('choose = "Do you use it?"', 'choose = "Do you use it?"\ntaps = "edit"'))
SAID = ("yes", "1,2", "20", "the door")


def at_picture(flow: Flow = PLAIN) -> Talk:
    return Talk(flow).says(*SAID).stands_at("picture")


# --------------------------------------------------------------------------- BACK 3, CHANGE 2


@pytest.mark.parametrize(("number", "state"), [(2, "minutes"), (3, "days"), (4, "use")])
def test_back_with_a_number_asks_what_was_asked_so_many_questions_before(number: int, state: str) -> None:
    talk = at_picture()
    before = talk.answers
    talk.says(f"BACK {number}").stands_at(state)
    assert talk.turn.events == (Spoke("back"),)
    assert talk.answers == before, "until there is another answer the one given stands"


def test_back_one_is_back() -> None:
    assert at_picture().says("BACK 1").session == at_picture().says("BACK").session


def test_after_a_question_asked_again_the_talk_goes_on_where_it_was() -> None:
    talk = at_picture().says("BACK 2", "25").is_told("changed").stands_at("picture")
    assert talk.answers == {"use": "yes", "days": ("mon", "tue"), "minutes": 25.0, "where": "the door"}
    assert talk.counted == dict(talk.session.answers)


def test_an_answer_on_no_way_any_more_leads_nowhere_either() -> None:
    talk = Talk(
        flow_of("""
[states.how]
choose = "How did you come?"
options = [{ id = "bus", label = "By bus" }, { id = "foot", label = "On foot", next = "rating" }]

[states.late]
number = "How many minutes was it late?"

[states.rating]
number = "How was the way, from 0 to 10?"
next = [{ when = { late = { more = 5 } }, to = "reason" }, { to = "wish" }]

[states.reason]
ask = "What made it late?"

[states.wish]
ask = "What do you wish?"

[states.bye]
end = "Bye."
""")
    )
    talk.says("1", "20", "4", "the snow").stands_at("wish").says("CHANGE 1", "On foot").stands_at("wish")
    assert talk.answers == {"how": "foot", "rating": 4.0}
    assert talk.counted == dict(talk.session.answers)


def test_what_a_changed_way_no_longer_meets_is_withdrawn_and_what_it_meets_anew_is_asked() -> None:
    talk = at_picture().says("BACK 4", "no").stands_at("barrier")
    assert talk.events(Withdrawn) == [Withdrawn("days")]
    talk.says("no time").stands_at("picture")
    assert list(talk.answers) == ["use", "barrier", "minutes", "where"]
    assert talk.counted == dict(talk.session.answers)


@pytest.mark.parametrize("text", ["back 3", "Back 3", "/back 3", "previous 3", "BACK ٣"])
def test_the_number_may_be_sent_in_many_forms(text: str) -> None:
    at_picture().says(text).stands_at("days")


@pytest.mark.parametrize("text", ["BACK 9", "BACK 0", "CHANGE 7"])
def test_a_number_with_no_question_shows_the_list(text: str) -> None:
    talk = at_picture().says(text).hears("1. Do you use it? – Yes", "4. Where? – the door")
    assert talk.session.asking == "change"


def test_change_with_a_number_asks_that_answer_of_the_list_again() -> None:
    at_picture().says("CHANGE 2").stands_at("days").says("3").stands_at("why_then")


def test_an_answer_that_only_looks_like_it_is_taken() -> None:
    talk = Talk(PLAIN).says(*SAID, "SKIP", "go back 3 rows").stands_at("bye")
    assert talk.answers["wish"] == "go back 3 rows"


def test_an_option_that_reads_so_is_chosen() -> None:
    flow = flow_of("""
[states.which]
choose = "Which bus?"
options = [{ id = "b3", label = "Back 3" }, { id = "f3", label = "Front 3" }]
[states.bye]
end = "Bye."
""")
    assert Talk(flow).says("back 3").answers == {"which": "b3"}


# --------------------------------------------------------------------------- the list, tapped


def test_each_answer_of_the_list_can_be_tapped() -> None:
    talk = at_picture().says("CHANGE")
    assert [button.label for button in talk.buttons] == ["1", "2", "3", "4", "OK"]
    talk.taps("3").stands_at("minutes").says("30").stands_at("picture")
    assert talk.answers["minutes"] == 30.0


def test_a_number_of_an_old_list_still_asks_that_question() -> None:
    talk = at_picture().says("CHANGE")
    three = talk.button("3")
    talk.says("OK").sends(Message(Kind.TAP, data=three.data)).stands_at("minutes")


def test_what_was_picked_is_shown_ticked_and_done_leaves_it() -> None:
    talk = at_picture().says("CHANGE 2")
    assert [button.ticked for button in talk.buttons][:3] == [True, True, False]
    talk.taps("Done").stands_at("picture")
    assert talk.answers["days"] == ("mon", "tue")


# --------------------------------------------------------------------------- old buttons


def test_a_tap_on_an_old_button_is_a_slip_unless_its_author_says_otherwise() -> None:
    talk = Talk(PLAIN)
    no = talk.button("No")
    before = talk.says(*SAID).session
    talk.sends(Message(Kind.TAP, data=no.data)).is_told("old_button").hears("A picture?")
    assert talk.session == before


@pytest.mark.parametrize("flow", [EDITABLE, ONLY_USE])
def test_a_tap_on_an_old_button_changes_the_answer_where_its_author_says_so(flow: Flow) -> None:
    talk = Talk(flow)
    no = talk.button("No")
    talk.says(*SAID).sends(Message(Kind.TAP, data=no.data)).is_told("changed").stands_at("barrier")
    assert talk.answers == {"use": "no", "minutes": 20.0, "where": "the door"}
    assert [event.amended for event in talk.events(Answered)] == [True]
    assert talk.events(Withdrawn) == [Withdrawn("days")]


def test_the_same_old_button_twice_does_no_harm() -> None:
    talk = Talk(EDITABLE)
    yes = talk.button("Yes")
    before = talk.says(*SAID).session
    talk.sends(Message(Kind.TAP, data=yes.data)).is_told("old_button").hears("A picture?")
    assert talk.session == before


def test_an_old_tick_opens_its_question_with_the_ticks_as_they_are_now() -> None:
    talk = Talk(EDITABLE).says("yes")
    tuesday = talk.button("Tuesday")
    talk.says("1,2", "20").sends(Message(Kind.TAP, data=tuesday.data)).stands_at("days")
    assert [button.ticked for button in talk.buttons][:3] == [True, False, False]
    assert talk.answers["days"] == ("mon", "tue"), "not before Done"
    assert talk.taps("Done").stands_at("where").answers["days"] == ("mon",)


@pytest.mark.parametrize("word", ["OK", "done", "ready"])
def test_a_word_hands_in_what_is_ticked(word: str) -> None:
    talk = Talk(EDITABLE).says("yes").taps("Monday", "Tuesday").says(word)
    assert talk.answers["days"] == ("mon", "tue")


def test_an_old_skip_empties_the_answer() -> None:
    talk = Talk(EDITABLE)
    skip = talk.button("Skip")
    talk.says(*SAID).sends(Message(Kind.TAP, data=skip.data)).is_told("changed").stands_at("picture")
    assert talk.answers["use"] is None


def test_a_door_stays_open_after_an_old_tap_unless_the_question_itself_says_so() -> None:
    asked = """
[states.begin]
choose = "Shall we begin?"
role = "begin"
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No", next = "bye" }]
TAPS

[states.wish]
ask = "What do you wish?"

[states.bye]
end = "Bye."
"""
    for taps, state in (("", "wish"), ('taps = "edit"', "bye")):
        talk = Talk(flow_of(asked.replace("TAPS", taps), head='taps = "edit"'))
        no = talk.button("No")
        talk.says("yes").sends(Message(Kind.TAP, data=no.data)).stands_at(state)


# --------------------------------------------------------------------------- edited messages, of every kind


@pytest.mark.parametrize(
    ("state", "message", "value"),
    [
        ("use", Message(Kind.TEXT, "2"), "no"),
        ("days", Message(Kind.TEXT, "Monday and Wednesday"), ("mon", "wed")),
        ("minutes", Message(Kind.TEXT, "25,5"), 25.5),
        ("where", Message(Kind.TEXT, "the gate"), "the gate"),
        ("where", Message(Kind.PLACE, latitude=40.4, longitude=-3.7), "40.40000,-3.70000"),
        ("picture", Message(Kind.PHOTO, "a lamp", file="f2"), "f2"),
    ],
)
def test_an_edit_several_questions_later_amends_the_answer_it_gave(state: str, message: Message, value: object) -> None:
    talk = at_picture().sends(Message(Kind.PHOTO, file="f1")).stands_at("wish")
    amending = Message(
        message.kind, message.text, "", message.latitude, message.longitude, message.file, message.live, amends=state
    )
    talk.sends(amending).is_told("amended")
    assert talk.answers[state] == value
    assert talk.counted == dict(talk.session.answers)


def test_an_edited_day_is_said_back() -> None:
    """As the one that was sent first: in German figures, it could be read in another order."""
    talk = Talk(Catalog.load(extra=[VERBS]).get("every_verb"), "de").says("heute").edits("day", "3.4.2026")
    assert talk.answers["day"] == "2026-04-03"
    talk.is_told("date_read", date="Freitag, 3. April 2026").is_told("amended")


# --------------------------------------------------------------------------- ways that are closed

CLOSED = """
[states.about]
choose = "What is it about?"
options = [{ id = "lib", label = "Library" }, { id = "bus", label = "Bus" }]
[states.first]
choose = "Was it fine?"
options = [{ id = "yes", label = "Fine" }, { id = "no", label = "Bad", next = "why_bad" }]
next = "second"
[states.why_bad]
ask = "Why was it bad?"
[states.second]
choose = "Would you come again?"
options = [{ id = "yes", label = "Sure" }, { id = "no", label = "Never" }]
next = [{ when = WHEN, to = "line" }, { to = "last" }]
[states.line]
ask = "Which bus line?"
[states.last]
ask = "Anything else?"
[states.bye]
end = "Thanks."
"""
OPEN_OR_SHUT = [
    ('{ about = "bus" }', False),
    ('{ not = { about = "lib" } }', False),
    ('{ any = [{ about = "bus" }, { first = { answered = false } }] }', False),
    ('{ any = [{ about = "bus" }, { why_bad = { contains = "late" } }] }', True),
    ('{ about = "bus", why_bad = { answered = false } }', False),
    ('{ any = [{ about = "bus" }, { "@language" = "es" }] }', True),
]


@pytest.mark.parametrize(("when", "stays"), OPEN_OR_SHUT)
def test_an_answer_stays_only_as_long_as_some_way_may_still_meet_it(when: str, *, stays: bool) -> None:
    talk = Talk(flow_of(CLOSED.replace("WHEN", when))).says("Bus", "Fine", "Sure", "line 9").stands_at("last")
    talk.edits("first", "Bad").stands_at("why_bad")
    assert talk.answers["line"] == "line 9", "a way to it is open"
    talk.edits("about", "Library").stands_at("why_bad")
    assert ("line" in talk.answers, "line" in talk.counted) == (stays, stays)


@pytest.mark.parametrize(("said", "state"), [("Bus line 7", "line"), ("the BÚS", "line"), ("tram", "last")])
def test_words_are_found_in_capitals_and_with_accents(said: str, state: str) -> None:
    when = '{ why_bad = { contains = "bus" } }'
    assert Talk(flow_of(CLOSED.replace("WHEN", when))).says("Bus", "Bad", said, "Sure").stands_at(state)


# --------------------------------------------------------------------------- whatever is done

ACTS = st.one_of(
    st.sampled_from(["1", "2", "3", "1,3", "20", "words", "SKIP", "OK", "Done", "BACK", "CHANGE"]),
    st.integers(0, 9).map(lambda n: f"BACK {n}"),
    st.integers(0, 9).map(lambda n: f"CHANGE {n}"),
    st.tuples(
        st.sampled_from(["use", "days", "why_then", "barrier", "minutes", "where", "wish"]), st.sampled_from("1239")
    ),
    st.integers(0, 60),  # a tap on one of all the buttons ever shown
)


@given(acts=st.lists(ACTS, max_size=40))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_answer_counts_to_a_question_that_the_way_does_not_meet(acts: list[str | int | tuple[str, str]]) -> None:
    talk = Talk(EDITABLE)
    for act in acts:
        shown = [button for turn in talk.turns for one in turn.prompts for button in one.buttons]
        match act:
            case int():
                talk.sends(Message(Kind.TAP, data=shown[act % len(shown)].data))
            case (state, text):
                talk.edits(state, text)
            case _:
                talk.says(str(act))
        assert talk.counted == dict(talk.session.answers), "the events tell another story than the session"
        assert set(talk.counted) <= met(talk)


def met(talk: Talk) -> set[str]:
    """Return the questions on the way that the answers given take, and those that may still come."""
    session, states = talk.session, talk.flow.script("en").states
    at, seen = talk.flow.start, set[str]()
    while at in session.answers:
        seen.add(at)
        at = onward(states, states[at], session.answers, session)
    waiting = [at]
    while waiting:
        ahead = waiting.pop()
        if ahead not in seen:
            seen.add(ahead)
            waiting += [way.to for way in states[ahead].next]
            waiting += [one.next for one in getattr(states[ahead], "options", ()) if one.next]
    return seen
