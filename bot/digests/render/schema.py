"""The JSON Schema of a digest (draft 2020-12), made from its dataclasses: programs know what they will find.

`python -m bot.digests.render.schema` writes it into the package.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from dataclasses import is_dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from bot.assessing import gap, perception
from bot.digests import deeds, disclosure, model, results

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

FILE: Final = Path(__file__).with_name("digest.schema.json")
DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
MODULES: Final[tuple[ModuleType, ...]] = (model, disclosure, results, deeds, gap, perception)
"""Where the parts of a digest are defined."""


def schema() -> str:
    """Return the schema as it is published: of a digest, or of `null` for a week without one."""
    made = {"$schema": DRAFT, "title": "Digest of a week", **msgspec.json.schema(model.Digest | None)}
    for name, described in made["$defs"].items():
        for field, meaning in _meanings().get(name, {}).items():
            _say(described.get("properties", {}), field, meaning)
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _say(properties: dict[str, Any], field: str, meaning: str) -> None:
    if field in properties:
        properties[field]["description"] = meaning


@cache
def _meanings() -> dict[str, dict[str, str]]:
    """Return what is written below each field, by class and field."""
    kinds = {kind for module in MODULES for _, kind in inspect.getmembers(module, inspect.isclass)}
    return {kind.__name__: dict(_below(kind)) for kind in kinds if is_dataclass(kind)}


def _below(kind: type) -> Iterator[tuple[str, str]]:
    (written,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    lines = written.body if isinstance(written, ast.ClassDef) else []
    for line, below in pairwise(lines):
        match line, below:
            case ast.AnnAssign(target=ast.Name(id=field)), ast.Expr(value=ast.Constant(value=str(meaning))):
                yield field, meaning


if __name__ == "__main__":
    FILE.write_text(schema(), encoding="utf-8")
