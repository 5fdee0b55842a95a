"""Every commit is a boundary with a name: the kill tests die right before it and right after it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.test_promises import modules

if TYPE_CHECKING:
    from collections.abc import Iterator

UNNAMED = {
    # One press of somebody of the city on a page, one row or a few that stand together, and nothing follows from it:
    # killed before the commit nothing has happened and they press again; after it the next page shows that it has.
    "bot/channels/web/manage/doors.py _enter",
    "bot/channels/web/manage/doors.py _leave",
    "bot/channels/web/manage/assess.py _kept",
    "bot/channels/web/manage/assess.py _shared",
    "bot/channels/web/manage/rhythm.py _kept",
    "bot/channels/web/manage/quoted.py _judged",
    "bot/channels/web/manage/themes.py _changed",
    "bot/channels/web/manage/themes.py _corrected",
    # One commit of a command whose last act it is: its exit status tells, and it may be given again.
    "bot/commands/assessing.py _keep",
    "bot/commands/inbox.py retry",
    "bot/commands/inbox.py drop",
    "bot/commands/staff.py link",
    "bot/commands/staff.py remove",
    "bot/commands/staff.py withdraw",
    "bot/commands/running.py _person",
    "bot/commands/running.py _token",
    # The sample city's sign-in links: each start makes new ones.
    "bot/demo.py _link",
}
"""File and function of each transaction without crossings, and why it needs none."""
ELSEWHERE = {
    "storage/database.py",  # makes transactions
    "storage/migrate.py",  # all revisions in one transaction, or a mark without which no program starts
}


def transactions() -> Iterator[tuple[str, ast.With, ast.stmt | None]]:
    """Give each block that writes: where it stands, the block, and the statement after it."""
    for path, module in modules():
        if path not in ELSEWHERE:
            yield from ((f"{path} {name}", *found) for name, found in _in(module, ""))


def _in(node: ast.AST, function: str) -> Iterator[tuple[str, tuple[ast.With, ast.stmt | None]]]:
    for block in (getattr(node, name, []) for name in ("body", "orelse", "finalbody", "handlers", "cases")):
        for n, each in enumerate(block):
            if isinstance(each, ast.With) and any(_writes(item.context_expr) for item in each.items):
                yield function, (each, block[n + 1] if n + 1 < len(block) else None)
            inner = each.name if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) else function
            yield from _in(each, inner)


def _writes(call: ast.expr) -> bool:
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "transaction"


def _passes(node: ast.AST | None) -> bool:
    """Whether a crossing is passed somewhere in it."""
    return node is not None and any(
        isinstance(each, ast.Call) and ast.unparse(each.func) == "crossings.passed" for each in ast.walk(node)
    )


@pytest.mark.parametrize("side", ["before", "after"])
def test_every_commit_has_a_crossing_right_before_and_right_after_it(side: str) -> None:
    bare = {
        f"{where}, line {block.lineno}"
        for where, block, following in transactions()
        if where not in UNNAMED
        if not (any(map(_passes, block.body)) if side == "before" else _passes(following))
    }
    assert bare == set()


def test_nothing_is_excused_that_is_no_more_or_has_a_name() -> None:
    bare = {where for where, block, following in transactions() if not (any(map(_passes, block.body)) and following)}
    assert bare == UNNAMED


def test_a_commit_without_a_name_would_be_found() -> None:
    named = "with a.transaction() as db:\n    crossings.passed('x')\ncrossings.passed('y')"
    for text, found in (
        (named, 1),
        ("if x:\n    with a.transaction():\n        pass", 1),
        ("with a.reading(): pass", 0),
    ):
        blocks = list(_in(ast.parse(text), ""))
        assert len(blocks) == found
        assert all(_passes(following) == (text == named) for _, (_, following) in blocks)
