"""What a message says to each kind of question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.danger import speaks_of_danger
from flows.model import Answer, Kind, Message, Number, Option, Pick, Script
from flows.understand import example, figure, understand
from flows.words import chosen, clean, fold, placeholders, table
from tests.flows.talk import Talk, flow_of

if TYPE_CHECKING:
    from flows.catalog import Catalog

ALL = flow_of("""
[states.words]
ask = "Tell us."
least = 3
most = 20
[states.card]
ask = "What is the number of your card?"
only = "digits"
most = 6
[states.size]
number = "How many?"
least = 1
most = 10
unit = "people"
whole = true
[states.length]
number = "How long?"
unit = "km"
[states.spot]
place = "Where?"
[states.picture]
photo = "Show us."
[states.bye]
end = ""
""")


def at(state: str) -> Talk:
    """Return a talk that stands at `state`."""
    talk = Talk(ALL)
    while talk.session.state != state:
        talk.says("SKIP")
    return talk


# --------------------------------------------------------------------------- words


def test_words_are_kept_as_they_were_written_but_for_control_characters() -> None:
    assert at("words").says("  a\x00b \u200fc\nd ").answers["words"] == "ab \u200fc\nd"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("\u202eopen later\u202c", "open later"),
        ("\u2067שלום\u2069 all", "שלום all"),
        ("\u200f مرحبا", "مرحبا"),
        ("👩\u200d👩\u200d👧 here", "👩\u200d👩\u200d👧 here"),
    ],
)
def test_words_keep_their_own_direction_and_turn_nothing_else_around(text: str, kept: str) -> None:
    assert at("words").says(text).answers["words"] == kept


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("\u200b", "ask_again"),
        (" \ufeff ", "ask_again"),
        ("ab", "ask_too_short"),
        ("é" * 21, "ask_too_long"),
        ("\x07", "ask_again"),
    ],
)
def test_words_that_do_not_fit_are_asked_again_with_the_limit(text: str, phrase: str) -> None:
    at("words").says(text).is_told(phrase, least=3, most=20, length=len(text)).stands_at("words")


@pytest.mark.parametrize(
    ("text", "kept"), [("00123", "00123"), (" 001 234 ", "001234"), ("٠٠١٢", "0012"), ("００１", "001")]
)
def test_a_code_keeps_its_zeros_and_loses_its_spaces(text: str, kept: str) -> None:
    assert at("card").says(text).answers["card"] == kept


@pytest.mark.parametrize("text", ["12a", "1.5", "-3", "+12", "no number", "½"])
def test_a_code_is_digits_alone(text: str) -> None:
    at("card").says(text).is_told("ask_digits").stands_at("card")


def test_a_code_has_as_many_digits_as_its_author_lets_it() -> None:
    at("card").says("1234567").is_told("ask_too_long", most=6, length=7).stands_at("card")


def test_a_photo_is_no_words() -> None:
    at("words").sends(Message(Kind.PHOTO, "a caption", file="f")).is_told("ask_again")


def test_a_sticker_is_no_answer_anywhere() -> None:
    for state in ("words", "size", "spot", "picture"):
        at(state).says("(sticker)").is_told("other_kind").stands_at(state)


# --------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3.0),
        (" 3 people", 3.0),
        ("about 3", 3.0),
        ("３", 3.0),
        ("٣", 3.0),
        ("3,0", 3.0),
        ("3.", 3.0),
        ("+3", 3.0),
    ],
)
def test_a_number_is_read_as_people_write_it(text: str, value: float) -> None:
    assert at("size").says(text).answers["size"] == value


@pytest.mark.parametrize(
    ("text", "phrase", "values"),
    [
        ("three", "number_again", {"example": "1"}),
        ("3-4", "number_again", {"example": "1"}),
        ("3 or 4", "number_again", {"example": "1"}),
        ("covid19", "number_again", {"example": "1"}),
        ("1e3", "number_again", {"example": "1"}),
        ("2x3", "number_again", {"example": "1"}),
        ("2h30", "number_again", {"example": "1"}),
        ("", "number_again", {"example": "1"}),
        ("9" * 400, "number_again", {"example": "1"}),
        ("3.5", "number_whole", {"example": "1"}),
        ("0", "number_too_low", {"least": "1 people"}),
        ("-2", "number_too_low", {"least": "1 people"}),
        ("11", "number_too_high", {"most": "10 people"}),
        ("1,500", "number_too_high", {"most": "10 people"}),
    ],
)
def test_a_number_that_does_not_fit_is_asked_again(text: str, phrase: str, values: dict[str, object]) -> None:
    at("size").says(text).is_told(phrase, **values).stands_at("size")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("2.5km", 2.5), ("2,5km", 2.5), ("1.5h", 1.5), ("٢٫٥كم", 2.5), ("12km", 12.0), ("50m²", 50.0), ("20%", 20.0)),
        ("-0", 0.0),
        ("3,5", 3.5),
        ("3.5 km", 3.5),
        ("-0,25", -0.25),
        ("1 234", 1234.0),
        ("1 234,5", 1234.5),
        ("1500", 1500.0),
    ],
)
def test_a_fraction_takes_point_or_comma(text: str, value: float) -> None:
    assert at("length").says(text).answers["length"] == value


@pytest.mark.parametrize("text", ["1,500", "1.500", "1.234.567"])
def test_a_number_that_could_be_two_is_never_guessed(text: str) -> None:
    assert figure(text, whole=False) is None
    assert figure(text, whole=True) == float(text.replace(",", "").replace(".", ""))


# --------------------------------------------------------------------------- places and photos


def test_a_place_is_a_pin_or_words() -> None:
    assert at("spot").says("(place 40.4168,-3.7038)").answers["spot"] == "40.41680,-3.70380"
    assert at("spot").says("Main Street").answers["spot"] == "Main Street"


@pytest.mark.parametrize("sent", ["40.4168, -3.7038", "40.41680;-3.70380", "٤٠.٤١٦٨, -٣.٧٠٣٨", " 40.4168 -3.7038 "])
def test_a_point_typed_as_maps_write_it_is_a_pin(sent: str) -> None:
    assert at("spot").says(sent).answers["spot"] == "40.41680,-3.70380"


@pytest.mark.parametrize("sent", ["12, 14", "Main Street 40.4", "40.4168", "Bus 12.5, 14.5"])
def test_numbers_of_houses_and_lines_are_words(sent: str) -> None:
    assert at("spot").says(sent).answers["spot"] == sent


@pytest.mark.parametrize(
    ("sent", "phrase"),
    [
        ("91.0001, 0.0001", "place_again"),
        ("(place live)", "place_live"),
        ("(place 91,0)", "place_again"),
        ("(place nan,0)", "place_again"),
        ("(place here)", "place_again"),
        ("(photo)", "place_again"),
        ("👍", "place_again"),
        ("x" * 301, "ask_too_long"),
    ],
)
def test_what_is_no_place_is_asked_again(sent: str, phrase: str) -> None:
    at("spot").says(sent).is_told(phrase, most=300, length=301).stands_at("spot")


def test_a_photo_is_kept_with_its_caption() -> None:
    talk = at("picture").says("(photo the lamp)")
    answer = talk.session.answers["picture"]
    assert (answer.value, answer.caption) == ("photo-1", "the lamp")


def test_words_are_no_photo() -> None:
    at("picture").says("a lamp").is_told("photo_again")


def test_a_channel_is_told_what_a_question_wants() -> None:
    assert at("spot").turn.prompts[-1].wants == "place"
    assert at("picture").turn.prompts[-1].wants == "photo"


# --------------------------------------------------------------------------- comparing words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Sí", "si"),
        ("  ÁRBOL\tgrande ", "arbol grande"),
        ("Straße", "strasse"),
        ("«Muy bien»!", "muy bien"),
        ("2️⃣", "2"),
        ("٢", "2"),
        ("don't know", "don't know"),
        ("👍", ""),
        ("نَعَم", "نعم"),
        ("a\u200bb", "ab"),
        ("J’ai l´heure d'accord", "j'ai l'heure d'accord"),
        ("‘Yes’", "yes"),
        ("'", ""),
        ("المكتبة", "المكتبه"),
        ("إيذاء", "ايذا"),
        ("مستشفى", "مستشفي"),
        ("سؤال", "سوال"),
        ("ممتـــاز", "ممتاز"),
        ("کی", "كي"),
        ("1 و3", "1 و 3"),
        ("١و٣", "1 و 3"),
    ],
)
def test_words_are_compared_without_case_accents_and_marks(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(folded) == folded


def test_clean_takes_out_what_cannot_be_seen_or_stored() -> None:
    assert clean("a\x00b\x1b[0m\ud800\r\nc\ue000") == "ab[0m\nc"


def test_an_option_of_emoji_alone_can_be_typed() -> None:
    assert table([Option("good", "👍"), Option("bad", "👎")], {})["👎"] == "bad"


def test_a_number_means_its_place_and_never_a_label() -> None:
    typed = table([Option("two", "2"), Option("one", "1")], {})
    assert (typed["1"], typed["2"]) == ("two", "one")


def test_near_words_that_could_mean_two_options_mean_none() -> None:
    flow = flow_of("""
