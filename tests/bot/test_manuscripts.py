"""Flow files in the chat: looked at, tried out where they were sent, published; whatever comes is answered in words."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import update

from bot.errors import Trouble
from bot.menu.examining import LARGEST, LARGEST_TEXT, examine, plain_name
from bot.menu.manuscripts import MOST
from bot.menu.reading import TRIES
from bot.rounds import papers
from flows.catalog import Catalog
from storage import people, tables
from tests.bot.test_menu import organiser
from tests.bot.test_threads import Staff, employed, labels, last, text
from tests.flows.talk import LANGUAGES
from tests.support.house import CATALOG, House, raw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.channels.base import Outbound

TEA = """
flow = "tea"
version = 1
stage = "deliver"
language = "en"
title = "Tea or coffee?"
frame = "pulse"
start = "drink"

[states.drink]
choose = "Which do you like?"
options = [{ id = "tea", label = "Tea" }, { id = "coffee", label = "Coffee", next = "why" }]
next = "thanks"

[states.why]
ask = "Why coffee?"
next = "thanks"
"""
_numbers = itertools.count(1)


@pytest.fixture
def fresh(house: House) -> House:
    """Return a house whose catalogue may grow."""
    house.catalog = Catalog.of(CATALOG.texts)
    house.__post_init__()
    house.turns.begin()
    return house


def form(*rows: Sequence[str]) -> bytes:
    """Return an XLSForm with these rows in its survey."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "survey"
    for row in (("type", "name", "label"), *rows):
        sheet.append(list(row))
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return packed.getvalue()


async def hands_in(staff: Staff, body: Any, name: str = "tea.toml", size: int = 0) -> Outbound:
    """Send a file and wait until it was looked at; return the last thing said."""
    number = next(_numbers)
    staff.house.pigeon.files[f"f{number}"] = body
    about = {"document": [f"f{number}", name, size], "message_id": str(number)}
    await staff.sends(raw(staff.address, kind="other", about=about))
    await staff.house.reading.look()
    return last(staff)


# --------------------------------------------------------------------------- what is in a file


def test_a_flow_is_told_by_its_content_whatever_its_name() -> None:
    found = examine("photo.jpg", TEA.encode(), CATALOG)
    assert (found.faults, list(found.files)) == ((), ["photo.toml"])


def test_faults_come_with_file_and_line() -> None:
    found = examine("tea.toml", TEA.replace('next = "why"', 'next = "wyh"').encode(), CATALOG)
    assert found.faults[0].startswith("tea.toml, line 12: ")
    assert 'Did you mean "why"?' in found.faults[0]
    assert not found.files


def test_a_form_becomes_a_flow_and_says_what_it_lost() -> None:
    found = examine("x.bin", form(("text", "why", "Why?"), ("geotrace", "way", "Which way?")), CATALOG)
    assert list(found.files) == ["x.toml"]
    assert any("survey row 3" in line for line in found.hints)


def test_a_form_that_cannot_be_carried_says_why() -> None:
    assert "sheet" in examine("x.xlsx", form(), CATALOG).faults[0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xd0\xcf\x11\xe0 an old one", "file_old"),
        (zipped(a=b"1"), "file_unknown"),
        (b"PK\x03\x04 cut off", "file_unknown"),
        (zipped(xl__workbook=b"x"), "file_unknown"),
        (b"\x89PNG\r\n\x1a\n\xff", "file_unknown"),
        (b"a\0b", "file_unknown"),
        (b"", "file_unknown"),
        (b"mail;language\nana@example.org;en\n", "file_list"),
        ("ana@example.org\nomar@example.org\n".encode("utf-8-sig"), "file_list"),
        (b"x" * (LARGEST + 1), "file_large"),
        (b"# long\n" * (LARGEST_TEXT // 6), "file_large"),
    ],
)
def test_what_is_no_flow_is_refused_for_what_it_is(body: bytes, reason: str) -> None:
    assert examine("x.toml", body, CATALOG).reason == reason


def test_macros_are_not_opened() -> None:
    packed = io.BytesIO(form(("text", "why", "Why?")))
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"Sub Auto_Open()")
    assert examine("x.xlsx", packed.getvalue(), CATALOG).reason == "file_macros"


