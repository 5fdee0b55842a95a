"""docs/checks.md tells every code once, as grave as it is, with an example that has the fault."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING

import pytest

from flows.catalog import PACKAGED, Catalog
from flows.checks.codes import CODES, SEVERITIES
from flows.checks.published import Published, edited
from flows.issues import STRICTEST

if TYPE_CHECKING:
    from flows.issues import Issue

PAGE = (PACKAGED.parent / "docs" / "checks.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\S+)\n\n[^\n]+\n\n```text\n(.*?)```\n\nMend: \S", PAGE, re.MULTILINE | re.DOTALL))
TABLE = dict(re.findall(r"^\| \[`([a-z-]+)`\]\(#[a-z-]+\) \| (\w+) \|", PAGE, re.MULTILINE))
BASE = re.findall(r"```toml\n(flow = .*?)```", PAGE, re.DOTALL)[0]
BESIDE = ("frames/phrases.toml", "frames/phrases.es.toml", "frames/round.toml", "items/core.toml", "items/about.toml")
SHARED = {name: (PACKAGED / name).read_text(encoding="utf-8") for name in (*BESIDE, "items/scales.toml")}

MADE = {
    "{deep}": "[" * 200 + "]" * 200,
    "{many}": "\n".join(f'[states.q{n}]\nask = "What about number {n}?"' for n in range(16)),
    "{eight}": "\n".join(f'[states.q{n}]\nask = "What about number {n}?"' for n in range(8)),
    "{long}": r"So it is.\n\n" * (STRICTEST["telegram"].text // 10),
    "{options}": ", ".join(f'{{ id = "a{n}", label = "A {n}" }}' for n in range(STRICTEST["telegram"].buttons + 1)),
    "\\udce9": "\udce9",
}
"""What would be too long for the page."""


def files_of(example: str) -> dict[str, str]:
    """Return the files of an example: the page's flow with its parts replaced, and what lies beside it."""
    for short, whole in MADE.items():
        example = example.replace(short, whole)
    if example.startswith("# file: "):
        parts = (part.partition("\n") for part in example.split("# file: ")[1:])
        return {"small.toml": BASE, **{name: text for name, _, text in parts}}
    return {"small.toml": _changed(example)}


def _changed(example: str) -> str:
    """Lay an example's keys and states over the page's flow; states that are new come first."""
    keys, *own = _parts(example)
    top, *states = _parts(BASE)
    replaced = {_name(one): "\n".join(two for two in own if _name(two) == _name(one)) for one in own}
    new = [state for state in own if _name(state) not in {_name(one) for one in states}]
    lines = {line.partition(" = ")[0]: line for line in (*top.splitlines(), *keys.splitlines()) if line}
    return "\n".join([*lines.values(), "", *new, *(replaced.get(_name(state), state) for state in states)])


def _parts(text: str) -> list[str]:
    return re.split(r"^(?=\[states\.)", text, flags=re.MULTILINE)


def _name(state: str) -> str:
    return state.partition("[states.")[2].partition("]")[0]


def found(files: dict[str, str]) -> list[Issue]:
    """Return all faults, where the page's flow has been published."""
    catalog = Catalog.of({**SHARED, **files})
    return [*catalog.issues, *edited(catalog, [PUBLISHED])]


def published(text: str) -> Published:
    """Return the flow `small` as it is published."""
    catalog = Catalog.of({**SHARED, "small.toml": text})
    files, _ = catalog.bundle(catalog.get("small"))
    return Published("small", 1, json.dumps(files))


PUBLISHED = published(BASE)


def test_the_flow_of_the_page_is_clean() -> None:
    own = [issue for issue in found({"small.toml": BASE}) if not issue.file.startswith(("frames/", "items/"))]
    assert own == []


def test_the_page_tells_every_code_as_grave_as_it_is() -> None:
    assert dict(SEVERITIES) == TABLE
    assert list(SECTIONS) == list(CODES)


@pytest.mark.parametrize("code", CODES)
def test_the_example_of_a_code_has_the_fault(code: str) -> None:
    issues = found(files_of(SECTIONS[code]))
    told = [issue for issue in issues if issue.code == code]
    assert told, [str(issue) for issue in issues]
    assert {issue.severity for issue in told} == {SEVERITIES[code]}
    assert len(told) == len(set(told))


def test_every_code_in_the_source_is_known() -> None:
    used = {
        node.value
        for path in PACKAGED.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in {"Issue", "issue", "report"}
        for node in call.args
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch("[a-z]+(-[a-z]+)*", node.value)
    }
    assert used - {"error", "warning", "info"} <= set(CODES)
