"""Where each key of a TOML text stands, so that a fault can be named with its line."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top of a file to a value: `("states", "why", "options", 0, "label")`."""

_TOKEN = re.compile(
    r"""
      (?P<string> \"{3}(?:[^\\]|\\.)*?\"{3,5} | '{3}.*?'{3,5} | "(?:[^"\\\n]|\\.)*" | '[^'\n]*' )
    | (?P<skipped> \#[^\n]* | [ \t\r]+ )
    | (?P<newline> \n )
    | (?P<mark> [\[\]{}=,.] )
    | (?P<bare> [^\s\[\]{}=,."'\#]+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def positions(text: str) -> dict[Path, int]:
    """Return the line (from 1) of every key and list entry of `text`, which must be valid TOML."""
    reader = _Reader(_tokens(text))
    reader.document()
    return reader.lines


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """Return the line of `path`, or of the nearest thing around it that has one; 1 for an empty file."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _tokens(text: str) -> list[_Token]:
    found, line = [], 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind != "skipped":
            found.append(_Token(kind, match[0], line))
        line += match[0].count("\n")
    found.append(_Token("end", "", line))
    return found


class _Reader:
    """Walks once over the tokens of a valid document."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.tables: dict[Path, int] = {}

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def skip_newlines(self) -> None:
        while self.token.kind == "newline":
            self.take()

    def document(self) -> None:
        here: Path = ()
        while self.token.kind != "end":
            if self.token.text == "[":
                here = self.heading()
            elif self.token.kind in {"bare", "string"}:
                self.pair(here)
            else:
                self.take()

    def heading(self) -> Path:
        line = self.take().line
        is_list = self.token.text == "["
        if is_list:
            self.take()
        path: Path = self.key()
        if is_list:
            self.tables[path] = self.tables.get(path, -1) + 1
            path = (*path, self.tables[path])
        self.lines.setdefault(path, line)
        while self.token.kind not in {"newline", "end"}:
            self.take()
        return path

    def key(self) -> tuple[str, ...]:
        parts = [_plain(self.take().text)]
        while self.token.text == ".":
            self.take()
            parts.append(_plain(self.take().text))
        return tuple(parts)

    def pair(self, here: Path) -> None:
        line = self.token.line
        path = here
        for part in self.key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self.take()
        self.value(path)

    def value(self, path: Path) -> None:
        match self.token.text:
            case "[":
                self.listing(path)
            case "{":
                self.inline(path)
            case _:
                while self.token.kind not in {"newline", "end"} and self.token.text not in {",", "]", "}"}:
                    self.take()

    def listing(self, path: Path) -> None:
        self.take()
        number = 0
        self.skip_newlines()
        while self.token.text != "]" and self.token.kind != "end":
            self.lines.setdefault((*path, number), self.token.line)
            self.value((*path, number))
            number += 1
            self.separator()
        self.take()

    def inline(self, path: Path) -> None:
        self.take()
        self.skip_newlines()
        while self.token.text != "}" and self.token.kind != "end":
            self.pair(path)
            self.separator()
        self.take()

    def separator(self) -> None:
        self.skip_newlines()
        if self.token.text == ",":
            self.take()
        self.skip_newlines()


def _plain(key: str) -> str:
    """Return a key without its quotes."""
    return next(iter(tomllib.loads(f"{key} = 0"))) if key[:1] in {'"', "'"} else key
