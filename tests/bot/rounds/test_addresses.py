"""Lists of addresses that a city holds: read whatever way they were saved, taken in whole, outdone by STOP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.channels.web.meant import lines
from bot.channels.web.words import Dictionary
from bot.errors import Refused
from bot.rounds import addresses
from storage import audience, rounds
from tests.support.house import Citizen

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.house import House

GROUND = "members of the library, article 6 (1) e GDPR"


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "members.csv"
    file.write_bytes(text.encode(encoding))
    return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_usual_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    file = written(tmp_path, "name;mail;language\nJosé;a@city.example;es\nÄnne;b@city.example;de\n", encoding)
    assert [(line.row, line.address, line.language) for line in addresses.lines(file)] == [
        (2, "a@city.example", "es"),
        (3, "b@city.example", "de"),
    ]


@pytest.mark.parametrize(
    ("typed", "spellings"),
    [
        ("ana@city.example", ("ana@city.example",)),
        (" Ana@City.Example ", ("ana@city.example", "Ana@city.example", "Ana@City.Example")),
        ("ana@bücher.example", ("ana@xn--bcher-kva.example", "ana@bücher.example")),
        ("nobody", ("nobody",)),
    ],
)
def test_an_address_is_spelt_one_way_and_found_under_those_of_earlier_versions(
    typed: str, spellings: tuple[str, ...]
) -> None:
    assert addresses.spellings(typed) == spellings


@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)) * 20,
        b"mail\na@city.example\nb\0@city.example\n",
        b'mail\n"' + b"x" * 200_000 + b'"\n',
    ],
)
def test_what_is_no_list_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    """A picture, a nothing in the middle, a cell without an end."""
    file = tmp_path / "members.csv"
    file.write_bytes(content)
    with pytest.raises(Refused, match=r"save it as CSV in UTF-8|no column"):
        addresses.look(file)


def test_a_list_put_together_from_two_encodings_keeps_every_address(tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    rows = ("Jürgen;a@bücher.example\n", "Ærø;b@bücher.example\n") * 3000
    file.write_bytes(b"name;mail\n" + b"".join(row.encode(("utf-8", "cp1252")[n % 2]) for n, row in enumerate(rows)))
    assert {line.address for line in addresses.lines(file)} == {"a@xn--bcher-kva.example", "b@xn--bcher-kva.example"}


@pytest.mark.parametrize(
    "content",
    [
        "name;mail\nÄ;a@city.example\nx;\udc81b@city.example\n\udc81;c@city.example\n".encode(
            "utf-8", "surrogateescape"
        ),
        "name;mail\nÄ;a@city.example\n".encode("utf-16") + b"\n",
    ],
)
def test_a_row_of_no_encoding_is_named_and_no_other(tmp_path: Path, content: bytes) -> None:
    """A byte that means nothing in an address is a fault of that row, in a name it does not matter; half a letter."""
    file = tmp_path / "members.csv"
    file.write_bytes(content)
    seen = addresses.look(file)
    assert seen.faults == [(3, "broken")]
    assert (seen.good, seen.broken, seen.foreign) == (content.count(b"@") - 1 or 1, 1, 0)


def test_each_fault_is_told_with_its_row_and_all_are_counted(tmp_path: Path) -> None:
    rows = ["mail", "a@city.example", "nobody", "jürgen@city.example", "a@CITY.example", "", "x@bücher.example"]
    seen = addresses.look(written(tmp_path, "\n".join(rows)))
    assert seen.faults == [(3, "broken"), (4, "foreign"), (5, "twice")]
    assert (seen.good, seen.broken, seen.foreign, seen.twice) == (2, 1, 1, 1)


def test_a_list_without_a_heading_is_read_and_one_without_addresses_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "Ada@City.example\nb@city.example\n")
    assert [line.address for line in addresses.lines(file)] == ["ada@city.example", "b@city.example"]
    assert addresses.look(file).good == 2
    with pytest.raises(Refused, match='has no column "mail"'):
        addresses.look(written(tmp_path, "name\nAnna\n"))
    with pytest.raises(Refused, match="cannot be read"):
        addresses.look(tmp_path / "none.csv")


def test_a_file_with_a_row_that_has_swallowed_others_is_refused_naming_the_line(house: House, tmp_path: Path) -> None:
    rows = ['"Bob,bob@x.org', "Ann,ann@x.org", "Eve,eve@x.org", '"Zed,zed@x.org', "Kim,kim@x.org"]
    for some in (rows, rows[:3]):
        with pytest.raises(Refused, match=r"row 2 of members\.csv goes on over several lines"):
            addresses.look(written(tmp_path, "\n".join(["name,mail", *some])))
    code = house.need(opened=False).code
    many = "".join(f"p{number}@x.org,n\n" for number in range(2000))
    file = written(tmp_path, f'mail,name\nok1@x.org,a\nok2@x.org,"open\n{many}')
    for leave_out in (False, True):
        with pytest.raises(Refused, match=r"row 3 of members\.csv goes on over several lines"):
            house.rounds.receive(code, file, GROUND, leave_out=leave_out)
    assert house.table("audience") == []
    seen = addresses.look(written(tmp_path, 'mail,street\na@x.org,"1 Main St\nTown"\nnobody,x\n'))
    assert (seen.good, seen.faults) == (1, [(4, "broken")])


@pytest.mark.parametrize(
    "text",
    [
        "name;address;email\nBob;1 Main St;bob@x.org\n",
        "nom;adresse;courriel\nBob;;bob@x.org\n",
        "mail;address\nby post;bob@x.org\n",
        "address;name\nbob@x.org;Bob\n",
        "mail,mail\n,bob@x.org\n",
    ],
)
def test_the_column_of_mail_addresses_is_the_one_that_holds_them(tmp_path: Path, text: str) -> None:
    assert [line.address for line in addresses.lines(written(tmp_path, text))] == ["bob@x.org"]


def test_a_language_with_its_country_is_known_and_what_nobody_knows_is_told_by_row(tmp_path: Path) -> None:
    rows = ["a@x.org,es-ES,", "b@x.org,ES_mx,Europe/Paris", "c@x.org,Spanish,Paris", "d@x.org,fr,", "nobody,fr,x"]
    file = written(tmp_path, "\n".join(["mail,language,zone", *rows]))
    seen = addresses.look(file, known=("en", "es"))
    assert seen.odd == [(4, "language"), (4, "zone"), (5, "language")]
    assert (seen.good, seen.broken, seen.unknown) == (4, 1, 2)
    assert [addresses.spoken(line.language, ("en", "es")) for line in addresses.lines(file)] == [
        *("es", "es"),
        *[None] * 3,
    ]
    many = "\n".join(f"{n}@x.org,Spanish,Paris" for n in range(30))
    seen = addresses.look(written(tmp_path, f"mail,language,zone\n{many}\nnobody"), known=("en", "es"))
    assert (len(seen.odd), seen.unknown, seen.faults) == (addresses.SHOWN, 30, [(32, "broken")])


async def test_a_list_is_taken_in_once_with_its_ground(house: House, tmp_path: Path) -> None:
    code = house.need(opened=False).code
    house.rounds.channels = ("pigeon", "mail")
    file = written(tmp_path, "mail,language\na@city.example,es-ES\nb@city.example,xx\n")
    assert house.rounds.receive(code, file, GROUND)[1] == 2
    assert house.rounds.receive(code, file, GROUND)[1] == 0
    found = house.rounds.find(code)
    assert found is not None
    assert (found.audience, [(one.ground, one.people) for one in found.whom.lists]) == ("listed", [(GROUND, 2)])
    assert house.rounds.audience(code).waiting == 2
    assert sorted(row.language for row in house.table("contacts") if row.channel == "mail") == ["en", "es"]
    assert b"city.example" not in b"".join(row.address_sealed for row in house.table("contacts"))
    house.rounds.change(code, whom={"languages": ["es"]})
    assert house.rounds.audience(code).people == 2


async def test_a_list_can_be_taken_away_until_somebody_was_asked(house: House, tmp_path: Path) -> None:
    code = house.need(opened=False).code
    with pytest.raises(Refused, match="has no list of addresses to take away"):
        house.rounds.take_away(code)
    file = written(tmp_path, "mail\na@city.example\nb@city.example\n")
    house.rounds.receive(code, file, "the wrong ground")
    house.sign(code)
    with pytest.raises(Refused, match="say why"):
        house.rounds.take_away(code, " ")
    assert len(house.table("audience")) == 2
    assert house.rounds.take_away(code, "the ground was wrong") == 2
    found = house.rounds.find(code)
    assert found is not None
    assert (found.state, found.audience, found.whom.lists, house.table("audience")) == ("draft", "link", (), [])
    assert house.rounds.log(code)[-1].reason == "the ground was wrong"
    assert house.rounds.receive(code, file, GROUND)[1] == 2, "the same list may come again, with its ground put right"
    opened = house.need().code
    with pytest.raises(Refused):
        house.rounds.take_away(opened)
    house.rounds.take_away(code)
    house.clock.forward(days=400)
    house.sweeps.privacy()
    assert [row for row in house.table("contacts") if row.channel == "mail"] == [], "nothing of them stays"


async def test_nobody_on_a_list_is_left_unasked_by_whom_a_round_asks(house: House, tmp_path: Path) -> None:
    code = house.need(opened=False).code
    house.rounds.channels = ("pigeon", "mail")
    house.rounds.receive(code, written(tmp_path, "mail\na@city.example\nb@city.example\n"), GROUND)
    house.rounds.change(code, audience="agreed")
    for before in ("agreed", "listed"):
        house.rounds.change(code, audience=before)
        with pytest.raises(Refused, match="take the list away first"):
            house.rounds.change(code, audience="link")
    house.sign(code)
    house.rounds.open(code)
    await Citizen(house, "ana").starts(code)
    assert len(house.table("sessions")) == 1, "whoever has the link takes part all the same"
    house.sweeps.rounds()
    assert house.rounds.audience(code).people == 2


def test_a_list_that_an_older_choice_leaves_out_is_missing_something(house: House, tmp_path: Path) -> None:
    code = house.need(opened=False).code
    house.rounds.receive(code, written(tmp_path, "mail\na@city.example\n"), GROUND)
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        rounds.change(db, row.id, audience="link")
    (fault,) = house.rounds.check(code)
    assert (fault.field, "take the list away first" in fault.message) == ("audience", True)
    assert ("A list that the city holds", f"People from a list: 1. {GROUND}") in lines(
        house.rounds.change(code, title="Another title"), house.config, Dictionary.load().words("en")
    )


async def test_nothing_is_taken_in_while_a_row_is_bad_unless_it_is_left_out(house: House, tmp_path: Path) -> None:
    code = house.need(opened=False).code
    file = written(tmp_path, "mail\na@city.example\nbroken\n")
    assert house.rounds.receive(code, file, GROUND)[1] == 0
    assert house.table("audience") == []
    assert house.rounds.receive(code, file, GROUND, leave_out=True)[1] == 1
    with pytest.raises(Refused, match="legal ground"):
        house.rounds.receive(code, file, " ")


async def test_the_quiet_list_and_stop_win_over_a_list(house: House, tmp_path: Path) -> None:
    code = house.need(opened=False).code
    house.rounds.channels = ("pigeon", "mail")
    assert house.rounds.hush(["Quiet@city.example", "quiet@CITY.example"][:1]) == 1
    file = written(tmp_path, "mail\na@city.example\nQuiet@city.example\nb@city.example\n")
    assert house.rounds.receive(code, file, GROUND)[1] == 3
    assert len([row for row in house.table("contacts") if row.channel == "mail"]) == 2
    house.rounds.hush(["b@city.example"])
    assert (house.rounds.audience(code).people, dict(house.rounds.audience(code).excluded)) == (
        3,
        {"quiet": 1, "stopped": 1},
    )


def test_what_differs_in_capitals_alone_is_one_person(house: House, tmp_path: Path) -> None:
    code = house.need(opened=False).code
    house.rounds.channels = ("pigeon", "mail")
    house.rounds.hush(["QUIET@city.example"])
    file = written(tmp_path, "mail\nAnna@city.example\nanna@City.example\nANNA@CITY.EXAMPLE\nquiet@city.example\n")
    seen, new = house.rounds.receive(code, file, GROUND)
    assert ((seen.good, seen.twice), new) == ((2, 2), 2)
    assert (house.rounds.audience(code).people, house.rounds.audience(code).waiting) == (2, 1)
    again = written(tmp_path, "mail\naNNa@city.example\n")
    assert house.rounds.receive(code, again, GROUND)[1] == 0


def test_who_was_put_on_the_quiet_list_with_capitals_by_an_earlier_version_stays_on_it(
    house: House, tmp_path: Path
) -> None:
    with house.database.transaction() as db:
        audience.hush(db, [house.keys.quiet_hash("mail", "Quiet@city.example")], house.clock())
    code = house.need(opened=False).code
    house.rounds.channels = ("pigeon", "mail")
    house.rounds.receive(code, written(tmp_path, "mail\nQuiet@CITY.example\n"), GROUND)
    assert (house.rounds.audience(code).waiting, dict(house.rounds.audience(code).excluded)) == (0, {"quiet": 1})


@pytest.mark.parametrize(
    ("text", "leave_out"), [("mail\n", False), ("mail;language\n\n \n", False), ("mail\nbroken\n", True)]
)
def test_a_list_without_a_usable_row_is_refused_in_one_line(
    house: House, tmp_path: Path, text: str, leave_out: bool
) -> None:
    code = house.need(opened=False).code
    with pytest.raises(Refused, match="the list holds no address that can be written to"):
        house.rounds.receive(code, written(tmp_path, text), GROUND, leave_out=leave_out)
    assert house.rounds.find(code).audience == "link"  # type: ignore[union-attr]


async def test_a_list_cut_short_leaves_nobody_in_the_audience(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "GROUP", 2)
    code = house.need(opened=False).code
    house.rounds.channels = ("pigeon", "mail")
    file = written(tmp_path, "mail\n" + "".join(f"a{n}@city.example\n" for n in range(5)))

    heard: list[tuple[int, int]] = []

    def cut(rows: int, of: int) -> None:
        raise KeyboardInterrupt(rows, of)

    with pytest.raises(KeyboardInterrupt):
        house.rounds.receive(code, file, GROUND, taken=cut)
    assert house.rounds.audience(code).people == 0
    assert house.rounds.receive(code, file, GROUND, taken=lambda *some: heard.append(some))[1] == 5
    assert heard == [(2, 5), (2, 5), (1, 5)]
    assert house.rounds.audience(code).people == 5


async def test_two_lists_at_once_lose_nobody_in_silence(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "GROUP", 2)
    code = house.need(opened=False).code
    house.rounds.channels = ("pigeon", "mail")
    other = written(tmp_path, "mail\n" + "".join(f"b{n}@city.example\n" for n in range(3))).rename(tmp_path / "b.csv")
    file = written(tmp_path, "mail\n" + "".join(f"a{n}@city.example\n" for n in range(5)))
    came: list[int] = []

    def somebody_else(_more: int, _of: int) -> None:
        if not came:
            came.append(house.rounds.receive(code, other, GROUND)[1])

    with pytest.raises(Refused, match="another list was taken in for this round at the same moment"):
        house.rounds.receive(code, file, GROUND, taken=somebody_else)
    assert came == [3]
    assert house.rounds.audience(code).people == 3
    assert house.rounds.receive(code, file, GROUND)[1] == 5
    assert house.rounds.audience(code).people == 8
