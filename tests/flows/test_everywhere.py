"""Every word that means something everywhere, in every kind of state, typed, as a command and as a button, six times.

One table says what each word does where; whatever it does, nothing that was answered or ticked is lost.
"""

from __future__ import annotations

import tomllib
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from flows.catalog import PACKAGED
from flows.model import Asked, Kind, Message, Status
from flows.phrasebook import EVERYWHERE
from flows.source import compile_files
from flows.speak import WORD
from tests.flows.talk import Talk

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.model import Flow, Session

LANGUAGES = ("en", "es", "fr", "de", "pt", "ar")
WAYS = ("typed", "command", "button")
STATES = """
[states.first]
choose = "first?"
options = [{ id = "one", label = "111 one" }, { id = "two", label = "222 two" }]

[states.must]
choose = "must?"
why = "because"
optional = false
options = [{ id = "one", label = "111 one" }, { id = "two", label = "222 two" }]

[states.rated]
rate = "rated?"
scale = "exp5"

[states.picked]
pick = "picked?"
options = [{ id = "one", label = "111 one" }, { id = "two", label = "222 two" }, { id = "three", label = "333 three" }]

[states.words]
ask = "words?"

[states.size]
number = "size?"

[states.spot]
place = "spot?"

[states.image]
photo = "image?"

[states.order]
rank = "order?"
options = [{ id = "one", label = "111 one" }, { id = "two", label = "222 two" }, { id = "three", label = "333 three" }]

[states.points]
allocate = "points?"
options = [{ id = "one", label = "111 one" }, { id = "two", label = "222 two" }, { id = "three", label = "333 three" }]

[states.cards]
bestworst = "cards?"
cards = 2
shows = 3
options = [
  { id = "one", label = "111 one" },
  { id = "two", label = "222 two" },
  { id = "three", label = "333 three" },
  { id = "four", label = "444 four" },
  { id = "five", label = "555 five" },
  { id = "six", label = "666 six" },
]

[states.day]
date = "day?"

[states.spoken]
voice = "spoken?"

[states.look]
review = "look {list}"
next = "bye"

[states.bye]
end = "bye {receipt}"
"""
ORDER = (
    "first",
    "must",
    "rated",
    "picked",
    "words",
    "size",
    "spot",
    "image",
    "order",
    "points",
    "cards",
    "day",
    "spoken",
    "look",
)


def phrases(language: str) -> dict[str, Any]:
    """Return the file of the bot's own sentences in a language."""
    ending = "" if language == "en" else f".{language}"
    return tomllib.loads((PACKAGED / f"frames/phrases{ending}.toml").read_text("utf-8"))


@cache
def flow(language: str) -> Flow:
    """Return a flow with every kind of state, written in one language and translated to another."""
    other = "es" if language == "en" else "en"
    names = [f"frames/phrases{'' if one == 'en' else f'.{one}'}.toml" for one in ("en", language, other)]
    files = {name: (PACKAGED / name).read_text("utf-8") for name in names}
    files |= {f"items/{each.name}": each.read_text("utf-8") for each in PACKAGED.glob("items/scales*.toml")}
    head = f'flow = "small"\nversion = 1\nstage = "design"\nlanguage = "{language}"\ntitle = "Small"\nstart = "first"\n'
    translated = f'of = {{ flow = "small", version = 1 }}\nlanguage = "{other}"\ntitle = "Small"\n'
    return compile_files({**files, "small.toml": head + STATES, f"small.{other}.toml": translated})


CARDS, CARD = 2, "1, 2; 1, 2"
"""The best and the last of each card."""


def to(state: str) -> Callable[[Talk], Talk]:
    """Return the way to a state: one answer after the other."""
    sent = {
        "first": "1", "must": "1", "rated": "2", "picked": "1, 2", "words": "some words", "size": "7",
        "spot": "a street", "image": "(photo)", "order": "2, 1", "points": "5 3 2", "cards": CARD, "day": "2026-04-03",
        "spoken": "(voice)",
    }  # fmt: skip
    return lambda talk: talk.says(*chain.from_iterable(sent[each].split("; ") for each in ORDER[: ORDER.index(state)]))


def half_ticked(talk: Talk) -> Talk:
    return to("picked")(talk).taps("222 two")


PLACES: dict[str, Callable[[Talk], Talk]] = {
    **{state: to(state) for state in ORDER},
    "half ticked": half_ticked,
    "half ordered": lambda talk: to("order")(talk).taps("222 two"),
    "half divided": lambda talk: to("points")(talk).taps("5"),
    "best of a card": lambda talk: to("cards")(talk).taps("111 one"),
    "second card": lambda talk: to("cards")(talk).says("1, 2"),
    "which language": lambda talk: to("words")(talk).says("/language"),
    "which answer": lambda talk: to("words")(talk).says("/change"),
    "changing one": lambda talk: to("words")(talk).says("/change", "1"),
    "third try": lambda talk: to("must")(talk).says("9", "9", "9"),
}


def message(word: str, way: str, language: str, session: Session) -> Message:
    """Return the word as it is sent this way."""
    if way == "button":
        return Message(Kind.TAP, data=f"{session.tag}:{WORD}:{word}")
    return Message(Kind.TEXT, f"/{word}" if way == "command" else phrases(language)["words"][word][0].upper())


