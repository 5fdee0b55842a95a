"""Danger is heard with slips and endings; a "no" takes a hazard away, never violence or despair."""

from __future__ import annotations

from functools import lru_cache

import pytest

from flows.catalog import Catalog
from flows.danger import HAZARD, NO, speaks_of_danger
from flows.model import Script

CATALOG = Catalog.load()
LANGUAGES = ("ar", "de", "en", "es", "fr", "pt")
TRUE = [
    ("en", "There is a smell of gas in the hall"),
    ("en", "An electric cable hangs over the path"),
    ("en", "He threatened my sister with a knife"),
    ("en", "My mother is unconcious, help"),
    ("en", "the roof is colapsing, about to collaps"),
    ("en", "No! There is a gas leak"),
    ("en", "I do not want to die"),
    ("de", "Mein Vater bekommt keine Luft"),
    ("de", "Der Balkon stürzt ein"),
    ("de", "Hier hängt ein Kabel unter Strom"),
    ("de", "sie ist bewustlos"),
    ("es", "Un coche atropelló a un niño"),
    ("es", "Sale humo del sótano y huele mucho a gas"),
    ("es", "está inconciente"),
    ("fr", "Mon fils ne respire plus"),
    ("fr", "Des tuiles du toit tombent sur les passants"),
    ("pt", "O meu pai não respira"),
    ("pt", "Cheira muito a gás na escola"),
    ("ar", "هناك رائحة قوية للغاز في المدرسة رائحة غاز"),
    ("ar", "جاري يضرب أطفاله"),
]

MEANINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "does not want to live": {
        "en": ("I don't want to live anymore", "I do not want to live any more", "honestly i dont want to live."),
        "de": ("Ich will nicht mehr leben", "ich möchte nicht mehr leben"),
        "es": ("No quiero vivir más", "Ya no quiero vivir", "No quiero seguir viviendo"),
        "fr": ("Je ne veux plus vivre", "je n'ai plus envie de vivre"),
        "pt": ("Não quero viver mais", "não quero mais viver"),
        "ar": ("لا أريد أن أعيش", "مش عايز أعيش"),
    },
    "wants to end it": {
        "en": ("I can't go on, I want to end it all", "I am going to take my own life"),
        "de": ("Ich nehme mir das Leben", "Ich will mir das Leben nehmen"),
        "es": ("Voy a quitarme la vida", "voy a acabar con todo"),
        "fr": ("Je veux en finir", "j'ai envie d’en finir"),
        "pt": ("Vou-me matar", "vou acabar com a minha vida"),
        "ar": ("سأنهي حياتي", "أريد إنهاء كل شيء"),
    },
    "would be better dead": {
        "en": ("They would be better off without me", "I wish I was dead"),
        "de": ("Ich wäre lieber tot",),
        "es": ("Todos estarían mejor sin mí",),
        "fr": ("Je voudrais être morte",),
        "pt": ("Queria estar morta",),
        "ar": ("ليتني مت",),
    },
    "has taken too much": {
        "en": ("I took too many pills",),
        "de": ("Sie hat zu viele Tabletten genommen",),
        "es": ("He tomado demasiadas pastillas",),
        "fr": ("Elle a avalé trop de médicaments",),
        "pt": ("Tomei demasiados comprimidos",),
        "ar": ("تناولت الكثير من الحبوب",),
    },
    "a child is hurt": {
        "en": ("A child is being abused at home", "he hits the children"),
        "de": ("Ein Kind wird jeden Abend geschlagen",),
        "es": ("Están pegando a un niño", "maltratan a la niña de al lado"),
        "fr": ("Un enfant est battu chez les voisins",),
        "pt": ("Estão a bater numa criança",),
        "ar": ("طفل يتعرض للضرب",),
    },
    "was raped": {
        "en": ("I have been raped", "I was raped last night"),
        "de": ("Ich wurde vergewaltigt",),
        "es": ("Me han violado", "fui violada"),
        "fr": ("On m'a violée", "j’ai été violée"),
        "pt": ("Fui violada", "fui estuprada"),
        "ar": ("تعرضت للاغتصاب",),
    },
    "somebody does not breathe": {
        "en": ("An old man collapsed and isn't breathing", "she stopped breathing"),
        "de": ("Ein Mann atmet nicht mehr",),
        "es": ("Un hombre se ha desmayado y no respira",),
        "fr": ("Un homme ne respire plus",),
        "pt": ("O senhor parou de respirar",),
        "ar": ("توقف عن التنفس",),
    },
    "is beaten": {
        "en": ("He hits me every night", "my husband beats me"),
        "de": ("Mein Mann schlägt mich", "ich werde zu Hause geschlagen"),
        "es": ("Mi marido me pega",),
        "fr": ("Mon mari me frappe",),
        "pt": ("O meu marido bate-me", "meu marido me bate"),
        "ar": ("زوجي يضربني", "جوزي بيضربني"),
    },
    "has a weapon": {
        "en": ("He has got a gun",),
        "de": ("Er hat eine geladene Waffe",),
        "es": ("Tiene un arma",),
        "fr": ("Il est armé",),
        "pt": ("Ele está armado",),
        "ar": ("معه سلاح",),
    },
    "a fire": {
        "en": ("There's a fire in the building", "the bin caught fire"),
        "de": ("Es brennt im Haus",),
        "es": ("Hay fuego en la escalera",),
        "fr": ("Il y a le feu dans l'immeuble",),
        "pt": ("Há um incêndio no prédio",),
        "ar": ("هناك حريق في المبنى",),
    },
    "a ceiling comes down": {
        "en": ("The ceiling is about to fall down",),
        "de": ("Die Decke kommt gleich runter",),
        "es": ("El techo está a punto de caerse",),
        "fr": ("Le plafond va tomber",),
        "pt": ("O teto vai cair",),
        "ar": ("السقف سينهار",),
    },
    "a wire hangs": {
        "en": ("A live wire is hanging over the pavement",),
        "de": ("Ein Kabel hängt herunter",),
        "es": ("Hay un cable suelto con chispas",),
        "fr": ("Un fil électrique à nu pend là",),
        "pt": ("Há um fio pendurado com faíscas",),
        "ar": ("أسلاك كهرباء مكشوفة",),
    },
}


