"""Expressions of a form: the part of XPath 1.0 that forms use to compare answers, as a tree, and its worth.

An expression is a literal, a `Ref` to an answer, or a `Call`; operators are calls named by their sign. What it is
worth follows XPath 1.0, sections 3.4 and 4: https://www.w3.org/TR/1999/REC-xpath-19991116/
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

OWN = "."
"""The name of the answer that a constraint is about."""

DEEPEST = 40
LONGEST = 400
"""Brackets and calls within each other that are followed, and signs and names in one expression."""


@dataclass(frozen=True, slots=True)
class Ref:
    """An answer, by the name of its question."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a number as it stands."""

    value: str | float


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator over others."""

    name: str
    over: tuple[Node, ...] = ()


Node: TypeAlias = Ref | Literal | Call
Worth: TypeAlias = str | float | bool


class Beyond(Exception):
    """An expression says what no comparison here can; the message names it."""


COLUMN = "@"
"""What stands before the name of a column, so that it is told from the name of a question."""


def parse(text: str, columns: Collection[str] = ()) -> Node:
    """Return the tree of an expression. Raises Beyond where it uses more than is understood.

    A bare name is one of the `columns` that a filter may look at: a `Ref` to it, with `@` before its name.
    """
    tokens = list(_tokens(text))
    if len(tokens) > LONGEST:
        raise Beyond("so much in one expression")
    reader = _Reader(tokens, columns)
    node = reader.either()
    if reader.token:
        raise Beyond(f'"{reader.token}"')
    return node


def conjuncts(text: str) -> list[str]:
    """Return the parts of an expression that are joined by "and", so that all of them must hold; else itself alone."""
    tokens = [*_pieces(text)]
    depths = [*accumulate({"(": 1, ")": -1}.get(one, 0) for one, _, _ in tokens)]
    if _is_wrapped(tokens, depths):
        return conjuncts(text[tokens[0][2] : tokens[-1][1]])
    joints = [n for n, (one, _, _) in enumerate(tokens) if one in {"and", "or"} and depths[n] == 0]
    if not joints or any(tokens[n][0] == "or" for n in joints):
        return [text.strip()]
    begins, ends = (0, *(tokens[n][2] for n in joints)), (*(tokens[n][1] for n in joints), len(text))
    parts = (text[begin:end] for begin, end in zip(begins, ends, strict=True))
    return [inner for part in parts for inner in conjuncts(part)]


def _is_wrapped(tokens: list[tuple[str, int, int]], depths: list[int]) -> bool:
    """Whether one pair of brackets stands around all."""
    return bool(tokens) and tokens[0][0] == "(" and depths[-1] == 0 and all(depths[:-1])


def _pieces(text: str) -> Iterator[tuple[str, int, int]]:
    """Give each token with where it begins and ends; what is none of the signs known here is a token of its own."""
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        end = found.end() if found else at + 1
        piece = text[at:end].strip()
        if piece:
            yield piece, end - len(piece), end
        at = end


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<ref>\$\{\s*[^}\s]+\s*\})
      | (?P<text>'[^']*'|"[^"]*")
      | (?P<number>\d+(?:\.\d*)?|\.\d+)
      | (?P<name>[A-Za-z_][\w-]*(?::[\w-]+)?)
      | (?P<sign><=|>=|!=|[=<>()+*,.-])
    )""",
    re.VERBOSE,
)
_COMPARING = ("=", "!=", "<", "<=", ">", ">=")
_KNOWN = {
    **dict.fromkeys(("not", "count-selected", "string-length", "number", "string", "boolean"), 1),
    **dict.fromkeys(("true", "false"), 0),
    **dict.fromkeys(("selected", "regex"), 2),
    "if": 3,
}
"""Functions that are understood, and how many arguments each takes."""


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if not found:
            raise Beyond(f'"{text[at:].strip()[:20]}"')
        yield found[0].strip()
        at = found.end()


