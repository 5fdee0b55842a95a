"""Versions that were edited after they were published: what a round once asked stays, so the number must rise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from flows.catalog import asked
from flows.checks.codes import issue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flows.catalog import Catalog
    from flows.issues import Issue
    from flows.model import Flow


class Published(NamedTuple):
    """A version as it was published: JSON of file name to text, and the hash that `Catalog.bundle` gave it."""

    flow: str
    version: int
    sha256: str
    source: str


def edited(catalog: Catalog, published: Iterable[Published]) -> list[Issue]:
    """Return a fault for each published version whose files ask something else today, at the line of its number."""
    known = list(published)
    return [_told(catalog, one, _free(catalog, known, one.flow)) for one in known if _differs(catalog, one)]


def _differs(catalog: Catalog, one: Published) -> bool:
    flow = _now(catalog, one)
    return flow is not None and catalog.bundle(flow)[1] != one.sha256


def _now(catalog: Catalog, one: Published) -> Flow | None:
    compiled = catalog.compiled.get((one.flow, one.version))
    return compiled.flow if compiled else None


def _free(catalog: Catalog, known: list[Published], flow: str) -> int:
    """Return the next number that no version of a flow has had."""
    return max([one.version for one in known if one.flow == flow] + catalog.versions(flow)) + 1


def _told(catalog: Catalog, one: Published, free: int) -> Issue:
    message = (
        f"{one.flow} was published as version {one.version}, and {_where(catalog, one)} asks something else since. "
        f"Its rounds go on with the published text; no new round opens with this one. Raise version to {free}."
    )
    return issue(catalog.shelf.flows[one.flow, one.version].document.at("version"), message, "edited-version")


def _where(catalog: Catalog, one: Published) -> str:
    """Return the files that ask something else; the flow's own where one is gone or new."""
    flow = catalog.get(one.flow, one.version)
    now, then = catalog.bundle(flow)[0], json.loads(one.source)
    changed = [file for file, text in now.items() if asked(text, flow) != asked(then.get(file, ""), flow)]
    return " and ".join(changed) or catalog.shelf.flows[one.flow, one.version].document.file
