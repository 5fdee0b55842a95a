"""Every trouble that docs/reliability.md names has its test, and everything it tells operators to look at is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from bot import app, delivery
from bot.channels.telegram import messages
from bot.metrics import Metrics
from storage import database

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
HEAD = "| Trouble | What happens | What you see and do | Test |"
NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")


def rows() -> list[list[str]]:
    """Return the cells of every trouble."""
    lines = [line for line in DOCUMENT.splitlines() if line.startswith("|") and line != HEAD]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if not line.startswith("|--")]


@cache
def known_in(file: str) -> frozenset[str]:
    """Return the names of the tests in a file under tests/."""
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def test_every_trouble_says_what_happens_what_to_do_and_has_a_test() -> None:
    assert len(rows()) > 60
    for row in rows():
        assert len(row) == 4, row
        assert all(row), row
        assert re.fullmatch(r"(`[\w/]+\.py::test_\w+`\s*)+", row[3]), row


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED.findall(DOCUMENT))))
def test_every_test_that_is_named_is_there(file: str, test: str) -> None:
    assert (ROOT / "tests" / file).is_file()
    assert not test or test in known_in(file)


def test_no_trouble_is_named_twice() -> None:
    troubles = [row[0] for row in rows()]
    assert len(troubles) == len(set(troubles))


TIMES = {
    "A process freezes in the middle of a transaction": (database.STALLED,),
    "Another program locks a table": (database.PATIENCE,),
    "SQLite is locked by a backup": (database.PATIENCE,),
    "No answer in time": (*(pause.total_seconds() for pause in delivery.PAUSES), delivery.GIVE_UP.total_seconds()),
    "500, 502, 503": (messages.SOON.total_seconds(),),
    "A firewall's or proxy's page": (messages.LATER.total_seconds(),),
    "Connection refused": (messages.SOON.total_seconds(),),
    "The key file does not open an address": (delivery.UNOPENED.total_seconds(),),
    "Replicas join, leave, freeze": (delivery.LEASE.total_seconds(),),
    "The process that fetches by polling": (app.RECEIVING.total_seconds(),),
}
"""By the beginning of a trouble: the times its row names, in seconds."""
UNITS = {"s": 1, "minute": 60, "min": 60, "minutes": 60, "h": 3600, "hour": 3600, "days": 86_400}
WORDS = {"a": 1, "two": 2, "five": 5}
SPAN = re.compile(r"\b(\d+|a|two|five) (minutes|minute|min|hour|days|s|h)\b")


@pytest.mark.parametrize("trouble", TIMES)
def test_times_are_those_of_the_program(trouble: str) -> None:
    (row,) = [row for row in rows() if row[0].startswith(trouble)]
    found = [(int(n) if n.isdigit() else WORDS[n]) * UNITS[unit] for n, unit in SPAN.findall(row[1])]
    assert found == [*TIMES[trouble]]


def test_every_measure_that_is_named_is_measured() -> None:
    kept = Metrics().registry.collect()
    measured = {family.name.removesuffix("_total") for family in kept}
    named = {name.removesuffix("_total") for name in re.findall(r"civicloop_[a-z_]+", DOCUMENT)}
    assert named
    assert named <= measured


def test_every_event_of_the_log_that_is_named_is_written_somewhere() -> None:
    named = set(re.findall(r"`((?:turns?|update|sweep|delivery|telegram|clock|receive)\.[a-z_]+)`", DOCUMENT))
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bot").rglob("*.py"))
    assert len(named) > 8
    assert {event for event in named if f'"{event}"' not in code} == set()