class _Reader:
    """Reads tokens from left to right; each method reads one strength of operator."""

    def __init__(self, tokens: list[str], columns: Collection[str] = ()) -> None:
        self.tokens = tokens
        self.columns = columns
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def taken(self, *wanted: str) -> str:
        token = self.token
        if token not in wanted:
            return ""
        self.at += 1
        return token

    def want(self, token: str) -> None:
        if not self.taken(token):
            raise Beyond(f'"{self.token}" where "{token}" should be' if self.token else "an end too early")

    def either(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Beyond("so many brackets")
        node = self.both()
        while self.taken("or"):
            node = Call("or", (node, self.both()))
        self.depth -= 1
        return node

    def both(self) -> Node:
        node = self.comparison()
        while self.taken("and"):
            node = Call("and", (node, self.comparison()))
        return node

    def comparison(self) -> Node:
        node = self.sum()
        while sign := self.taken(*_COMPARING):
            node = Call(sign, (node, self.sum()))
        return node

    def sum(self) -> Node:
        node = self.single()
        while sign := self.taken("+", "-"):
            node = Call(sign, (node, self.single()))
        return node

    def single(self) -> Node:
        sign = self.token
        self.at += 1
        if sign == "(":
            node = self.either()
            self.want(")")
            return node
        if sign == "-" and self.token[:1].isdigit():
            self.at += 1
            return Literal(-float(self.tokens[self.at - 1]))
        if self.taken("("):
            return self.call(sign)
        return Ref(COLUMN + sign) if sign in self.columns else _leaf(sign)

    def call(self, name: str) -> Node:
        if name not in _KNOWN:
            raise Beyond(f"{name}()")
        over: list[Node] = []
        while not self.taken(")"):
            if over:
                self.want(",")
            over.append(self.either())
        if len(over) != _KNOWN[name]:
            raise Beyond(f"{name}() with {len(over)} arguments")
        return Call(name, tuple(over))


def _leaf(token: str) -> Node:
    if token.startswith("${"):
        return Ref(token[2:-1].strip())
    if token == OWN:
        return Ref(OWN)
    if token[:1] in {"'", '"'}:
        return Literal(token[1:-1])
    if token[:1].isdigit() or (token[:1] == "." and token[1:].isdigit()):
        return Literal(float(token))
    raise Beyond(f'"{token}"' if token else "an end too early")


# --------------------------------------------------------------------------- what stands in it


def refs(node: Node) -> set[str]:
    """Return the names of all answers that an expression looks at."""
    return {one.name for one in walk(node) if isinstance(one, Ref)}


def numbers(node: Node) -> set[float]:
    """Return all numbers that stand in an expression, those in quotes too."""
    found = {number(one.value) for one in walk(node) if isinstance(one, Literal)}
    return {one for one in found if not math.isnan(one)}


def walk(node: Node) -> Iterator[Node]:
    """Give an expression and all its parts."""
    yield node
    if isinstance(node, Call):
        for one in node.over:
            yield from walk(one)


def put(node: Node, values: Mapping[str, Node]) -> Node:
    """Return an expression with values in place of the answers they are known for."""
    match node:
        case Ref(name=name):
            return values.get(name, node)
        case Call(name=name, over=over):
            return Call(name, tuple(put(one, values) for one in over))
        case _:
            return node


# --------------------------------------------------------------------------- what it is worth


def holds(node: Node, answers: Mapping[str, str]) -> bool:
    """Return whether an expression is true for these answers: texts as a form stores them, empty for none."""
    return boolean(worth(node, answers))


def worth(node: Node, answers: Mapping[str, str]) -> Worth:
    """Return the value of an expression. Raises KeyError for a question that `answers` do not know."""
    match node:
        case Ref(name=name):
            return answers[name]
        case Literal(value=value):
            return value
        case Call(name="or", over=(left, right)):
            return holds(left, answers) or holds(right, answers)
        case Call(name="and", over=(left, right)):
            return holds(left, answers) and holds(right, answers)
        case Call(name=name, over=over):
            return _applied(name, [worth(one, answers) for one in over])


def _applied(name: str, values: list[Worth]) -> Worth:
    match name, values:
        case (("=" | "!=" | "<" | "<=" | ">" | ">="), [left, right]):
            return _compared(name, left, right)
        case (("+" | "-"), [left, right]):
            return number(left) + number(right) * (1 if name == "+" else -1)
        case "selected", [chosen, wanted]:
            return string(wanted).strip() in string(chosen).split()
        case "count-selected", [chosen]:
            return float(len(string(chosen).split()))
        case "string-length", [said]:
            return float(len(string(said)))
        case "if", [said, one, other]:
            return one if boolean(said) else other
        case (("not" | "boolean"), [said]):
            return boolean(said) == (name == "boolean")
        case "regex", _:
            raise Beyond("regex()")
        case (("true" | "false"), []):
            return name == "true"
        case _:
            return number(values[0]) if name == "number" else string(values[0])


def _compared(sign: str, left: Worth, right: Worth) -> bool:
    if sign in {"=", "!="}:
        return _same(left, right) == (sign == "=")
    one, other = number(left), number(right)
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[sign]


def _same(left: Worth, right: Worth) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return boolean(left) == boolean(right)
    if isinstance(left, float) or isinstance(right, float):
        return number(left) == number(right)
    return left == right


def number(value: Worth) -> float:
    """Return a value as a number; not a number where it is none."""
    if not isinstance(value, str):
        return float(value)
    return float(value) if re.fullmatch(r"\s*-?(\d+(\.\d*)?|\.\d+)\s*", value) else math.nan


def string(value: Worth) -> str:
    """Return a value as a text."""
    if isinstance(value, bool):
        return str(value).lower()
    return _in_digits(value) if isinstance(value, float) else value


def _in_digits(value: float) -> str:
    return "NaN" if math.isnan(value) else f"{value:.15g}" if not value % 1 else repr(value)


def boolean(value: Worth) -> bool:
    """Return a value as true or false."""
    return value != 0 and not math.isnan(value) if isinstance(value, float) else bool(value)
