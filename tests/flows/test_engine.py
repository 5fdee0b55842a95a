"""How a conversation goes: answers, buttons, words that may be sent at any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flows import engine
from flows.model import (
    Answered,
    Asked,
    Ended,
    HandedIn,
    Kind,
    LanguageChosen,
    Message,
    Misunderstood,
    Moved,
    Prompt,
    Script,
    Spoke,
    Started,
    Status,
    Urgent,
    Withdrawn,
    button_data,
)
from flows.speak import word_list
from tests.flows.talk import NOW, Talk, flow_of

if TYPE_CHECKING:
    from flows.catalog import Catalog

HOURS = flow_of("""
[states.hello]
say = "Hello."

[states.priority]
choose = "Which change would help you most?"
why = "We can only do one thing this year."
options = [
  { id = "hours", label = "Open later" },
  { id = "online", label = "Book online" },
  { id = "other", label = "Something else", next = "other" },
]
next = "reason"

[states.other]
ask = "What else?"
optional = false
next = "reason"

[states.reason]
ask = "Why does that matter to you?"
next = [{ when = { priority = "hours" }, to = "day" }, { to = "bye" }]

[states.day]
pick = "Which days?"
options = [
  { id = "mon", label = "Monday" },
  { id = "tue", label = "Tuesday" },
  { id = "wed", label = "Wednesday" },
  { id = "none", label = "No day", exclusive = true },
]
most = 2

