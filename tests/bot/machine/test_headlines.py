"""The headline in a language model's words, over a real wire: used, refused or done without."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from bot.digests.model import Alert, Reason, Theme, dump, load
from bot.digests.render.items import headline, words
from bot.digests.summarise import summarise
from bot.digests.writing import Digests, files
from bot.machine import headlines
from bot.machine.client import REST, Machine
from bot.reading.private import Finder
from bot.rounds.library import Library
from bot.texts import texts
from storage import digests, machine
from storage.tables import outbox
from tests.bot.digests.material import One, counted, monday_after, scope
from tests.bot.digests.test_writing import CATALOG, MONDAY, SERVICE, WEEK, hire, keep, real, sample
from tests.storage import makers
from tests.support.model import KEY, Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.digests.model import Digest
    from storage.database import Database

SAID = {
    "parts": [
        {"fact": "alert1", "words": "There are 3 urgent reports, and these are open."},
        {"fact": "alert2", "words": "12 people, the “Waiting” has doubled"},
    ]
}
HONEST = json.dumps(SAID).replace("“", "").replace("”", "").replace("\\u201c", "").replace("\\u201d", "")
LINE = "Act: There are 3 urgent reports, and these are open; 12 people, the Waiting has doubled."


@pytest.fixture
def model() -> Iterator[Server]:
    with serving() as found:
        yield found


class Asked:
    """A machine with a clock of its own, and what it counted."""

    def __init__(self, model: Server, **settings: int) -> None:
        self.counts: Counter[str] = Counter()
        self.passed = 0.0
        self.machine = Machine(
            model.settings(**settings),
            lambda: time.monotonic() + self.passed,
            lambda what, outcome: self.counts.update([f"{what} {outcome}"]),
        )

    def worded(self, digest: Digest, *languages: str, left: int = 9) -> Digest:
        finds = Finder(("GB",), ["Ana Torres"], ("en", "es"))
        private: Callable[[str], list[str]] = lambda text: [span.of(text) for span in finds.find(text, "en")]  # noqa: E731
        return headlines.worded(digest, languages or ("en",), self.machine, left, private)[0]


@pytest.fixture
def digest() -> Digest:
    """A digest with two reasons to act, a problem, and people's words."""
    people = [One(WEEK.monday, "5", f"The desk was quick, says number {n}.") for n in range(12)]
    found = summarise(counted(people, WEEK), scope(WEEK), monday_after(WEEK))
    assert found is not None
    waiting = {"en": "Waiting", "es": "Espera"}
    alerts = (Alert(Reason.URGENT, 3), Alert(Reason.DOUBLED, 12, waiting))
    return replace(found, alerts=alerts, problems=(Theme("waiting", waiting, 12, 6, compared=True),))


def test_an_honest_answer_is_told_and_marked_in_every_rendering(model: Server, digest: Digest) -> None:
    model.write = lambda _: HONEST
    asked = Asked(model)
    told = asked.worded(digest)
    assert told.worded["en"].text == LINE
    assert told.worded["en"].facts == ("alert1", "alert2")
    marked = texts("en")("digest.headline.by_machine", line=LINE)
    assert headline(told, texts("en")) == marked
    made = files(told, "en")
    (name,) = {each.split(".")[0] for each in made}
    for kind in ("chat.txt", "mail.txt"):
        assert marked in made[f"{name}.{kind}"].decode()
    assert "figures checked" in made[f"{name}.mail.html"].decode()
    with pypdfium2.PdfDocument(made[f"{name}.pdf"]) as document:
        assert "(Sentence by AI, figures checked.)" in " ".join(document[0].get_textpage().get_text_bounded().split())
    assert json.loads(made[f"{name}.json"])["worded"]["en"]["model"] == "tiny"
    sheet = load_workbook(BytesIO(made[f"{name}.xlsx"]))
    assert any(marked == cell.value for page in sheet for row in page.iter_rows() for cell in row)
    assert load(dump(told)) == told
    assert asked.counts == {"headline asked": 1, "headline used": 1}
    assert model.keys == [f"Bearer {KEY}"]


