"""`round change` forgets again who of the audience was meant, and when they are asked."""

from __future__ import annotations

from tests.bot.test_cli import Terminal, terminal

__all__ = ["terminal"]


def test_what_was_said_of_the_audience_can_be_cleared_again(terminal: Terminal) -> None:
    code = terminal.a_round()
    said = ("--audience", "agreed", "--speaks", "es", "--sample", "9", "--spread-hours", "4", "--remind", "2099-01-02")
    assert terminal("round", "change", code, *said).status == 0
    before = terminal("round", "show", code, "--json").json
    assert (before["whom"]["languages"], before["whom"]["sample"], before["spread_hours"]) == (["es"], 9, 4)
    cleared = terminal("round", "change", code, "--anybody", "--at-once", "--usual-reminder")
    assert "whom, spread_hours, remind set." in cleared.out
    after = terminal("round", "show", code, "--json").json
    assert (after["whom"]["languages"], after["whom"]["sample"]) == ([], None)
    assert (after["spread_hours"], after["remind_at"], after["audience"]) == (None, None, "agreed")


def test_a_list_stays_when_the_rest_is_cleared(terminal: Terminal) -> None:
    code = terminal.a_round()
    (terminal.folder / "members.csv").write_text("mail\na@city.example\n", encoding="utf-8")
    assert terminal("round", "list-in", code, "members.csv", "--ground", "members").status == 0
    terminal("round", "change", code, "--anybody")
    assert len(terminal("round", "show", code, "--json").json["whom"]["lists"]) == 1


def test_to_set_and_to_clear_the_same_is_refused(terminal: Terminal) -> None:
    said = terminal("round", "change", terminal.a_round(), "--spread-hours", "4", "--at-once")
    assert (said.status, said.err) == (2, "civicloop: say one of the two: set or clear spread_hours.\n")
