"""Faults as SARIF 2.1.0 (OASIS), the form in which code review tools show them beside the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flows.checks.codes import CODES, SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flows.issues import Issue

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
HELP = "docs/checks.md"
"""Where each code is explained, with an example."""

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def log(issues: Iterable[Issue], version: str, path: Callable[[str], str]) -> dict[str, Any]:
    """Return a SARIF log of `issues`; `path` gives a file's path from the folder that the tool reads."""
    rules = list(CODES)
    driver = {"name": "civicloop", "semanticVersion": version, "rules": [_rule(code) for code in rules]}
    results = [_result(issue, rules, path) for issue in issues]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _rule(code: str) -> dict[str, Any]:
    return {
        "id": code,
        "shortDescription": {"text": f"{CODES[code][0].upper()}{CODES[code][1:]}."},
        "help": {"text": f"{HELP}#{code}"},
        "defaultConfiguration": {"level": _LEVELS[SEVERITIES[code]]},
    }


def _result(issue: Issue, rules: list[str], path: Callable[[str], str]) -> dict[str, Any]:
    known = {"ruleIndex": rules.index(issue.code)} if issue.code in CODES else {}
    place = {"artifactLocation": {"uri": quote(path(issue.file))}, "region": {"startLine": issue.line}}
    return {
        "ruleId": issue.code,
        **known,
        "level": _LEVELS[issue.severity],
        "message": {"text": issue.message},
        "locations": [{"physicalLocation": place}],
    }
