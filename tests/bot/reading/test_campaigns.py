"""Texts that many send in nearly the same words are one campaign; what people say alike by themselves is none."""

from __future__ import annotations

from bot.reading.campaigns import MANY, Campaign, Sent, campaigns

TEXT = "Please keep the swimming pool in Mill Lane open on Sundays, our children need it very much. "
OWN = [
    "The lift at the station has been broken since March and nobody says when it will be repaired.",
    "More benches along the river would help my mother, who cannot walk far without a rest.",
    "I cannot find the opening hours on the website, and the telephone is always engaged.",
    "The new bus line is wonderful, it takes me to work in ten minutes instead of forty.",
]


def edited(n: int) -> str:
    """Return the text as people change it before they send it on."""
    ends = ("Thank you!", "", "Kind regards from the Old Town", "It is a scandal.", "Think of the families.")
    return TEXT.replace("very much", ("very much", "so much", "badly")[n % 3]) + ends[n % 5]


def test_edited_copies_are_one_campaign_and_other_texts_stay_out() -> None:
    sent = [Sent(n, n, edited(n)) for n in range(23)] + [Sent(100 + n, n, text) for n, text in enumerate(OWN * 2)]
    (found,) = campaigns(sent, 10)
    assert found.senders == 23
    assert sorted(found.messages) == list(range(23))


def test_senders_and_messages_are_counted_apart() -> None:
    sent = [Sent(n, n // 4, edited(n)) for n in range(40)]
    assert campaigns(sent, 10) == [Campaign(10, campaigns(sent, 10)[0].messages)]
    assert len(campaigns(sent, 10)[0].messages) == 40
    assert campaigns(sent, 11) == []


def test_one_person_who_repeats_a_text_is_no_campaign() -> None:
    assert campaigns([Sent(n, "same", TEXT) for n in range(50)], 5) == []


def test_short_answers_that_many_give_are_none() -> None:
    assert campaigns([Sent(n, n, "Open longer, please.") for n in range(50)], 5) == []


def test_short_texts_of_people_who_came_in_one_burst_are_one() -> None:
    words = ("Close the pool at once!", "close the pool AT ONCE", "Please close the pool at once!")
    sent = [Sent(n, n, words[n % 3]) for n in range(30)] + [Sent(50 + n, 50 + n, words[0]) for n in range(10)]
    assert campaigns(sent, 5) == []
    assert [sorted(each.messages) for each in campaigns(sent, 5, crowds=[range(30)])] == [list(range(30))]
    assert campaigns(sent, 31, crowds=[range(30)]) == []


def test_short_texts_beside_a_sample_count_in_a_burst_too() -> None:
    sent = [Sent(n, n, "Close the pool at once!") for n in range(30)]
    (found,) = campaigns(sent[::10], 5, [each for each in sent if each.id % 10], [range(30)])
    assert found.senders == 30


def test_a_word_or_two_and_words_of_ones_own_are_none_in_a_burst_either() -> None:
    sent = [Sent(n, n, "Thank you!") for n in range(30)]
    own = ["The lift is broken.", "More benches, please.", "It opens too late.", "Friendly people!", "No toilet there."]
    sent += [Sent(50 + n, 50 + n, text) for n, text in enumerate(own)]
    assert campaigns(sent, 5, crowds=[range(60)]) == []


def test_a_long_text_is_in_one_campaign_though_its_senders_came_in_a_burst() -> None:
    assert len(campaigns([Sent(n, n, TEXT) for n in range(12)], 10, crowds=[range(12)])) == 1


def test_copies_that_are_alike_to_the_letter_need_no_comparing() -> None:
    assert campaigns([Sent(n, n, TEXT) for n in range(12)], 10) == [Campaign(12, tuple(range(12)))]


def test_a_campaign_that_is_most_of_all_texts_is_found() -> None:
    sent = [Sent(n, n, edited(n)) for n in range(700)] + [Sent(1000 + n, n, text) for n, text in enumerate(OWN)]
    assert [each.senders for each in campaigns(sent, 10)] == [700]


def test_the_largest_comes_first_and_the_order_of_arrival_does_not_matter() -> None:
    sent = [Sent(n, n, OWN[0]) for n in range(12)] + [Sent(50 + n, n, OWN[1]) for n in range(30)]
    found = campaigns(sent, 10)
    assert [each.senders for each in found] == [30, 12]
    assert campaigns(sent[::-1], 10) == found


def test_of_nothing_there_is_nothing() -> None:
    assert campaigns([], 1) == []
    assert MANY > 1000


def test_of_too_many_texts_a_sample_finds_the_campaigns_and_the_others_join_them() -> None:
    sent = [Sent(n, n, TEXT + "!" * n) for n in range(30)]
    own = [
        Sent(100 + n, 100 + n, f"The bus at {n} o'clock was late again, and nobody said when it would come.")
        for n in range(3)
    ]
    (found,) = campaigns(sent[::3], 10, [*sent[1::3], *sent[2::3], *own])
    assert (found.senders, sorted(found.messages)) == (30, list(range(30)))
