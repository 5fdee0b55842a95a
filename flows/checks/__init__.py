"""What is wrong with a flow beyond its form: its ways, its texts, its wording. Each module looks at one side of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.checks.texts import shown
from flows.checks.ways import broken, is_question, too_many
from flows.issues import STRICTEST

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flows.issues import Issue, Limits, Where
    from flows.model import Flow

__all__ = ["check", "is_question"]


def check(
    flow: Flow,
    where: Where,
    channels: Mapping[str, Limits] = STRICTEST,
    *,
    whole: bool = True,
    gaps: Collection[str] = (),
) -> list[Issue]:
    """Return what is wrong with the way a compiled `flow` runs and reads, in all its languages.

    Where it is not `whole` (a file could not be read to its end) its ways are not judged. `gaps` are the states that
    could not be read; others are not blamed for them.
    """
    found = [
        *(broken(flow, where, gaps) if whole else ()),
        *too_many(flow, where),
        *shown(flow, where, channels),
    ]
    return sorted(set(found))