def test_no_word_of_a_citizen_goes_over_the_wire(model: Server, digest: Digest) -> None:
    model.write = lambda _: HONEST
    assert digest.voices.quotes
    Asked(model).worded(digest)
    assert not [voice.text for voice in digest.voices.quotes if voice.text in model.sent]
    assert model.material == [
        {
            "language": "en",
            "facts": [
                {"id": "alert1", "text": "3 urgent reports are open"},
                {"id": "alert2", "text": "Waiting doubled: 12 people", "name": "Waiting"},
                {"id": "theme1", "text": "Waiting: 12 people, 6 the week before.", "name": "Waiting"},
            ],
        }
    ]


@pytest.mark.parametrize(("open_", "close"), ["“”", "„“", "«»", '""', ("« ", " »"), ("\u2067«", "»\u2069")])
def test_a_sentence_in_quotation_marks_or_with_a_name_in_them_is_told_without(
    model: Server, digest: Digest, open_: str, close: str
) -> None:
    words = [f"{open_}3 urgent reports are open.{close}", f"{open_}Waiting{close} doubled: 12 people"]
    parts = [{"fact": f"alert{n}", "words": each} for n, each in enumerate(words, 1)]
    model.write = lambda _: json.dumps({"parts": parts})
    asked = Asked(model)
    assert asked.worded(digest).worded["en"].text == "Act: 3 urgent reports are open; Waiting doubled: 12 people."
    assert asked.counts == {"headline asked": 1, "headline used": 1}


@pytest.mark.parametrize("language", ["en", "es", "fr", "de", "pt", "ar"])
def test_what_the_machine_is_told_passes_the_check_as_it_stands(model: Server, digest: Digest, language: str) -> None:
    def copied(asked: dict[str, Any]) -> str:
        facts = json.loads(asked["messages"][1]["content"])["facts"]
        return json.dumps({"parts": [{"fact": each["id"], "words": each["text"]} for each in facts[:2]]})

    model.write = copied
    assert language in Asked(model).worded(digest, language).worded


def test_other_languages_keep_the_plain_sentence(model: Server, digest: Digest) -> None:
    model.write = lambda _: HONEST
    told = Asked(model).worded(digest)
    assert headline(told, texts("es")) == headline(digest, texts("es"))


def _with(**changes: Any) -> str:
    part = {"fact": "alert1", "words": "3 urgent reports are open", **changes}
    return json.dumps({"parts": [part]})


@pytest.mark.parametrize(
    "answer",
    [
        _with(words="4 urgent reports are open"),
        _with(words="12 urgent reports are open"),  # the figure of another fact
        _with(words="three urgent reports are open"),
        _with(words="3 urgent reports are open for Peter Smith"),
        _with(words="3 urgent reports are open, call 0161 496 0000"),
        _with(words="3 urgent reports are closed"),
        _with(words="3 urgent reports"),
        _with(fact="alert7"),
        _with(fact="alert2"),
        _with(fact=None),
        _with(words=["3"]),
        _with(words="3 urgent reports are open " * 9),
        json.dumps({"parts": [json.loads(_with())["parts"][0]] * 2}),
        json.dumps({"parts": []}),
        json.dumps({"parts": "3 urgent reports"}),
        json.dumps({"sentence": "3 urgent reports"}),
    ],
)
def test_what_does_not_pass_is_refused_and_the_plain_sentence_stands(
    model: Server, digest: Digest, answer: str
) -> None:
    model.write = lambda _: answer
    asked = Asked(model)
    assert asked.worded(digest) == digest
    assert asked.counts == {"headline asked": 1, "headline refused": 1}
    assert not asked.machine.rests  # it answers; another time it may do better


