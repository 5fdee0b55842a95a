"""Words that others may see: of who agreed, none that a person withheld, and where so wished only approved ones."""

from __future__ import annotations

import json
import re
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from random import Random
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from bot import doctor, quoting
from bot.digests import render
from bot.digests.model import dump, load
from bot.digests.render.book import xlsx
from bot.digests.render.told import page
from bot.digests.writing import Digests
from bot.quoting import By, Done
from bot.rounds import exporting
from bot.rounds.library import Library
from bot.texts import texts
from storage import answers, crossings, deletions, looks, retention, rulings, tables, themes
from storage.database import Database
from storage.rulings import SHOWN, WAITING, WITHHELD
from tests.bot.digests.test_writing import CATALOG, MONDAY, SERVICE, WEEK, hire, queued, sample
from tests.bot.test_desk import finished
from tests.bot.test_replaying import backed_up, log_of, restored
from tests.storage import makers
from tests.storage.makers import KEYS, add_round, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from bot.config import Config
    from storage.rounds import RoundRow
    from storage.rulings import Text
    from tests.support.house import Citizen, House

NOON = datetime(2022, 8, 30, 12, tzinfo=UTC)
"""In the week that digests tell of here."""
NAMING, PLAIN = "Fine {}, says Xanthe Zorblax there.", "Fine {}"
EXPORT = "export"
NUMBER = re.compile(r"Fine (\d+)")


def city(*, approved: bool) -> Config:
    plain = sample()
    return replace(plain, privacy=replace(plain.privacy, quotes="approved" if approved else "shown"))


def desk_of(config: Config) -> Digests:
    return Digests(config, CATALOG.bank, Library(config, CATALOG, KEYS))


def said(db: Connection, many: int = 12, words: str = PLAIN, code: str = "pulse") -> RoundRow:
    """Let people rate the library and say these words, each with a number of their own."""
    round_ = add_round(db, code, service=SERVICE, flow="deliver_pulse", version=CATALOG.get("deliver_pulse").version)
    for n in range(many):
        who, at = b"person %d" % n, NOON + timedelta(seconds=n)
        rated = makers.answer(round_, who, at=at, choice="5", score=5.0, quotable=True)
        answers.append(db, [rated, text(round_, words.format(100 + n), who, at, quotable=True)])
    return round_


def texts_of(db: Connection) -> list[Text]:
    return list(rulings.standing(db))


def ruled(
    db: Connection, which: Text, reason: str = "", words: str = "", *, name: str = "Ada", person: int | None = None
) -> Done:
    """Let somebody rule on a text as it stands now."""
    held = rulings.hold(db, which.id)
    by = By(person or hire(db, name=name), name, MONDAY)
    seen = quoting.mark(KEYS, held or which)
    return quoting.rule(db, KEYS, SERVICE, which.id, seen, by, reason=reason, words=words)


# --------------------------------------------------------------------------- what nobody ever sees


@dataclass
class Told:
    """What a citizen's words are, in the model beside the program."""

    n: int
    version: int = 0
    naming: bool = False
    agrees: bool = True
    ruling: str = ""
    gone: bool = False

    @property
    def words(self) -> str:
        return (NAMING if self.naming else PLAIN).format(self.number)

    @property
    def number(self) -> str:
        return str(100 + self.n + 20 * self.version)

    def may(self, *, approved: bool) -> bool:
        """Whether others may see it: as the promise has it, reckoned apart from the program."""
        if self.gone or not self.agrees or self.ruling == WITHHELD:
            return False
        return self.ruling == SHOWN or not (approved or self.naming)


