"""The fullest digests there are, all ten items with a gap: one page of fewer than 400 words, in each language."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.assessing.gap import Foretold, Gap, Placed, Rated
from bot.assessing.perception import Field, Verdict
from bot.digests import render
from bot.digests.model import Foot
from bot.digests.render import items
from bot.digests.render.mail import words
from bot.texts import languages, texts
from tests.bot.digests.sample import digest

if TYPE_CHECKING:
    from bot.digests.model import Digest

URL = "https://voice.rivermouth.example/manage/digests/library/2026-W47"
STAGES = ("deliver", "assess", "pilot", "commission", "design", "renew")
GAP = Gap(
    "2026-Q4",
    (Foretold("deliver", "del.overall", 85, 68, 50, 17, 6, 31, Verdict.OPTIMISTIC, False, {"en": ("Very good", "Good")}),),  # noqa: E501 - one prediction
    (Placed("deliver", Field.BLIND_SPOT),),
    14,
    17,
    (Rated("SA01", 60), Rated("SA10", 55), Rated("SA16", 40)),
)  # fmt: skip


def full(stages: int) -> Digest:
    """Return a digest with something of everything, and the score of so many stages."""
    made = digest()
    return replace(made, gap=GAP, scores=tuple(replace(made.scores[0], stage=stage) for stage in STAGES[:stages]))


@pytest.mark.parametrize("language", languages())
def test_a_full_digest_is_one_page_in_the_chat(language: str) -> None:
    for stages in range(1, len(STAGES) + 1):
        told = render.message(full(stages), texts(language), URL)
        assert items.words(told) < 400
        assert told.endswith(URL), "nothing is cut in the middle"
        assert items.headline(full(stages), texts(language)) in told


@pytest.mark.parametrize("language", languages())
def test_a_full_digest_is_one_page_in_the_mail(language: str) -> None:
    for stages in range(1, len(STAGES) + 1):
        told, mail = render.mail(full(stages), texts(language), URL)
        assert words(told) < 400
        assert items.headline(full(stages), texts(language)) in told
        assert URL in told
        assert URL in mail.html


def test_names_as_long_as_they_may_be_leave_it_one_page() -> None:
    made = full(6)
    long = {"en": "Waiting at the counter of the main library in the morning hours"}
    theme = replace(made.problems[0], name=long, step=long, area=long, organised=30, campaigns=2)
    clock = tuple(replace(made.clock[0], title=long["en"]) for _ in range(9))
    foot = Foot(2, 40, (long, long), 4, 10, 20, 30, 40, scores=True)
    made = replace(made, name=long, problems=(theme,) * 3, works=theme, clock=clock, proposed=3, foot=foot)
    for language in ("en", "fr"):
        assert words(render.mail(made, texts(language), URL)[0]) < 400
        assert items.words(render.message(made, texts(language), URL)) < 400


def test_what_a_full_digest_leaves_out_is_counted() -> None:
    told, mail = render.mail(full(4), texts("en"), URL)
    assert "lines left out to keep to one page." in told
    assert "lines left out to keep to one page." in mail.html
    assert "left out to keep" not in render.mail(replace(full(1), gap=None), texts("en"), URL)[0]


def test_the_page_of_a_full_digest_leaves_nothing_out() -> None:
    told = render.page(full(4), texts("en"))
    assert len(told.gap) == 2
    assert [len(stage.sentences) for stage in told.stages] == [len(told.stages[0].sentences)] * 4


def busy(stages: int) -> Digest:
    """Return the same with four actions that are late; of each stage it tells a change."""
    made = full(stages)
    assert made.deeds
    late = tuple(replace(made.deeds.lines[0], id=n, words=f"Move the desk {n}") for n in range(4))
    return replace(made, deeds=replace(made.deeds, lines=(*late, *made.deeds.lines[1:])))


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("stages", [1, 4, 6])
def test_what_changed_and_what_is_late_are_the_last_to_go(stages: int, language: str) -> None:
    made, said = busy(stages), texts(language)
    told = render.page(made, said)
    for text in (render.message(made, said, URL), render.mail(made, said, URL)[0]):
        assert words(text) < 400
        assert told.clock[0] in text, "a result is late"
        assert told.deeds[0] in text, "an action is late"
        news = [*(stage.kept[1] for stage in told.stages), *(stage.sentences[0] for stage in told.stages)]
        if not all(line in text for line in (*news, *told.deeds[: told.late])):
            assert told.works not in text
            assert not any(line in text for line in (*told.gap, *told.wanted[0].sentences, *told.problems[1:]))
            assert "I stood there" not in text
            assert said.many("digest.foot.left", 0).split()[-1] in text, "what is gone is counted"


def test_an_ordinary_week_with_much_that_is_late_tells_all_that_changed() -> None:
    made, said = busy(3), texts("en")
    made = replace(made, results=(), gap=None, clock=made.clock[:1])
    told = render.page(made, said)
    for text in (render.message(made, said, URL), render.mail(made, said, URL)[0]):
        for line in (*told.clock, *(stage.kept[1] for stage in told.stages), *told.deeds[: told.late]):
            assert line in text


def test_a_stage_that_has_not_moved_goes_before_one_that_has() -> None:
    made = busy(6)
    calm = replace(made.scores[0], change=None)
    made = replace(made, scores=(calm, *made.scores[1:3], calm, calm, made.scores[5]))
    told = render.page(made, texts("en"))
    text = render.mail(made, texts("en"), URL)[0]
    for place in (1, 2, 5):
        assert all(sentence in text for sentence in told.stages[place].kept)
