"""What a machine may say of a fact, in six languages; and what is refused."""

from __future__ import annotations

import pytest

from bot.digests.model import Alert, Reason
from bot.digests.render import items
from bot.machine import checking
from bot.machine.checking import Fact, fault, figures, turned
from bot.reading.private import Finder
from bot.texts import languages, texts

FINDER = Finder(("GB",), ["Ana Torres"], ("en", "de", "es", "fr", "pt", "ar"))
DOUBLED = Fact("alert1", "“Waiting” doubled: 12 people", "Waiting")
FELL = Fact("alert2", "Delivery fell by 9 points", "Delivery")


def judged(words: str, fact: Fact, language: str = "en") -> str:
    return fault(words, fact, language, lambda text: [span.of(text) for span in FINDER.find(text, language)])


@pytest.mark.parametrize(
    ("language", "fact", "words"),
    [
        ("en", DOUBLED, "twice as bad, says nobody"),
        ("de", Fact("a", "„Warten“ hat sich verdoppelt: 12 Personen", "Warten"), "Warten: jetzt 13 Personen"),
    ],
)
def test_what_is_not_in_the_fact_is_refused(language: str, fact: Fact, words: str) -> None:
    assert judged(words, fact, language)


@pytest.mark.parametrize(
    ("language", "fact", "words"),
    [
        ("en", DOUBLED, "12 people speak of waiting: it doubled"),
        ("en", FELL, "delivery lost 9 points"),
        ("de", Fact("a", "„Warten“ hat sich verdoppelt: 12 Personen", "Warten"), "Warten nennen 12 Personen"),
        ("es", Fact("a", "«Espera» se duplicó: 12 personas", "Espera"), "12 personas hablan de la espera: se duplicó"),
        ("fr", Fact("a", "« Attente » a doublé : 1\u202f200 personnes", "Attente"), "l’attente, 1\u202f200 personnes"),
        ("pt", Fact("a", "“Espera” duplicou: 12 pessoas", "Espera"), "a espera duplicou: 12 pessoas"),
        ("ar", Fact("a", "تضاعف «الانتظار»: 12 شخصًا", "الانتظار"), "تضاعف الانتظار عند 12 شخصًا"),
    ],
)
def test_what_only_words_the_fact_passes(language: str, fact: Fact, words: str) -> None:
    assert judged(words, fact, language) == ""


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("waiting doubled: 13 people", "a figure"),
        ("waiting doubled: 12% of people", "a figure"),
        ("waiting doubled: -12 people", "a figure"),
        ("waiting doubled: 1.2 people", "a figure"),
        ("waiting doubled: ١٢ people", "a figure"),
        ("waiting doubled: twelve people", "a number in words"),
        ("waiting doubled for most people", "a number in words"),
        ("waiting fell to 12 people", "another direction"),
        ("waiting doubled because of 12 people", "cause"),
        ("waiting has not doubled: 12 people", "denial"),
        ("noise doubled: 12 people", "another name"),
        ("waiting doubled, says Peter Smith", "leads to a person"),
        ("waiting doubled, says Ana Torres", "leads to a person"),
        ("waiting doubled in Harbour", "capital"),
        ("waiting doubled: “12 people”", "another sign"),
        ("waiting doubled <b>12</b> people", "another sign"),
        ("waiting doubled: 12 people\n", ""),
        ("waiting doubled: 12 people. Act now", "more than one sentence"),
        ("waiting doubled: 12 people ½", "another sign"),
        ("waiting doubled: write to a@b.example", "another sign"),
        ("waiting" + " doubled" * 30, "too long"),
        ("", "too long, or empty"),
        ("waiting̵̵̵ doubled", "drawn over"),
        ("wai\u200bting doubled: 12 people", ""),
    ],
)
def test_each_trick_is_seen(words: str, why: str) -> None:
    found = judged(words, DOUBLED)
    assert why in found if why else not found, found