[states.bye]
end = "Thank you. Your receipt is {receipt}."
""")


@pytest.fixture
def talk() -> Talk:
    return Talk(HOURS)


def test_a_session_starts_with_what_is_said_and_the_first_question(talk: Talk) -> None:
    talk.hears("Hello.", "Which change would help you most?").stands_at("priority")
    assert talk.turn.events == (Started(), Moved("hello", "priority"))
    assert [button.label for button in talk.buttons] == ["Open later", "Book online", "Something else", "Skip"]
    assert [button.helper for button in talk.buttons] == [False, False, False, True]


@pytest.mark.parametrize("text", ["1", "open later", "OPEN LATER!", "Opne later", "1. Open later", "１", "1️⃣", "(1)"])
def test_a_choice_is_taken_by_number_word_or_near_miss(talk: Talk, text: str) -> None:
    talk.says(text).stands_at("reason")
    assert talk.answers == {"priority": "hours"}


def test_a_choice_is_taken_by_tap(talk: Talk) -> None:
    talk.taps("Book online").stands_at("reason")
    assert [type(event) for event in talk.turn.events] == [Answered, Moved]
    assert talk.answers == {"priority": "online"}


@pytest.mark.parametrize("text", ["0", "4", "12", "maybe", "e", "👍", "\u202eretal nepo", "open later or book online"])
def test_what_is_no_option_is_asked_again_kindly(talk: Talk, text: str) -> None:
    talk.says(text).is_told("choose_again").hears("Which change would help you most?").stands_at("priority")
    assert talk.turn.events == (Misunderstood("priority", 1),)
    assert talk.answers == {}


def test_the_third_failed_try_names_a_way_out(talk: Talk) -> None:
    talk.says("x", "y").is_not_told("third_try")
    talk.says("z").is_told("third_try")
    assert words_shown(talk) == ["SKIP", "HUMAN"]
    assert talk.session.tries == 3
    talk.says("1")
    assert talk.session.tries == 0


def test_the_ways_out_are_buttons(talk: Talk) -> None:
    ways = [button.data.rpartition(":")[2] for button in talk.says("x", "y", "z").turn.prompts[1].buttons]
    assert ways == ["skip", "human"]


def test_where_an_answer_is_needed_the_third_try_offers_no_skip(talk: Talk) -> None:
    talk.says("3").sends(Message(Kind.PHOTO, file="f")).sends(Message(Kind.OTHER)).sends(Message(Kind.PLACE))
    talk.is_told("third_try_must").stands_at("other")
    assert [button.data.rpartition(":")[2] for button in talk.turn.prompts[1].buttons] == ["human", "stop"]
    assert words_shown(talk) == ["HUMAN", "STOP"]


def test_an_option_can_lead_its_own_way(talk: Talk) -> None:
    talk.says("3").stands_at("other")


def test_a_comparison_with_an_earlier_answer_leads_on(talk: Talk) -> None:
    talk.says("1", "because").stands_at("day")
    assert Talk(HOURS).says("2", "because").session.status is Status.COMPLETED


def test_the_end_gives_the_receipt_and_the_status(talk: Talk) -> None:
    talk.says("2", "SKIP").hears("Your receipt is K7M2-9QXR.")
    assert talk.events(Ended) == [Ended(Status.COMPLETED)]
    assert talk.answers == {"priority": "online", "reason": None}


def test_two_people_share_what_a_question_offers_and_each_taps_buttons_of_their_own() -> None:
    one, other = (Talk(HOURS, tag=tag).turn.prompts[-1] for tag in ("one", "other"))
    assert one.offers is other.offers
    assert one.buttons[0].data == "one:priority:hours"
    assert other.buttons[0].data == "other:priority:hours"


def test_after_the_end_nothing_changes(talk: Talk) -> None:
    before = talk.says("2", "SKIP").session
    talk.says("1").is_told("already_ended")
    assert talk.session == before
    assert talk.turn.events == ()


# --------------------------------------------------------------------------- picking


def picking() -> Talk:
    return Talk(HOURS).says("1", "because").stands_at("day")


def test_ticks_are_shown_in_place_until_done() -> None:
    talk = picking().taps("Monday")
    assert talk.turn.prompts[0].update
    assert [button.label for button in talk.buttons if button.ticked] == ["Monday"]
    talk.taps("Wednesday", "Monday", "Monday", "Done")
    assert talk.answers["day"] == ("mon", "wed")


def test_an_option_that_stands_alone_takes_the_place_of_the_others() -> None:
    talk = picking().taps("Monday", "No day")
    assert talk.session.picked == ("none",)
    talk.taps("Tuesday")
    assert talk.session.picked == ("tue",)


def test_no_more_than_most_can_be_ticked() -> None:
    talk = picking().taps("Monday", "Tuesday", "Wednesday").is_told("pick_too_many", most=2)
    assert talk.session.picked == ("mon", "tue")


def test_done_with_nothing_ticked_asks_for_a_tick() -> None:
    picking().taps("Done").is_told("pick_too_few", least=1).stands_at("day")


@pytest.mark.parametrize(
    "text", ["1,3", "1 and 3", "1 3", "3;1", "monday, wednesday", "Monday and Wenesday", "1\n3", "1+3"]
)
def test_picks_can_be_typed(text: str) -> None:
    assert picking().says(text).answers["day"] == ("mon", "wed")


@pytest.mark.parametrize(
    ("text", "phrase", "values"),
    [
        ("1,4", "pick_alone", {"label": "No day"}),
        ("1,2,3", "pick_too_many", {"most": 2}),
        ("1,9", "pick_again", {}),
        (",", "pick_again", {}),
        ("mon", "pick_again", {}),
    ],
)
def test_picks_that_do_not_fit_are_asked_again(text: str, phrase: str, values: dict[str, object]) -> None:
    picking().says(text).is_told(phrase, **values).stands_at("day")


def test_done_can_be_typed_after_ticks() -> None:
    assert picking().taps("Tuesday").says("DONE").answers["day"] == ("tue",)


# --------------------------------------------------------------------------- old buttons


def test_a_second_tap_on_the_same_button_does_no_harm(talk: Talk) -> None:
    tap = Message(Kind.TAP, data=talk.button("Book online").data)
    once = talk.sends(tap).session
    talk.sends(tap).is_told("old_button").hears("Why does that matter to you?")
    assert talk.session == once
    assert talk.turn.events == ()


@pytest.mark.parametrize(
    "data", ["", "x", "other:priority:hours", "tag:priority:nothing", "tag:nowhere:hours", "::", "tag:bye:@ok"]
)
def test_a_button_of_elsewhere_is_told_kindly(talk: Talk, data: str) -> None:
    before = talk.session
    talk.sends(Message(Kind.TAP, data=data)).is_told("old_button").hears("Which change")
    assert talk.session == before


# --------------------------------------------------------------------------- words that may be sent at any moment


@pytest.mark.parametrize("text", ["SKIP", "/skip", "/skip@our_bot", " skip ", "Skip!", "(tap Skip)"])
def test_skip_leaves_a_question_out(talk: Talk, text: str) -> None:
    talk.says(text).stands_at("reason")
    assert talk.answers == {"priority": None}


def test_a_yes_or_no_about_consent_shows_no_third_button_yet_may_be_skipped() -> None:
    talk = Talk(
        flow_of(
            """
            [states.quote]
            choose = "May we quote you?"
            role = "quote"
            optional = true
            options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No" }]

            [states.bye]
            end = "Thank you."
            """
        )
    )
    assert [button.label for button in talk.buttons] == ["Yes", "No"]
    assert talk.says("SKIP").answers == {"quote": None}


def test_skip_where_an_answer_is_needed_is_refused(talk: Talk) -> None:
    talk.says("3", "SKIP").is_told("cannot_skip").hears("What else?").stands_at("other")


def test_back_withdraws_the_last_answer_and_asks_it_again(talk: Talk) -> None:
    talk.says("1", "BACK").hears("Which change would help you most?").stands_at("priority")
    assert talk.events(Withdrawn) == [Withdrawn("priority")]
    assert talk.answers == {}


def test_back_then_the_same_answer_changes_nothing(talk: Talk) -> None:
    before = talk.says("1", "because").session
    talk.says("BACK", "because")
    assert talk.session == before


def test_back_at_the_first_question_says_so(talk: Talk) -> None:
    talk.says("BACK").is_told("back_none").stands_at("priority")


def test_why_tells_the_reason_and_asks_again(talk: Talk) -> None:
    talk.says("WHY").hears("We can only do one thing this year.", "Which change")
    talk.says("1", "why?").is_told("why_default").hears("Why does that matter")


def test_help_names_the_words_that_lead_somewhere_here_and_asks_again(talk: Talk) -> None:
    talk.says("?").hears("SKIP – leave", "Here is your question again", "Which change")
    talk.never_hears("BACK –", "CHANGE –", "LANGUAGE –")  # the first question, in a flow of one language
    assert talk.turn.events == (Spoke("help"),)
    talk.says("1", "help").hears("BACK – go to the question before", "CHANGE – change an answer")
    talk.says("change", "help").hears("BACK –").never_hears("SKIP –", "WHY –")  # a side question: it can only be left


def test_help_offers_no_skip_where_an_answer_is_needed(talk: Talk) -> None:
    talk.says("3", "HELP").stands_at("other").hears("BACK –").never_hears("SKIP –")


def words_shown(talk: Talk) -> list[str]:
    """Return the labels of the helpers that the first prompt of the last turn with buttons shows."""
    prompt = next(prompt for prompt in talk.turn.prompts if prompt.buttons)
    return [button.label for button in prompt.buttons]


def test_help_offers_its_words_as_buttons_that_do_what_the_words_do(talk: Talk) -> None:
    talk.says("1", "?")
    assert words_shown(talk) == ["SKIP", "BACK", "WHY", "CHANGE", "MYDATA", "/mine", "DELETE", "HUMAN", "STOP"]
    back = talk.turn.prompts[0].buttons[1]
    assert talk.sends(Message(Kind.TAP, data=back.data)).stands_at("priority").answers == {}


def test_the_list_of_words_in_a_language_without_any_is_said_as_it_stands() -> None:
    script = Script("xx", {}, {}, {})
    assert word_list(script, "Ask anything.", {"skip"}, "tag") == (Prompt("Ask anything."),)


def test_stop_ends_at_once_and_keeps_what_was_answered(talk: Talk) -> None:
    talk.says("1", "STOP").is_told("stopped")
    assert talk.session.status is Status.STOPPED
    assert talk.answers == {"priority": "hours"}


@pytest.mark.parametrize(
    ("text", "word"), [("HUMAN", "human"), ("/mydata", "mydata"), ("/mine", "mine"), ("delete", "delete")]
)
def test_what_only_the_desk_can_do_is_handed_on_and_changes_nothing(talk: Talk, text: str, word: str) -> None:
    before = talk.says("1").session
    talk.says(text)
    assert talk.turn.events == (Asked(word),)
    assert talk.turn.prompts == ()
    assert talk.session == before
    assert engine.ask_again(talk.flow, talk.session)[0].text.startswith("Why does that matter")


@pytest.mark.parametrize("text", ["START", "hello", "Hi!", "/start"])
def test_start_or_a_hello_in_the_middle_is_no_answer(talk: Talk, text: str) -> None:
    talk.says("1", text)
    assert list(talk.answers) == ["priority"]
    talk.is_told("resumed").hears("Why does that matter")


def test_start_begins_where_that_is_asked(catalog: Catalog) -> None:
    assert Talk(catalog.get("deliver_pulse")).says("yes", "Start").stands_at("overall").answers["begin"] == "yes"


def test_an_unknown_command_is_no_answer(talk: Talk) -> None:
    talk.says("1", "/settings").stands_at("reason")
    assert talk.events(Misunderstood)


def test_a_path_with_slashes_is_an_answer(talk: Talk) -> None:
    assert talk.says("1", "/dev/null is full").answers["reason"] == "/dev/null is full"


# --------------------------------------------------------------------------- languages

GREETING = flow_of(
    """
