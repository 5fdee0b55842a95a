"""What a manager expected, in the words of their digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.assessing.gap import Gap, Guess, Placed, Rated, field_line, foretell, lines, off_by
from bot.assessing.perception import Field
from bot.assessing.words import words
from bot.digests.disclosure import NOTHING, share
from bot.digests.model import Digest, Form, Who, dump, load
from bot.digests.render.chat import message
from bot.digests.render.mail import mail
from bot.texts import texts
from tests.flows.talk import LANGUAGES

GOOD = {"en": ("Very good", "Good"), "de": ("Sehr gut", "Gut")}
DELIVER = Guess("deliver", "del.overall", 85, share(34, 50, 5), GOOD)
DESIGN = Guess("design", "des.equal", 40, share(14, 25, 5))
RENEW = Guess("renew", "ren.told", 60, NOTHING)
GAP = Gap(
    "2026-Q4",
    foretell([RENEW, DESIGN, DELIVER]),
    (Placed("design", Field.PROVEN), Placed("deliver", Field.BLIND_SPOT)),
    off_by([DELIVER, DESIGN, RENEW]),
    20,
    (Rated("SA11", 62), Rated("SA03", None)),
)
DIGEST = Digest(
    *("library", {"en": "Library"}, "Newtown", "2026-W47", date(2026, 11, 16), date(2026, 11, 22)),
    *(datetime(2026, 11, 23, 8, tzinfo=UTC), Form.FULL, False, 5, Who(50, 312)),
    gap=GAP,
)


def test_the_worked_example_in_words() -> None:
    said = lines(GAP, words("en"))
    assert said == (
        "Deliver: you expected 85%, and 68% of 50 said very good or good: 17 points too optimistic (range 6 to 31).",
        (
            "Deliver: a blind spot. You rate your practice high, and people's experience is low. "
            "On the whole your guesses are 17 points off this quarter. Last quarter: 20 points. "
            "You work on: reading feedback and acting (62 of 100); reaching the seldom heard."
        ),
    )


def test_a_prediction_too_low_is_told_as_a_gap_the_other_way() -> None:
    (told,) = foretell([replace(DESIGN, percent=20)])
    assert (told.points, told.low, told.high) == (-36, -53, -17)
    said = lines(Gap("2026-Q4", (told,)), words("en"))[0]
    assert said.endswith("36 points too pessimistic (range 17 to 53). An indication only.")


def test_a_field_that_few_people_made_is_told_as_an_indication() -> None:
    for language in LANGUAGES:
        said = words(language)
        firm, weak = (field_line(Placed("deliver", Field.BLIND_SPOT, few), said) for few in (False, True))
        assert weak == f"{firm} {said('gap.indication')}"


def test_a_small_gap_is_in_line_and_nothing_known_says_nothing() -> None:
    said = lines(Gap("2026-Q4", foretell([replace(DELIVER, percent=70)])), words("en"))
    assert said == ("Deliver: you expected 70%, and 68% of 50 said very good or good: in line.",)
    assert lines(Gap("2026-Q4"), words("en")) == ()
    assert off_by([RENEW]) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_chat_mail_and_file_tell_the_same_two_lines(language: str) -> None:
    said = lines(GAP, words(language))
    assert len(said) == 2
    assert load(dump(DIGEST)) == DIGEST
    text, sent = mail(DIGEST, texts(language))
    assert words(language)("gap.head").upper() in text
    for line in said:
        assert line in text
        assert line in message(DIGEST, texts(language))
    assert words(language)("gap.head") in sent.html