SEVERAL = Fact("theme1", "Waiting: 14 people, 35% of those who wrote (range 22–50), 6 the week before.", "Waiting")
LINE = Fact("theme2", "Line 14: 6 people, 20% of those who wrote.", "Line 14")
ON_LINE = {
    "de": Fact("a", "Linie 6: 14 Personen, 35\u00a0% derer, die schrieben, 6 in der Woche davor", "Linie 6"),
    "ar": Fact("a", "الخط 6: 14 شخصًا، 35٪ ممن كتبوا، 6 في الأسبوع السابق", "الخط 6"),
}


@pytest.mark.parametrize(
    ("words", "fact", "language"),
    [
        ("Waiting: 6 people, 14 the week before", SEVERAL, "en"),
        ("Waiting: 6 people", SEVERAL, "en"),
        ("Waiting: 14 people, 6 the week before", SEVERAL, "en"),
        ("Waiting: 14 people, 50–22 of 35% who wrote", SEVERAL, "en"),
        ("Waiting: 14 people, 14 the week before", SEVERAL, "en"),
        ("Line 14: 14 people", LINE, "en"),
        ("Line 14: 20% of those who wrote", LINE, "en"),
        ("Linie 6: 6 Personen, 14 in der Woche davor", ON_LINE["de"], "de"),
        ("الخط 6: 6 شخصًا", ON_LINE["ar"], "ar"),
    ],
)
def test_figures_of_a_fact_do_not_change_places(words: str, fact: Fact, language: str) -> None:
    """A figure tells of what stands beside it: one that is left out moves all that follow."""
    assert "figure" in judged(words, fact, language)


@pytest.mark.parametrize(
    ("words", "fact", "language"),
    [
        ("Waiting: 14 people", SEVERAL, "en"),
        ("14 people, 35% of those who wrote, speak of waiting", SEVERAL, "en"),
        ("6 people on Line 14, 20% of those who wrote", LINE, "en"),
        ("Line 14 again", LINE, "en"),
        ("14 Personen zur Linie 6, 35\u00a0% derer, die schrieben", ON_LINE["de"], "de"),
        ("14 شخصًا عن الخط 6", ON_LINE["ar"], "ar"),
    ],
)
def test_figures_in_the_order_of_the_fact_pass(words: str, fact: Fact, language: str) -> None:
    assert judged(words, fact, language) == ""


def test_figures_are_told_as_they_are_written() -> None:
    assert figures("68% of 1,234 people, −3 and 0.5; 4 to 9") == ["68%", "1,234", "−3", "0.5", "4", "9"]
    assert figures("68 % sur 1\u202f234") == ["68%", "1234"]
    assert figures("68\u00a0%") == ["68%"]


def test_every_language_of_the_digest_can_be_checked() -> None:
    assert checking.languages() == set(languages())
    for language in languages():
        kinds = checking.loaded(language)
        assert set(kinds) == {"numbers", "up", "down", "cause", "denial", "joining"}


@pytest.mark.parametrize("language", languages())
def test_our_own_sentences_show_what_the_lists_know(language: str) -> None:
    """That something doubled is a rise, that it fell is a fall: in the words of the digest itself."""
    said = texts(language)
    for key, kind in (("doubled", "up"), ("fell", "down"), ("drop", "down")):
        words = checking._words(checking.plain(said.many(f"digest.headline.{key}", 12, name="x", stage="x")))
        assert checking._any(words, tuple(checking.loaded(language)[kind])), (language, key, words)


OVERDUE = Fact("a", "“Spring round” is 6 days overdue", "Spring round")
OPEN = Fact("a", "2 urgent reports are open")
HEARD = Fact("a", "hardly heard: Northgate", "Northgate")
BELOW = Fact("a", "Delivery below its median for 6 weeks", "Delivery")
FEW = Fact("a", "Delivery fell by 9 points, of few answers", "Delivery")
DROPPED = {
    "es": Fact("a", "Operación bajó 9 puntos", "Operación"),
    "fr": Fact("a", "Service a baissé de 9 points", "Service"),
    "pt": Fact("a", "Operação desceu 9 pontos", "Operação"),
}
THEME = Fact("a", "Waiting: 14 people, 35% of those who wrote, under 5 the week before.", "Waiting", whole=False)


