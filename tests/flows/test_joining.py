"""Several messages in a row are one answer: within the time an author sets, and until anything else is sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.catalog import Catalog
from flows.model import Answered, Asked, Context, Kind, Message, Moved, Session, Status, Urgent, Withdrawn
from flows.timing import minutes
from flows.words import fold
from tests.flows.talk import LANGUAGES, NOW, Talk, flow_of
from tests.flows.test_properties import check, send, sendable
from tests.flows.test_transcripts import VERBS

STATES = """
[states.use]
choose = "Do you use it?"
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No" }]

[states.why]
ask = "What happened?"
most = 60
why = "So that we can mend it."
joins_within_seconds = 20
next = [{ when = { use = "no" }, to = "when" }, { to = "thanks" }]

[states.thanks]
say = "Thank you for that."

[states.picture]
photo = "Have you a picture?"

[states.when]
ask = "When was it?"

[states.bye]
end = "Goodbye."
"""
LAST = """
[states.use]
choose = "Do you use it?"
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No" }]

[states.why]
ask = "What happened?"
joins_within_seconds = 20

[states.bye]
end = "Goodbye."
"""
LONG = """
[states.why]
ask = "What happened?"
least = 12
joins_within_seconds = 20

[states.when]
ask = "When was it?"

[states.bye]
end = "Goodbye."
"""
FLOW, LAST_FLOW, LONG_FLOW = flow_of(STATES), flow_of(LAST), flow_of(LONG)
WAIT = "(wait)"


def begun(*said: str) -> Talk:
    """Let somebody come to the question, and say something there."""
    return Talk(FLOW).says("1", *said)


def sent(number: int, text: str) -> Message:
    """Return a message that has a name on its channel."""
    return Message(Kind.TEXT, text, sent_as=str(number))


def edited(number: int, text: str, state: str = "why") -> Message:
    """Return the same message, edited."""
    return Message(Kind.TEXT, text, sent_as=str(number), amends=state)


# --------------------------------------------------------------------------- words that join


def test_the_question_says_that_several_messages_may_be_sent() -> None:
    begun().hears("What happened? You can send several messages. Send DONE to go on. You can send SKIP.")


def test_messages_in_a_row_are_one_answer_and_the_next_question_waits_for_them() -> None:
    talk = begun("The door was shut.")
    assert talk.turn.prompts == ()
    talk.says("It was Monday.", "I waited.").stands_at("why")
    assert talk.turn.prompts == ()
    talk.says(WAIT).stands_at("picture").hears("Thank you for that.", "Have you a picture?")
    assert talk.answers["why"] == "The door was shut.\nIt was Monday.\nI waited."


def test_each_message_counts_at_once_as_part_of_one_answer() -> None:
    talk = begun("The door was shut.", "It was Monday.")
    assert talk.counted["why"].value == "The door was shut.\nIt was Monday."
    assert [event.amended for event in talk.all_events() if isinstance(event, Answered)] == [False, False, True]
    assert not talk.events(Moved)
    talk.says(WAIT)
    assert [(event.origin, event.to) for event in talk.events(Moved)] == [("why", "thanks"), ("thanks", "picture")]
    assert not talk.events(Answered)


def test_every_message_moves_the_end_of_the_wait() -> None:
    talk = begun()
    assert talk.session.wakes_at is None
    assert talk.says("The door was shut.").session.wakes_at == NOW + timedelta(seconds=20)
    assert talk.says(WAIT).session.wakes_at is None


def test_words_that_come_late_but_before_the_next_question_still_belong_to_the_answer() -> None:
    talk = begun("The door was shut.")
    talk.turns[-1] = type(talk.turn)(talk.session.moved(joins_until=(NOW - timedelta(hours=3)).isoformat()))
    assert talk.says("It was Monday.", WAIT).answers["why"] == "The door was shut.\nIt was Monday."


def test_without_the_authors_wish_nothing_waits() -> None:
    begun("The door was shut.", WAIT, "(sticker)").stands_at("picture").says("SKIP").stands_at("when")
    assert begun("x", WAIT, "SKIP", "Monday").session.wakes_at is None


@pytest.mark.parametrize("time", ["a moment", "another"])
def test_silence_where_nothing_waits_changes_nothing(time: str) -> None:
    talk = begun()
    before = talk.session
    talk.says(WAIT, WAIT)
    assert talk.session == before, time
    assert (talk.turn.prompts, talk.turn.events) == ((), ())


def test_silence_after_the_end_says_nothing() -> None:
    talk = Talk(LAST_FLOW).says("1", "Nothing", WAIT)
    assert talk.session.status is Status.COMPLETED
    talk.hears("Goodbye.").says(WAIT)
    assert talk.turn.prompts == ()


def test_the_way_on_goes_by_the_answers_as_ever() -> None:
    Talk(FLOW).says("2", "The door was shut.", WAIT).stands_at("when")


def test_the_time_it_takes_counts_the_wait() -> None:
    script = FLOW.scripts["en"].states
    assert minutes(script["why"]) - minutes(script["when"]) == pytest.approx(20 / 60, abs=0.02)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_word_that_the_hint_names_goes_on_in_every_language(language: str, catalog: Catalog) -> None:
    words = catalog.words(language)
    meant = {words.get(word) for word in fold(catalog.phrases(language)["join_hint"]).split()}
    assert "done" in meant


# --------------------------------------------------------------------------- how much


def test_what_would_be_too_long_together_is_told_and_all_before_it_stays() -> None:
    talk = begun("The door was shut.", "x" * 50).is_told("join_too_long", most=60).stands_at("why")
    assert talk.answers["why"] == "The door was shut."
    talk.says("Since May.", WAIT)
    assert talk.answers["why"] == "The door was shut.\nSince May."


def test_a_first_message_that_is_too_long_alone_opens_no_wait() -> None:
    talk = begun("x" * 61).is_told("ask_too_long", most=60, length=61)
    assert talk.session.wakes_at is None
    assert "why" not in talk.answers


def test_words_too_few_alone_may_become_enough_together() -> None:
    talk = Talk(LONG_FLOW).says("The door")
    assert talk.answers == {}
    assert talk.turn.prompts == ()
    assert talk.says("was shut", WAIT).answers == {"why": "The door\nwas shut"}


def test_words_that_stay_too_few_are_asked_for_again() -> None:
    talk = Talk(LONG_FLOW).says("Door", WAIT).is_told("ask_too_short", least=12).stands_at("why")
    assert talk.session.wakes_at is None
    assert talk.answers == {}
    assert talk.says("The door was shut", WAIT).answers == {"why": "The door was shut"}


def test_done_after_too_few_words_asks_again() -> None:
    Talk(LONG_FLOW).says("Door", "DONE").is_told("ask_too_short", least=12).stands_at("why")


def test_skip_after_too_few_words_leaves_the_question_out() -> None:
    assert Talk(LONG_FLOW).says("Door", "SKIP").stands_at("when").answers == {"why": None}


def test_done_before_any_words_leaves_the_question_out_or_as_it_was() -> None:
    assert begun("DONE").stands_at("picture").answers["why"] is None
    talk = begun("The door was shut.", WAIT, "CHANGE 2", "DONE").stands_at("picture")
    assert talk.answers["why"] == "The door was shut."


def test_a_message_that_shows_nothing_is_no_part() -> None:
    talk = begun("The door was shut.")
    talk.sends(Message(Kind.TEXT, "\u200b")).says(WAIT)
    assert talk.answers["why"] == "The door was shut."


# --------------------------------------------------------------------------- anything else, meanwhile


@pytest.mark.parametrize("word", ["DONE", "ready", "ok", "/done", "SKIP", "/skip"])
def test_words_that_end_an_answer_go_on_at_once_and_lose_nothing(word: str) -> None:
    talk = begun("The door was shut.", "It was Monday.", word).stands_at("picture").hears("Have you a picture?")
    assert talk.answers["why"] == "The door was shut.\nIt was Monday."


def test_the_done_button_of_the_question_goes_on_and_loses_nothing() -> None:
    done = begun().button("Done")
    talk = begun("The door was shut.", "Twice.").sends(Message(Kind.TAP, data=done.data))
    assert talk.stands_at("picture").answers["why"] == "The door was shut.\nTwice."


def test_the_done_button_before_any_words_leaves_the_question_out_or_as_it_was() -> None:
    assert begun().taps("Done").stands_at("picture").answers["why"] is None
    talk = begun("The door was shut.", WAIT).says("CHANGE", "2").taps("Done").stands_at("picture")
    assert talk.answers["why"] == "The door was shut."


def test_back_one_is_back_while_words_are_waited_for() -> None:
    talk = begun("The door was shut.").says("BACK 1").stands_at("why")
    assert talk.answers == {"use": "yes"}


def test_the_skip_button_of_the_question_goes_on_and_loses_nothing() -> None:
    talk = begun("The door was shut.").taps("Skip").stands_at("picture")
    assert talk.answers["why"] == "The door was shut."


def test_back_takes_the_answer_back_and_asks_the_same_question_again() -> None:
    for word in ("BACK", "/back", "BACK 1"):
        talk = begun("The door was shut.", word).stands_at("why").hears("What happened?")
        assert [event.state for event in talk.events(Withdrawn)] == ["why"]
        assert talk.answers == {"use": "yes"} == {state: answer.value for state, answer in talk.counted.items()}
        talk.says("The lift", WAIT).stands_at("picture")
        assert talk.answers["why"] == "The lift"
        talk.says("BACK", "BACK").stands_at("use")


def test_back_at_the_last_question_ends_nothing() -> None:
    talk = Talk(LAST_FLOW).says("1", "Nothing", "BACK").stands_at("why")
    assert talk.session.active


def test_back_by_two_goes_to_the_question_before() -> None:
    begun("The door was shut.", "BACK 2").stands_at("use").says("2").stands_at("when")


def test_back_after_too_few_words_asks_again() -> None:
    talk = Talk(LONG_FLOW).says("Door", "BACK").hears("What happened?").stands_at("why")
    assert talk.events(Withdrawn) == []


def test_stop_stops_and_keeps_the_answer() -> None:
    talk = begun("The door was shut.", "It was Monday.", "STOP").is_told("stopped")
    assert talk.session.status is Status.STOPPED
    assert talk.session.wakes_at is None
    assert talk.counted["why"].value == "The door was shut.\nIt was Monday."
    talk.never_hears("Have you a picture?")


def test_why_tells_why_the_question_that_was_read_is_asked_and_goes_on() -> None:
    talk = begun("The door was shut.", "WHY").hears("So that we can mend it.", "Have you a picture?")
    talk.never_hears("What happened?", "Here is the question again").stands_at("picture")


def test_help_is_about_what_can_be_done_after_the_answer() -> None:
    talk = begun("The door was shut.", "HELP").hears("You can send a word at any time", "Thank you for that.")
    assert talk.text.count("Have you a picture?") == 1


def test_change_lists_the_answer_too() -> None:
    begun("The door was shut.", "It was Monday.", "CHANGE").hears(
        "2. What happened? – The door was shut. It was Monday."
    )


def test_language_is_heard_after_the_answer() -> None:
    begun("The door was shut.", "LANGUAGE").is_told("language_none").stands_at("picture").hears("Have you a picture?")


@pytest.mark.parametrize("word", ["HUMAN", "MYDATA", "DELETE"])
def test_what_only_the_bot_can_deal_with_leaves_everything_as_it_is(word: str) -> None:
    talk = begun("The door was shut.")
    before = talk.session
    assert talk.says(word).session == before
    assert talk.turn.prompts == ()
    assert [event.word for event in talk.events(Asked)] == [word.lower()]


@pytest.mark.parametrize("word", ["STOP", "HELP", "CHANGE", "LANGUAGE"])
def test_a_word_after_the_last_answer_is_for_the_bot(word: str) -> None:
    talk = Talk(LAST_FLOW).says("1", "Nothing", word).hears("Goodbye.")
    assert talk.session.status is Status.COMPLETED
    assert [event.word for event in talk.events(Asked)] == [word.lower()]


def test_a_photo_answers_the_question_for_one_that_follows() -> None:
    talk = begun("The door was shut.", "(photo the door)").stands_at("when")
    assert talk.answers == {"use": "yes", "why": "The door was shut.", "picture": "photo-1"}


def test_what_no_question_asks_for_is_told_after_the_answer() -> None:
    talk = begun("The door was shut.", "(sticker)").is_told("other_kind").stands_at("picture")
    assert talk.answers["why"] == "The door was shut."


def test_an_unknown_command_is_no_part_of_the_answer() -> None:
    talk = begun("The door was shut.", "/weather").is_told("unknown_command").stands_at("picture")
    assert talk.answers["why"] == "The door was shut."


def test_an_old_button_brings_the_next_question_once() -> None:
    talk = begun("The door was shut.")
    talk.sends(Message(Kind.TAP, data="tag:use:no")).is_told("old_button")
    assert talk.stands_at("picture").text.count("Have you a picture?") == 1


@pytest.mark.parametrize("option", ["skip", "back", "done", "stop", "human"])
def test_an_option_named_as_a_word_is_only_an_old_button(option: str) -> None:
    flow = flow_of(STATES.replace('id = "no"', f'id = "{option}"').replace('use = "no"', f'use = "{option}"'))
    talk = Talk(flow).says("1", "The door was shut.").sends(Message(Kind.TAP, data=f"tag:use:{option}"))
    assert talk.is_told("old_button").stands_at("picture").answers["why"] == "The door was shut."


def test_words_of_danger_are_met_at_once_and_once() -> None:
    talk = begun("There is a bomb")
    assert talk.events(Urgent)
    assert talk.text
    assert not talk.says("in the hall").events(Urgent)
    assert talk.says("a bomb, I say").events(Urgent)
    assert talk.says(WAIT).answers["why"] == "There is a bomb\nin the hall\na bomb, I say"


def test_danger_told_in_two_messages_is_heard() -> None:
    parted = begun("I want to kill", "myself")
    whole = begun("I want to kill myself")
    assert bool(parted.events(Urgent)) == bool(whole.events(Urgent)) is True


# --------------------------------------------------------------------------- changes


def test_changing_such_an_answer_waits_as_well_and_then_comes_back() -> None:
    talk = begun("The door was shut.", WAIT, "SKIP", "CHANGE 2").stands_at("why")
    talk.says("The lift", "stood still").stands_at("why")
    assert talk.turn.prompts == ()
    talk.says(WAIT).is_told("changed").stands_at("when")
    assert talk.answers["why"] == "The lift\nstood still" == talk.counted["why"].value


def test_back_while_changing_asks_for_the_change_again() -> None:
    talk = begun("The door was shut.", WAIT, "SKIP", "CHANGE 2", "The lift", "BACK").stands_at("why")
    talk.says("The stairs", WAIT).stands_at("when")
    assert talk.answers["why"] == "The stairs"


def test_an_edited_message_amends_its_part_of_the_answer() -> None:
    talk = begun()
    for number, text in enumerate(("The door", "was shit", "on Monday")):
        talk.sends(sent(number, text))
    talk.sends(edited(1, "was shut")).is_told("amended").stands_at("why")
    assert talk.says(WAIT).answers["why"] == "The door\nwas shut\non Monday"
    talk.sends(edited(2, "on Tuesday")).is_told("amended").stands_at("picture")
    assert talk.answers["why"] == "The door\nwas shut\non Tuesday" == talk.counted["why"].value
    talk.sends(edited(0, "The gate"))
    assert talk.answers["why"] == "The gate\nwas shut\non Tuesday"


def test_an_edit_that_does_not_fit_leaves_the_answer_as_it_was() -> None:
    talk = begun()
    for number, text in enumerate(("The door", "was shut")):
        talk.sends(sent(number, text))
    talk.sends(edited(1, "x" * 70)).is_told("amend_failed").stands_at("why")
    talk.sends(edited(1, "SKIP")).is_told("amend_failed").stands_at("why")
    talk.says(WAIT).sends(edited(1, "x" * 70)).is_told("amend_failed")
    talk.sends(edited(1, "SKIP")).is_told("amend_failed")
    assert talk.answers["why"] == "The door\nwas shut"
    assert talk.sends(edited(0, "The gate")).answers["why"] == "The gate\nwas shut"


def test_a_message_that_was_too_long_and_is_made_shorter_joins() -> None:
    talk = begun().sends(sent(1, "The door was shut.")).sends(sent(2, "x" * 70)).sends(edited(2, "on Monday"))
    assert talk.says(WAIT).answers["why"] == "The door was shut.\non Monday"


def test_a_message_that_was_never_taken_amends_nothing_later() -> None:
    talk = begun().sends(sent(1, "The door was shut.")).sends(sent(2, "x" * 70)).says(WAIT)
    talk.sends(edited(2, "on Monday")).is_told("amend_failed")
    assert talk.answers["why"] == "The door was shut."


def test_where_nobody_knows_which_message_was_edited_it_stands_for_all() -> None:
    talk = begun("The door", "was shut").edits("why", "The gate stood open")
    assert talk.says(WAIT).answers["why"] == "The gate stood open"
    assert talk.edits("why", "All was well").answers["why"] == "All was well"


def test_an_edit_of_an_earlier_answer_goes_on_and_asks_the_next_question() -> None:
    talk = begun("The door was shut.").edits("use", "2").is_told("amended").stands_at("when")
    assert talk.hears("When was it?").answers["why"] == "The door was shut."


def test_an_edit_that_changes_nothing_goes_on_too() -> None:
    talk = begun("The door was shut.").edits("use", "Yes").stands_at("picture").hears("Have you a picture?")
    assert talk.answers == {"use": "yes", "why": "The door was shut."}


def test_an_edit_of_too_few_words_is_taken() -> None:
    talk = Talk(LONG_FLOW).sends(sent(1, "Dor")).sends(edited(1, "Door")).sends(sent(2, "was shut"))
    assert talk.says(WAIT).answers == {"why": "Door\nwas shut"}
    talk = Talk(LONG_FLOW).sends(sent(1, "Door")).sends(sent(2, "was shut")).sends(edited(2, "shut"))
    assert talk.is_told("amend_failed").says(WAIT).answers == {"why": "Door\nwas shut"}


def test_a_session_of_before_knows_of_no_wait() -> None:
    context = Context("en", "web", "tag", "K7M2-9QXR")
    session = Session("small", 1, "en", context.channel, context.tag, context.receipt, "why")
    assert session.wakes_at is None
    assert session.parts == {}


# --------------------------------------------------------------------------- whatever is sent

IN_A_ROW = Catalog.load(extra=[VERBS]).get("in_a_row")
parted = st.tuples(st.integers(1, 4), st.sampled_from(["the lamp", "x" * 70, "SKIP", "\u200b", "a bomb"]))
anything = st.one_of(
    sendable,
    st.just(Message(Kind.SILENCE)),
    parted.map(lambda drawn: sent(*drawn)),
    parted.map(lambda drawn: edited(*drawn, state="problem")),
    parted.map(lambda drawn: edited(*drawn, state="why")),
)


FLOWS = {
    **{f"in a row, {language}": (IN_A_ROW, language) for language in LANGUAGES},
    "branching": (FLOW, "en"),
    "last": (LAST_FLOW, "en"),
    "long": (LONG_FLOW, "en"),
}


@pytest.mark.parametrize("name", FLOWS)
@given(messages=st.lists(anything, max_size=30))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_sent_the_events_tell_what_the_session_holds(name: str, messages: list[str | Message]) -> None:
    talk = Talk(*FLOWS[name])
    for what in messages:
        asked, before = _asked(talk), talk.answers
        send(talk, what)
        check(talk)
        fresh = {state for state in talk.answers if state not in before}
        assert fresh <= asked, "nobody answers what was not asked"
    talk.says(WAIT)
    check(talk)
    assert talk.session.wakes_at is None


def _asked(talk: Talk) -> set[str | None]:
    """Return the questions that have been asked so far, and those that take a picture that comes instead of words."""
    return {prompt.state for turn in talk.turns for prompt in turn.prompts} | {"picture"}


@given(
    parts=st.lists(st.sampled_from(["the lamp", "at the door", "in May"]), min_size=1, max_size=4),
    after=st.sampled_from([WAIT, "DONE", "SKIP", "BACK", "BACK 2", "STOP", "WHY", "HELP", "CHANGE", "/x", "(sticker)"]),
)
@settings(deadline=None)
def test_in_several_messages_or_in_one_it_comes_to_the_same(parts: list[str], after: str) -> None:
    parted, whole = begun(*parts, after), begun("\n".join(parts), after)
    assert parted.session.moved(parts={}) == whole.session.moved(parts={})
    assert parted.turn.prompts == whole.turn.prompts
    assert parted.counted == whole.counted
