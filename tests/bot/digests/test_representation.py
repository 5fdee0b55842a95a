"""Who answered against who lives there: the ratio, groups missing by more than chance, and nothing hidden."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digests.disclosure import stepped
from bot.digests.representation import Verdict, most_missing, parts, per_hundred, represent
from bot.digests.statistics import wilson

TOWN = {"harbour": 0.3, "old_town": 0.2, "hillside": 0.5}


def verdicts(people: dict[str, int], residents: dict[str, float], minimum: int = 5) -> dict[str, str]:
    return {each.group: each.verdict.value for each in represent(people, residents, minimum).standings}


def test_the_ratio_is_the_share_of_answers_by_the_share_of_residents() -> None:
    (one, *_) = represent({"harbour": 60, "old_town": 40, "hillside": 100}, TOWN, 5).standings
    assert (one.answers, one.share, one.ratio) == (60, 0.3, 1.0)


def test_a_group_heard_less_than_it_is_large_is_missing_where_chance_does_not_explain_it() -> None:
    found = verdicts({"harbour": 120, "old_town": 10, "hillside": 170}, TOWN)
    assert found == {"harbour": "many", "old_town": "few", "hillside": "fair"}


def test_a_gap_that_chance_may_make_is_no_missing_group() -> None:
    """3 of 30 is a tenth where a fifth lives, and Wilson's range for it goes up to a quarter."""
    assert verdicts({"harbour": 10, "old_town": 5, "hillside": 25}, TOWN)["old_town"] == "unsure"


def test_in_a_large_round_a_gap_that_hardly_matters_is_none() -> None:
    """19 of 100 where 20 live: surely no chance among 100,000, and no reason to send anybody out."""
    assert verdicts({"a": 19_000, "b": 81_000}, {"a": 0.2, "b": 0.8}) == {"a": "fair", "b": "fair"}


def test_a_group_of_too_few_to_tell_can_be_missing_and_its_number_stays_hidden() -> None:
    found = represent({"en": 200, "ar": 3}, {"en": 0.88, "ar": 0.12}, 5)
    assert found.standings[1].answers is None
    assert found.standings[1].share is None
    assert found.missing == [found.standings[1]]


def test_residents_who_belong_to_no_group_make_the_others_smaller() -> None:
    alone = represent({"en": 95, "es": 5}, {"en": 0.8, "es": 0.12, "rest": 0.08}, 5)
    assert [each.residents for each in alone.standings] == [0.8, 0.12]


def test_who_belongs_to_a_group_nobody_counted_is_out_of_the_base() -> None:
    assert represent({"a": 50, "b": 50, "new": 900}, {"a": 0.5, "b": 0.5}, 5).base == 100
    assert verdicts({"a": 50, "b": 50, "new": 900}, {"a": 0.5, "b": 0.5})["new"] == "untold"


@pytest.mark.parametrize("people", [{"a": 0, "b": 0}, {"a": 4, "b": 3}, {"a": 4, "b": 4, "c": 4}])
def test_of_a_few_people_nothing_is_said(people: dict[str, int]) -> None:
    assert set(verdicts(people, {"a": 0.9, "b": 0.05, "c": 0.05}).values()) == {"untold"}


def test_the_two_most_missing_groups_of_all_variables_come_first_by_how_many_answers_are_missing() -> None:
    areas = represent({"harbour": 150, "old_town": 10, "hillside": 140}, TOWN, 5)
    ages = represent({"young": 10, "old": 290}, {"young": 0.3, "old": 0.7}, 5)
    tongues = represent({"en": 297, "ar": 3}, {"en": 0.9, "ar": 0.1}, 5)
    found = most_missing({"area": areas, "age": ages, "language": tongues})
    assert [(variable, each.group) for variable, each in found] == [("age", "young"), ("area", "old_town")]


def test_a_group_that_is_hardly_heard_is_named_before_larger_ones_that_miss_more_answers() -> None:
    """15 of 600 where a tenth lives; the two larger groups each miss more answers, and are heard by three quarters."""
    people = {"young": 15, "families": 180, "middle": 130, "old": 175, "oldest": 100}
    ages = represent(people, {"young": 0.1, "families": 0.4, "middle": 0.3, "old": 0.15, "oldest": 0.05}, 5)
    assert [each.group for each in ages.missing] == ["families", "middle", "young"]
    found = most_missing({"age": ages})
    assert [(each.group, each.ratio) for _, each in found] == [("young", 0.25), ("families", 0.75)]


def test_parts_add_up_and_are_told_in_hundreds() -> None:
    assert sum(parts({"a": 3, "b": 9, "c": 4}).values()) == pytest.approx(1)
    assert [per_hundred(part) for part in (0.0, 0.001, 0.125, 0.999, 1.0)] == [0, 1, 13, 99, 100]


COUNTS = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 400), min_size=1)


@given(COUNTS, st.sampled_from([5, 10]))
def test_whoever_looks_learns_no_more_than_the_steps_say(people: dict[str, int], minimum: int) -> None:
    """Every town with the same steps gets the same page: verdicts and shares follow from them."""
    residents = parts(dict.fromkeys(people, 1))
    found = represent(people, residents, minimum)
    same = {group: stepped(count, minimum) or 0 for group, count in people.items()}
    if stepped(sum(same.values()), minimum) == found.base:
        assert represent(same, residents, minimum) == found


@given(COUNTS, st.sampled_from([5, 10]))
def test_who_is_called_missing_is_so_by_the_true_numbers_too(people: dict[str, int], minimum: int) -> None:
    residents = parts(dict.fromkeys(people, 1))
    base = sum(people.values())
    for each in represent(people, residents, minimum).standings:
        if each.verdict is Verdict.FEW:
            assert wilson(people[each.group], base).high < residents[each.group]
        if each.verdict is Verdict.MANY:
            assert wilson(people[each.group], base).low > residents[each.group]


@given(COUNTS, st.sampled_from([5, 10]))
def test_beside_an_exact_sum_no_group_is_told_larger_than_it_nor_all_of_them_together(
    people: dict[str, int], minimum: int
) -> None:
    found = represent(people, {}, minimum, down=True)
    told = [each.answers or 0 for each in found.standings]
    assert sum(told) <= (found.base or 0) <= sum(people.values())
    assert all((each.answers is None) == (people[each.group] < minimum) for each in found.standings)


@given(COUNTS, st.sampled_from([5, 10]))
def test_steps_down_tell_as_little_and_accuse_nobody_wrongly(people: dict[str, int], minimum: int) -> None:
    residents, base = parts(dict.fromkeys(people, 1)), sum(people.values())
    found = represent(people, residents, minimum, down=True)
    same = {group: count // minimum * minimum for group, count in people.items()}
    if sum(same.values()) // minimum * minimum == (found.base or 0):
        assert represent(same, residents, minimum, down=True) == found
    for each in found.standings:
        if each.verdict is Verdict.FEW:
            assert wilson(people[each.group], base).high < residents[each.group]
        if each.verdict is Verdict.MANY:
            assert wilson(people[each.group], base).low > residents[each.group]
