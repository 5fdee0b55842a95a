"""When a digest says Act, Watch or Steady."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digests import disclosure, signals
from bot.digests.deeds import Deed, Deeds, Stand
from bot.digests.disclosure import NOTHING
from bot.digests.model import Change, Form, Missing, Move, Point, Reason, State, Theme, Worded, dump, load
from bot.digests.render import items
from bot.digests.render.leads import leads
from bot.digests.render.told import page
from bot.digests.summarise import Deadline, Heard, same_for_reader, sign_of_life, summarise
from bot.digests.weeks import Week
from bot.texts import languages, texts
from tests.bot.digests import sample, slow
from tests.bot.digests.material import One, counted, monday_after, scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.digests.disclosure import Share
    from bot.digests.model import Alert, Digest

WEEK = Week(2026, 47)


def week(good: int, bad: int, back: int = 0) -> list[One]:
    day = WEEK.back(back).monday
    return [One(day, "5")] * good + [One(day, "1")] * bad


def made(people: Sequence[One], *deadlines: Deadline, **facts: Any) -> Digest:
    known = counted(people, WEEK)
    found = summarise(known, scope(WEEK, deadlines, **facts), monday_after(WEEK))
    assert found is not None
    return found


def reasons(found: Digest) -> list[Reason]:
    return [alert.reason for alert in found.alerts]


# --------------------------------------------------------------------------- act


def test_a_week_like_the_others_is_steady() -> None:
    found = made([*week(35, 15), *week(34, 16, 1), *week(36, 14, 2)])
    assert (found.state, found.alerts) == (State.STEADY, ())


def test_an_open_report_of_danger_asks_to_act_even_where_nobody_answered() -> None:
    found = made([], urgent_open=1)
    assert (found.form, found.state, reasons(found)) == (Form.SHORT, State.ACT, [Reason.URGENT])


def test_a_report_back_that_is_late_asks_to_act() -> None:
    found = made([], Deadline("spring", "Spring", "closed", feedback_on=WEEK.sunday - timedelta(days=5)))
    assert [(each.reason, each.count) for each in found.alerts] == [(Reason.OVERDUE, 6)]
    due = made([], Deadline("spring", "Spring", "closed", feedback_on=WEEK.sunday + timedelta(days=1)))
    assert due.state is State.STEADY


def test_a_fall_beyond_chance_at_99_percent_asks_to_act() -> None:
    """34 of 50 after 60 of 70 is a real change at 95 %, and not enough to act; 28 of 50 is."""
    assert made([*week(34, 16), *week(60, 10, 1)]).state is State.STEADY
    found = made([*week(28, 22), *week(60, 10, 1)])
    assert [(each.reason, each.stage, each.count) for each in found.alerts] == [(Reason.FELL, "deliver", 30)]


def test_a_rise_is_no_alarm() -> None:
    assert made([*week(60, 10), *week(20, 30, 1)]).state is State.STEADY


@settings(deadline=None, max_examples=60)
@given(st.integers(30, 60), st.integers(0, 60), st.integers(12, 80), st.integers(0, 80))
def test_a_fall_is_called_one_only_where_it_is_beyond_chance(base: int, good: int, then: int, liked: int) -> None:
    good, liked = min(good, base), min(liked, then)
    found = made([*week(good, base - good), *week(liked, then - liked, 1)])
    if Reason.FELL in reasons(found):
        assert slow.newcombe(good, base, liked, then, 2.5758293035489004)[1] < 0
    elif found.scores[0].change and found.scores[0].change.points is not None:
        assert slow.newcombe(good, base, liked, then, 2.5758293035489004)[1] >= 0


def theme(people: int, before: int | None, *, compared: bool = True) -> Theme:
    return Theme("waiting", {"en": "Waiting"}, people, before, compared)


def of_themes(*themes: Theme, minimum: int = 5) -> tuple[Alert, ...]:
    return signals.alerts(urgent=0, clock=(), scores=(), themes=themes, missing=(), minimum=minimum)


@pytest.mark.parametrize(
    ("people", "before", "compared", "acts"),
    [
        (14, 6, True, True),
        (12, 6, True, True),
        (11, 6, True, False),
        (9, 3, True, False),
        (10, None, True, True),
        (14, None, False, False),
        (20, 0, True, True),
    ],
)
def test_a_theme_of_ten_people_that_doubled_asks_to_act(
    people: int,
    before: int | None,
    compared: bool,
    acts: bool,
) -> None:
    found = of_themes(Theme("waiting", {}, people, before, compared))
    assert [each.reason for each in found] == [Reason.DOUBLED] * acts


def test_a_number_too_small_to_tell_counts_as_the_largest_it_can_be() -> None:
    assert of_themes(theme(17, None), minimum=10) == ()
    assert of_themes(theme(18, None), minimum=10) != ()


# --------------------------------------------------------------------------- watch


def test_a_fall_of_fifteen_points_of_few_answers_is_watched() -> None:
    found = made([*week(12, 8), *week(60, 20, 1)])
    assert [(each.reason, each.count, each.state) for each in found.alerts] == [(Reason.DROP, 15, State.WATCH)]
    assert made([*week(13, 8), *week(60, 20, 1)]).alerts == ()


def line(*percents: int | None) -> list[Share]:
    return [disclosure.share(0, 0, 5) if each is None else disclosure.share(each, 100, 5) for each in percents]


@pytest.mark.parametrize(
    ("weeks", "side"),
    [
        ([70] * 6 + [60] * 6, -6),
        ([60] * 6 + [70] * 6, 6),
        ([70] * 7 + [60] * 5, -5),
        ([70, 60] * 6, -1),
        ([70] * 5 + [60] * 6, 0),
        ([70] * 9 + [60] * 3 + [None] + [60] * 5, -5),
        ([70] * 3 + [65] + [60] * 3 + [65] * 6, 0),
    ],
)
def test_a_run_counts_weeks_on_one_side_of_the_median(weeks: list[int | None], side: int) -> None:
    assert signals.side(line(*weeks)) == side


def test_six_weeks_under_the_median_are_watched_and_told() -> None:
    people = [one for back in range(14) for one in week(*((30, 20) if back < 6 else (40, 10)), back)]
    found = made(people)
    assert [(each.reason, each.count) for each in found.alerts if each.state is State.WATCH] == [(Reason.BELOW, 6)]
    assert (found.scores[0].median, found.scores[0].side) == (80, -6)


@given(st.lists(st.integers(10, 90), min_size=12, max_size=26))
def test_a_run_is_never_longer_than_half_of_the_weeks(weeks: list[int]) -> None:
    told = signals.side(line(*weeks))
    assert abs(told) <= len(weeks) / 2
    ordered = sorted(weeks)
    centre = (ordered[(len(weeks) - 1) // 2] + ordered[len(weeks) // 2]) / 2
    run = weeks[len(weeks) - abs(told) :]
    assert all((each > centre) == (told > 0) and each != centre for each in run)


def test_a_group_heard_less_than_half_is_watched() -> None:
    groups = (Missing("age", {"en": "young"}, 0.49), Missing("area", {"en": "north"}, 0.5))
    found = made(week(30, 10), missing=groups)
    assert [(each.reason, each.name["en"]) for each in found.alerts] == [(Reason.MISSING, "young")]


# --------------------------------------------------------------------------- at most three; what to do


def test_there_are_at_most_three_alerts_the_gravest_first() -> None:
    late = [Deadline(str(n), f"Round {n}", "closed", feedback_on=date(2026, 11, n)) for n in (3, 5)]
    found = made([*week(28, 22), *week(60, 10, 1)], *late, urgent_open=2, missing=sample.MISSING)
    assert reasons(found) == [Reason.URGENT, Reason.OVERDUE, Reason.FELL]
    assert (found.alerts[1].count, found.more_alerts) == (20, 2)


def test_what_is_overdue_hides_no_fall() -> None:
    late = [Deadline(str(n), f"Round {n}", "closed", feedback_on=date(2026, 11, n)) for n in (3, 4, 5, 6)]
    found = made([*week(10, 30), *week(40, 0, 1)], *late)
    assert [(each.reason, each.count) for each in found.alerts[:2]] == [(Reason.OVERDUE, 20), (Reason.OVERDUE, 19)]
    assert (reasons(found)[2], found.more_alerts) == (Reason.FELL, 2)
    assert items.headline(found, texts("en")).endswith("Deliver fell by 75 points; 2 more.")
    assert (Move.FIX, "score") in [(each.move, each.about) for each in found.proposals]


def test_a_fall_that_is_not_told_is_proposed_to_be_looked_into() -> None:
    late = [Deadline(str(n), f"Round {n}", "closed", feedback_on=date(2026, 11, n)) for n in (3, 5)]
    grew = Heard("grew", {"en": "Grew"}, good=True, people=20, people_before=5)
    known = replace(counted([*week(10, 30), *week(40, 0, 1)], WEEK), heard=(grew,))
    found = summarise(known, scope(WEEK, late, urgent_open=1), monday_after(WEEK))
    assert found is not None
    assert (Move.FIX, "score") in [(each.move, each.about) for each in found.proposals]


def test_a_theme_that_doubled_is_told_before_larger_ones() -> None:
    heard = [Heard(f"t{n}", {"en": f"Theme {n}"}, good=False, people=20 - n, people_before=20) for n in range(3)]
    grew = Heard("grew", {"en": "Grew"}, good=False, people=12, people_before=5)
    known = replace(counted(sample.people(), WEEK), heard=(*heard, grew))
    found = summarise(known, scope(WEEK), monday_after(WEEK))
    assert found is not None
    assert Reason.DOUBLED in reasons(found)
    assert ([each.key for each in found.problems], found.more_problems) == (["t0", "t1", "grew"], 1)
    assert "Fix: Grew." in items.proposals(found, texts("en"))


def test_what_asks_to_act_comes_before_what_most_people_name() -> None:
    heard = [Heard(f"t{n}", {"en": f"Theme {n}"}, good=False, people=20, people_before=20) for n in range(3)]
    people = [*week(10, 30), *week(40, 0, 1)]
    known = replace(counted(people, WEEK), heard=tuple(heard))
    found = summarise(known, scope(WEEK), monday_after(WEEK))
    assert found is not None
    assert reasons(found) == [Reason.FELL]
    assert items.proposals(found, texts("en")) == ("Find out why it fell: Deliver.", "Fix: Theme 0.", "Fix: Theme 1.")
    late = [Deadline(str(n), f"Round {n}", "closed", feedback_on=date(2026, 11, n)) for n in (3, 5)]
    found = summarise(known, scope(WEEK, late, urgent_open=2, missing=sample.MISSING), monday_after(WEEK))
    assert found is not None
    assert [(each.move, each.about) for each in found.proposals] == [
        (Move.FIX, "urgent"),
        (Move.FIX, "score"),
        (Move.TELL, "overdue"),
    ]


def test_an_open_report_of_danger_says_where_it_is() -> None:
    (step,) = items.proposals(made(week(30, 10), urgent_open=1), texts("en"))
    assert "message" in step
    assert "“I look after it”" in step


def test_actions_that_are_late_bring_a_step() -> None:
    late = Deed(1, "fix", Stand.LATE, "Move the desk", due_on=date(2026, 11, 3), days=20)
    calm = [*week(35, 15), *week(34, 16, 1)]
    assert made(calm, deeds=Deeds((replace(late, stand=Stand.OPEN, days=0),))).proposals == ()
    found = made(calm, deeds=Deeds((late,)))
    assert items.proposals(found, texts("en")) == ("Finish the actions that are late, or give them a new day.",)
    assert leads(found, texts("en"))["proposals"][0].path == "/manage/actions/ambulance"


# --------------------------------------------------------------------------- what changed, though nobody has to act


@pytest.mark.parametrize(
    ("now", "then", "told"),
    [
        ((90, 10), (50, 50), "Steady: nothing asks you to act; Deliver rose by 40 points."),
        ((30, 20), (120, 40), "Steady: nothing asks you to act; Deliver fell by 15 points."),
        ((97, 3), (50, 50), "Steady: nothing asks you to act; Deliver rose."),
        ((36, 14), (34, 16), "Steady: no real change this week."),
    ],
)
def test_a_real_change_is_in_the_headline_also_where_nobody_has_to_act(
    now: tuple[int, int], then: tuple[int, int], told: str
) -> None:
    found = made([*week(*now), *week(*then, 1)])
    assert (found.state, items.headline(found, texts("en"))) == (State.STEADY, told)
    for language in languages():
        assert items.words(items.headline(found, texts(language))) <= items.WORDS


def test_the_first_week_does_not_say_that_nothing_changed() -> None:
    found = made(week(36, 14))
    for language in languages():
        told = items.headline(found, texts(language))
        assert told != items.headline(made([*week(36, 14), *week(34, 16, 1)]), texts(language))
        assert items.words(told) <= items.WORDS
    assert items.headline(found, texts("en")).endswith("too few answers to compare with earlier weeks.")


@pytest.mark.parametrize(
    ("now", "then", "moved", "verdict"),
    [
        ((118, 7), [(36, 2), (36, 13), (36, 12), (35, 3)], "rose", "over 80%): a real rise."),
        ((62, 63), [(36, 2), (36, 13), (36, 12), (35, 3)], "fell", "over 80%): a real fall."),
        ((7, 118), [(2, 36), (13, 36), (12, 36), (3, 35)], "fell", "under 20%): a real fall."),
        ((63, 62), [(2, 36), (13, 36), (12, 36), (3, 35)], "rose", "under 20%): a real rise."),
    ],
)
def test_which_way_a_share_went_is_told_though_the_weeks_before_are_a_band(
    now: tuple[int, int], then: list[tuple[int, int]], moved: str, verdict: str
) -> None:
    """94 % good after 84 %: two of the four weeks are bands, and so are the four together."""
    found = made([*week(*now), *(one for back, each in enumerate(then, 1) for one in week(*each, back))])
    (score,) = found.scores
    assert (score.change and score.change.real, score.change and score.change.points) == (True, None)
    calm = replace(found, alerts=())
    assert items.headline(calm, texts("en")) == f"Steady: nothing asks you to act; Deliver {moved}."
    assert any(each.endswith(verdict) for each in page(found, texts("en")).stages[0].sentences)


def test_which_way_a_theme_went_is_told_though_the_weeks_before_are_a_band() -> None:
    shares = [disclosure.share(good, 40, 5) for good in (38, 29, 28, 38)]
    band = disclosure.together(shares, 5)
    assert band.band == "over"
    now = disclosure.share(93, 100, 5)
    weeks = tuple(Point(str(WEEK.back(4 - n)), each) for n, each in enumerate([*shares, now]))
    real = replace(theme(93, 38), share=now, change=Change(band, real=True), weeks=weeks)
    found = replace(made(week(36, 14)), problems=(real,))
    assert items.headline(found, texts("en")) == "Steady: nothing asks you to act; more about “Waiting”."
    assert "more than in the last 4 weeks (over" in items.problems(found, texts("en"))[0]


def test_a_theme_that_really_grew_is_in_the_headline_too() -> None:
    real = replace(theme(14, 12), change=Change(disclosure.share(10, 100, 5), real=True, points=9))
    found = replace(made([*week(36, 14), *week(34, 16, 1)]), problems=(real,))
    assert items.headline(found, texts("en")) == "Steady: nothing asks you to act; more about “Waiting”."


def test_a_share_that_stays_low_did_not_fall() -> None:
    people = [one for back in range(14) for one in week(*((30, 20) if back < 6 else (40, 10)), back)]
    (proposal,) = made(people).proposals
    assert (proposal.move, proposal.about, proposal.stage) == (Move.FIX, "low", "deliver")
    assert "Find out why it stays low: Deliver." in items.proposals(made(people), texts("en"))


def test_the_sample_of_a_library_is_found_as_the_rules_have_it() -> None:
    found = sample.digest()
    assert found.state is State.ACT
    assert reasons(found) == [Reason.OVERDUE, Reason.DOUBLED, Reason.MISSING]
    assert [(each.move, each.about) for each in found.proposals] == [
        (Move.FIX, "theme"),
        (Move.ASK, "missing"),
        (Move.TELL, "overdue"),
    ]
    assert [(each.key, each.people, each.before) for each in found.problems] == [
        ("waiting", 14, 6),
        ("sms", 9, 8),
        ("door", 5, None),
    ]
    assert (found.more_problems, found.works and found.works.key) == (1, "staff")
    assert found.problems[0].step["en"] == "Hand-over"


def test_a_running_week_tells_no_theme_and_no_change() -> None:
    known = replace(counted(sample.people(), WEEK), heard=sample.HEARD)
    found = summarise(known, scope(WEEK, so_far=True), monday_after(WEEK))
    assert found is not None
    assert (found.problems, found.works, found.alerts) == ((), None, ())


def test_what_says_the_same_as_in_the_digest_before_is_marked() -> None:
    first = sample.digest()
    later = sample.digest(earlier=replace(first, period="2026-W46"))
    figures = {"missing", "result.garden.order", "proposal.0", "proposal.1", "proposal.2"}
    assert {*same_for_reader(later, first)} == {*figures, "deed.0", "deed.1", "deed.2", "deeds.told"}
    other = sample.digest(earlier=replace(first, period="2026-W46"), missing=sample.MISSING[:1])
    assert "missing" not in set(same_for_reader(other, first))


def test_themes_that_still_wait_are_told_as_last_time() -> None:
    first, later = made(week(35, 15), proposed=2), made(week(35, 15), proposed=2)
    assert items.proposed(first, texts("en")) == "2 new themes wait for you."
    again = tuple(same_for_reader(later, first))
    assert again == ("proposed",)
    assert items.proposed(replace(later, again=again), texts("en")) == "As last time: 2 new themes wait for you."
    assert "proposed" not in set(same_for_reader(made(week(35, 15), proposed=3), first))
    assert [*same_for_reader(made(week(35, 15)), made(week(35, 15)))] == []


def test_the_week_before_of_a_theme_is_what_was_told_of_it_then() -> None:
    """Whoever had a text deleted since does not show in the difference."""
    told = replace(sample.digest(), period="2026-W46", problems=(Theme("waiting", {}, 7),))
    assert sample.digest(earlier=told).problems[0].before == 7


def test_a_theme_that_another_was_merged_into_has_not_doubled() -> None:
    """Six people raised each of the two in each week: 6 were told of, 12 are counted now."""
    told = replace(sample.digest(), period="2026-W46", problems=(Theme("waiting", {}, 6),))
    heard = Heard("waiting", {"en": "Waiting"}, good=False, people=12, people_before=12)
    known = replace(counted(sample.people(), WEEK), heard=(heard,))
    made_ = summarise(known, scope(WEEK, earlier=told), monday_after(WEEK))
    assert made_ is not None
    assert made_.problems[0].before == 12
    assert Reason.DOUBLED not in reasons(made_)


@pytest.mark.parametrize("real", [False, None, True])
def test_a_theme_has_doubled_whatever_the_weeks_before_the_last_say(*, real: bool | None) -> None:
    found = of_themes(replace(theme(10, 5), change=Change(NOTHING, real)))
    assert [each.reason for each in found] == [Reason.DOUBLED]


def test_the_second_reader_of_a_week_is_asked_the_same_as_the_first() -> None:
    """The list of themes is cut to three; the fourth is the one that doubled."""
    heard = [Heard(f"t{n}", {"en": f"Theme {n}"}, good=False, people=20, people_before=20) for n in range(3)]
    grew = Heard("grew", {"en": "Grew"}, good=False, people=10, people_before=5)
    known = replace(counted(sample.people(), WEEK), heard=(*heard, grew))
    first = summarise(known, scope(WEEK), monday_after(WEEK))
    assert first is not None
    assert Reason.DOUBLED in reasons(first)
    again = summarise(known, replace(scope(WEEK), issued=load(dump(first))), monday_after(WEEK))
    assert again is not None
    assert (again.alerts, again.proposals) == (first.alerts, first.proposals)


def test_a_digest_told_again_counts_the_reasons_it_left_out_and_keeps_its_words() -> None:
    """Six themes doubled, three are told: nothing in the first digest says that the other three did."""
    heard = [Heard(f"t{n}", {"en": f"Theme {n}"}, good=False, people=40 + n, people_before=5) for n in range(6)]
    known = replace(counted(sample.people(), WEEK), heard=tuple(heard))
    first = summarise(known, scope(WEEK), monday_after(WEEK))
    assert first is not None
    assert len(first.alerts) + first.more_alerts >= len(heard)
    first = replace(first, worded={"en": Worded("Six themes doubled.", ("alert1",), "model")})
    again = summarise(known, scope(WEEK, issued=load(dump(first))), monday_after(WEEK))
    assert again is not None
    assert (again.alerts, again.more_alerts, again.worded) == (first.alerts, first.more_alerts, first.worded)
    third = summarise(known, scope(WEEK, issued=load(dump(again)), urgent_open=1), monday_after(WEEK))
    assert third is not None
    assert third.more_alerts == len(first.alerts) + first.more_alerts + 1 - len(third.alerts)
    assert third.worded == {}


def test_a_theme_of_a_few_people_is_told_nowhere_and_counted_as_hidden() -> None:
    rare = Heard("rare", {"en": "Rare"}, good=False, people=4, people_before=9)
    known = counted(sample.people(), WEEK)
    all_, without = (
        summarise(replace(known, heard=heard), scope(WEEK), monday_after(WEEK))
        for heard in ((*sample.HEARD, rare), sample.HEARD)
    )
    assert all_ is not None
    assert without is not None
    assert "rare" not in {each.key for each in all_.problems}
    assert all_.hidden == without.hidden + 1


def test_a_sign_of_life_says_only_that_everything_runs() -> None:
    found = sign_of_life(scope(WEEK), monday_after(WEEK))
    assert (found.sign_of_life, found.state, found.who.new) == (True, State.STEADY, 0)


def test_where_better_counts_against_worse_the_difference_is_told_with_its_range() -> None:
    known, plain = counted(sample.people(), WEEK), scope(WEEK)
    asked = replace(plain, headlines=(replace(plain.headlines[0], net=True),))
    found = summarise(known, asked, monday_after(WEEK))
    assert found is not None
    net = found.scores[0].net
    assert net is not None
    assert net[0] == 48
    assert net[1] < 48 < net[2]
    assert found == summarise(known, asked, monday_after(WEEK))
    without = summarise(known, plain, monday_after(WEEK))
    assert without is not None
    assert without.scores[0].net is None


@pytest.mark.parametrize(
    ("north", "south", "shown"),
    [
        ((18, 18), (2, 42), True),
        ((4, 4), (0, 90), False),
        ((6, 20), (12, 40), False),
        ((12, 12), (0, 0), False),
        ((9, 9), (2, 42), False),
        ((10, 10), (2, 42), True),
    ],
)
def test_an_area_stands_out_where_a_theme_is_raised_more_often_beyond_chance(
    north: tuple[int, int], south: tuple[int, int], shown: bool
) -> None:
    places = (({"en": "North"}, *north), ({"en": "South"}, *south))
    assert signals.stands_out(places, 5) == ({"en": "North"} if shown else {})