class Walk:
    """A random walk of citizens and staff over one week of a service."""

    def __init__(self, database: Database, chance: Random, *, approved: bool) -> None:
        self.database, self.chance, self.approved = database, chance, approved
        self.config = city(approved=approved)
        self.desk = desk_of(self.config)
        with database.transaction() as db:
            self.round = said(db)
            self.told = {one.id: Told(n) for n, one in enumerate(texts_of(db))}
            self.judge = hire(db, name="Judge")
            for answer_id, one in self.told.items():
                if one.n % 4 == 0:
                    one.naming = True
                    db.execute(update(tables.answers).where(tables.answers.c.id == answer_id).values(text=one.words))
        self.hired = 0

    def step(self) -> None:
        acts = (
            self.shows,
            self.withholds,
            self.shows,
            self.agrees,
            self.rewords,
            self.takes_back,
            self.writes,
            self.writes,
        )
        self.chance.choice(acts)()

    def _pick(self) -> tuple[int, Told]:
        left = [(answer_id, one) for answer_id, one in self.told.items() if not one.gone]
        return self.chance.choice(left)

    def _rules(self, reason: str, becomes: str) -> None:
        answer_id, one = self._pick()
        with self.database.transaction() as db:
            held = rulings.hold(db, answer_id)
            seen, by = quoting.mark(KEYS, held) if held else "", By(self.judge, "Judge", MONDAY)
            done = quoting.rule(db, KEYS, SERVICE, answer_id, seen, by, reason=reason)
        assert (done is Done.GONE) == (not one.agrees)
        one.ruling = becomes if one.agrees else one.ruling

    def shows(self) -> None:
        self._rules("", SHOWN)

    def withholds(self) -> None:
        self._rules(self.chance.choice(quoting.REASONS[:3]), WITHHELD)

    def agrees(self) -> None:
        _, one = self._pick()
        one.agrees = not one.agrees
        one.ruling = one.ruling if one.agrees or one.ruling == WITHHELD else ""
        with self.database.transaction() as db:
            answers.quotable(db, [(self.round.id, b"person %d" % one.n, one.agrees)])

    def rewords(self) -> None:
        _, one = self._pick()
        one.version, one.ruling = one.version + 1, ""
        with self.database.transaction() as db:
            answers.reword(db, self.round.id, b"person %d" % one.n, "why", one.words)

    def takes_back(self) -> None:
        _, one = self._pick()
        if sum(each.gone for each in self.told.values()) < 4:
            one.gone = True
            with self.database.transaction() as db:
                answers.withdraw(db, [(self.round.id, b"person %d" % one.n, "why")], MONDAY)

    def writes(self) -> None:
        if self.hired < 4:
            self.hired += 1
            with self.database.transaction() as db:
                hire(db, "telegram", "mail", name=f"Reader {self.hired}")
        self.desk.sweep(self.database, MONDAY)

    def outputs(self) -> Iterator[tuple[str, str]]:
        """Give all that others could read now, with what it is."""
        library = Library(self.config, CATALOG, KEYS)
        with self.database.reading() as db:
            yield from (("kept", body) for body in db.execute(select(tables.digests.c.body)).scalars())
            yield from (("letter", body) for _, body, _ in queued(db))
            digest = self.desk.of_week(db, SERVICE, WEEK, MONDAY)
            lines = exporting.team(db, library, self.round, 5, UTC, every_text=False)
            yield EXPORT, str([*lines])
            known = [self._read(*row) for row in db.execute(select(tables.answers.c.id, tables.answers.c.text))]
            yield "examples", str(quoting.quoting(db, self.config).shown(db, known))
        if digest is not None:
            yield "json", dump(digest)
            yield "chat", render.message(digest, texts("en"), "")
            book = load_workbook(BytesIO(xlsx(digest, "en")))
            yield "book", str([cell.value for sheet in book for row in sheet.rows for cell in row])

    def _read(self, answer_id: int, words: str | None) -> themes.Text:
        return themes.Text(answer_id, self.round.id, b"", "deliver", words or "", "en", None, "test", 1)

    def check(self) -> set[str]:
        """Hold every output against the model; return what was seen, and where."""
        may = {one.number for one in self.told.values() if one.may(approved=self.approved)}
        # The export for the team masks no names, so a doubt about one holds nothing back there.
        export = {one.number for one in self.told.values() if replace(one, naming=False).may(approved=self.approved)}
        seen = set[str]()
        for where, output in self.outputs():
            found = {*NUMBER.findall(output)}
            assert found <= (export if where == EXPORT else may), where
            seen |= {where} if found else set()
        return seen


@pytest.mark.parametrize("approved", [False, True])
def test_no_output_ever_holds_words_that_are_withheld_or_wait(database: Database, approved: bool) -> None:
    walk, seen = Walk(database, Random(7), approved=approved), set[str]()  # noqa: S311 - a walk, no secret
    for _ in range(8):
        walk.shows()
    for _ in range(30):
        walk.step()
        seen |= walk.check()
    assert seen == {"kept", "letter", EXPORT, "examples", "json", "chat", "book"}
    with database.reading() as db:
        assert looks.prove(db, SERVICE).wrong is None
        stand = {one.id: one.ruling or "" for one in texts_of(db)}
    assert stand == {each: one.ruling for each, one in walk.told.items() if one.agrees and not one.gone}


