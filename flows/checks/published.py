"""Versions that were edited after they were published: what a round once asked stays, so the number must rise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from flows.checks.codes import issue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flows.catalog import Catalog
    from flows.issues import Issue


class Published(NamedTuple):
    """A version as it was published: `source` is JSON of file name to text."""

    flow: str
    version: int
    source: str


def edited(catalog: Catalog, published: Iterable[Published]) -> list[Issue]:
    """Return a fault for each published version whose files ask something else today, at the line of its number."""
    known = list(published)
    return [_told(catalog, one, next_free(catalog, known, one.flow)) for one in known if _differs(catalog, one)]


def _differs(catalog: Catalog, one: Published) -> bool:
    compiled = catalog.compiled.get((one.flow, one.version))
    flow = compiled.flow if compiled else None
    files = _files(one)
    return flow is not None and files is not None and not catalog.still_asks(flow, files)


def _files(one: Published) -> dict[str, str] | None:
    """Return the files of a published version; None where they cannot be read: nobody knows what it asked."""
    try:
        files = json.loads(one.source)
    except ValueError:
        return None
    return files if isinstance(files, dict) and all(isinstance(text, str) for text in files.values()) else None


def next_free(catalog: Catalog, known: Iterable[Published], flow: str) -> int:
    """Return the next number that no version of a flow has had."""
    return max([one.version for one in known if one.flow == flow] + catalog.versions(flow)) + 1


def _told(catalog: Catalog, one: Published, free: int) -> Issue:
    where = " and ".join(catalog.changed(catalog.get(one.flow, one.version), json.loads(one.source)))
    message = (
        f"{one.flow} was published as version {one.version}, and {where} asks something else since. "
        f"Its rounds go on with the published text; no new round opens with this one. Raise version to {free}."
    )
    return issue(catalog.shelf.flows[one.flow, one.version].document.at("version"), message, "edited-version")