def hears(language: str, text: str, *others: str) -> bool:
    """Whether danger is heard in `text` in a chat in one language, with that of others heard beside it."""
    return speaks_of_danger(chat_in(language, others), text)


@lru_cache
def chat_in(language: str, others: tuple[str, ...]) -> Script:
    danger = {each: CATALOG.danger(each) for each in (language, *others)}
    return CATALOG.get("deliver_pulse").hearing(danger).script(language)


@pytest.mark.parametrize(("language", "text"), TRUE)
def test_danger_is_heard_as_people_write_of_it(language: str, text: str) -> None:
    assert hears(language, text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("meaning", MEANINGS)
def test_each_meaning_is_heard_in_every_language(meaning: str, language: str) -> None:
    assert [text for text in MEANINGS[meaning][language] if not hears(language, text)] == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I don't want to live in a street full of cars"),
        ("en", "It cannot go on like this"),
        ("en", "The rules are being followed"),
        ("en", "This will kill the high street"),
        ("en", "People smoke in the bus stop"),
        ("en", "It took two tablets to sign in, a touching story for children"),
        ("de", "Bringen Sie das Buch um 10 Uhr zurück"),
        ("de", "Radfahren ist hier nur etwas für Lebensmüde"),
        ("de", "Den Laden wird es bald nicht mehr geben"),
        ("es", "Me siguen cobrando la cuota"),
        ("es", "Han violado la ordenanza municipal"),
        ("es", "No quiero vivir en un barrio sucio"),
        ("es", "Hay que acabar con todo ese ruido"),
        ("fr", "Le feu rouge dure trop longtemps"),
        ("fr", "Je me suis battu pour cette école, et je suis frappé par la beauté du lieu"),
        ("fr", "La médecin qui me suit est très bien"),
        ("fr", "Je ne veux plus vivre dans ce bruit"),
        ("fr", "Il faut mettre fin à ces travaux"),
        ("pt", "Não quero viver num bairro sujo"),
        ("pt", "Um direito violado"),
    ],
)
def test_what_only_sounds_like_danger_is_not_heard_as_one(language: str, text: str) -> None:
    assert not hears(language, text)


def test_a_point_stands_for_the_end_of_a_clause() -> None:
    ends = script("want to live .")
    assert speaks_of_danger(ends, "I do not want to live. Help me")
    assert speaks_of_danger(ends, "I don't want to live")
    assert not speaks_of_danger(ends, "I want to live here.")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "There was no smell of gas, all was fine"),
        ("en", "The building is not in flames any more"),
        ("de", "Es gab keinen Gasgeruch"),
        ("es", "No hay fuga de gas"),
        ("fr", "Il n'y a pas de fuite de gaz"),
        ("pt", "Não há fuga de gás"),
        ("ar", "لا يوجد تسرب غاز"),
        ("en", "The gas bill is too high"),
        ("en", "Please explain the new bus lines"),
        ("de", "Die Kabelverbindung im Lesesaal ist langsam"),
        ("es", "El precio del gas sube"),
        ("fr", "Le gaz est cher"),
        ("pt", "A conta do gás é alta"),
        ("ar", "كان الانتظار قصيرًا"),
    ],
)
def test_what_is_no_danger_is_not_heard_as_one(language: str, text: str) -> None:
    assert not hears(language, text)