def test_words_that_may_name_somebody_are_quoted_masked_once_a_person_has_let_them_be_shown(database: Database) -> None:
    desk = desk_of(city(approved=False))
    with database.transaction() as db:
        said(db, words=NAMING + " Call 07400 123456.")
        (first, *_) = texts_of(db)
        for after in (set[str](), {first.text.replace("07400 123456", "[phone number]")}):
            digest = desk.of_week(db, SERVICE, WEEK, MONDAY)
            assert digest is not None
            assert {quote.text.strip("“”") for quote in page(digest, texts("en")).quotes} == after
            ruled(db, first)
    (shown,) = after
    assert "Xanthe Zorblax" in shown


def test_words_withheld_go_from_the_digests_that_are_kept_and_from_letters_not_sent(database: Database) -> None:
    desk = desk_of(city(approved=False))
    with database.transaction() as db:
        said(db)
        hire(db, "telegram", "mail")
    desk.sweep(database, MONDAY)
    with database.transaction() as db:
        (body,) = db.execute(select(tables.digests.c.body)).scalars()
        quoted = next(one for one in texts_of(db) if one.text in body)
        assert ruled(db, quoted, "insulting") is Done.WITHHELD
        (body,) = db.execute(select(tables.digests.c.body)).scalars()
        assert quoted.text not in body
        assert {letter for _, letter, _ in queued(db)} == {""}
    desk.sweep(database, MONDAY)
    with database.transaction() as db:
        bodies = [letter for _, letter, _ in queued(db)]
        assert all(bodies)
        assert not [letter for letter in bodies if quoted.text in letter]
        digest = load(body)
        assert digest is not None
        assert digest.voices.quotes
        assert ruled(db, quoted) is Done.SHOWN
        anew = desk.of_week(db, SERVICE, WEEK, MONDAY + timedelta(days=1))
        assert anew is not None


def test_words_withheld_while_a_digest_is_written_do_not_go_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_of(city(approved=False))
    with database.transaction() as db:
        said(db)
        hire(db, "telegram")
        judge = hire(db, name="Judge")
    with database.reading() as db:
        every = texts_of(db)

    def withhold() -> None:
        for one in every[:-1]:
            with database.transaction() as db:
                ruled(db, one, "off_topic", person=judge)

    for place in ("digest.drawn", "digest.written"):
        other, left = Thread(target=withhold), [place]

        def passed(name: str, other: Thread = other, left: list[str] = left) -> None:
            if name in left:
                left.clear()
                other.start()
                other.join(0.5)

        monkeypatch.setattr(crossings, "passed", passed)
        desk.sweep(database, MONDAY)
        other.join()
        monkeypatch.undo()
        desk.sweep(database, MONDAY)
        with database.transaction() as db:
            bodies = [*db.execute(select(tables.digests.c.body)).scalars(), *(body for _, body, _ in queued(db))]
            assert bodies
            assert not [body for body in bodies if any(one.text in body for one in every[:-1])]
            db.execute(tables.rulings.delete())
            db.execute(tables.digests.delete())
            db.execute(tables.outbox.delete())


# --------------------------------------------------------------------------- ruling