def test_a_bomb_is_counted_before_it_is_unpacked() -> None:
    packed = io.BytesIO(form(("text", "why", "Why?")))
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/bomb.bin", b"\0" * 50_000_000)
    assert len(packed.getvalue()) < LARGEST
    assert "it unpacks to" in examine("x.xlsx", packed.getvalue(), CATALOG).faults[0]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("../../etc/passwd", "passwd.toml"),
        ("C:\\x\\my flow.v2.toml", "my_flow.toml"),
        ("", "flow.toml"),
        ("شاي.toml", "flow.toml"),
    ],
)
def test_a_name_from_outside_is_only_a_name(name: str, plain: str) -> None:
    assert plain_name(name, ".toml") == plain


# --------------------------------------------------------------------------- in the chat


async def test_a_flow_without_faults_says_what_it_asks(fresh: House) -> None:
    omar = await organiser(fresh)
    await omar.says("/organise")
    assert "Send the file here" in (await omar.taps("Send a flow file"))[0].text
    said = await hands_in(omar, TEA.encode())
    assert said.text.startswith("“Tea or coffee?”, version 1: nothing to mend.")
    assert "– Which do you like?\n– Why coffee?" in said.text
    assert labels(said) == ["Try it out here", "Publish it", "To the menu"]


async def test_faults_are_listed_and_cut(fresh: House) -> None:
    omar = await organiser(fresh)
    many = "\n".join(f'[states.s{n}]\nsay = "x"\nnext = "nowhere{n}"\n' for n in range(20))
    said = await hands_in(omar, f"{TEA}\n{many}".encode())
    assert said.text.startswith("Please mend this first:\n– tea.toml, line ")
    assert said.text.count("\n– ") == 8
    assert "… and" in said.text
    assert labels(said) == ["To the menu"]


async def test_a_file_of_somebody_without_the_role_is_what_it_always_was(fresh: House) -> None:
    ada = await employed(fresh, "Ada", ("approver", "library"))
    (said,) = await ada.sends(raw(ada.address, kind="other", about={"document": ["f", "tea.toml", 1]}))
    assert "I cannot use that here" in said.text
    assert fresh.table("manuscripts") == []


async def test_a_file_said_to_be_large_is_not_even_fetched(fresh: House) -> None:
    omar = await organiser(fresh)
    assert (await hands_in(omar, TEA.encode(), size=LARGEST + 1)).text.startswith("This file is too large.")
    assert fresh.table("manuscripts") == []


async def test_so_many_files_are_taken_in_an_hour(fresh: House) -> None:
    omar = await organiser(fresh)
    for _ in range(MOST):
        await hands_in(omar, b"")
    assert (await hands_in(omar, b"")).text.startswith("You have sent many files.")
    fresh.clock.forward(minutes=61)
    assert (await hands_in(omar, TEA.encode())).text.startswith("“Tea or coffee?”")


async def test_a_file_that_is_gone_is_asked_for_again(fresh: House) -> None:
    omar = await organiser(fresh)
    del fresh.pigeon.files
    fresh.pigeon.files = {}
    await omar.sends(raw(omar.address, kind="other", about={"document": ["f", "tea.toml", 1], "message_id": "x"}))
    await fresh.reading.look()
    assert last(omar).text.startswith("I could not get this file.")


async def test_while_the_network_fails_a_file_waits_and_then_it_is_looked_at_once(fresh: House) -> None:
    omar = await organiser(fresh)
    await hands_in(omar, Trouble("no line"))
    assert last(omar).text.startswith("I am looking at the file.")
    await fresh.reading.look()
    fresh.pigeon.files = dict.fromkeys(fresh.pigeon.files, TEA.encode())
    fresh.clock.forward(seconds=21)
    for _ in range(2):
        await fresh.reading.look()
    assert [each.text[:5] for each in fresh.said(omar.address)].count("“Tea ") == 1