# --------------------------------------------------------------------------- what each word does


def stops(talk: Talk, before: Session) -> None:
    talk.is_told("stopped")
    assert talk.session == before.moved(status=Status.STOPPED)


def skips(talk: Talk, before: Session) -> None:
    if before.asking:
        assert talk.session == before.moved(asking="", tries=0)
    elif before.state in {"must", "look"}:
        talk.is_told("cannot_skip")
        assert talk.session == before
    elif before.state == "cards":
        skips_the_card(talk, before)
    else:
        assert talk.session.answers[before.state].value is None
        assert {**before.answers, before.state: None}.keys() == talk.session.answers.keys()


def skips_the_card(talk: Talk, before: Session) -> None:
    """Leave one card out: those judged before it stay, and the question goes on while there are more."""
    judged = tuple(card for card in before.picked if card.count(":") == len(("best", "last")))
    over = len(judged) + 1 == CARDS
    kept = talk.session.answers["cards"].value if over else talk.session.picked
    assert isinstance(kept, tuple)
    assert kept[:-1] == judged
    assert kept[-1].endswith("::")
    assert over or talk.session == before.moved(picked=kept, tries=0)


def goes_back(talk: Talk, before: Session) -> None:
    if before.asking:
        assert talk.session == before.moved(asking="", tries=0)
    elif before.editing:
        assert (talk.session.state, talk.session.answers) == (before.returns, before.answers)
    elif before.state == "first":
        talk.is_told("back_none")
        assert talk.session == before
    else:
        assert talk.session.state == before.trail[-1]
        assert [*talk.session.answers, before.trail[-1]] == list(before.answers)


def helps(talk: Talk, before: Session) -> None:
    assert talk.session == before
    listed = next(prompt for prompt in talk.turn.prompts if any(WORD in button.data for button in prompt.buttons))
    named = {button.data.rpartition(":")[2] for button in listed.buttons}
    aside = bool(before.asking)
    assert ("skip" in named) == (not aside and before.state not in {"must", "look"})
    assert ("back" in named) == bool(aside or before.trail)
    assert ("change" in named) == bool(before.answers)
    assert ("why" in named) == (not aside and before.state != "look")
    assert named >= {"human", "mydata", "delete", "stop", "language"}


def tells_why(talk: Talk, before: Session) -> None:
    assert talk.session == before
    talk.hears("because") if before.state == "must" else talk.is_told("why_default")


def is_handed_on(talk: Talk, before: Session) -> None:
    assert talk.session == before
    assert isinstance(talk.turn.events[0], Asked)


def changes(talk: Talk, before: Session) -> None:
    assert talk.session.answers == before.answers
    if before.state == "look" and not before.asking:
        assert talk.session == before
    elif before.answers:
        assert talk.session == before.moved(asking="change")
    else:
        talk.is_told("change_none")


def asks_the_language(talk: Talk, before: Session) -> None:
    talk.is_told("language_ask")
    assert talk.session == before.moved(asking="language")


DOES: dict[str, Callable[[Talk, Session], None]] = {
    "stop": stops,
    "skip": skips,
    "back": goes_back,
    "help": helps,
    "why": tells_why,
    "human": is_handed_on,
    "mydata": is_handed_on,
    "change": changes,
    "delete": is_handed_on,
    "language": asks_the_language,
}


def test_every_word_is_in_the_table() -> None:
    assert set(DOES) == set(EVERYWHERE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("word", EVERYWHERE)
def test_a_word_does_what_it_says_wherever_and_however_it_is_sent(word: str, place: str, language: str) -> None:
    for way in WAYS:
        talk = PLACES[place](Talk(flow(language), language))
        before = talk.session
        talk.sends(message(word, way, language, before))
        DOES[word](talk, before)
        asked = talk.turn.prompts or word in {"human", "mydata", "delete"}
        assert asked, f"{word} as {way} is met with silence"


def test_once_todays_question_is_asked_again_it_and_no_language_is_answered() -> None:
    talk = Talk(flow("en")).says("LANGUAGE", "CHANGE").is_told("change_none").says("2")
    assert talk.answers == {"first": "two"}
    talk = to("words")(Talk(flow("en"))).says("CHANGE 1", "LANGUAGE", "222 two").stands_at("words").says("2")
    assert talk.answers["words"] == "2"
    talk = to("words")(Talk(flow("en"))).says("CHANGE 1", "LANGUAGE").sends(Message(Kind.TAP, data="tag:first:two"))
    assert talk.stands_at("words").says("2").answers["words"] == "2"
    to("look")(Talk(flow("en"))).says("LANGUAGE", "CHANGE", "2").stands_at("must")


@pytest.mark.parametrize("language", LANGUAGES)
def test_after_the_end_every_word_is_answered_and_nothing_changes(language: str) -> None:
    for word in EVERYWHERE:
        for way in WAYS:
            talk = to("look")(Talk(flow(language), language)).says("ok")
            before = talk.session
            assert before.status is Status.COMPLETED
            assert talk.sends(message(word, way, language, before)).is_told("already_ended").session == before
