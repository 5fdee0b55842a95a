"""Every threat that docs/security.md names has its test or its open risk, and every test it names is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from bot import cli
from tests.test_confinement import EXPOSED

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
POLICY = (ROOT / ".github" / "SECURITY.md").read_text(encoding="utf-8")
HEAD = "| Threat | | What is done | Test |"
KINDS = ("S", "T", "R", "I", "D", "E")
"""Spoofing, tampering, repudiation, information disclosure, denial of service, elevation of privilege."""
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def borders() -> dict[str, list[list[str]]]:
    """Return the rows of each border, by its heading."""
    parts = re.findall(r"^## (\d\. .+)\n\n((?:\|.*\n)+)", DOCUMENT, re.MULTILINE)
    return {
        title: [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]
        for title, table in parts
    }


@cache
def known_in(file: str) -> frozenset[str]:
    """Return the names of the tests in a file under tests/, also of those in classes."""
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def test_every_border_of_the_drawing_is_looked_at_for_every_kind_of_threat() -> None:
    drawing = DOCUMENT.partition("```\n")[2].partition("```")[0]
    numbers = set(re.findall(r"(?<=─)\d(?=─)", drawing))
    assert {title[0] for title in borders()} == numbers == set("123456789")
    for title, rows in borders().items():
        assert {row[1] for row in rows} == set(KINDS), title


def test_every_threat_says_what_is_done_and_has_a_test_or_an_open_risk() -> None:
    rows = [row for rows in borders().values() for row in rows]
    assert len(rows) > 60
    for row in rows:
        assert len(row) == 4, row
        assert all(row), row
        assert re.fullmatch(r"(`[\w/]+\.py::test_\w+` ?)*(\*\*Open\*\*: [^`]+\.)?", row[3]), row


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED.findall(DOCUMENT))))
def test_every_test_that_is_named_is_there(file: str, test: str) -> None:
    assert (ROOT / "tests" / file).is_file()
    assert test in known_in(file)


def test_no_threat_is_named_twice() -> None:
    threats = [row[0] for rows in borders().values() for row in rows]
    assert len(threats) == len(set(threats))


@pytest.mark.parametrize(("text", "folder"), [(DOCUMENT, "docs"), (POLICY, ".github")])
def test_every_document_that_is_linked_is_there(text: str, folder: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert links
    assert [each for each in links if not (ROOT / folder / each).is_file()] == []


def test_figures_are_those_that_tests_hold() -> None:
    assert f"| {EXPOSED} of 10 |" in DOCUMENT


def test_the_policy_says_how_to_report_what_to_expect_and_which_versions_are_mended() -> None:
    headings = re.findall(r"^## (.+)$", POLICY, re.MULTILINE)
    assert headings == ["Tell us of a weakness", "What to expect", "Which versions are mended", "What is known already"]
    assert any("--version" in each.opts for each in cli.civicloop.params)
