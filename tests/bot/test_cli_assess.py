"""Staff look at their own work at a terminal, and nobody reads there what somebody else has said."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from tests.bot.test_cli import Terminal, terminal

if TYPE_CHECKING:
    import pytest

__all__ = ["terminal"]


def hired(terminal: Terminal, name: str = "Maya", service: str = "library") -> None:
    mail = f"{name.lower()}@city.example"
    terminal("invite", "--role", "manager", "--service", service, "--name", name, "--mail", mail)


def types(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_a_stage_is_talked_through_and_kept(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    hired(terminal)
    terminal("round", "open", terminal.a_round())
    types(monkeypatch, "85", "Standard", "https://city.example/plan", "improves", "skip", "Not done")
    said = terminal("assess", "--service", "library", "--stage", "deliver", "--as", "Maya")
    assert said.status == 0
    assert "Inspired by the published abstract" in said.out
    assert "out of 100 people who answer at the stage Deliver" in said.out
    assert "Deliver: 42" in said.out
    assert "1 item counts as “Repeated”" in said.out


def test_stopping_keeps_nothing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    hired(terminal)
    types(monkeypatch, "Not done", "stop")
    said = terminal("assess", "--service", "library", "--as", "maya")
    assert "You have not done it yet." in said.out
    assert terminal("assess", "--json").json == {"teams": 0, "mean": None}


def test_teams_are_told_together_and_only_from_three_on(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, service, word in (
        ("Ana", "library", "Not done"),
        ("Ben", "bus7", "Repeated"),
        ("Cem", "street_repair", "Repeated"),
    ):
        hired(terminal, name, service)
        types(monkeypatch, word, word, word)
        assert terminal("assess", "--service", service, "--stage", "deliver", "--as", name).status == 0
        if name == "Ben":
            assert terminal("assess", "--json").json == {"teams": 2, "mean": None}
    assert terminal("assess", "--json").json == {"teams": 3, "mean": 35}
    assert terminal("assess").out == "Mean of 3 teams, in steps of 5: 35 of 100.\n"


def test_what_is_wrong_is_one_line_that_says_what_to_do(terminal: Terminal) -> None:
    hired(terminal)
    said = terminal("assess", "--service", "library")
    assert (said.status, said.err) == (
        2,
        "civicloop: say whose work it is: --as NAME, a member of staff of the service.\n",
    )
    said = terminal("assess", "--service", "library", "--as", "Nobody")
    assert said.status == 1
    assert "May do so: Maya." in said.err
    assert terminal("assess", "--service", "nowhere", "--as", "Maya").status == 2
