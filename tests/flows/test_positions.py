"""The line of every key of a TOML file."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from flows.catalog import PACKAGED
from flows.positions import line_of, positions

TEXT = '''# a comment with [brackets] and = signs
top = "a # no comment" # a comment

[states.one]
choose = """
Two lines, [states.not_a_heading]
and = "quotes"
"""
options = [
  { id = "a", label = "x, y } ]" }, # one
  # between
  { id = "b", label = 'it is', more = [
    3 ] },
]
next = [{ when = { one = ["a", "b"], "@area" = { not = "n" } }, to = "two" }]

[items."del.overall"]
a.b = 2026-11-22 07:32:00
[[list]]
x = 1
[[list]]
x = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("states", "one"), 4),
        (("states", "one", "choose"), 5),
        (("states", "one", "options"), 9),
        (("states", "one", "options", 0), 10),
        (("states", "one", "options", 1, "id"), 12),
        (("states", "one", "options", 1, "more", 0), 13),
        (("states", "one", "next", 0, "when", "@area", "not"), 15),
        (("states", "one", "nothing"), 4),
        (("items", "del.overall", "a", "b"), 18),
        (("list", 1, "x"), 22),
        (("nowhere",), 1),
    ],
)
def test_the_line_of_a_key_or_of_what_is_around_it(path: tuple[str | int, ...], line: int) -> None:
    assert line_of(positions(TEXT), path) == line


def keys(table: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return every path in a parsed document."""
    inner = table.items() if isinstance(table, dict) else enumerate(table) if isinstance(table, list) else ()
    return [each for key, value in inner for each in [(*path, key), *keys(value, (*path, key))]]


@pytest.mark.parametrize("file", sorted(PACKAGED.rglob("*.toml")), ids=lambda file: file.name)
def test_every_key_of_every_packaged_file_has_its_line(file: Any) -> None:
    text = file.read_text(encoding="utf-8")
    lines, rows = positions(text), text.split("\n")
    for path in keys(tomllib.loads(text)):
        assert path in lines or (path[:1] == ("states",) and len(path) == 1) or len(path) == 1, path
        if isinstance(path[-1], str) and path in lines:
            assert path[-1] in rows[lines[path] - 1]