[states.hello]
choose = "Do you like it?"
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No" }]

[states.reason]
ask = "Why?"

[states.bye]
end = "Thank you."
""",
    beside={
        "small.es.toml": """
of = { flow = "small", version = 1 }
language = "es"
title = "S"
[states.hello]
choose = "¿Le gusta?"
options = { yes = "Sí", no = "No" }
[states.reason]
ask = "¿Por qué?"
[states.bye]
end = "Gracias."
"""
    },
)


def test_language_asks_which_and_goes_on_in_it_at_the_same_place() -> None:
    talk = Talk(GREETING).says("yes", "LANGUAGE").is_told("language_ask")
    assert [button.label for button in talk.buttons] == ["English", "Español"]
    talk.taps("Español").is_told("language_set").hears("¿Por qué?").stands_at("reason")
    assert talk.events(LanguageChosen) == [LanguageChosen("es")]
    assert talk.answers == {"hello": "yes"}


@pytest.mark.parametrize("text", ["2", "es", "Español", "espanol"])
def test_a_language_can_be_typed(text: str) -> None:
    assert Talk(GREETING).says("LANGUAGE", text).session.language == "es"


def test_another_answer_leaves_the_question_of_language() -> None:
    talk = Talk(GREETING).says("LANGUAGE", "yes").stands_at("reason")
    assert talk.session.asking == ""


@pytest.mark.parametrize("text", ["German", "Klingon", "because it is near"])
def test_what_is_no_language_is_asked_again_and_answers_no_free_question(text: str) -> None:
    talk = Talk(GREETING).says("yes").stands_at("reason")
    talk.says("LANGUAGE", text).is_told("choose_again").is_told("language_ask").stands_at("reason")
    assert (talk.session.asking, talk.session.tries) == ("language", 1)
    assert talk.says("BACK").says(text).answers["reason"] == text


@pytest.mark.parametrize("text", ["2", "es", "Español", "espanol", "Espanyol"])
def test_a_language_may_be_sent_in_many_forms(text: str) -> None:
    talk = Talk(GREETING).says("nonsense", "LANGUAGE", text)
    assert (talk.session.language, talk.session.tries, talk.session.asking) == ("es", 0, "")


def test_everywhere_words_are_understood_in_the_language_and_in_english() -> None:
    assert Talk(GREETING, "es").says("Saltar").answers == {"hello": None}
    assert Talk(GREETING, "es").says("/skip").answers == {"hello": None}
    assert Talk(GREETING, "es").says("SI").answers == {"hello": "yes"}


def test_a_language_the_flow_lacks_is_played_in_its_own() -> None:
    assert Talk(GREETING, "fr").session.language == "en"


def test_with_one_language_the_bot_says_so(talk: Talk) -> None:
    talk.says("LANGUAGE").is_told("language_none").hears("Which change")


# --------------------------------------------------------------------------- danger


def test_words_of_danger_are_met_first_and_the_answer_is_kept(talk: Talk) -> None:
    talk.says("1", "There is a gas leak in the hall")
    assert talk.events(Urgent) == [Urgent("reason")]
    assert talk.answers["reason"] == "There is a gas leak in the hall"
    talk.stands_at("day")


def test_words_of_danger_in_an_answer_not_understood_are_met_too(talk: Talk) -> None:
    talk.says("call the police please").stands_at("priority")
    assert talk.events(Urgent) == [Urgent("priority")]


def test_words_of_danger_beside_a_number_are_met_too() -> None:
    talk = Talk(flow_of('[states.many]\nnumber = "How many?"\nnext = "bye"\n[states.bye]\nend = "Bye."'))
    talk.says("5 and there is a bomb").stands_at("bye")
    assert talk.events(Urgent) == [Urgent("many")]


def test_words_of_danger_are_heard_in_a_list_of_changes_and_in_an_edit() -> None:
    listing = Talk(REVIEWED).says("yes", "yes", "CHANGE", "there is a bomb")
    edit = Talk(REVIEWED).says("yes", "no", "too far", "fine").edits("barrier", "there is a bomb")
    late = Talk(REVIEWED).says("yes").edits("wish", "there is a bomb")
    for talk in (listing, edit, late):
        talk.hears("Call 112.")
        assert len(talk.events(Urgent)) == 1


def test_a_harmless_word_that_holds_another_is_not_danger(talk: Talk) -> None:
    assert not talk.says("1", "the abombination of gasoline").events(Urgent)


# --------------------------------------------------------------------------- a formal round

REVIEWED = flow_of(
    """
