"""From counted answers to a digest."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digests.disclosure import NOTHING, Strength
from bot.digests.model import Digest, Form, Tick, dump, load
from bot.digests.quotes import Said
from bot.digests.summarise import Deadline, Heard, summarise
from bot.digests.weeks import Week
from tests.bot.digests import attacker, slow
from tests.bot.digests.material import One, counted, monday_after, scope
from tests.journeys.data import WEEKS, expected, feedback

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.digests.model import Score

WEEK = Week(2026, 47)
THE_DAY = WEEK.monday


def digest(
    people: Sequence[One],
    week: Week = WEEK,
    deadlines: Iterable[Deadline] = (),
    earlier: Digest | None = None,
    minimum: int = 5,
) -> Digest | None:
    return summarise(counted(people, week), scope(week, deadlines, earlier, minimum), monday_after(week))


def full(people: Sequence[One], week: Week = WEEK, earlier: Digest | None = None) -> Digest:
    made = digest(people, week, earlier=earlier)
    assert made is not None
    assert made.form is Form.FULL
    return made


def many(count: int, choice: str = "5", on: date = THE_DAY, text: str = "", channel: str = "telegram") -> list[One]:
    return [One(on, choice, text, channel) for _ in range(count)]


# --------------------------------------------------------------------------- when there is little to say


def test_no_answers_and_no_clock_is_silence() -> None:
    assert digest(many(30, on=WEEK.back(1).monday)) is None


def test_no_answers_but_a_clock_is_a_short_digest() -> None:
    made = digest([], deadlines=[Deadline("x", "Bus stops", "open", None, date(2026, 12, 2))])
    assert made is not None
    assert (made.form, made.who.new, made.scores) == (Form.SHORT, 0, ())
    assert [(tick.tick, tick.days) for tick in made.clock] == [(Tick.CLOSES, 9)]


def test_an_endless_round_is_no_clock() -> None:
    assert digest([], deadlines=[Deadline("pulse", "How is the library?", "open")]) is None


def test_under_five_new_answers_only_clock_and_count_are_told() -> None:
    made = digest(many(4, text="A word"))
    assert made is not None
    assert made.form is Form.SHORT
    assert (made.who.new, made.who.total, made.who.channels) == (4, 4, ())
    assert made.scores == ()
    assert made.voices.quotes == ()


# --------------------------------------------------------------------------- clock


@pytest.mark.parametrize(
    ("deadline", "tick", "days"),
    [
        (Deadline("a", "A", "scheduled", opens_on=date(2026, 11, 30)), Tick.OPENS, 7),
        (Deadline("a", "A", "open", closes_on=date(2026, 11, 23)), Tick.CLOSES, 0),
        (Deadline("a", "A", "closed", feedback_on=date(2026, 11, 25)), Tick.DUE, 2),
        (Deadline("a", "A", "closed", feedback_on=date(2026, 11, 17)), Tick.OVERDUE, 6),
    ],
)
def test_the_clock_counts_days_on_the_managers_calendar(deadline: Deadline, tick: Tick, days: int) -> None:
    made = digest([], deadlines=[deadline])
    assert made is not None
    assert [(each.tick, each.days) for each in made.clock] == [(tick, days)]


def test_what_is_overdue_comes_first() -> None:
    soon = Deadline("a", "A", "open", closes_on=date(2026, 11, 24))
    late = Deadline("b", "B", "closed", feedback_on=date(2026, 11, 20))
    made = digest([], deadlines=[soon, late])
    assert made is not None
    assert [each.code for each in made.clock] == ["b", "a"]


# --------------------------------------------------------------------------- who answered, and how


def test_fifty_answers_give_share_range_change_and_do_not_know() -> None:
    """The worked example: 34 of 50 after 60 of 70."""
    before = [one for back in (2, 3) for one in many(30, on=WEEK.back(back).monday)]
    before += [one for back in (2, 3) for one in many(5, "1", on=WEEK.back(back).monday)]
    people = before + many(20, "5") + many(14, "4") + many(6, "3") + many(5, "2") + many(5, "1") + many(6, "na")
    made = full(people)
    (score,) = made.scores
    assert (score.positive.part, score.positive.base, score.positive.percent) == (34, 50, 68)
    assert (score.positive.low, score.positive.high) == (0.541897, 0.792418)
    assert (score.negative.part, score.negative.percent, score.unknown) == (10, 20, 6)
    assert score.change is not None
    assert (score.change.points, score.change.low, score.change.high, score.change.real) == (-18, -33, -3, True)
    assert (made.who.new, made.who.total) == (56, 126)


def test_a_difference_within_chance_is_no_real_change() -> None:
    before = many(36, on=WEEK.back(1).monday) + many(14, "1", on=WEEK.back(1).monday)
    (score,) = full(before + many(34) + many(16, "1")).scores
    assert score.change is not None
    assert (score.change.points, score.change.real) == (-4, False)


def test_the_base_period_is_the_four_full_weeks_before() -> None:
    old = many(90, "1", on=WEEK.back(5).monday)
    base = many(12, on=WEEK.back(4).monday) + many(8, "1", on=WEEK.back(4).sunday)
    base += many(7, on=WEEK.back(1).monday) + many(5, "1", on=WEEK.back(1).sunday)
    (score,) = full(old + base + many(20)).scores
    assert score.change is not None
    assert (score.change.before.part, score.change.before.base) == (19, 32)


def test_a_week_told_as_a_band_keeps_the_four_weeks_a_band() -> None:
    """Forty of fifty and a hidden 48 of 50: their exact sum would tell of the two."""
    first = many(40, on=WEEK.back(2).monday) + many(10, "1", on=WEEK.back(2).monday)
    second = many(48, on=WEEK.back(1).monday) + many(2, "1", on=WEEK.back(1).monday)
    (score,) = full(first + second + many(34) + many(16, "1")).scores
    assert score.change is not None
    assert slow.seen(score.change.before) == (100, None, "over", 80)
    assert (score.change.points, score.change.low, score.change.high) == (None, None, None)
    assert score.change.real is True


def test_what_is_shown_may_leave_open_whether_a_change_is_real() -> None:
    before = many(40, on=WEEK.back(1).monday) + many(10, "1", on=WEEK.back(1).monday)
    (score,) = full(before + many(48) + many(2, "1")).scores
    assert score.change is not None
    assert (score.change.points, score.change.real) == (None, None)


def test_a_week_too_small_to_show_is_not_summed_up_either() -> None:
    quiet = many(7, "1", on=WEEK.back(1).monday)
    before = many(40, on=WEEK.back(2).monday) + many(10, "1", on=WEEK.back(2).monday)
    (score,) = full(quiet + before + many(34) + many(16, "1")).scores
    assert score.change is not None
    assert slow.seen(score.change.before) == (50, 40, "", 0)


def test_without_enough_to_compare_with_there_is_no_change() -> None:
    (score,) = full(many(9, on=WEEK.back(1).monday) + many(40)).scores
    assert score.change is None


def test_a_channel_with_a_few_people_hides_itself_and_the_next() -> None:
    people = many(40) + many(12, channel="web") + many(3, channel="sms")
    made = full(people)
    assert {each.name: each.new for each in made.who.channels} == {"telegram": 40, "web": None, "sms": None}
    assert made.hidden >= 2


def test_two_new_people_on_a_channel_are_not_found_by_subtracting_two_digests() -> None:
    """Their channel's total is repeated from last week, with its date, and so is the other's."""
    start = many(30, on=WEEK.back(1).monday) + many(20, on=WEEK.back(1).monday, channel="web")
    last = full(start, WEEK.back(1))
    made = full(start + many(20) + many(2, channel="web"), earlier=last)
    totals = {each.name: (each.total.count, each.total.period) for each in made.who.channels}
    assert totals == {"telegram": (30, "2026-W46"), "web": (20, "2026-W46")}


def test_two_people_of_a_quiet_week_are_not_found_by_the_total_of_the_next_one() -> None:
    """What a channel had, and what is new on it, would else give back the week in between."""
    start = many(30, on=WEEK.back(2).monday) + many(20, on=WEEK.back(2).monday, channel="web")
    first = full(start, WEEK.back(2))
    quiet = start + many(10, on=WEEK.back(1).monday) + many(2, on=WEEK.back(1).monday, channel="web")
    made = full(quiet + many(8) + many(8, channel="web"), earlier=full(quiet, WEEK.back(1), earlier=first))
    assert {each.name: (each.new, each.total.count) for each in made.who.channels} == {
        "telegram": (8, 38),
        "web": (8, 28),
    }


def test_somebody_who_did_not_know_does_not_follow_from_how_many_answered() -> None:
    """Fifty-one answered, fifty of them on the scale: one did not know, or said nothing."""
    assert [score.unknown for score in full(many(50) + many(1, "na")).scores] == [None]
    assert [score.unknown for score in full(many(50)).scores] == [0]


def test_an_erased_answer_does_not_show_in_the_week_it_was_counted() -> None:
    start = many(40, on=WEEK.back(1).monday) + many(10, "1", on=WEEK.back(1).monday)
    last = full(start, WEEK.back(1))
    made = full(start[1:] + many(20), earlier=last)
    (score,) = made.scores
    assert score.weeks[-2] == last.scores[0].weeks[-1]


# --------------------------------------------------------------------------- in their words


def test_only_words_that_may_be_quoted_are_quoted_in_an_order_drawn_by_lot() -> None:
    """Whoever came first or last is not heard more; the lot of a text does not hang on the others."""
    people = [One(THE_DAY + timedelta(days=n), "5", f"Word {n}", quotable=n % 2 == 0) for n in range(14)]
    made = full(people)
    told = [voice.text for voice in made.voices.quotes]
    assert sorted(told) == sorted(f"Word {n}" for n in range(0, 7, 2))
    assert [voice.text for voice in full(list(reversed(people))).voices.quotes] == told
    assert [voice.text for voice in full(people[1:]).voices.quotes] == [text for text in told if text != "Word 0"]
    assert made.voices.total == 7


def test_what_several_wrote_in_the_same_words_is_quoted_once() -> None:
    """Signs, spaces and capitals aside: short words of thanks are no campaign."""
    thanks = ["Everything was fine.", "everything was fine", "Everything  was fine!", "The lift is broken", "..."]
    made = full([One(THE_DAY, "5", thanks[n % 5]) for n in range(20)])
    told = [voice.text for voice in made.voices.quotes]
    assert sorted("fine" if "fine" in text else text for text in told) == ["...", "The lift is broken", "fine"]
    assert made.voices.total == 20


def test_a_few_texts_are_not_counted_out() -> None:
    made = full(many(20) + many(2, text="Word"))
    assert made.voices.total is None


def test_a_quote_tells_its_score_only_where_that_score_is_shown() -> None:
    """One unhappy person among many happy ones stays nobody in particular."""
    people = (
        many(15, text="Fine") + many(25) + many(4, "3") + many(1, "1", text="Bad") + many(30, on=WEEK.back(1).monday)
    )
    made = full(people)
    assert {(voice.text, voice.tone) for voice in made.voices.quotes} == {("Bad", ""), ("Fine", "positive")}


def test_one_of_the_first_two_quotes_speaks_against_the_majority_where_the_share_is_a_band() -> None:
    """Ten weeks, ten lots: by chance alone the one complaint would not always stand so far up."""
    for back in range(10):
        week = WEEK.back(back)
        fine = [One(week.monday, "5", f"Fine {n}") for n in range(40)]
        made = full([*fine, One(week.monday, "1", "Bad")], week)
        assert made.scores[0].positive.band == "over"
        assert ("Bad", "") in [(voice.text, voice.tone) for voice in made.voices.quotes[:2]]


def test_no_quote_tells_a_score_that_is_only_a_band() -> None:
    made = full(many(40, text="Fine") + many(1, "1", text="Bad"))
    assert {voice.tone for voice in made.voices.quotes} == {""}


def test_words_of_quiet_weeks_come_with_the_next_full_digest() -> None:
    quiet = many(3, text="Quiet", on=WEEK.back(1).monday)
    made = full(many(9, text="Old", on=WEEK.back(2).monday) + quiet + many(6, text="New"))
    assert [voice.text for voice in made.voices.quotes] == ["New", "Quiet"]
    assert made.voices.since == WEEK.back(1).monday


def themed(week: Week, said: Sequence[str], earlier: Digest | None = None) -> Digest:
    """Return the digest of a week in which all that was said is about two themes."""
    words = tuple(Said(str(week), week.monday, "deliver", text, "del.overall", "1", text) for text in said)
    heard = tuple(Heard(name, {"en": name}, good=False, people=9, quotes=words) for name in ("hours", "queue"))
    known = replace(counted([One(week.monday, "1")] * 20, week), said=words, heard=heard)
    made = summarise(known, scope(week, earlier=earlier), monday_after(week))
    assert made is not None
    return made


def beside(made: Digest) -> list[str]:
    return [theme.quote.text for theme in made.problems if theme.quote]


def test_a_quote_stands_beside_one_theme_and_comes_again_only_where_there_is_no_other() -> None:
    """Words of two weeks can be the same where people are asked again and again."""
    said = [f"Word {n}" for n in range(12)]
    first = themed(WEEK.back(1), said)
    assert len(set(beside(first))) == 2
    apart = [voice.text for voice in first.voices.quotes if voice.text not in beside(first)]
    second = themed(WEEK, said, first)
    assert len(set(beside(second)) - {*beside(first), *apart[:5]}) == 2
    (alone,) = {*beside(themed(WEEK.back(1), ["Only this"]))}
    assert beside(themed(WEEK, ["Only this"], themed(WEEK.back(1), ["Only this"]))) == [alone]


def test_words_that_every_reader_saw_come_behind_those_that_only_a_page_showed() -> None:
    said = [f"Word {n}" for n in range(12)]
    first = replace(themed(WEEK.back(1), said), problems=())
    second = [voice.text for voice in themed(WEEK, [*said, "New"], first).voices.quotes]
    assert second[0] == "New"
    assert {*second[-5:]} == {voice.text for voice in first.voices.quotes[:5]}


# --------------------------------------------------------------------------- what subtraction finds


def raised(theme: str, people: int, wrote: int, *, good: bool = False, **facts: Any) -> Heard:
    return Heard(theme, {"en": theme}, good, people, wrote=wrote, **({"past": ((0, 0),) * 4} | facts))


def shares_of(
    people: Sequence[One], *heard: Heard, week: Week = WEEK, earlier: Digest | None = None, **facts: Any
) -> Digest:
    known = replace(counted(people, week), heard=heard, **facts)
    made = summarise(known, scope(week, earlier=earlier), monday_after(week))
    assert made is not None
    return made


@pytest.mark.parametrize(("works", "shown"), [(7, True), (12, False), (14, True)])
def test_a_theme_told_on_both_sides_does_not_give_away_the_few_who_did_not_raise_it(works: int, shown: bool) -> None:
    """10 and 12 of 24 would leave 2; no other theme may tell the 24 either."""
    told = shares_of(many(30), raised("staff", 10, 24), raised("staff", works, 24, good=True), raised("door", 9, 24))
    assert told.works is not None
    assert [each.share.exact for each in (*told.problems, told.works)] == [shown] * 3


@pytest.mark.parametrize(
    ("people", "told"),
    [(25, (25, False)), (26, (26, True)), (28, (26, True)), (30, (26, True))],
)
def test_a_theme_does_not_tell_of_the_few_who_scored_as_those_who_raised_it_did(
    people: int, told: tuple[int, bool]
) -> None:
    """30 of 50 scored well; 20 did not."""
    crowd = [One(WEEK.monday, "5")] * 30 + [One(WEEK.monday, "1")] * 20
    works = shares_of(crowd, raised("staff", people, 40, good=True)).works
    assert works is not None
    assert ((works.people, works.at_least), works.share.exact) == (told, not told[1])
    (problem,) = shares_of(crowd, raised("staff", people - 10, 40)).problems
    assert ((problem.people, problem.at_least), problem.share.exact) == ((told[0] - 10, told[1]), not told[1])


def test_a_theme_of_nearly_all_is_compared_with_no_week_in_which_it_was_one_of_nearly_all() -> None:
    before, past = WEEK.back(1).monday, (*((0, 0),) * 3, (28, 40))
    crowd = [One(before, "5", "Text")] * 30 + [One(before, "1")] * 20
    now = [*crowd, *[One(WEEK.monday, "5")] * 40, *[One(WEEK.monday, "1")] * 20]
    works = shares_of(now, raised("staff", 20, 40, good=True, past=past, people_before=28)).works
    assert works is not None
    assert (works.people, works.at_least, works.compared, works.before) == (20, False, False, None)
    assert works.weeks[-2].share == NOTHING
    first = shares_of(crowd, raised("staff", 28, 40, good=True), week=WEEK.back(1))
    works = shares_of(now, raised("staff", 20, 40, good=True, people_before=20), earlier=first).works
    assert works is not None
    assert not works.compared


def test_where_no_share_is_told_both_sides_of_a_theme_leave_nobody_few() -> None:
    """Of 40 who answered 39 raised it; 38 scored well."""
    crowd = [One(WEEK.monday, "5")] * 38 + [One(WEEK.monday, "1")] * 2
    both = shares_of(crowd, raised("staff", 20, 40), raised("staff", 19, 40, good=True))
    assert both.works is not None
    assert [(each.people, each.at_least) for each in (*both.problems, both.works)] == [(5, True), (5, True)]


def test_few_who_sent_a_campaign_about_something_else_are_not_told_of() -> None:
    for organised, told in ((10, 0), (12, 12), (7, 7)):
        made = shares_of(many(40), raised("staff", 14, 30, organised=organised, campaigns=1), campaigns=(12,))
        assert (made.problems[0].organised, made.problems[0].campaigns) == (told, int(bool(told)))


def test_another_theme_does_not_tell_how_many_wrote_where_nearly_all_of_them_raised_one() -> None:
    told = shares_of(many(40), raised("staff", 28, 30), raised("door", 12, 30))
    assert [each.share for each in told.problems] == [NOTHING, NOTHING]


@pytest.mark.parametrize(("senders", "shown"), [((16,), False), ((8, 8), False), ((10,), True)])
def test_the_senders_of_campaigns_do_not_give_away_the_few_who_wrote_nothing(
    senders: tuple[int, ...], shown: bool
) -> None:
    """45 answered, 27 wrote, 16 sent a campaign: 2 are left."""
    told = shares_of(many(45), raised("staff", 10, 27), campaigns=senders)
    assert told.problems[0].share.exact == shown


def test_a_share_hidden_in_one_week_is_not_told_in_the_next() -> None:
    after = WEEK.back(-1)
    crowd = [*many(30), *many(40, on=after.monday)]
    first = shares_of(crowd[:30], raised("waiting", 14, 28))
    assert first.problems[0].share == NOTHING
    past: dict[str, Any] = {"past": (*((0, 0),) * 3, (14, 28)), "people_before": 14}
    second = shares_of(crowd, raised("waiting", 14, 30, **past), week=after, earlier=first)
    (theme,) = second.problems
    assert theme.share.exact
    assert theme.weeks[-2].share == NOTHING
    left: dict[str, Any] = {"past": (*((0, 0),) * 3, (14, 21)), "people_before": 14}
    assert (
        shares_of(crowd, raised("waiting", 14, 30, **left), week=after, earlier=first).problems[0].weeks[-2].share
        == NOTHING
    )


def test_a_campaign_of_a_past_week_counts_there_too() -> None:
    crowd = [*many(45, on=WEEK.back(1).monday), *many(40)]
    past = (*((0, 0),) * 3, (10, 27))
    for senders, shown in ((16, False), (10, True)):
        told = shares_of(crowd, raised("staff", 14, 30, past=past), senders_past=(0, 0, 0, senders))
        assert told.problems[0].weeks[-2].share.exact == shown


# --------------------------------------------------------------------------- properties


def people_of(draws: Iterable[tuple[int, str, str, bool, bool]]) -> list[One]:
    first = WEEK.back(9).monday
    drawn = (One(first + timedelta(days=day), c, "Text" if t else "", ch, q) for day, c, ch, t, q in draws)
    return sorted(drawn, key=lambda one: one.on)


PEOPLE = st.lists(
    st.tuples(
        st.integers(0, 69) | st.integers(63, 69),
        st.sampled_from(["5", "5", "5", "4", "3", "2", "1", "na"]),
        st.sampled_from(["telegram", "telegram", "web", "sms"]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=150,
).map(people_of)


@settings(deadline=None, max_examples=40)
@given(PEOPLE, st.sampled_from([3, 5, 10]))
def test_every_figure_equals_a_slow_count(people: list[One], minimum: int) -> None:
    made = digest(people, minimum=minimum)
    new = sum(1 for one in people if WEEK.monday <= one.on <= WEEK.sunday)
    assert (made is None) == (new == 0)
    if made is None or made.form is Form.SHORT:
        assert new < minimum
        return
    assert (made.who.new, made.who.total) == (new, len(people))
    for score in made.scores:
        good, bad = slow.headline(people, WEEK, minimum)
        assert (slow.seen(score.positive), slow.seen(score.negative)) == (good, bad)
        if score.positive.part is not None:
            assert score.positive.base is not None
            span = slow.wilson(score.positive.part, score.positive.base)
            assert (score.positive.low, score.positive.high) == tuple(round(bound, 6) for bound in span)
        check_change(score, minimum)
        for point in score.weeks:
            if point.share.base is not None:
                told, _ = slow.headline(people, Week.parse(point.week), minimum)
                assert slow.seen(point.share) == told


def check_change(score: Score, minimum: int) -> None:
    """It is what every combination behind the shares shown agrees on."""
    past = [point.share for point in score.weeks[-5:-1] if point.share.says]
    assert (score.change is None) == (not past or not score.positive.says)
    if score.change is None:
        return
    spans = [slow.known(share, minimum) for share in past]
    base, now = sum(share.base or 0 for share in past), score.positive.base or 0
    sums = range(sum(map(min, spans)), sum(map(max, spans)) + 1)
    cases = [(part, then) for part in slow.known(score.positive, minimum) for then in sums]
    verdicts = {slow.is_real(part, now, then, base) for part, then in cases}
    assert score.change.real == (verdicts.pop() if len(verdicts) == 1 else None)
    assert (score.change.points is None) == (len(cases) > 1)
    if score.change.points is not None:
        ((part, then),) = cases
        assert abs(score.change.points - 100 * (part / now - then / base)) <= 0.5 + 1e-6


SIDES = st.tuples(st.integers(0, 60) | st.integers(0, 6), st.integers(0, 7), st.integers(0, 12) | st.integers(0, 60))


@settings(deadline=None, max_examples=60)
@given(st.lists(SIDES, min_size=5, max_size=5), st.sampled_from([3, 5]))
def test_nobody_can_work_out_a_small_group_from_all_that_one_digest_shows(
    weeks: list[tuple[int, int, int]], minimum: int
) -> None:
    """Not from the shares of a week, nor from the table of past weeks, nor from the comparison with them."""
    people = [
        one
        for back, sides in zip((4, 3, 2, 1, 0), weeks, strict=True)
        for choice, count in zip("531", sides, strict=True)
        for one in many(count, choice, on=WEEK.back(back).monday)
    ]
    made = digest(people, minimum=minimum)
    for score in made.scores if made else ():
        past, now = attacker.behind(score, minimum)
        shown = [point.share for point in score.weeks[-5:-1] if point.share.says]
        assert past == [set(slow.known(share, minimum)) for share in shown]
        if score.positive.base:
            assert now == attacker.behind_week(score.positive, score.negative, minimum)
            assert weeks[-1] in now
            assert attacker.gives_away(now, minimum) == []


@settings(deadline=None, max_examples=20)
@given(PEOPLE)
def test_the_same_material_gives_the_same_bytes_and_json_loses_nothing(people: list[One]) -> None:
    made = digest(people)
    assert dump(digest(list(people))) == dump(made)
    assert load(dump(made)) == made


@settings(deadline=None, max_examples=40)
@given(PEOPLE, st.sampled_from([3, 5, 10]))
def test_no_cell_under_the_minimum_is_anywhere_in_a_digest(people: list[One], minimum: int) -> None:
    """Also not in what is stored."""
    made = digest(people, minimum=minimum)
    if made is not None:
        for count in cells(json.loads(dump(made))):
            assert count == 0 or count >= minimum


def cells(document: dict[str, object]) -> list[int]:
    """Every number of people in a stored digest but the two bases that are told exactly."""
    found: list[int] = []

    def walk(value: object, name: str = "") -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, str(key))
        elif isinstance(value, list):
            for inner in value:
                walk(inner, name)
        elif isinstance(value, int) and name in ("part", "base", "unknown", "count", "new", "total"):
            found.append(value)

    walk({key: value for key, value in document.items() if key != "who"})
    walk(document["who"]["channels"])  # type: ignore[index]
    return found


# --------------------------------------------------------------------------- real feedback


@pytest.mark.parametrize("name", WEEKS)
def test_real_weeks_come_out_as_pandas_counts_them(name: str) -> None:
    people = [One(each.on, each.option, each.text) for each in feedback()]
    week, plain = Week.parse(name), expected()[name]
    made = full(people, week)
    (score,) = made.scores
    assert made.who.new == score.positive.base == plain.base
    assert made.voices.total == plain.texts
    if score.positive.band:
        assert plain.base - plain.positive < 5
        assert plain.share > score.positive.edge / 100
    else:
        assert (score.positive.part, score.positive.percent) == (plain.positive, round(100 * plain.share))
    if score.negative.strength in (Strength.FIRM, Strength.INDICATION) and score.negative.exact:
        assert score.negative.part == plain.negative