async def test_a_network_that_stays_away_is_told(fresh: House) -> None:
    omar = await organiser(fresh)
    await hands_in(omar, Trouble("no line"))
    for _ in range(TRIES):
        fresh.clock.forward(seconds=21)
        await fresh.reading.look()
    assert last(omar).text.startswith("I could not get this file.")


async def test_two_who_look_at_once_say_it_once(fresh: House) -> None:
    omar = await organiser(fresh)
    waiting = fresh.reading._due
    await omar.sends(raw(omar.address, kind="other", about={"document": ["f", "t", 1], "message_id": "y"}))
    fresh.pigeon.files["f"] = TEA.encode()
    ((manuscript, channel),) = waiting()
    for _ in range(2):
        await fresh.reading._read(manuscript, channel)
    assert [each.text[:5] for each in fresh.said(omar.address)].count("“Tea ") == 1


# --------------------------------------------------------------------------- a rehearsal


async def test_a_flow_is_tried_out_in_the_chat_and_nothing_is_kept(fresh: House) -> None:
    omar = await organiser(fresh)
    await hands_in(omar, TEA.encode())
    said = await omar.taps("Try it out here")
    assert said[0].text.startswith("This is a rehearsal.")
    for _ in range(30):
        if "The rehearsal is over" in last(omar).text:
            break
        buttons = labels(last(omar))
        if "Coffee" in buttons:
            await omar.taps("Coffee", last(omar))
        elif "Why coffee?" in last(omar).text:
            await omar.says("It wakes me up")
        else:
            await omar.taps(buttons[0], last(omar))
    assert "The rehearsal is over. Nothing was kept." in last(omar).text
    assert labels(last(omar)) == ["Try it out here", "Publish it", "To the menu"]
    for table in ("answers", "sessions", "moves", "wishes"):
        assert fresh.table(table) == []


async def test_a_rehearsal_outlives_a_restart_and_ends_with_stop(fresh: House) -> None:
    omar = await organiser(fresh)
    await hands_in(omar, TEA.encode())
    await omar.taps("Try it out here")
    await fresh.turns.end()
    fresh.__post_init__()
    fresh.turns.begin()
    first = last(omar)
    await omar.taps(labels(first)[0], first)
    assert last(omar).text != first.text
    assert "The rehearsal is over" in text(await omar.says("stop"))
    assert fresh.contact(omar.address).stopped_at is None


async def test_a_button_of_an_earlier_rehearsal_is_refused_kindly(fresh: House) -> None:
    omar = await organiser(fresh)
    await hands_in(omar, TEA.encode())
    await omar.taps("Try it out here")
    old = last(omar)
    await omar.says("/organise")
    (said,) = await omar.taps(labels(old)[0], old)
    assert "{" not in said.text
    assert "rehearsal" not in said.text


# --------------------------------------------------------------------------- publishing


async def test_what_is_published_can_be_asked_at_once_and_after_a_restart(fresh: House) -> None:
    omar = await organiser(fresh)
    await hands_in(omar, TEA.encode())
    (said,) = await omar.taps("Publish it")
    assert said.text.startswith("Published.")
    await omar.taps("New round with it")
    await omar.says("What do you drink?")
    made = fresh.rounds.listed()[0]
    assert (made.flow, made.version) == ("tea", 1)
    other = Catalog.of(CATALOG.texts)
    fresh.catalog = other
    fresh.__post_init__()
    assert "tea" not in other.names
    with fresh.database.reading() as db:
        fresh.library.learn(db)
        fresh.library.learn(db)
    assert [flow.id for flow in other.flows].count("tea") == 1
    fresh.rounds.open(made.code)
    fresh.turns.begin()


