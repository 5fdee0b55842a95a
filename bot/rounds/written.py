"""A record as people write it, in a file or a form, brought to the one shape that is kept. Pure.

An option may stand as `["late", "Open late"]`, as `{ id = "late", en = "Open late", es = "…" }`, or as its label alone;
a day may be a day of TOML.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

LISTS = "lists"
ID = re.compile(r"[a-z0-9_]{1,40}")


def shaped(record: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the record in the shape that is kept, and (field, key of the fault) for what cannot be read."""
    kept: dict[str, Any] = {}
    faults: list[tuple[str, str]] = []
    for name, said in record.items():
        text = _lists(said, faults) if name == LISTS else _text(said)
        if text is None:
            faults.append((name, "not_a_text"))
        else:
            kept[name] = text
    return kept, faults


def _text(said: object) -> str | dict[str, str] | None:
    """A text, a number or a day as a text; a table of languages as one of texts; None for anything else."""
    match said:
        case str():
            return said
        case bool():
            return None
        case int() | float() | date():
            return said.isoformat() if isinstance(said, date) else str(said)
        case Mapping() if all(isinstance(key, str) and isinstance(one, str) for key, one in said.items()):
            return dict(said)
        case _:
            return None


def _lists(said: object, faults: list[tuple[str, str]]) -> dict[str, Any] | None:
    if not isinstance(said, Mapping):
        return None
    lists: dict[str, Any] = {}
    for name, rows in said.items():
        options = [_option(row) for row in rows] if isinstance(rows, list | tuple) else [None]
        ids = [option[0] for option in options if option]
        if None in options or len(set(ids)) < len(ids):
            faults.append((str(name), "not_a_list"))
        else:
            lists[str(name)] = options
    return lists


def _option(row: object) -> list[Any] | None:
    """Return [id, label] or [id, label per language]; None for what is no option."""
    match row:
        case str() if row.strip():
            return _named(_id_of(row), row)
        case [str() as id_, str() | Mapping() as label]:
            return _named(id_, label)
        case {"id": str() as id_, "label": str() | Mapping() as label, **more} if not more:
            return _named(id_, label)
        case {"id": str() as id_, **labels}:
            return _named(id_, labels)
        case _:
            return None


def _named(id_: str, label: object) -> list[Any] | None:
    text = _text(label)
    return [id_, text] if text and ID.fullmatch(id_) else None


def _id_of(label: str) -> str:
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40]
