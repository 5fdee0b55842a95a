"""From levels to scores, against plain loops and the rules written down."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.assessing.items import BY_ID, ITEMS, LEVELS, OF_STAGE, SKILLS
from bot.assessing.scoring import Said, above_teams, levels, moved, quarter, score, together
from flows.catalog import Catalog
from flows.model import Stage

evidence = st.sampled_from(["", "  ", "I have none", "the report.pdf", "https://city.example/report"])
said = st.builds(Said, st.sampled_from([None, *LEVELS]), evidence, st.booleans())
forms = st.dictionaries(st.sampled_from([item.id for item in ITEMS]), said)


def slow_level(said: Said) -> int | None:
    level, proof, of_round = said
    if level is None:
        return None
    if level in {3, 4} and "report" not in proof and not of_round:
        return 2
    return level


def test_there_are_three_items_a_stage_and_eight_skills() -> None:
    assert list(OF_STAGE) == [stage.value for stage in Stage]
    assert {len(of) for of in OF_STAGE.values()} == {3}
    assert len(ITEMS) == len(BY_ID) == 18
    assert {item.skill for item in ITEMS} == set(SKILLS)
    assert {sum(item.skill == skill for item in ITEMS) for skill in SKILLS} == {2, 3}


def test_every_item_has_citizens_questions_beside_it() -> None:
    paired = {pair for item in Catalog.load().bank.items.values() for pair in item.pair}
    assert paired == set(BY_ID)


@pytest.mark.parametrize(
    ("level", "proof", "counts"),
    [(0, "", 0), (2, "", 2), (3, "", 2), (4, " ", 2), (3, "see report.pdf", 3), (4, "https://city.example", 4)],
)
def test_a_high_level_that_nothing_shows_counts_as_two_and_is_marked(level: int, proof: str, counts: int) -> None:
    assert Said(level, proof).counts == counts
    assert Said(level, proof).claimed == (level > counts)


@pytest.mark.parametrize(
    "proof",
    [
        *("https://city.example/steps", "See (http://wiki/steps).", "www.city.example", "city.example/steps"),
        *("blueprint.pdf", "Blueprint of 2026, final-v2.docx!", "«خطة.pdf»", "LOG.XLSX", "film (2).mp4"),
    ],
)
def test_a_link_or_the_name_of_a_file_shows_a_level(proof: str) -> None:
    assert Said(4, proof).counts == 4


@pytest.mark.parametrize(
    "proof",
    [
        *("no", "I have none", "-", "x", "...", "https://", "ask Max, max@city.example", "and/or", "about 2.5"),
        "e.g. ours",
        *("We keep it.The team knows.", "since 12.10.2026", "round opening-hours-7qk2m"),
    ],
)
def test_other_words_show_nothing(proof: str) -> None:
    assert Said(3, proof).counts == 2
    assert Said(3, proof).claimed


def test_the_code_of_a_round_shows_a_level_where_there_is_such_a_round() -> None:
    assert Said(3, "opening-hours-7qk2m", of_round=True).counts == 3


@given(forms)
def test_scores_are_those_of_plain_loops(form: dict[str, Said]) -> None:
    found = score(levels(form))
    totals = []
    for stage in Stage:
        points = []
        for item in ITEMS:
            if item.stage == stage and item.id in form:
                level = slow_level(form[item.id])
                if level is not None:
                    points.append(level * 25)
        expected = Fraction(sum(points), len(points)) if len(points) >= 2 else None
        assert found.stages[stage] == expected
        if expected is not None:
            totals.append(expected)
    for skill in SKILLS:
        points = [
            25 * level
            for item in ITEMS
            if item.skill == skill and item.id in form
            for level in [slow_level(form[item.id])]
            if level is not None
        ]
        assert found.skills[skill] == (Fraction(sum(points), len(points)) if points else None)
    assert found.total == (sum(totals, Fraction()) / len(totals) if totals else None)


@given(st.lists(forms, max_size=5))
def test_of_several_assessors_the_middle_and_the_ends_are_those_of_plain_loops(given_: list[dict[str, Said]]) -> None:
    found = together(given_)
    for item in ITEMS:
        several = sorted(
            level for form in given_ if item.id in form for level in [slow_level(form[item.id])] if level is not None
        )
        if not several:
            assert item.id not in found
            continue
        half = len(several) // 2
        middle = Fraction(several[half]) if len(several) % 2 else Fraction(several[half - 1] + several[half], 2)
        seen = found[item.id]
        assert (seen.middle, seen.low, seen.high, seen.assessors) == (middle, several[0], several[-1], len(several))
        assert seen.talk == (several[-1] - several[0] >= 2)


def test_one_level_in_one_of_three_items_is_no_news_and_two_are() -> None:
    before = score(levels({"SA10": Said(2), "SA11": Said(2), "SA12": Said(1)})).stages["deliver"]
    one = score(levels({"SA10": Said(2), "SA11": Said(2), "SA12": Said(2)})).stages["deliver"]
    two = score(levels({"SA10": Said(2), "SA11": Said(3, "log.csv"), "SA12": Said(2)})).stages["deliver"]
    step = moved(one, before, {1, 2}, {2, 1})
    assert step is not None
    assert (round(float(step.points), 1), step.news) == (8.3, False)
    steps = moved(two, before, {1, 2}, {2, 1})
    assert steps is not None
    assert steps.news


def test_other_assessors_are_never_compared() -> None:
    assert moved(Fraction(80), Fraction(20), {1, 2}, {1, 2, 3}) is None
    assert moved(Fraction(80), None, {1}, {1}) is None


@given(st.lists(st.fractions(0, 100), max_size=6))
def test_above_one_team_only_means_of_three_are_told_and_in_steps(totals: list[Fraction]) -> None:
    mean = above_teams(totals)
    if len(totals) < 3:
        assert mean is None
    else:
        assert mean is not None
        assert mean % 5 == 0
        assert abs(mean - sum(totals) / len(totals)) <= Fraction(5, 2)


def test_a_day_lies_in_its_quarter() -> None:
    assert [quarter(date(2026, month, 1)) for month in (1, 3, 4, 9, 10, 12)] == [
        *("2026-Q1", "2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4", "2026-Q4")
    ]
