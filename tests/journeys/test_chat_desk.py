"""A round from nothing to its end in the chat alone: an organiser, an approver and citizens, over the Bot API."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.bot.test_manuscripts import TEA
from tests.journeys.test_three_people import _joined
from tests.journeys.town import MONDAY

if TYPE_CHECKING:
    from tests.journeys.town import Town
    from tests.support.botapi.client import Citizen

GUIDE = Path(__file__).parents[2] / "docs" / "organising-in-the-chat.md"
FACTS = {
    "what the round is about": "the opening hours of the library",
    "the day of the decision": "15 March 2027",
    "what people can still change": "the days and the hours",
    "what is decided already": "the building stays where it is",
    "the day on which you publish": "1 April 2027",
    "the ideas that people choose from": "Open until 22:00\nOpen on Sundays\nOpen at 7:00",
}
CHOICES = {
    "how the answers count": "we ask, decide, and tell why",
    "whether you have to consult": "no duty: we ask because we want to know",
    "whose case it is": "all people of a place",
}


@pytest.mark.slow
def test_a_round_is_begun_signed_opened_answered_and_closed_in_the_chat(town: Town) -> None:
    omar, ada = _joined(town, 1, "organiser", "Omar"), _joined(town, 2, "approver", "Ada")
    begun(omar)
    filled_in(omar)
    signed(ada)
    opened(omar)
    code = town.asks("round", "list")[0]["code"]
    ana = town.telegram.citizen(11)
    ana.sends(f"/start {code}")
    ana.answers("16 or older", "Yes")
    ana.sees("Shall we begin")
    omar.taps("Look again")
    omar.sees("Started: 1.")
    closed(omar)
    town.set_clock(MONDAY + timedelta(hours=2))  # Ana was in the middle, and had an hour to come to the end
    concluded(omar)
    ana.sends(f"/start {code}x")
    ana.sees("do not know")
    told(omar.transcript(), ada.transcript())


def told(*talks: str) -> None:
    """The guide for organisers quotes what was really said."""
    said = {line.strip() for talk in talks for line in talk.splitlines()}
    quoted = [line.strip() for block in GUIDE.read_text("utf-8").split("```")[1::2] for line in block.splitlines()]
    assert len(quoted) > 30
    assert [line for line in quoted if line and line not in said] == []


def begun(omar: Citizen) -> None:
    omar.sends("/organise")
    omar.answers("What would you like to do?", "New round")
    omar.answers("What do you want to ask?", "What is needed?")
    omar.sees("What is the title?")
    omar.sends("When should we open?")
    omar.answers("Who can take part?", "Whoever has the link")
    omar.answers("What is the last day?", "7 February 2027")


def filled_in(omar: Citizen) -> None:
    """Answer what is asked until nothing is missing."""
    for _ in range(20):
        said = str(omar.sees("")["text"])
        head = said.partition("\n")[0]
        if "What is missing" not in head:
            break
        typed = next((text for key, text in FACTS.items() if key in head), "")
        if typed:
            omar.sends(typed)
        else:
            omar.taps(next(label for key, label in CHOICES.items() if key in head))
    omar.sees("Nothing is missing.", "A second person signs it before it opens. These may: Ada.")


def signed(ada: Citizen) -> None:
    ada.sends("/organise")
    ada.answers("What would you like to do?", "My rounds")
    ada.answers("Your rounds.", "When should we open? · waits for a signature")
    ada.answers("Nothing is missing.", "Read what people are told")
    ada.answers("the opening hours of the library", "Back")
    ada.answers("Nothing is missing.", "Read and found good: sign")
    ada.answers("Sign “When should we open?”?", "Yes")
    ada.sees("Done.", "Signed by Ada.")


def opened(omar: Citizen) -> None:
    omar.taps("Look again")
    omar.answers("Signed by Ada.", "Open now")
    omar.answers("Open “When should we open?” now?", "Yes")
    omar.sees("Done.", "Central Library: open")


def closed(omar: Citizen) -> None:
    omar.taps("Close now")
    omar.answers("People can no longer answer.", "Yes")
    omar.sees("Done.", "Central Library: closed")


def concluded(omar: Citizen) -> None:
    """Write down what came of the round, tell people, and put the round away."""
    omar.taps("Write down an issue")
    omar.answers("does it change anything?", "Yes")
    omar.sees("What people raised")
    omar.sends("Many can come on Sundays only.\n\nWe open on Sundays from May on.")
    omar.sees("Done.", "Issues written down: 1.")
    omar.taps("Write down an issue")
    omar.answers("does it change anything?", "No")
    omar.sees("Why it does not change more")
    omar.sends("Some want nights.\n\nWe stay closed at night.\n\nNobody could be paid.")
    omar.sees("Done.", "Issues written down: 2.")
    omar.taps("Write down the decision")
    omar.sees("Write down what was decided.")
    omar.sends("The library opens on Sundays.\n\nMany asked for it.\n\n11 January 2027")
    omar.sees("Done.", "decided")
    omar.taps("Tell people what came of it")
    omar.answers("We open on Sundays from May on.", "Yes")
    omar.sees("Who answers for this text?")
    omar.sends("Olive Moss, head of the library")
    omar.sees("Done.", "reported back")
    omar.taps("Put the round away")
    omar.sees("What have you learnt for the next round?")
    omar.sends("Ask in two languages.")
    omar.sees("Done.", "Central Library: put away")


@pytest.mark.slow
def test_a_flow_file_is_sent_mended_tried_out_published_and_asked(town: Town) -> None:
    omar = _joined(town, 1, "organiser", "Omar")
    omar.sends_file("tea.toml", "application/toml", TEA.replace('next = "why"', 'next = "wyh"'))
    omar.sees("Please mend this first:", "tea.toml, line 12", 'Did you mean "why"?')
    omar.sends_file("tea.toml", "application/toml", TEA)
    omar.answers("nothing to mend", "Try it out here")
    omar.sees("This is a rehearsal.")
    omar.sends("stop")
    omar.answers("The rehearsal is over.", "Publish it")
    omar.answers("Published.", "New round with it")
    omar.sees("What is the title?")
    omar.sends("What do you drink?")
    omar.sees("The draft “What do you drink?” is saved.")
    (made,) = town.asks("round", "list")
    town.civicloop("round", "open", made["code"])
    ana = town.telegram.citizen(11)
    ana.sends(f"/start {made['code']}")
    ana.answers("16 or older", "Yes")
    ana.answers("Shall we begin", "Yes, let us begin")
    ana.sees("Which do you like?")


@pytest.mark.slow
def test_in_a_group_the_menu_is_silent(town: Town) -> None:
    omar = _joined(town, 1, "organiser", "Omar")
    about = {"id": -5, "type": "group", "title": "Neighbours"}
    sender = {"id": omar.id, "is_bot": False, "first_name": "Omar"}
    command = {"message_id": 7, "from": sender, "chat": about, "date": 1, "text": "/manage"}
    town.telegram.emit("message", {**command, "text": "/organise"})
    town.telegram.emit("message", {**command, "message_id": 8})
    omar.sends("/help")
    omar.sees("/organise")
    assert not [each for each in omar.messages() if re.search(r"sign-in\?token", str(each.get("text")))]


@pytest.mark.slow
def test_a_link_from_the_menu_lets_into_the_browser_once(town: Town) -> None:
    omar = _joined(town, 1, "organiser", "Omar")
    omar.sends("/organise")
    omar.answers("What would you like to do?", "Sign in to the browser")
    (link,) = re.findall(r"http\S+", str(omar.sees("It works once")["text"]))
    with httpx.Client(headers={"origin": town.url}) as browser:
        assert browser.get(link).status_code == 200
        token = link.partition("token=")[2]
        statuses = [browser.post(f"{town.url}/manage/sign-in", data={"token": token}).status_code for _ in range(2)]
        assert statuses == [303, 410]
        assert browser.get(link).status_code == 410


@pytest.mark.slow
def test_a_link_on_a_round_leads_to_its_page_and_nowhere_else(town: Town) -> None:
    omar = _joined(town, 1, "organiser", "Omar")
    code = town.open_pulse("library")
    omar.sends("/organise")
    omar.answers("What would you like to do?", "My rounds")
    omar.answers("Your rounds.", "How is library? · open")
    omar.answers("Invited: 0.", "Open in the browser")
    (link,) = re.findall(r"http\S+", str(omar.sees("It works once")["text"]))
    with httpx.Client(headers={"origin": town.url}) as browser:
        (to,) = re.findall(r'name="to" value="([^"]+)"', browser.get(link).text)
        assert to == f"/manage/rounds/{code}"
        assert 'name="to"' not in browser.get(link.replace(to, "//elsewhere.example")).text
        form = {"token": link.partition("token=")[2].partition("&")[0], "to": to}
        assert browser.post(f"{town.url}/manage/sign-in", data=form).headers["location"] == to
        assert browser.get(f"{town.url}{to}").status_code == 200