def test_of_two_who_rule_at_once_one_is_told_that_the_other_has(database: Database) -> None:
    with database.transaction() as db:
        said(db, 1)
        (one,) = texts_of(db)
        people_ = [hire(db, name=name) for name in ("Ada", "Ben")]
    came: list[Done] = []

    def rules(person: int, reason: str) -> None:
        with database.transaction() as db:
            by = By(person, f"Person {person}", MONDAY)
            came.append(quoting.rule(db, KEYS, SERVICE, one.id, quoting.mark(KEYS, one), by, reason=reason))

    both = [Thread(target=rules, args=(person, reason)) for person, reason in zip(people_, ("", "names"), strict=True)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert Done.OTHERWISE in came
    with database.reading() as db:
        stands = rulings.get(db, one.id)
        assert stands is not None
        assert {stands.ruling, Done.OTHERWISE} == set(came)
        (look,) = looks.of(db, SERVICE)
        assert look.what.count(f"words_{stands.ruling}") == 1
        assert looks.prove(db, SERVICE).wrong is None


def test_nobody_rules_on_words_they_have_not_seen_nor_on_those_of_another_service(database: Database) -> None:
    with database.transaction() as db:
        of = said(db, 1)
        (one,) = texts_of(db)
        seen, by = quoting.mark(KEYS, one), By(hire(db), "Ana", MONDAY)
        assert quoting.rule(db, KEYS, "bus", one.id, seen, by) is Done.GONE
        assert quoting.rule(db, KEYS, SERVICE, 999, seen, by) is Done.GONE
        answers.reword(db, of.id, b"person 0", "why", "Quite other words")
        assert quoting.rule(db, KEYS, SERVICE, one.id, seen, by) is Done.OTHERWISE
        (one,) = texts_of(db)
        answers.quotable(db, [(of.id, b"person 0", False)])
        assert quoting.rule(db, KEYS, SERVICE, one.id, quoting.mark(KEYS, one), by) is Done.GONE
        assert rulings.get(db, one.id) is None
        assert looks.of(db, SERVICE) == []


@pytest.mark.parametrize(("reason", "words"), [("other", "  "), ("boring", ""), ("other", "")])
def test_a_reason_is_one_of_ours_or_told_in_words(database: Database, reason: str, words: str) -> None:
    with database.transaction() as db:
        said(db, 1)
        (one,) = texts_of(db)
        with pytest.raises(ValueError, match=reason):
            ruled(db, one, reason, words)


def test_the_log_of_staff_says_who_when_and_why_and_never_the_words(database: Database) -> None:
    with database.transaction() as db:
        said(db, 1)
        (one,) = texts_of(db)
        ruled(db, one, "other", "It tells of my neighbour")
        ruled(db, one, name="Ben")
        shown, withheld = looks.of(db, SERVICE)
    assert (withheld.who, withheld.at) == ("Ada", MONDAY)
    what = {"did": "words_withheld", "text": one.id, "round": "pulse", "reason": "other"}
    assert json.loads(withheld.what) == what
    assert (shown.who, json.loads(shown.what)) == ("Ben", {"did": "words_shown", "text": one.id, "round": "pulse"})


# --------------------------------------------------------------------------- how long


def test_a_ruling_goes_with_the_words(database: Database) -> None:
    with database.transaction() as db:
        of = said(db, 4)
        every = texts_of(db)
        for one in every:
            ruled(db, one, "insulting")
        answers.reword(db, of.id, b"person 0", "why", "Other words")
        answers.withdraw(db, [(of.id, b"person 1", "why")], MONDAY)
        answers.forget(db, of.id, b"person 2", MONDAY, closed=True, anew=b"x" * 16)
        answers.forget(db, of.id, b"person 3", MONDAY, closed=False, anew=b"y" * 16)
        assert db.execute(select(tables.rulings.c.answer_id)).scalars().all() == []


def test_an_approval_goes_with_the_yes_to_being_quoted_and_what_is_withheld_stays_so(database: Database) -> None:
    with database.transaction() as db:
        of = said(db, 2)
        good, bad = texts_of(db)
        ruled(db, good)
        ruled(db, bad, "insulting")
        for yes in (False, True):
            answers.quotable(db, [(of.id, b"person %d" % n, yes) for n in range(2)])
        assert [one.kind for one in texts_of(db)] == [WAITING, WITHHELD]


def test_the_sweep_forgets_rulings_with_the_answers_and_drops_from_digests_what_nobody_approved(
    database: Database,
) -> None:
    desk = desk_of(city(approved=False))
    with database.transaction() as db:
        said(db)
        hire(db, "telegram")
    desk.sweep(database, MONDAY)
    with database.transaction() as db:
        (body,) = db.execute(select(tables.digests.c.body)).scalars()
        one, other = [each for each in texts_of(db) if each.text in body][:2]
        ruled(db, one)
        retention.forget(db, MONDAY, retention.Policy(approved=True))
        (body,) = db.execute(select(tables.digests.c.body)).scalars()
        assert one.text in body
        assert other.text not in body
        db.execute(update(tables.answers).values(withdrawn_at=MONDAY))
        assert retention.forget(db, MONDAY, retention.Policy())["rulings"] == 1


# --------------------------------------------------------------------------- the queue


def test_what_waits_stands_first_then_what_is_shown_then_what_is_withheld(database: Database) -> None:
    config = city(approved=True)
    with database.transaction() as db:
        said(db, 4)
        first, second, third, fourth = texts_of(db)
        ruled(db, fourth, "names")
        ruled(db, third)
        listed = quoting.queue(db, config, KEYS, SERVICE, texts("en"))
        assert [one.text.id for one in listed] == [second.id, first.id, third.id, fourth.id]
        assert [one.text.kind for one in listed] == [WAITING, WAITING, SHOWN, WITHHELD]
        assert rulings.counts(db, [SERVICE, "bus"], approved=True) == {
            SERVICE: {WAITING: 2, SHOWN: 1, WITHHELD: 1},
            "bus": {},
        }
        assert quoting.waiting(db, config, [SERVICE]) == 2
        assert quoting.waiting(db, city(approved=False), [SERVICE]) == 0
        listed = quoting.queue(db, city(approved=False), KEYS, SERVICE, texts("en"))
        assert [one.text.kind for one in listed] == [SHOWN, SHOWN, SHOWN, WITHHELD]
        assert quoting.queue(db, config, KEYS, "bus", texts("en")) == []


def test_the_doctor_names_where_words_wait(database: Database) -> None:
    with database.transaction() as db:
        said(db, 3)
    found = doctor.judged(database, city(approved=True))
    assert (found.health, found.seen) == (
        doctor.Health.WARN,
        "3 wait for approval (library 3): no digest quotes them",
    )
    assert doctor.judged(database, city(approved=False)).health is doctor.Health.OK
    with database.transaction() as db:
        for one in texts_of(db):
            ruled(db, one)
    assert doctor.judged(database, city(approved=True)).seen == "none waits for approval"


# --------------------------------------------------------------------------- after a restore


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(f"sqlite:///{tmp_path / 'restored.db'}")) as opened:
        yield opened


