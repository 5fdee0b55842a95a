"""What citizens read is plain by rule, in each language, and a text that is not is told with its line and the mend.

The shipped texts keep to every rule here; people still have to read along.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.catalog import Catalog
from flows.checks.wording import LABEL, MESSAGE, QUESTION, SENTENCE
from flows.form import PlainForm
from flows.plain import Plain, rules, words
from tests.flows.talk import files_of

LANGUAGES = ("en", "es", "fr", "de", "pt", "ar")
RULES, FAULTS = rules()


def told(state: str, **beside: str) -> list[tuple[str, int]]:
    """Return code and line of what is not plain in a flow of one question."""
    files = files_of(f'[states.a]\n{state}\n[states.bye]\nend = "Thank you."\n', beside=beside)
    return [(issue.code, issue.line) for issue in Catalog.of(files).issues]


def test_everything_that_is_shipped_is_plain_in_every_language(catalog: Catalog) -> None:
    assert set(catalog.languages) == set(LANGUAGES) == set(RULES)
    assert [str(issue) for issue in catalog.issues] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_its_words_of_offices_with_the_plain_ones(language: str) -> None:
    form = RULES[language].form
    assert FAULTS == []
    assert len(form.jargon) >= 60
    assert len(form.leading) >= 10
    assert len(form.judging) >= 25
    assert form.minutes
    assert form.joint


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plain_word_is_no_word_of_offices_itself(language: str) -> None:
    plain = RULES[language]
    hard = {word: plain.hard_words(instead) for word, instead in plain.form.jargon.items()}
    assert {word: found for word, found in hard.items() if found} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_to_ask_instead_neither_leads_nor_asks_two_things(language: str) -> None:
    plain = RULES[language]
    for instead in plain.form.leading.values():
        assert plain.led(instead) is None, instead
        assert plain.doubled(instead) is None, instead


def test_every_item_tells_why_we_ask_in_each_language(catalog: Catalog) -> None:
    silent = [(item.id, one) for item in catalog.bank.items.values() for one in LANGUAGES if not item.words[one].why]
    assert not silent


# --------------------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("en", "We ask, e.g. by phone. Then we act.", ["We ask, e.g. by phone.", "Then we act."]),
        ("en", "It costs 3.50 a day. Why?", ["It costs 3.50 a day.", "Why?"]),
        ("en", "Read https://city.example/a.b? Yes.", ["Read address Yes."]),
        ("en", "First line\nSecond line", ["First line", "Second line"]),
        ("es", "Hola. ¿Qué tal? Bien.", ["Hola.", "¿Qué tal?", "Bien."]),
        ("es", "Escriba p. ej. una calle. Gracias.", ["Escriba p. ej. una calle.", "Gracias."]),
        ("fr", "C’est clair ? Oui !", ["C’est clair ?", "Oui !"]),
        ("fr", "C’est clair\u202f? Oui\u202f!", ["C’est clair\u202f?", "Oui\u202f!"]),
        ("fr", "« Est-ce bien ? » Oui.", ["« Est-ce bien ?", "» Oui."]),
        ("de", "Am 3. Mai um 9 Uhr. Danke.", ["Am 3. Mai um 9 Uhr.", "Danke."]),
        ("de", "Das gilt z. B. für Busse. Gut?", ["Das gilt z. B. für Busse.", "Gut?"]),
        ("pt", "Fale com a Dra. Ana. Obrigado.", ["Fale com a Dra. Ana.", "Obrigado."]),
        ("ar", "مرحبا. كيف الحال؟ جيد.", ["مرحبا.", "كيف الحال؟", "جيد."]),
    ],
)
def test_sentences_end_where_readers_hear_them_end(language: str, text: str, sentences: list[str]) -> None:
    assert RULES[language].sentences(text) == sentences


@pytest.mark.parametrize(
    ("sentence", "asked"),
    [
        ("Is it?", "Is it?"),
        ("¿Es así?", "Es así?"),
        ("Si es así, ¿por qué?", "por qué?"),
        ("C’est ça ?", "C’est ça ?"),
        ("هل هو كذلك؟", "هل هو كذلك؟"),
        ("It is.", None),
    ],
)
def test_a_question_is_known_by_its_mark(sentence: str, asked: str | None) -> None:
    assert Plain.question(sentence) == asked


def test_a_mark_between_spaces_is_no_word() -> None:
    assert words("Est-ce clair ? – Oui : 3 fois") == ["Est-ce", "clair", "Oui", "3", "fois"]


@given(st.text(max_size=80), st.sampled_from(LANGUAGES))
def test_no_text_is_lost_between_its_sentences(text: str, language: str) -> None:
    cut = "".join("".join(RULES[language].sentences(text)).split())
    assert cut == "".join(text.split()) or "http" in text


# --------------------------------------------------------------------------- words and lengths


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (f'ask = "{"word " * (QUESTION - 1)}word?"', None),
        (f'ask = "{"word " * QUESTION}word?"', "long-question"),
        (f'ask = "{"word " * (SENTENCE - 1)}word."', None),
        (f'ask = "{"word " * SENTENCE}word."', "long-sentence"),
        (f'ask = "{"Abcdefgh ijk. " * (MESSAGE // 14)}"', None),
        (f'ask = "{"Abcdefgh ijk. " * (MESSAGE // 14 + 1)}"', "long-message"),
        (f'say = "{"Abcdefgh ijk. " * 19}\\n\\nAbcdefgh ij."', None),
        (f'say = "{"Abcdefgh ijk. " * 19}\\n\\nAbcdefgh ijk."', "long-message"),
        (f'ask = "Why?"\nwhy = "{"word " * SENTENCE}word."', "long-sentence"),
        ('ask = "It was made by the office. Why?"', "passive"),
        ('ask = "What would you like to commence?"', "jargon"),
        ('ask = "IMPORTANT: why is that?"', "shouting"),
        ('ask = "PLEASE TELL US: why is that?"', "shouting"),
        ('ask = "Why is that? Send SKIP to leave it out."', None),
        ('ask = "Is the NHS near you?"', None),
        ('ask = "Is it near you? Is it open late?"', "double-question"),
        ('ask = "Did something hold you up? What?"', None),
        ('choose = "Which?"\noptions = [{ id = "a", label = "😀" }, { id = "b", label = "No" }]', "emoji-only"),
        ('choose = "Which?"\noptions = [{ id = "a", label = "😀 Good" }, { id = "b", label = "Bad" }]', None),
        (f'choose = "Which?"\noptions = [{{ id = "a", label = "{"a" * LABEL}" }}]', None),
        (f'choose = "Which?"\noptions = [{{ id = "a", label = "{"a" * (LABEL + 1)}" }}]', "long-label"),
    ],
)
def test_a_text_that_is_not_plain_is_told_once(state: str, code: str | None) -> None:
    assert [one for one, _ in told(state)] == ([code] if code else [])


def test_a_frame_may_say_much_at_once_in_short_paragraphs() -> None:
    """What the law wants told before the first question does not fit into one short message."""
    part = "Abcdefgh ijk. " * (MESSAGE // 14)
    frame = f'frame = "own"\nlanguage = "en"\nstart = "hello"\n[states.hello]\nsay = "{part}PART"\nnext = "questions"\n'
    frame += '[states.thanks]\nend = "Thank you."\n'
    many, long = (frame.replace("PART", more) for more in ("\\n\\nAbcdefgh ijk.", "Abcdefgh ijk."))
    found = [
        [issue.code for issue in Catalog.of({"frames/own.toml": text}).issues if issue.code == "long-message"]
        for text in (many, long)
    ]
    assert found == [[], ["long-message"]]


def test_a_text_is_told_in_the_line_of_its_words_in_its_translation_too() -> None:
    spanish = 'of = { flow = "small", version = 1 }\nlanguage = "es"\ntitle = "Pequeño"\n[states.a]\n'
    spanish += 'ask = "¿Cómo lo implementamos?"\n[states.bye]\nend = "Gracias."\n'
    files = files_of(
        '[states.a]\nask = "How do we do it?"\n[states.bye]\nend = "Thank you."\n', beside={"small.es.toml": spanish}
    )
    issues = [issue for issue in Catalog.of(files).issues if issue.code == "jargon"]
    assert [(issue.file, issue.line) for issue in issues] == [("small.es.toml", 5)]
    assert '"implementamos"' in issues[0].message


@pytest.mark.parametrize(
    ("language", "text", "hard"),
    [
        ("en", "We will utilise it.", "utilise"),
        ("en", "A user of utilities.", None),
        ("es", "Lo haremos mediante un plan.", "mediante"),
        ("fr", "L’usager doit venir.", "usager"),
        ("de", "Das ist zeitnah möglich.", "zeitnah"),
        ("pt", "O munícipe deve vir.", "munícipe"),
        ("ar", "نعمل مع أصحاب المصلحة هنا.", "أصحاب المصلحة"),
        ("ar", "والحوكمة مهمة.", "والحوكمة"),
    ],
)
def test_a_word_of_offices_is_found_in_its_forms(language: str, text: str, hard: str | None) -> None:
    assert [word for word, _ in RULES[language].hard_words(text)] == ([hard] if hard else [])


def test_an_office_adds_words_of_its_own_and_allows_others() -> None:
    own = 'language = "en"\n[jargon]\n"form 12b" = "the yellow form"\n"procur*" = ""\n'
    state = 'ask = "How do you find form 12b when we procure?"'
    assert [code for code, _ in told(state)] == ["jargon"]
    files = files_of(f'[states.a]\n{state}\n[states.bye]\nend = "Thank you."\n', beside={"plain.en.toml": own})
    assert ["form 12b" in issue.message for issue in Catalog.of(files).issues] == [True]


@pytest.mark.parametrize("pattern", ["(", "[[a]"])
def test_a_pattern_that_is_none_is_told_with_its_line(pattern: str) -> None:
    issues = Catalog.of({"plain.en.toml": f'language = "en"\n[jargon]\n[leading]\n"{pattern}" = "What?"\n'}).issues
    assert [(issue.file, issue.line, issue.code) for issue in issues] == [("plain.en.toml", 4, "bad-value")]
    assert "no pattern" in issues[0].message


def test_a_language_without_rules_keeps_to_those_of_all() -> None:
    assert Plain("nl", PlainForm(language="nl")).hard_words("utilise") == []


# --------------------------------------------------------------------------- questions

LEADING = {
    "en": ["Don't you agree that it is good?", "How much do you like the library?", "It is good, isn’t it?"],
    "es": ["¿No cree que está bien?", "¿Cuánto le gusta la biblioteca?", "Está bien, ¿verdad?"],
    "fr": ["Ne pensez-vous pas que c’est bien ?", "À quel point aimez-vous ce parc ?", "C’est bien, n’est-ce pas ?"],
    "de": ["Finden Sie nicht, dass es gut ist?", "Wie sehr mögen Sie den Park?", "Das ist gut, nicht wahr?"],
    "pt": ["Não acha que está bem?", "Quanto gosta do parque?", "Está bem, não é?"],
    "ar": ["ألا ترون أن هذا جيد؟", "إلى أي مدى تحبون الحديقة؟", "هذا جيد، أليس كذلك؟"],
}
DOUBLE = {
    "en": [
        "Was the staff friendly and fast?",
        "Is it safe and/or clean?",
        "How did you come and when did you leave?",
        "When do you come, and for how long?",
        "Is it clean, and is it easy to reach?",
        "Who helped you, and did it help?",
    ],
    "es": [
        "¿Fue el personal amable y rápido?",
        "¿Qué hizo y cómo le fue?",
        "¿Cuándo viene y cuánto espera?",
        "¿A qué hora viene y con quién?",
        "¿Está limpio, y es fácil llegar?",
    ],
    "fr": [
        "Le personnel était-il aimable et rapide ?",
        "Comment êtes-vous venu et quand ?",
        "Quand venez-vous et combien de temps attendez-vous ?",
        "Qu’avez-vous vu et où ?",
        "À quelle heure venez-vous et avec qui ?",
        "Est-ce propre, et est-ce facile d’accès ?",
        "La salle est-elle propre et a-t-elle assez de place ?",
    ],
    "de": [
        "War das Personal freundlich und schnell?",
        "Wann kamen Sie und wie war es?",
        "Um wie viel Uhr kamen Sie und mit wem?",
        "Ist es sauber, und ist es gut zu erreichen?",
    ],
    "pt": [
        "O pessoal foi simpático e rápido?",
        "Como veio e quando saiu?",
        "Quando vem e quanto espera?",
        "A que horas vem e com quem?",
        "É limpo, e é fácil de chegar?",
    ],
    "ar": [
        "هل كان الموظفون لطفاء وسريعين؟",
        "كيف جئتم وكيف كان ذلك؟",
        "متى تأتون وكم تنتظرون؟",
        "هل المكان نظيف وهل الوصول إليه سهل؟",
    ],
}
FAIR = {
    "en": [
        "How easy or difficult was it?",
        "What went well?",
        "Is it clear to you what can change and what is decided?",
        "What was good and did help?",
        "Which bus do you take between home and work?",
    ],
    "es": [
        "¿Fue fácil o difícil?",
        "¿Qué salió bien?",
        "¿Qué hay que cambiar y mejorar?",
        "¿Cuánto tarda ida y vuelta?",
    ],
    "fr": [
        "Était-ce facile ou difficile ?",
        "Qu’est-ce qui a bien marché ?",
        "Combien de temps mettez-vous, aller et retour ?",
        "Quittez-vous la ville le matin et le soir ?",
    ],
    "de": ["Wie leicht oder schwer war das?", "Was lief gut?", "Was war gut und hat Ihnen geholfen?"],
    "pt": ["Foi fácil ou difícil?", "O que correu bem?", "Quanto demora, ida e volta?"],
    "ar": ["هل كان ذلك سهلًا أم صعبًا؟", "ما الذي سار جيدًا؟", "كم تستغرق الرحلة ذهابا وإيابا؟"],
}
BY_WHOM = {
    "en": [
        "The hours are set by the council.",
        "A decision will be taken by the council.",
        "The form was filled in by your office.",
    ],
    "es": ["El horario es fijado por el ayuntamiento.", "Las obras fueron hechas por una empresa."],
    "fr": ["L’horaire est fixé par la ville.", "La décision sera prise par l’école.", "Il a été choisi par nous tous."],
    "de": ["Die Zeiten werden von der Stadt festgelegt.", "Das wurde durch den Rat entschieden."],
    "pt": ["O horário é fixado pela cidade.", "A obra foi feita por uma empresa."],
    "ar": ["تم تحديد المواعيد من قبل المدينة.", "سيتم اتخاذ القرار من طرف المجلس."],
}
BY_NOBODY = {
    "en": [
        "The council sets the hours.",
        "It is reached by bus.",
        "You are told by Monday.",
        "It is done by sending STOP.",
        "We are closed.",
    ],
    "es": ["El ayuntamiento fija el horario.", "Está cerrado por la mañana.", "Es conocida por su parque."],
    "fr": ["La ville fixe l’horaire.", "Il est arrivé par le train.", "Ce sera dit par la suite."],
    "de": ["Die Stadt legt die Zeiten fest.", "Es wird von 8 bis 10 Uhr geöffnet.", "Sie werden von uns hören."],
    "pt": ["A cidade fixa o horário.", "Está fechado pela manhã.", "É enviado pelo correio."],
    "ar": ["تحدد المدينة المواعيد.", "هل زرتم المكتبة من قبل؟"],
}


@pytest.mark.parametrize(("language", "question"), [(one, text) for one, texts in LEADING.items() for text in texts])
def test_a_question_that_suggests_its_answer_is_found(language: str, question: str) -> None:
    assert RULES[language].led(question), question


@pytest.mark.parametrize(("language", "question"), [(one, text) for one, texts in DOUBLE.items() for text in texts])
def test_a_question_that_asks_two_things_is_found(language: str, question: str) -> None:
    assert RULES[language].doubled(question), question


@pytest.mark.parametrize(("language", "sentence"), [(one, text) for one, texts in BY_WHOM.items() for text in texts])
def test_a_sentence_that_names_last_who_does_it_is_found(language: str, sentence: str) -> None:
    assert RULES[language].hidden_doer(sentence), sentence


@pytest.mark.parametrize(("language", "sentence"), [(one, text) for one, texts in BY_NOBODY.items() for text in texts])
def test_a_sentence_that_names_nobody_last_is_left_alone(language: str, sentence: str) -> None:
    assert RULES[language].hidden_doer(sentence) is None


@pytest.mark.parametrize(("language", "question"), [(one, text) for one, texts in FAIR.items() for text in texts])
def test_a_fair_question_is_left_alone(language: str, question: str) -> None:
    assert RULES[language].led(question) is None
    assert RULES[language].doubled(question) is None


@pytest.mark.parametrize(
    ("language", "text", "minutes"),
    [
        ("en", "It takes about 3 minutes.", 3),
        ("es", "Son unos 2,5 minutos.", 2.5),
        ("fr", "Cela prend 4 min environ.", 4),
        ("de", "Es dauert etwa 1 Minute.", 1),
        ("pt", "Leva 3 minutos.", 3),
        ("ar", "يستغرق ذلك 5 دقائق.", 5),
        ("en", "It takes about {minutes} minutes.", None),
        ("en", "It takes two minutes.", 2),
        ("en", "It takes a minute.", 1),
        ("en", "Give us half an hour.", 30),
        ("es", "Son dos o tres minutos.", 3),
        ("es", "Solo un minuto.", 1),
        ("fr", "Cela prend cinq minutes.", 5),
        ("fr", "Un quart d’heure suffit.", 15),
        ("de", "Es dauert fünfzehn Minuten.", 15),
        ("de", "Das dauert dreißig Minuten.", 30),
        ("pt", "Leva vinte e cinco minutos.", 25),
        ("pt", "Demora meia hora.", 30),
        ("ar", "يستغرق ذلك خمس دقائق.", 5),
        ("ar", "يستغرق ذلك دقيقتين.", 2),
        ("ar", "يستغرق ذلك خمسَ عشرةَ دقيقة.", 15),
        ("en", "Wait a moment, someone comes.", None),
    ],
)
def test_the_minutes_a_text_promises_are_read(language: str, text: str, minutes: float | None) -> None:
    assert RULES[language].minutes_in(text) == minutes