@pytest.mark.parametrize("torn", ["json", "list", "toml", "line"])
async def test_what_was_published_and_is_torn_is_named_and_stands_in_the_way_of_nothing_else(
    fresh: House, torn: str
) -> None:
    omar = await organiser(fresh)
    for drink in ("juice", "tea"):
        await hands_in(omar, TEA.replace('"tea"', f'"{drink}"').encode(), f"{drink}.toml")
        await omar.taps("Publish it")
    (whole,) = [row.source for row in fresh.table("flow_versions") if row.flow == "juice"]
    half, line = (
        json.dumps(
            {name: body.partition(end)[0] for name, body in json.loads(whole).items() if name.startswith("sent/")}
        )
        for end in ("you like?", "[states.drink]")
    )
    source_is(fresh, "juice", {"json": whole[: len(whole) // 2], "list": "[1]", "toml": half, "line": line}[torn])
    fresh.catalog = Catalog.of(CATALOG.texts)
    fresh.__post_init__()
    with fresh.database.reading() as db:
        issue, *_ = fresh.library.learn(db)
        assert fresh.library.learn(db) == []
        assert fresh.library.edited(db) == []
    assert issue.file.startswith("sent/1/")
    assert issue.line >= 1
    assert {flow.id for flow in fresh.catalog.flows} & {"tea", "juice"} == {"tea"}
    source_is(fresh, "juice", whole)
    with fresh.database.reading() as db:
        assert fresh.library.learn(db) == []
    assert {flow.id for flow in fresh.catalog.flows} >= {"tea", "juice"}


def source_is(house: House, flow: str, source: str) -> None:
    with house.database.transaction() as db:
        db.execute(update(tables.flow_versions).where(tables.flow_versions.c.flow == flow).values(source=source))


async def test_publishing_twice_is_publishing_once_and_a_taken_version_is_named(fresh: House) -> None:
    omar = await organiser(fresh)
    shown = await hands_in(omar, TEA.encode())
    for _ in range(2):
        assert (await omar.taps("Publish it", shown))[0].text.startswith("Published.")
    await hands_in(omar, TEA.replace("Which do you like?", "Which do you love?").encode())
    (said,) = await omar.taps("Publish it")
    assert "there is a version 1 of tea already: write version = 2" in said.text
    assert len(fresh.table("flow_versions")) == 1


async def test_a_flow_of_a_stage_that_no_service_is_in_is_published_by_somebody_else(fresh: House) -> None:
    nina = await employed(fresh, "Nina", ("organiser", "nothing"))
    await hands_in(nina, TEA.encode())
    assert (await nina.taps("Publish it"))[0].text.startswith("None of your services")
    assert fresh.table("flow_versions") == []


async def test_nobody_publishes_or_tries_out_what_another_has_sent(fresh: House) -> None:
    omar, olga = await organiser(fresh), await organiser(fresh, "Olga")
    shown = await hands_in(omar, TEA.encode())
    for label in ("Try it out here", "Publish it"):
        (said,) = await olga.sends(raw(olga.address, kind="tap", data=omar.button(label, shown)))
        assert said.text == "That button leads nowhere any more."


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_is_said_of_files_speaks_the_language(fresh: House, language: str) -> None:
    omar = await organiser(fresh, language=language)
    for body in (TEA.encode(), TEA.replace('"thanks"', '"thakns"').encode(), b"", b"\xd0\xcf\x11\xe0"):
        said = await hands_in(omar, body)
        assert "{" not in said.text
        assert labels(said)


# --------------------------------------------------------------------------- while a round asks it


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_file_whose_version_a_round_asks_is_told_that_its_questions_stay(fresh: House, language: str) -> None:
    omar = await organiser(fresh, language=language)
    shown = await hands_in(omar, TEA.encode())
    await omar.sends(raw(omar.address, kind="tap", data=shown.buttons[1].data))
    code = fresh.rounds.create(service="library", flow="tea", title="Drinks", record={}).code
    other = TEA.replace("Which do you like?", "Which do you love?")
    before = await hands_in(omar, other.encode())
    assert len(before.buttons) == 3
    assert "Drinks" not in before.text
    fresh.rounds.open(code)
    said = await hands_in(omar, other.encode())
    assert "Drinks" in said.text
    assert "version = 2" in said.text
    assert "{" not in said.text
    assert len(said.buttons) == 2
    newer = await hands_in(omar, other.replace("version = 1", "version = 2").encode())
    assert "Drinks" in newer.text
    assert "version = 3" not in newer.text
    assert len(newer.buttons) == 3
    await omar.sends(raw(omar.address, kind="tap", data=newer.buttons[1].data))
    assert len(fresh.table("flow_versions")) == 2
    assert "like" in fresh.rounds.played(code).script("en").states["drink"].text
    fresh.rounds.close(code)
    assert "Drinks" not in (await hands_in(omar, other.encode())).text


async def test_a_rehearsal_in_the_chat_goes_on_in_each_language_of_the_flow(fresh: House) -> None:
    omar = await organiser(fresh)
    book = io.BytesIO(form(("text", "where", "Where?")))
    sheet = load_workbook(book)
    survey = sheet.active
    assert survey is not None
    survey["C1"], survey["D1"], survey["D2"] = "label::English (en)", "label::Español (es)", "¿Dónde?"
    packed = io.BytesIO()
    sheet.save(packed)
    shown = await hands_in(omar, packed.getvalue(), "where.xlsx")
    assert "Where?" in shown.text
    await omar.taps("Try it out here")
    await omar.says("LANGUAGE")
    assert labels(last(omar))[:2] == ["English", "Español"]
    assert "¿Tiene" in text(await omar.taps("Español", last(omar)))
    assert fresh.contact(omar.address).language == "en"
    for _ in range(3):
        if "¿Dónde?" in last(omar).text:
            break
        await omar.taps(labels(last(omar))[0], last(omar))
    assert "¿Dónde?" in last(omar).text


# --------------------------------------------------------------------------- documents of a round

PDF = b"%PDF-1.4 the plan\n%%EOF"


async def asked_for_a_document(house: House) -> tuple[Staff, str]:
    """Bring an organiser to where a document of a draft is waited for."""
    omar, code = await organiser(house), house.need(opened=False).code
    await at_documents(omar, code)
    return omar, code


async def at_documents(omar: Staff, code: str) -> None:
    """Bring an organiser on from the page of a draft."""
    await omar.sends(raw(omar.address, kind="tap", data=f"@o:round:{code}"))
    await omar.taps("Read what people are told")
    (asked,) = await omar.taps("Add a document (PDF)")
    assert "Send a PDF here, as a file" in asked.text


async def test_a_pdf_becomes_a_document_of_the_draft_at_hand_and_another_may_follow(house: House) -> None:
    omar, code = await asked_for_a_document(house)
    kept = await hands_in(omar, PDF, "Plan of the library.pdf")
    assert kept.text.startswith("“Plan of the library” is a document of “Opening hours” now.")
    await hands_in(omar, PDF + b"\n", "Costs.pdf")
    found = house.rounds.find(code)
    assert found is not None
    assert [each.title for each in papers.of(found.record)] == ["Costs", "Plan of the library"]
    assert house.rounds.log(code)[-1].who == "Omar"
    assert house.rounds.prove(code).whole
    await omar.taps("Back")
    (read,) = await omar.taps("Read what people are told")
    assert "Documents:\n– Costs (PDF)\n– Plan of the library (PDF)" in read.text


async def test_a_document_of_a_signed_round_waits_for_a_reason_and_the_signature_falls(house: House) -> None:
    omar, code = await asked_for_a_document(house)
    house.sign(code)
    asked = await hands_in(omar, PDF, "Plan of the library.pdf")
    assert asked.text.startswith("Signed by ")
    assert "Why do you change it?" in asked.text
    await omar.says("The plan was missing.")
    found = house.rounds.find(code)
    assert found is not None
    assert (found.state, papers.of(found.record)) == ("draft", [])
    assert house.rounds.log(code)[-1].why == "The plan was missing."
    await at_documents(omar, code)
    assert "is a document of" in (await hands_in(omar, PDF, "Plan of the library.pdf")).text


async def test_what_is_no_pdf_is_refused_and_a_flow_stays_a_flow(fresh: House) -> None:
    omar, code = await asked_for_a_document(fresh)
    assert (await hands_in(omar, b"a photo", "plan.jpg")).text.startswith("That does not work: ")
    assert "has 105 characters" in (await hands_in(omar, PDF, f"{'p' * 101}.pdf")).text
    assert "10 megabytes" in (await hands_in(omar, PDF, "plan.pdf", papers.LARGEST + 1)).text
    assert "Send a PDF here" in (await omar.says("is this the one?"))[0].text
    assert "Tea or coffee?" in (await hands_in(omar, TEA.encode())).text
    found = fresh.rounds.find(code)
    assert found is not None
    assert papers.of(found.record) == []


async def test_a_document_comes_to_no_round_that_has_begun_or_is_led_no_more(house: House) -> None:
    omar, code = await asked_for_a_document(house)
    house.sign(code)
    house.rounds.open(code)
    assert (await hands_in(omar, PDF, "plan.pdf")).text.startswith("That button is old.")
    omar, code = await asked_for_a_document(house)
    house.pigeon.files["late"] = PDF
    await omar.sends(raw(omar.address, kind="other", about={"document": ["late", "plan.pdf", 9], "message_id": "999"}))
    with house.database.transaction() as db:
        people.revoke(db, house.contact(omar.address).person_id or 0, "organiser", "library")
    await house.reading.look()
    assert last(omar).text.startswith("That does not work: ")
    found = house.rounds.find(code)
    assert found is not None
    assert papers.of(found.record) == []


async def test_where_documents_cannot_be_written_a_file_waits_and_is_asked_for_again(house: House) -> None:
    """A full disk, or a folder that belongs to somebody else, stops nothing but this one document."""
    omar, code = await asked_for_a_document(house)
    folder = house.config.database.files
    folder.write_text("no folder")
    assert (await hands_in(omar, PDF, "plan.pdf")).text.startswith("I am looking at the file.")
    for _ in range(TRIES):
        house.clock.forward(seconds=21)
        await house.reading.look()
    assert last(omar).text.startswith("I could not get this file.")
    folder.unlink()
    await hands_in(omar, PDF, "plan.pdf")
    found = house.rounds.find(code)
    assert found is not None
    assert [each.title for each in papers.of(found.record)] == ["plan"]


async def test_a_stop_in_the_moment_of_a_call_is_heeded(fresh: House) -> None:
    looking = asyncio.create_task(fresh.reading.run())
    while not fresh.reading._woken._waiters:  # noqa: ASYNC110 - nothing tells that somebody waits
        await asyncio.sleep(0)
    fresh.reading._woken.set()
    await asyncio.sleep(0)  # it knows of the call, and has not gone on yet
    looking.cancel()
    done, _ = await asyncio.wait({looking}, timeout=5)
    assert done
    assert looking.cancelled()


async def test_a_form_of_which_a_question_is_left_out_is_not_called_whole(house: House) -> None:
    omar = await organiser(house)
    rows = (("select_one yn", "q1", "Do you use the library?"), ("barcode", "q2", "Scan"), ("text", "q3", "Why?"))
    said = await hands_in(omar, form(*rows), "form.xlsx")
    assert "nothing to mend" not in said.text
    assert "Questions of the file that are left out: 2. Look below before you publish." in said.text
    assert said.text.partition("Worth a look:\n")[2].startswith('– survey row 2: there is no list "yn"')