BROKEN: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "redirect": {"status": 302},
    "no json": {"body": b"<html>Bad gateway</html>"},
    "no object": {"write": lambda _: "[3]"},
    "words": {"write": lambda _: "Sure! Here is your headline."},
    "deep": {"body": b"[" * 50_000},
    "refusal": {"body": b'{"choices": [{"message": {"content": null, "refusal": "I cannot"}}]}'},
    "huge": {"write": lambda _: json.dumps({"parts": [], "more": "x" * 200_000})},
    "slow": {"slow": True},
    "gone": {"url": "http://127.0.0.1:9/v1"},
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_model_that_does_not_answer_as_it_should_is_left_alone_for_a_while(
    model: Server, digest: Digest, how: str
) -> None:
    for name, value in BROKEN[how].items():
        setattr(model, name, value)
    asked = Asked(model, seconds=1)
    began = time.monotonic()
    assert asked.worded(digest, "en", "es") == digest
    assert time.monotonic() - began < 4
    assert asked.counts == {"headline asked": 1, "headline failed": 1}
    assert asked.machine.rests
    asked.passed = REST + 1
    assert not asked.machine.rests


def test_a_used_up_budget_asks_nothing(model: Server, digest: Digest) -> None:
    assert Asked(model).worded(digest, left=0) == digest
    assert model.asked == []


def test_where_nothing_is_asked_of_anybody_nothing_is_asked_of_the_machine(model: Server, digest: Digest) -> None:
    steady = replace(digest, alerts=())
    assert Asked(model).worded(steady) == steady
    assert model.asked == []


def _clause(asked: dict[str, Any]) -> str:
    """Word the first fact by its own text, as an honest model could."""
    first = json.loads(asked["messages"][1]["content"])["facts"][0]
    plain = "".join(sign for sign in first["text"] if sign not in "“”«»„")
    return json.dumps({"parts": [{"fact": first["id"], "words": " ".join(plain.split())}]})


def late(database: Database, model: Server) -> Digests:
    """Give a desk with a machine, in a week in which a result is overdue."""
    with database.transaction() as db:
        keep(db, real())
        record = json.dumps({"feedback_on": "2022-09-01"})
        makers.add_round(db, "late", service=SERVICE, state="closed", title="Night desk", record=record)
    return Digests(sample(), CATALOG.bank, Library(sample(), CATALOG, makers.KEYS), Asked(model).machine)


def test_what_was_written_is_kept_and_told_again(database: Database, model: Server) -> None:
    """One question for all managers of one language; the digest of a week stays what it was."""
    model.write = _clause
    desk = late(database, model)
    with database.transaction() as db:
        first, second = hire(db, "telegram", "mail", name="Ana"), hire(db, "telegram", name="Eva")
        hire(db, "telegram", name="Ida", language="es")
    desk.sweep(database, MONDAY)
    assert [each["language"] for each in model.material] == ["en", "es"]
    with database.reading() as db:
        bodies = [digests.find(db, person, SERVICE, str(WEEK)) for person in (first, second)]
        letters = list(db.execute(select(outbox.c.body)).scalars())
        again = desk.of_week(db, SERVICE, WEEK, MONDAY)
        assert machine.asked(db, "2022-W36") == 2
    assert all(body is not None for body in bodies)
    kept = [load(body.body) for body in bodies if body is not None]
    assert kept[0] == kept[1]
    assert kept[0] is not None
    assert kept[0].worded["en"].text.startswith("Act: Night desk ")
    assert sum("Sentence by AI" in letter for letter in letters) == 3
    assert sum("Frase de una IA" in letter for letter in letters) == 1
    assert again is not None
    assert dump(again) == dump(kept[0])  # a page, and who asks a year later, read the same
    assert len(model.asked) == 2


def test_another_state_of_things_is_not_told_in_the_old_words(database: Database, model: Server) -> None:
    model.write = _clause
    desk = late(database, model)
    with database.transaction() as db:
        hire(db, "telegram", name="Ana")
    desk.sweep(database, MONDAY)
    with database.reading() as db:
        later = desk.of_week(db, SERVICE, WEEK, MONDAY + timedelta(days=3))
    assert later is not None
    assert later.worded == {}


def test_the_line_keeps_within_the_words_of_a_headline(model: Server, digest: Digest) -> None:
    model.write = lambda _: HONEST
    assert words(Asked(model).worded(digest).worded["en"].text) <= 25