[states.use]
choose = "Do you use it?"
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No", next = "barrier" }]
next = "often"

[states.often]
choose = "How often?"
options = [{ id = "daily", label = "Daily" }, { id = "weekly", label = "Weekly" }]
next = "wish"

[states.barrier]
ask = "What stops you?"
next = "wish"

[states.wish]
ask = "What do you wish?"
""",
    head='frame = "formal"',
    beside={
        "frame.toml": """
frame = "formal"
language = "en"
start = "begin"
[states.begin]
choose = "Shall we begin?"
role = "begin"
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No", next = "not_now" }]
next = "questions"
[states.thanks]
say = "That was it."
next = "review"
[states.review]
review = "Your answers: {list}"
next = "receipt"
[states.receipt]
end = "Receipt {receipt}"
[states.not_now]
end = "Another time."
outcome = "declined"
[states.urgent]
say = "Call 112."
"""
    },
)


def label(phrase: str) -> str:
    return REVIEWED.scripts["en"].phrases[phrase]


def reviewing() -> Talk:
    return Talk(REVIEWED).says("yes", "yes", "daily", "more light").stands_at("review")


def test_a_review_lists_the_answers_by_number_in_words() -> None:
    talk = reviewing().hears("1. Do you use it? – Yes", "2. How often? – Daily", "3. What do you wish? – more light")
    talk.never_hears("Shall we begin?")
    assert not talk.events(HandedIn)


def test_ok_hands_in_and_ends() -> None:
    for word in ("yes", "done", "ready"):
        assert reviewing().says(word).session.status is Status.COMPLETED
    talk = reviewing().says("OK").hears("Receipt K7M2-9QXR")
    assert talk.events(HandedIn) == [HandedIn()]
    assert talk.session.status is Status.COMPLETED
    assert reviewing().taps(label("ok_label")).session.status is Status.COMPLETED


def test_a_number_asks_that_question_again_and_comes_back() -> None:
    talk = reviewing().says("2").stands_at("often").hears("How often?")
    talk.says("weekly").stands_at("review").hears("2. How often? – Weekly")
    assert talk.events(Answered)[0].amended


def test_ok_while_changing_leaves_the_answer_as_it_was() -> None:
    talk = reviewing()
    before = talk.session
    assert talk.says("2", "OK").session == before


def test_a_change_that_opens_another_branch_asks_it_and_withdraws_the_old_one() -> None:
    talk = reviewing().says("1", "no").stands_at("barrier").hears("What stops you?")
    assert talk.counted.keys() == {"begin", "use", "wish"}
    talk.says("too far").stands_at("review").hears("2. What stops you? – too far", "3. What do you wish? – more light")
    assert talk.counted.keys() == {"begin", "use", "barrier", "wish"}
    assert list(talk.answers) == ["begin", "use", "barrier", "wish"]


def test_what_is_no_number_of_the_list_is_told() -> None:
    reviewing().says("9").is_told("review_again").stands_at("review")
    reviewing().says("fine").is_told("review_again").stands_at("review")
    reviewing().sends(Message(Kind.PHOTO, file="x")).is_told("review_again").stands_at("review")


def test_words_of_danger_at_the_review_are_heard() -> None:
    reviewing().says("there is a bomb").hears("Call 112.")


def test_back_from_the_review_goes_to_the_last_question() -> None:
    talk = reviewing().says("BACK").stands_at("wish")
    assert talk.events(Withdrawn) == [Withdrawn("wish")]


def test_not_now_declines() -> None:
    talk = Talk(REVIEWED).says("no").hears("Another time.")
    assert talk.session.status is Status.DECLINED
    assert talk.events(Ended) == [Ended(Status.DECLINED)]


# --------------------------------------------------------------------------- changing on the way


def test_change_lists_the_answers_so_far_and_comes_back_to_the_question() -> None:
    talk = Talk(REVIEWED).says("yes", "yes", "daily", "CHANGE").hears("1. Do you use it? – Yes", "2. How often?")
    talk.says("2").stands_at("often").says("weekly").is_told("changed").hears("What do you wish?").stands_at("wish")
    assert talk.answers["often"] == "weekly"


def test_change_can_be_left_with_ok_or_with_a_button() -> None:
    for leave in ("OK", "(tap)", "BACK"):
        talk = Talk(REVIEWED).says("yes", "yes", "CHANGE")
        if leave.startswith("("):
            talk.taps("OK")
        else:
            talk.says(leave)
        talk.hears("How often?").stands_at("often")
        assert talk.session.asking == ""


def test_in_the_list_of_changes_a_number_is_no_answer_to_the_question_below() -> None:
    talk = Talk(REVIEWED).says("yes", "yes", "CHANGE", "2").is_told("review_again")
    assert "often" not in talk.answers


def test_change_with_nothing_answered_says_so() -> None:
    Talk(REVIEWED).says("CHANGE").is_told("change_none").hears("Shall we begin?")


def test_back_while_changing_keeps_the_answer() -> None:
    talk = reviewing()
    before = talk.session
    assert talk.says("2", "BACK").session == before


# --------------------------------------------------------------------------- edited messages


def test_an_edited_message_amends_its_answer() -> None:
    talk = Talk(REVIEWED).says("yes", "yes", "daily").edits("often", "weekly")
    assert talk.answers["often"] == "weekly"
    assert talk.events(Answered)[0].amended
    talk.is_told("amended").stands_at("wish")


def test_an_edited_message_that_opens_another_branch_moves_there() -> None:
    talk = Talk(REVIEWED).says("yes", "yes", "daily").edits("use", "no").stands_at("barrier").hears("What stops you?")
    assert talk.events(Withdrawn) == [Withdrawn("often")]


def test_an_edited_message_that_is_no_answer_leaves_the_first() -> None:
    talk = (
        Talk(REVIEWED)
        .says("yes", "yes", "daily")
        .edits("often", "whenever")
        .is_told("amend_failed")
        .hears("What do you wish?")
    )
    assert talk.answers["often"] == "daily"


def test_an_edit_of_an_answer_that_no_longer_stands_is_told() -> None:
    talk = Talk(REVIEWED).says("yes", "yes", "daily", "BACK", "BACK").edits("often", "weekly")
    talk.is_told("amend_late").stands_at("use")


def test_an_edit_of_what_was_not_understood_is_an_answer() -> None:
    talk = Talk(REVIEWED).says("yes", "yes", "dayly or so").edits("often", "daily").stands_at("wish")
    assert talk.answers["often"] == "daily"


def test_an_edit_that_changes_nothing_is_silent() -> None:
    talk = Talk(REVIEWED).says("yes", "yes", "daily").edits("often", "Daily")
    assert talk.turn.prompts == ()
    assert talk.turn.events == ()


def test_an_edit_to_skip_empties_the_answer() -> None:
    assert Talk(REVIEWED).says("yes", "yes", "daily").edits("often", "SKIP").answers["often"] is None


def test_an_edit_that_ends_the_flow_ends_it() -> None:
    talk = Talk(REVIEWED).says("yes", "yes").edits("begin", "no").hears("Another time.")
    assert talk.session.status is Status.DECLINED
    assert talk.counted.keys() == {"begin"}


# --------------------------------------------------------------------------- branching

BRANCHES = """
[states.score]
rate = "How was it?"
scale = "five"
next = [
  { when = { score = { more = 3 } }, to = "good" },
  { when = { score = { less = 3 }, "@channel" = "sms" }, to = "bad_sms" },
  { when = { score = ["2", "1"] }, to = "bad" },
  { when = { score = { answered = false } }, to = "skipped" },
  { when = { "@first_time" = false }, to = "again" },
  { when = { "@area" = { not_in = ["north"] }, "@language" = "en" }, to = "elsewhere" },
  { to = "middle" },
]
[states.good]
end = "good"
[states.bad_sms]
end = "bad by sms"
[states.bad]
end = "bad"
[states.skipped]
end = "skipped"
[states.again]
end = "again"
[states.elsewhere]
end = "elsewhere"
[states.middle]
end = "middle"
"""
SCALES = """
language = "en"
[scales.five]
options = [
  { id = "5", label = "Very good", value = 5 }, { id = "4", label = "Good", value = 4 },
  { id = "3", label = "So-so", value = 3 }, { id = "2", label = "Poor", value = 2 },
  { id = "1", label = "Very poor", value = 1 },
]
[dont_know]
label = "Do not know"
"""
SCORED = flow_of(BRANCHES, beside={"scales.toml": SCALES})


@pytest.mark.parametrize(
    ("text", "channel", "area", "first_time", "end"),
    [
        ("very good", "web", "north", True, "good"),
        ("2", "web", "north", True, "good"),
        ("poor", "sms", "north", True, "bad by sms"),
        ("poor", "web", "north", True, "bad"),
        ("SKIP", "web", "north", True, "skipped"),
        ("so so", "web", "north", False, "again"),
        ("so so", "web", "south", True, "elsewhere"),
        ("so so", "web", "north", True, "middle"),
        ("do not know", "web", "north", True, "middle"),
    ],
)
def test_ways_are_chosen_by_comparisons(text: str, channel: str, area: str, first_time: bool, end: str) -> None:
    talk = Talk(SCORED, channel=channel, area=area, first_time=first_time).says(text)
    assert talk.text == end


def test_contains_looks_into_picks_and_words() -> None:
    flow = flow_of("""
