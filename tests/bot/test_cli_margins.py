"""`margins`, `round aim` and `round watch`, as they are typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.commands import common
from tests.bot.test_cli import Terminal, terminal

if TYPE_CHECKING:
    from tests.bot.test_cli import Said

__all__ = ["terminal"]

TOWN = "variable;group;people\narea;Harbour;120\narea;Hillside;80\nlanguage;English;90\nlanguage;es;10\n"


def taken(terminal: Terminal, text: str, *more: str, encoding: str = "utf-8") -> Said:
    (terminal.folder / "town.csv").write_bytes(text.encode(encoding))
    return terminal("margins", "read", "town.csv", "--source", "Census", "--date", "2021-03-21", *more)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_table_is_taken_in_and_listed_with_source_and_day(terminal: Terminal, encoding: str) -> None:
    said = taken(terminal, TOWN.replace("Hillside", "La Ladera"), encoding=encoding)
    assert (said.status, said.out) == (0, "4 groups taken in.\n")
    listed = terminal("margins", "list").out
    assert "area      hillside  80      40.0    2021-03-21  Census" in listed
    assert f"area entered by operator {common.account()}, 20" in listed
    assert terminal("margins", "list", "--json").json[0]["groups"] == {"harbour": 120, "hillside": 80}


def test_other_numbers_of_the_city_take_a_reason_that_is_listed(terminal: Terminal) -> None:
    taken(terminal, TOWN)
    other = TOWN.replace("80", "70")
    assert "say why" in taken(terminal, other).err
    assert taken(terminal, other, "--why", "Counted anew").status == 0
    terminal("margins", "forget", "language", "--why", "Wrong table")
    listed = terminal("margins", "list").out
    assert re.search(r"area entered by operator \S+, [\d-]+: Counted anew\n", listed)
    assert re.search(r"language forgotten by operator \S+, [\d-]+: Wrong table\n", listed)
    assert listed.count("language entered by") == 1, "its numbers were the same"


def test_every_bad_row_is_told_and_nothing_is_taken_in(terminal: Terminal) -> None:
    said = taken(terminal, TOWN + "area;Moon;3\narea;harbour;1\n")
    assert said.status == 1
    assert said.out.splitlines() == [
        'row 6: "Moon" is no group of area: choose of harbour, old_town, hillside, or rest for everybody else',
        'row 7: "harbour" stands there already, in row 2',
        "Nothing was taken in: mend the rows and give the file again.",
    ]
    assert "Nobody has said yet who lives here." in terminal("margins", "list").out


def test_a_file_that_is_no_table_is_one_line(terminal: Terminal) -> None:
    assert "the first row must name three columns" in taken(terminal, "\x00\x01").err
    missing = terminal("margins", "read", "none.csv", "--source", "Census", "--date", "2021-03-21")
    assert (missing.status, missing.err) == (1, "civicloop: none.csv cannot be read: No such file or directory.\n")


def test_a_file_that_is_no_small_table_is_not_read(terminal: Terminal) -> None:
    assert "give from 1 to 5000 rows below the first" in taken(terminal, "x" * 2_000_001).err


def test_a_round_says_it_for_itself_and_forgets_it_again(terminal: Terminal) -> None:
    code = terminal.a_round()
    assert taken(terminal, "variable,group,percent\nacted,yes,60\nacted,no,40\n", "--round", code).status == 0
    assert "acted" in terminal("margins", "list", "--round", code).out
    assert terminal("margins", "list").out.startswith("Nobody")
    assert terminal("margins", "forget", "acted", "--round", code).out == "acted forgotten.\n"
    again = ("variable,group,percent\nacted,yes,50\nacted,no,50\n", "--round", code)
    assert taken(terminal, *again).status == 0
    terminal("round", "open", code)
    refused = terminal("margins", "forget", "acted", "--round", code)
    assert (refused.status, "say why" in refused.err) == (1, True)
    assert terminal("margins", "forget", "acted", "--round", code, "--why", "Wrong").out == "acted forgotten.\n"
    assert terminal("round", "aim", code, "--answers", "5").status == 0
    assert "say why" in terminal("round", "aim", code, "--answers", "6").err
    assert terminal("round", "aim", code, "--answers", "6", "--why", "Too few").status == 0
    assert [one["why"] for one in terminal("round", "show", code, "--json").json["log"][-2:]] == ["", "Too few"]
    assert terminal("margins", "forget", "acted").err.startswith("civicloop: nobody has said who lives here by acted")


def test_targets_follow_from_who_lives_there_and_are_watched(terminal: Terminal) -> None:
    taken(terminal, TOWN)
    code = terminal.a_round()
    aimed = terminal("round", "aim", code, "--answers", "200", "--of", "language.es=50").out.splitlines()
    assert aimed[0] == "people: sent to 0, reached 0, started 0, finished 0 of 200 wanted"
    assert aimed[1] == "language English: answers fewer than 5 of 180 wanted, 90 of 100 residents"
    assert aimed[2] == "language Spanish: answers fewer than 5 of 50 wanted, 10 of 100 residents"
    watched = terminal("round", "watch", code, "--every", "1", "--times", "2").out.splitlines()
    assert [line.strip() for line in watched[1:4]] == aimed == [line.strip() for line in watched[5:8]]
    assert terminal("round", "watch", code, "--times", "1", "--json").json["wanted"] == 200
    assert f"  {aimed[0]}" in terminal("round", "show", code).out


def test_a_round_with_nobody_left_to_ask_is_watched_once(terminal: Terminal) -> None:
    code = terminal.a_round()
    terminal("round", "open", code)
    assert terminal("round", "watch", code).out.count("people: sent to 0") == 1
    watched = terminal("round", "open", terminal.a_round(), "--watch").out
    assert watched.count("people: sent to 0") == 1


@pytest.mark.parametrize("given", ["area", "area.harbour", "area=3", "area.harbour=many"])
def test_a_target_that_is_none_says_how_to_write_it(terminal: Terminal, given: str) -> None:
    said = terminal("round", "aim", terminal.a_round(), "--of", given)
    assert (said.status, said.err) == (2, f'civicloop: "{given}" is not VARIABLE.GROUP=N, as in area.harbour=120.\n')
