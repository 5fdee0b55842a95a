"""Documents of a round: what is a PDF, what they are called, who signs them, and that they stay as they were."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import Refused
from bot.rounds import linked, papers
from tests.support.house import RECORD

if TYPE_CHECKING:
    from tests.support.house import House

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def titles(house: House, code: str) -> list[tuple[str, str]]:
    found = house.rounds.find(code)
    assert found is not None
    return [(each.name, each.title) for each in papers.of(found.record)]


def test_a_document_is_added_shown_and_taken_and_the_log_tells_of_both(house: House) -> None:
    code = house.need(opened=False).code
    house.rounds.attach(code, "C:\\papers\\Der Plan für 2027.pdf", PDF)
    house.rounds.attach(code, "x.pdf", PDF + b"\n", title=" Der   Plan für 2027 ")
    house.rounds.attach(code, "خطة.pdf", PDF)
    assert titles(house, code) == [
        ("der-plan-fur-2027-2.pdf", "Der Plan für 2027"),
        ("der-plan-fur-2027.pdf", "Der Plan für 2027"),
        ("document.pdf", "خطة"),
    ]
    with pytest.raises(Refused, match=r"there is no document plan\.pdf: choose of der-plan-fur-2027-2"):
        house.rounds.detach(code, "plan.pdf")
    house.rounds.detach(code, "der-plan-fur-2027-2.pdf")
    assert len(titles(house, code)) == 2
    log = house.rounds.log(code)
    assert [each.what for each in log] == ["created", *["changed"] * 4]
    assert all("record.documents" in each.changed for each in log[1:])
    assert house.rounds.prove(code).whole


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "this is no PDF file"),
        (b"PK\x03\x04 %PDF- %%EOF", "this is no PDF file"),
        (PDF[:-8], "this is no PDF file"),
        (PDF + b" " * papers.LARGEST, "a document has at most 10 megabytes"),
    ],
)
def test_what_is_no_document_is_refused(house: House, body: bytes, words: str) -> None:
    code = house.need(opened=False).code
    with pytest.raises(Refused, match=words):
        house.rounds.attach(code, "plan.pdf", body)
    with pytest.raises(Refused, match="the title of a document has 121 characters"):
        house.rounds.attach(code, "plan.pdf", PDF, title="x" * 121)
    assert titles(house, code) == []


def test_one_more_than_the_most_is_refused(house: House) -> None:
    code = house.need(opened=False).code
    for _ in range(papers.MOST):
        house.rounds.attach(code, "plan.pdf", PDF)
    assert len({name for name, _ in titles(house, code)}) == papers.MOST
    with pytest.raises(Refused, match="a round has at most 20 documents"):
        house.rounds.attach(code, "plan.pdf", PDF)


def test_a_signature_holds_for_the_documents_that_were_there(house: House) -> None:
    code = house.need(opened=False).code
    house.sign(code)
    with pytest.raises(Refused, match="say why"):
        house.rounds.attach(code, "plan.pdf", PDF)
    assert (titles(house, code), stored(house)) == ([], [])
    house.rounds.attach(code, "plan.pdf", PDF, why="it was missing")
    with pytest.raises(Refused, match="nobody has signed the round yet"):
        house.rounds.open(code)
    house.sign(code)
    with pytest.raises(Refused, match="say why"):
        house.rounds.detach(code, "plan.pdf")
    house.rounds.detach(code, "plan.pdf", why="the wrong one")
    house.rounds.attach(code, "plan.pdf", PDF)
    house.sign(code)
    house.rounds.open(code)
    with pytest.raises(Refused, match="the round has begun"):
        house.rounds.attach(code, "other.pdf", PDF)
    with pytest.raises(Refused, match="the round has begun"):
        house.rounds.detach(code, "plan.pdf")


def test_a_record_that_is_written_anew_neither_loses_nor_makes_up_documents(house: House) -> None:
    made_up = RECORD | {"documents": {"secret.pdf": f"{'0' * 64} Secret"}}
    code = house.need(opened=False, record=made_up).code
    assert titles(house, code) == []
    house.rounds.attach(code, "plan.pdf", PDF)
    house.rounds.change(code, record=made_up)
    assert titles(house, code) == [("plan.pdf", "plan")]
    (document,) = papers.of(house.rounds.find(code).record)  # type: ignore[union-attr]
    assert house.rounds.paper(document.sha256) == PDF
    assert house.rounds.paper("0" * 64) is None


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("no link", [("no link", False)]),
        (
            "See https://city.example/plan, please (http://a.example/?q=1).",
            [
                ("See ", False),
                ("https://city.example/plan", True),
                (", please (", False),
                ("http://a.example/?q=1", True),
                (").", False),
            ],
        ),
        (
            "javascript:alert(1) http://x https://a:b@c.example",
            [("javascript:alert(1) http://x https://a:b@c.example", False)],
        ),
    ],
)
def test_whole_addresses_are_links_and_nothing_else(text: str, pieces: list[tuple[str, bool]]) -> None:
    assert linked.parts(text) == pieces
    assert "".join(piece for piece, _ in linked.parts(text)) == text


@pytest.mark.parametrize(
    "link", ["https://", "http://plan", "https:city.example", "https://a:b@city.example", "http://[x"]
)
def test_an_address_that_leads_nowhere_is_named(house: House, link: str) -> None:
    code = house.need(opened=False, record=RECORD | {"duty": "none", "pack": {"en": f"See {link}.", "es": "Vea"}}).code
    (fault,) = [each for each in house.rounds.check(code) if each.field == "pack"]
    assert f"the address {link} in pack leads nowhere" in fault.message
    assert not house.rounds.check(house.need(opened=False, record=RECORD | {"pack": "https://city.example"}).code)


def stored(house: House) -> list[str]:
    folder = house.config.database.files
    return sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []


def test_what_a_round_refuses_is_not_written(house: House) -> None:
    with pytest.raises(Refused, match="the round has begun"):
        house.rounds.attach(house.need().code, "plan.pdf", PDF)
    assert stored(house) == []


def test_bytes_that_no_round_names_any_more_go_and_the_others_stay(house: House) -> None:
    code = house.need(opened=False).code
    kept = house.rounds.attach(code, "kept.pdf", PDF)
    house.rounds.detach(code, house.rounds.attach(code, "gone.pdf", PDF + b"\n").name)
    house.sweeps.privacy()
    assert len(stored(house)) == 2, "what was just written may belong to a record that is not"
    long_ago = (house.clock() - timedelta(days=1)).timestamp()
    for each in house.config.database.files.iterdir():
        os.utime(each, (long_ago, long_ago))
    house.sweeps.privacy()
    assert stored(house) == [f"document-{kept.sha256}.pdf"]
    assert house.rounds.paper(kept.sha256) == PDF


def test_a_round_does_not_open_without_the_bytes_of_its_documents(house: House) -> None:
    code = house.need(opened=False).code
    kept = house.rounds.attach(code, "kept.pdf", PDF)
    assert house.rounds.check(code) == []
    (house.config.database.files / f"document-{kept.sha256}.pdf").unlink()
    assert [(each.field, each.message) for each in house.rounds.check(code)] == [
        (
            "documents",
            "the file of the document kept.pdf is gone, or no longer the same: take the document away and add it again",
        )
    ]


def test_a_document_that_was_exchanged_is_shown_to_nobody_and_keeps_the_round_from_opening(house: House) -> None:
    code = house.need(opened=False).code
    kept = house.rounds.attach(code, "kept.pdf", PDF)
    house.sign(code)
    file = house.config.database.files / f"document-{kept.sha256}.pdf"
    file.write_bytes(PDF + b"\n")
    assert house.rounds.paper(kept.sha256) is None
    assert house.rounds.prove(code).altered == ("documents",)
    with pytest.raises(Refused, match=r"the document kept\.pdf is gone, or no longer the same"):
        house.rounds.open(code)
    file.write_bytes(PDF)
    house.rounds.open(code)
    assert house.rounds.prove(code).whole
    file.unlink()
    assert house.rounds.prove(code).altered == ("documents",)


def test_a_round_that_was_signed_and_is_a_draft_again_is_whole(house: House) -> None:
    code = house.need(opened=False).code
    house.sign(code)
    house.rounds.attach(code, "plan.pdf", PDF, why="it was missing")
    assert house.rounds.prove(code).whole
    house.sign(code)
    house.rounds.open(code)
    assert house.rounds.prove(code).whole