[states.days]
pick = "Days?"
options = [{ id = "mon", label = "Monday" }, { id = "tue", label = "Tuesday" }]
[states.reason]
ask = "Why?"
next = [{ when = { days = { contains = "mon" }, reason = { contains = "work" } }, to = "yes" }, { to = "no" }]
[states.yes]
end = "yes"
[states.no]
end = "no"
""")
    assert Talk(flow).says("1,2", "I work").text == "yes"
    assert Talk(flow).says("2", "I work").text == "no"
    assert Talk(flow).says("1", "I play").text == "no"


# --------------------------------------------------------------------------- a circle with a question

CIRCLE = flow_of("""
[states.what]
ask = "What?"
[states.more]
choose = "Anything else?"
options = [{ id = "yes", label = "Yes", next = "what" }, { id = "no", label = "No" }]
[states.bye]
end = "Bye."
""")


def test_a_question_may_be_met_again_and_the_last_answer_stands() -> None:
    talk = Talk(CIRCLE).says("a", "yes").stands_at("what").says("b", "no")
    assert talk.answers == {"what": "b", "more": "no"}
    assert talk.session.status is Status.COMPLETED


def test_an_edit_in_a_circle_keeps_the_place() -> None:
    talk = Talk(CIRCLE).says("a", "yes").edits("more", "no")
    assert talk.session.status is Status.COMPLETED


def test_the_data_of_a_button_fits_every_channel(talk: Talk) -> None:
    assert talk.button("Open later").data == button_data("tag", "priority", "hours")
    assert all(len(button.data.encode()) <= 64 for button in talk.buttons)


def test_starting_notes_the_time_it_was_given(talk: Talk) -> None:
    assert talk.session.started_at == NOW.isoformat()