[states.one]
choose = "Which?"
options = [{ id = "a", label = "Line 10 north" }, { id = "b", label = "Line 10 norte" }]
[states.bye]
end = ""
""")
    assert Talk(flow).says("line 10 nort").session.state == "one"


@pytest.mark.parametrize("text", ["unuseful", "very unfair", "not fair", "not useful", "fairly useful"])
def test_the_opposite_of_an_option_is_never_taken_for_it(text: str) -> None:
    options = [Option("a", "Useful"), Option("b", "Very fair"), Option("c", "Fair")]
    assert chosen(table(options, {}), text) is None


@pytest.mark.parametrize(("text", "option"), [("usefull", "a"), ("very fiar", "b"), ("veri fair", "b")])
def test_a_slip_of_the_finger_is_forgiven(text: str, option: str) -> None:
    assert chosen(table([Option("a", "Useful"), Option("b", "Very fair")], {}), text) == option


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Line 13", "Line 12"),
        ("line 1", "Line 12"),
        ("More than 100", "More than 10"),
        ("Before 1980", "Before 1990"),
        ("Grade 11", "Grade 10"),
        ("Room24b", "Room24a"),
    ],
)
def test_another_number_is_no_slip(text: str, label: str) -> None:
    typed = table([Option("a", label), Option("b", "None of these")], {})
    assert chosen(typed, text) is None
    assert chosen(typed, label.upper()) == "a"
    assert chosen(typed, label.replace("e", "ee", 1)) == "a"


PIECES = [*"a bomb gas leak kill him self-harm Bombs! in, danger".split(), "GAS leak.", "in dánger", "\u200b", "x" * 50]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join))
def test_danger_is_heard_wherever_its_words_stand_whole_and_in_order(text: str) -> None:
    script = Script("en", {}, {}, {}, danger=("a bomb", "gas leak", "kill him", "self harm", "in danger"))
    said = f" {fold(text)} "
    assert speaks_of_danger(script, text) == any(f" {words} " in said for words in script.danger)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ar", "كل يوم يشرب فيضربني أمام الأولاد"),
        ("ar", "وسيضربني إن عدت"),
        ("ar", "هدّدنا بقنبلة في المدرسة"),
        ("ar", "وجدت قنبله هنا"),
        ("ar", "وأريد أن أموت"),
        ("fr", "je sais qu’il me frappe"),
        ("fr", "je veux l'automutilation"),
        ("de", "er schlaegt mich jeden Tag"),
        ("de", "Er SCHLÄGT mich"),
        ("de", "ich habe eine Überdosis genommen"),
        ("de", "ueberdosis"),
        ("es", "me está pegando mi marido"),
        ("pt", "ele bate-me"),
        ("en", "I want to kill myself"),
    ],
)
def test_danger_is_heard_in_every_language_and_with_what_is_written_in_one_with_it(
    catalog: Catalog, language: str, text: str
) -> None:
    assert speaks_of_danger(catalog.get("deliver_pulse").script(language), text)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ar", "أود أن تفتح المكتبة وقتا أطول"),
        ("ar", "الفاصل بين الحافلات طويل"),
        ("ar", "ضرب المطر النوافذ"),
        ("fr", "l’attente me tue"),
        ("de", "der Bus faehrt zu selten"),
        ("es", "el autobús tarda"),
        ("pt", "o autocarro demora"),
        ("en", "the queue kills me"),
    ],
)
def test_everyday_words_are_no_danger(catalog: Catalog, language: str, text: str) -> None:
    assert not speaks_of_danger(catalog.get("deliver_pulse").script(language), text)


@pytest.mark.parametrize("text", ["Früher öffnen", "Frueher oeffnen", "fruher offnen", "FRÜHER ÖFFNEN"])
def test_letters_with_dots_may_be_typed_as_two(text: str) -> None:
    assert chosen(table([Option("early", "Früher öffnen"), Option("late", "Später öffnen")], {}), text) == "early"


@pytest.mark.parametrize("text", ["1 و3", "١ و ٣", "1، 3", "المواعيد والأسعار", "المواعيد و3", "وقت الانتظار والأسعار"])
def test_several_are_picked_in_arabic_with_and_written_in_one_with_the_next(text: str) -> None:
    labels = ("المواعيد", "وقت الانتظار", "الأسعار")
    pick = Pick(id="p", text="?", options=tuple(Option(f"o{n}", label) for n, label in enumerate(labels)))
    script = Script("ar", {"p": pick}, {}, {"و": "and"}, tables={"p": table(pick.options, {})})
    answer = understand(script, pick, Message(Kind.TEXT, text))
    assert isinstance(answer, Answer)
    assert answer.value == (("o1", "o2") if text.startswith("وقت") else ("o0", "o2"))


def test_without_words_of_danger_nothing_speaks_of_it() -> None:
    assert not speaks_of_danger(Script("en", {}, {}, {}), "there is a bomb")


def test_placeholders_are_names_in_braces() -> None:
    assert placeholders("a {topic} of {org}, {not this} {}") == {"topic", "org"}


@pytest.mark.parametrize(
    ("least", "most", "shown"),
    [(None, None, "5"), (0.0, 240.0, "5"), (0.0, 3.0, "3"), (18.0, 99.0, "18"), (-9.0, -4.0, "-9")],
)
def test_the_example_is_a_number_that_would_be_taken(least: float | None, most: float | None, shown: str) -> None:
    asked = Number(id="n", text="How many?", least=least, most=most)
    assert example(asked, "en") == shown
    answer = understand(Script("en", {}, {}, {}), asked, Message(Kind.TEXT, shown))
    assert isinstance(answer, Answer)