def turns(words: str, fact: Fact, language: str = "en") -> str:
    return turned(words, fact, language, lambda _: [])


@pytest.mark.parametrize(
    ("words", "fact", "language"),
    [
        ("2 urgent reports are closed", OPEN, "en"),
        ("2 urgent reports proved false", OPEN, "en"),
        ("2 urgent reports", OPEN, "en"),
        ("Spring round closes in 6 days", OVERDUE, "en"),
        ("Spring round is 6 days ahead of schedule", OVERDUE, "en"),
        ("Spring round: 6 days", OVERDUE, "en"),
        ("Delivery fell to 9 points", FELL, "en"),
        ("Delivery fell from 9 points", FELL, "en"),
        ("Delivery fell by 9 people", FELL, "en"),
        ("Delivery fell by –9 points", FELL, "en"),
        ("Delivery recovered 9 points", FELL, "en"),
        ("Delivery fell by 9 points", FEW, "en"),
        ("Northgate is well heard", HEARD, "en"),
        ("heard: Northgate", HEARD, "en"),
        ("below Delivery, its median for 6 weeks", BELOW, "en"),
        ("Delivery 6 weeks at its best", BELOW, "en"),
        ("14 people are happy with Waiting", THEME, "en"),
        ("Waiting: more than 14 people", THEME, "en"),
        ("Waiting: under 14 people", THEME, "en"),
        ("Awaiting: 14 people", THEME, "en"),
        ("Warten: 12 Personen sind zufrieden", Fact("a", "„Warten“ hat sich verdoppelt: 12 Personen", "Warten"), "de"),
        ("Nord ist gut gehört", Fact("a", "kaum gehört: Nord", "Nord"), "de"),
        ("Operación bajó a 9 puntos", DROPPED["es"], "es"),
        ("Operación bajó de 9 puntos", DROPPED["es"], "es"),
        ("Service a baissé à 9 points", DROPPED["fr"], "fr"),
        ("Service a baissé a\u0300 9 points", DROPPED["fr"], "fr"),
        ("Operação desceu a 9 pontos", DROPPED["pt"], "pt"),
    ],
)
def test_a_headline_turns_no_fact_round(words: str, fact: Fact, language: str) -> None:
    assert turns(words, fact, language)


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ("there are 2 urgent reports, and these are open", OPEN),
        ("the Spring round: 6 days overdue", OVERDUE),
        ("12 people: the waiting has doubled", DOUBLED),
        ("Northgate is hardly heard", HEARD),
        ("below its median for 6 weeks: Delivery", BELOW),
        ("of few answers, Delivery fell by 9 points", FEW),
        ("Waiting, 14 people", THEME),
        ("14 people, Waiting, and 35% of those who wrote", THEME),
    ],
)
def test_a_headline_may_join_and_move_the_clauses_of_a_fact(words: str, fact: Fact) -> None:
    assert turns(words, fact) == ""


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("reason", Reason)
def test_our_own_sentence_of_each_reason_passes(language: str, reason: Reason) -> None:
    said, staged = texts(language), reason in {Reason.FELL, Reason.DROP, Reason.ABOVE, Reason.BELOW}
    for count in (1, 2, 3, 12, 1_200):
        named = {} if staged or reason is Reason.URGENT else {language: "Nord 7, Süd"}
        each = Alert(reason, count, named, "deliver" if staged else "")
        fact = Fact("a", checking.plain(items.alert(each, said)), items.name_of(each, said))
        words = "".join(sign for sign in fact.text if sign not in "“”«»„").strip()
        assert turns(" ".join(words.split(" ")), fact, language) == "", fact
