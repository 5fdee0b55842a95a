"""Every trouble that docs/reliability.md names has its test, and everything it tells operators to look at is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from bot.metrics import Metrics

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


def test_every_measure_that_is_named_is_measured() -> None:
    kept = Metrics().registry.collect()
    measured = {family.name.removesuffix("_total") for family in kept}
    named = {name.removesuffix("_total") for name in re.findall(r"civicloop_[a-z_]+", DOCUMENT)}
    assert named
    assert named <= measured


def test_every_event_of_the_log_that_is_named_is_written_somewhere() -> None:
    named = set(re.findall(r"`((?:turns?|update|sweep|delivery|telegram|clock)\.[a-z_]+)`", DOCUMENT))
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bot").rglob("*.py"))
    assert len(named) > 8
    assert {event for event in named if f'"{event}"' not in code} == set()
