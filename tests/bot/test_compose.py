from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import Capabilities
from bot.compose import columns, compose
from bot.cutting import fits
from flows.model import Button, Prompt

RICH = Capabilities(buttons=100, label=60, text=4096, edits=True)
PLAIN = Capabilities(buttons=0, label=0, text=300)
YES_NO = (Button("Yes", "t:s:yes"), Button("No", "t:s:no"))


def test_texts_that_follow_each_other_become_one_message_whose_buttons_are_the_last_ones() -> None:
    parts = compose([Prompt("Hello."), Prompt("I ask three things."), Prompt("Begin?", YES_NO, state="begin")], RICH)
    (only,) = parts
    assert only.text == "Hello.\n\nI ask three things.\n\nBegin?"
    assert only.buttons == YES_NO
    assert only.state == "begin"
    assert only.columns == 2


def test_buttons_end_a_message() -> None:
    first, second = compose([Prompt("One?", YES_NO), Prompt("Two?", YES_NO)], RICH)
    assert (first.text, second.text) == ("One?", "Two?")


def test_without_buttons_the_options_stand_numbered_in_the_text() -> None:
    (part,) = compose([Prompt("Shall we begin?", YES_NO)], PLAIN)
    assert part.text == "Shall we begin?\n\n1 Yes\n2 No"
    assert part.buttons == ()


def test_helpers_are_not_numbered() -> None:
    skip = Button("Skip", "t:s:@skip", helper=True)
    (part,) = compose([Prompt("Why? You can send SKIP.", (skip,))], PLAIN)
    assert part.text == "Why? You can send SKIP."
    (part,) = compose([Prompt("Which?", (*YES_NO, skip))], PLAIN)
    assert part.text == "Which?\n\n1 Yes\n2 No"


def test_ticks_are_seen_where_there_are_no_buttons() -> None:
    (part,) = compose([Prompt("Which?", (Button("Bus", "a", ticked=True), Button("Tram", "b")))], PLAIN)
    assert part.text == "Which?\n\n1 ✓ Bus\n2 Tram"


def test_a_label_longer_than_a_button_shows_stands_whole_in_the_text() -> None:
    (part,) = compose([Prompt("Which?", (Button("x" * 80, "a"), Button("No", "b")))], RICH)
    assert "x" * 80 in part.text
    assert len(part.buttons) == 2


def test_a_change_of_buttons_stays_alone_where_the_channel_can_show_it_in_place() -> None:
    first, second = compose([Prompt("Noted."), Prompt("Which?", YES_NO, update=True)], RICH)
    assert (first.update, second.update) == (False, True)
    (joined,) = compose([Prompt("Noted."), Prompt("Which?", YES_NO, update=True)], PLAIN)
    assert not joined.update


def test_only_short_and_few_labels_share_a_row() -> None:
    assert columns(YES_NO) == 2
    assert columns((Button("Yes, let us begin", "a"), Button("No", "b"))) == 1
    assert columns(tuple(Button(f"Day {n}", str(n)) for n in range(4))) == 1


def test_numbers_of_a_list_stand_close() -> None:
    assert columns((*(Button(str(n), str(n)) for n in range(1, 12)), Button("OK, hand them in", "ok"))) == 6


@given(st.lists(st.text(min_size=1, max_size=700), min_size=1, max_size=6), st.integers(1, 400))
def test_no_message_is_over_the_limit_and_no_word_is_lost(texts: list[str], limit: int) -> None:
    parts = compose([Prompt(text) for text in texts], Capabilities(buttons=0, label=0, text=limit))
    assert all(fits(part.text, limit) or len(part.text) == 1 for part in parts)
    said = "".join("".join(part.text.split()) for part in parts)
    assert said == "".join("".join(text.split()) for text in texts)