def judged(house: House, reason: str = "") -> Text:
    """Let somebody rule on the only text there is; return it as it was."""
    with house.database.transaction() as db:
        db.execute(update(tables.answers).values(quotable=True))
        (one,) = texts_of(db)
        by = By(hire(db, name="Judge"), "Judge", house.clock())
        quoting.rule(db, house.keys, one.service, one.id, quoting.mark(house.keys, one), by, reason=reason)
    house.clock.forward(minutes=1)
    return one


def kinds(database: Database) -> list[tuple[str, str | None]]:
    with database.reading() as db:
        return [(one.kind, one.reason) for one in texts_of(db)]


async def wrote(house: House, citizen: Citizen) -> None:
    """Let one citizen finish a round without words, and somebody else have written some in another."""
    await finished(citizen, house.pulse().code)
    with house.database.transaction() as db:
        round_ = add_round(db, "more", state="archived")
        answers.append(db, [text(round_, "The queue is long", b"anna", house.clock(), quotable=True)])


async def test_withheld_words_do_not_come_back_with_a_backup(house: House, citizen: Citizen, empty: Database) -> None:
    await wrote(house, citizen)
    file = backed_up(house)
    one = judged(house, "insulting")
    assert one.text not in deletions.beside(house.config.privacy.key_file).read_text()
    assert restored(house, file, empty)["withheld"] == 1
    assert kinds(empty) == [(WITHHELD, "insulting")]
    with empty.reading() as db:
        assert "restore" in {look.who for look in looks.of(db, one.service)}


async def test_words_shown_again_are_shown_after_a_restore(house: House, citizen: Citizen, empty: Database) -> None:
    await wrote(house, citizen)
    judged(house, "insulting")
    file = backed_up(house)
    judged(house)
    assert [entry.what for entry in log_of(house)][-2:] == ["withheld", "shown"]
    assert restored(house, file, empty)["shown"] == 1
    assert kinds(empty) == [(SHOWN, "")]


async def test_other_words_than_those_that_were_withheld_are_let_be(
    house: House, citizen: Citizen, empty: Database
) -> None:
    await wrote(house, citizen)
    one = judged(house, "insulting")
    with house.database.transaction() as db:
        (row,) = db.execute(select(tables.answers).where(tables.answers.c.id == one.id)).all()
        answers.reword(db, row.round_id, bytes(row.pseudonym), row.state, "Kinder words")
    file = backed_up(house)
    assert "withheld" not in restored(house, file, empty)
    assert kinds(empty) == [(WAITING, None)]