def script(*entries: str) -> Script:
    return Script("en", {}, {}, {}, danger=entries)


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("a live cable hanging there", True),
        ("a cable that somebody left hanging", True),
        ("cables hang", True),
        ("a cable one two three four five hanging", False),
        ("hanging cable", False),
        ("no cable hangs here", False),
        ("no, a cable hangs here", True),
    ],
)
def test_a_gap_takes_up_to_four_words_and_a_star_any_ending(text: str, heard: bool) -> None:
    assert speaks_of_danger(script(f"{HAZARD}cable* … hang*", f"{NO}no"), text) is heard


def test_danger_is_heard_in_the_other_languages_of_a_place_as_well() -> None:
    both = CATALOG.get("deliver_pulse").hearing({each: CATALOG.danger(each) for each in ("en", "es")})
    assert speaks_of_danger(both.script("en"), "Hay una fuga de gas en la sala")
    assert not speaks_of_danger(both.script("en"), "No hay fuga de gas")
    assert not speaks_of_danger(both.script("en"), "Es ist Gas ausgetreten")


@pytest.mark.parametrize("chat", LANGUAGES)
@pytest.mark.parametrize(("language", "text"), TRUE)
def test_danger_is_heard_in_a_chat_in_any_other_language(language: str, text: str, chat: str) -> None:
    assert hears(chat, text, *({language} - {chat}))


@pytest.mark.parametrize("chat", LANGUAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_whole_entry_is_heard_in_a_chat_in_any_other_language(language: str, chat: str) -> None:
    whole = [each for each in CATALOG.danger(language) if not {NO, "*", "…"} & set(each)]
    assert [each for each in whole if not hears(chat, each.lstrip(HAZARD), *({language} - {chat}))] == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "There was no explosion"),
        ("en", "There was no explosion, only a loud bang."),
        ("de", "Es gab keine Explosion"),
        ("es", "No hubo ninguna explosión"),
        ("fr", "Il n'y a pas eu d'explosion"),
        ("pt", "Não há incêndio"),
        ("es", "No hay ningún incendio"),
        ("es", "Falta un detector de incendios en la escalera"),
        ("es", "La salida de incendio está cerrada con llave"),
        ("en", "The explosive growth of traffic"),
        ("de", "Das Konzert war explosiv"),
        ("en", "My son liked the raptor show in the park"),
        ("es", "Hay que desatar la bicicleta"),
        ("es", "No hay fuga de gas"),
    ],
)
def test_what_is_no_danger_to_its_writer_is_none_in_the_other_languages_of_a_place(language: str, text: str) -> None:
    assert not hears(language, text, *(each for each in LANGUAGES if each != language))


@pytest.mark.parametrize(
    ("language", "text", "other"),
    [
        ("en", "There was no explosion. Hay una fuga de gas en la sala", "es"),
        ("en", "There was no explosion, mi marido me pega", "es"),
        ("en", "There was no explosion y mi marido me pega", "es"),
        ("de", "Keine Explosion! There is a smell of gas", "en"),
        ("ar", "Houve uma explosão", "pt"),
        ("es", "Há um incêndio na escola", "pt"),
    ],
)
def test_what_is_denied_hides_no_other_danger(language: str, text: str, other: str) -> None:
    assert hears(language, text, other)


@pytest.mark.parametrize(
    "text", ["L'incendie se propage", "après l’explosion", "l'appartement où il y a eu l'incendie"]
)
def test_danger_is_heard_behind_what_is_written_in_one_with_it(text: str) -> None:
    assert hears("fr", text)


@pytest.mark.parametrize("word", ["explosion", "explosoin", "explsion", "explosiion", "explosiom"])
def test_one_slip_in_a_long_word_does_not_matter(word: str) -> None:
    assert speaks_of_danger(script("explosion"), f"an {word} happened")


@pytest.mark.parametrize("word", ["explosive", "implosion", "expulsion", "explos"])
def test_another_word_is_no_slip(word: str) -> None:
    assert not speaks_of_danger(script("explosion"), f"an {word} happened")
