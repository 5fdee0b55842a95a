"""The quarterly sheet: only what was told before, added up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.assessing.gap import Foretold, Gap
from bot.assessing.perception import Verdict
from bot.digests import findings
from bot.digests.disclosure import NOTHING, share
from bot.digests.findings import Asked, Counts, Turnout
from bot.digests.quarters import OPEN, VALUES, Ended, Quarter, sheet, values
from bot.digests.render import quarter as render
from bot.digests.weeks import Week
from bot.texts import languages
from flows.binding import bind
from flows.catalog import Catalog
from storage.findings import Counted
from tests.bot.digests.sample import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.digests.findings import Findings
    from bot.digests.model import Digest
    from bot.digests.quarters import Sheet, Value

ZONE, MINIMUM = ZoneInfo("Europe/Berlin"), 5
Q4 = Quarter(2026, 4)
AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
WHOLE = digest()
STATES = {
    "ass.change": "change",
    "ass.worth": "worth",
    "ass.community": "community",
    "ass.equal": "equal",
    "ass.trust": "trust",
    "ass.money": "money",
}
WORTH = {"5": 100, "4": 75, "3": 50, "2": 25, "1": 0}


def week(part: int, base: int, reworded: str = "") -> Digest:
    (score,) = WHOLE.scores
    return replace(WHOLE, scores=(replace(score, positive=share(part, base, MINIMUM), reworded=reworded),))


def of(issued: Mapping[Week, Digest], ended: tuple[Ended, ...] = (), gap: Gap | None = None) -> Sheet:
    return sheet(Q4, issued, gap, ended, MINIMUM, ZONE)


def published(given: Mapping[str, Mapping[str, int]], at: datetime = AT, minimum: int = 10) -> Findings:
    catalog = Catalog.load()
    found = catalog.get("yearly_review")
    flow = bind(found, dict.fromkeys(found.placeholders, "it"), {})
    counted = [Counted(state, each, None, None, n) for state, said in given.items() for each, n in said.items()]
    counts = Counts({state: sum(said.values()) for state, said in given.items()}, counted)
    return findings.found(Asked("r", {"en": "R"}, flow, minimum), Turnout(1000), counts, at)


def value(of_: Findings, whose: str) -> Value:
    return next(each for each in values(of_) if each.whose == whose)


# --------------------------------------------------------------------------- quarters


@given(st.dates(date(1990, 1, 1), date(2100, 12, 31)))
def test_every_week_belongs_to_one_quarter(day: date) -> None:
    quarter = Quarter.holding(Week.holding(day).sunday)
    assert Week.holding(day) in quarter.weeks
    assert Week.holding(day) not in quarter.before.weeks
    assert quarter.weeks[0].back(1) == quarter.before.weeks[-1]
    assert 12 <= len(quarter.weeks) <= 14
    assert Quarter.parse(str(quarter)) == quarter


def test_a_week_on_both_sides_of_new_year_belongs_to_where_its_sunday_lies() -> None:
    assert Week(2026, 53) in Quarter(2027, 1).weeks
    assert Week(2026, 53) not in Q4.weeks
    assert Q4.first == date(2026, 10, 1)
    assert Quarter(2027, 1).before == Q4


@pytest.mark.parametrize("text", ["2026-Q5", "2026-W47", "0001-Q1", "9999-Q4", "", "Q4"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 2026-Q4"):
        Quarter.parse(text)


# --------------------------------------------------------------------------- scores


def test_a_share_is_that_of_the_weeks_which_told_one() -> None:
    told = of({Week(2026, 41): week(30, 50), Week(2026, 42): week(12, 40), Week(2026, 43): week(1, 3)})
    (score,) = told.scores
    assert (score.positive.part, score.positive.base) == (42, 90)
    assert [point.share.says for point in score.weeks] == [True, True, False]
    assert score.change is None, "no week of the quarter before told a share"


def test_the_change_is_against_the_quarter_before() -> None:
    before = {each: week(14, 20) for each in Q4.before.weeks}
    now = {each: week(8, 20) for each in Q4.weeks}
    (score,) = of(before | now).scores
    assert score.change is not None
    assert (score.change.points, score.change.real) == (-30, True)
    assert (score.change.before.part, score.change.before.base) == (14 * len(before), 20 * len(before))


def test_weeks_that_were_asked_otherwise_are_not_added_up() -> None:
    issued = {Week(2026, 41): week(30, 50), Week(2026, 46): week(20, 40, reworded="2026-W45")}
    (score,) = of({Week(2026, 30): week(30, 50), **issued}).scores
    assert (score.positive.part, score.positive.base, score.change) == (20, 40, None)


def test_a_stage_of_which_nothing_is_told_says_so() -> None:
    told = of({Week(2026, 41): replace(WHOLE, scores=(replace(WHOLE.scores[0], positive=NOTHING),))})
    said = render.page(told, {"en": "Library"}, "en", running=False)
    assert said.stages[0].sentences[0] == "Deliver: under 5 answers."
    assert said.stages[0].rows == ()


# --------------------------------------------------------------------------- value


def test_the_two_values_are_means_of_their_questions() -> None:
    said = {"worth": {"5": 400, "4": 200, "3": 0, "2": 0, "1": 0}, "change": {"3": 500}}
    each = value(published(said), "individual")
    worth, change = (next(one for one in each.indices if one.item == item) for item in ("ass.worth", "ass.change"))
    assert (worth.value, worth.low, worth.high, worth.base) == (91, 90, 92, 600), (
        "up to nine more may have called it worth nothing"
    )
    assert change.value == 50
    assert (each.mean, each.told, each.wanted) == (71, 2, 2)
    public = value(published(said), "public")
    assert (public.mean, public.told, public.wanted) == (None, 0, 4)


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.sampled_from([*WORTH, "na"]), st.integers(0, 300), min_size=1),
    st.sampled_from(sorted(STATES)),
    st.sampled_from([5, 10]),
)
def test_what_people_said_lies_within_what_is_told(said: dict[str, int], item: str, minimum: int) -> None:
    found = published({STATES[item]: said}, minimum=minimum)
    whose = next(whose for whose, items in VALUES.items() if item in items)
    index = next(each for each in value(found, whose).indices if each.item == item)
    people = sum(said.get(each, 0) for each in WORTH)
    if index.value is None or index.low is None or index.high is None:
        return
    exact = Fraction(sum(WORTH[each] * said.get(each, 0) for each in WORTH), people)
    assert index.low - Fraction(1, 2) <= exact <= index.high + Fraction(1, 2)
    assert index.low <= index.value <= index.high
    assert index.high - index.low <= OPEN + 1


def test_few_people_are_told_nothing_of() -> None:
    each = value(published({"worth": {"5": 12, "4": 7}}), "individual")
    assert each.mean is None
    assert {one.value for one in each.indices} == {None}


def test_rounds_of_other_quarters_are_left_out() -> None:
    found = published({"worth": {"5": 400}})
    late = replace(found, at=datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    told = of({}, (Ended("b", {"en": "B"}, late), Ended("a", {"en": "A"}, found)))
    assert [each.code for each in told.accounts] == ["a"], "half past eleven in London is next year in Berlin"


def test_a_round_that_asks_nothing_of_value_has_no_account() -> None:
    assert of({}, (Ended("a", {"en": "A"}, replace(published({}), findings=())),)).empty


# --------------------------------------------------------------------------- in words


@pytest.mark.parametrize("language", languages())
def test_every_language_tells_all_of_it(language: str) -> None:
    before = {each: week(14, 20) for each in Q4.before.weeks}
    now = {each: week(8, 20) for each in Q4.weeks}
    seen = Foretold("deliver", WHOLE.scores[0].item, 85, 68, 50, 17, 6, 31, Verdict.OPTIMISTIC, indication=False)
    gap = Gap("2026-Q4", foretold=(replace(seen, good=WHOLE.scores[0].good),), calibration=17)
    ended = Ended("a", {"en": "Worth it?"}, published({"worth": {"5": 400, "4": 200}, "trust": {"3": 300}}))
    for running, empty in ((True, False), (False, True)):
        told = of({} if empty else before | now, () if empty else (ended,), None if empty else gap)
        said = render.page(told, {"en": "Library"}, language, running=running)
        everything = repr(said)
        assert "{" not in everything.replace("{'", "")
        assert bool(said.none) == empty
        assert len(said.gap) == (0 if empty else 2)
        assert len(said.accounts) == (0 if empty else 1)
