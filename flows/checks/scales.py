"""Whether answers with values make a fair scale: best first, as many steps up as down, a middle between them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from flows.checks.codes import issue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flows import form
    from flows.issues import Issue
    from flows.reading import Document
    from flows.shelf import Shelf

BEST, MIDDLE, WORST = 5, 3, 1
"""Values of the steps."""

NO_MIDDLE_NEEDED = 3
"""Scales of fewer steps than four do without a middle."""


def unfair(shelf: Shelf) -> Iterator[Issue]:
    """Yield what is wrong with the scales of flows, frames and the bank, where each was written."""
    sheets = [
        *shelf.flows.values(),
        *shelf.frames.values(),
        *shelf.banks.values(),
        *([shelf.scales] if shelf.scales else []),
    ]
    for document in (sheet.document for sheet in sheets):
        for section in ("states", "items", "scales"):
            for name, made in getattr(document.form, section, {}).items():
                yield from _of_part(document, (section, name), getattr(made, "options", None) or ())


def _of_part(document: Document, path: tuple[str, str], options: Sequence[form.OptionForm]) -> Iterator[Issue]:
    values = [one.value for one in options if one.value is not None]
    at = document.at(*path, "options")
    for message, code in _judged(values):
        yield issue(at, f'"{path[1]}": {message}', code)


def _judged(values: list[int]) -> Iterator[tuple[str, str]]:
    odd = sorted({one for one in values if not WORST <= one <= BEST or values.count(one) > 1})
    if odd:
        yield f"value {', '.join(map(str, odd))}: give each step its own from 1 (worst) to 5 (best).", "scale-value"
        return
    if any(one < two for one, two in pairwise(values)):
        yield "the steps do not go from best to worst. Put the highest value first.", "scale-order"
    up, down = sum(one > MIDDLE for one in values), sum(one < MIDDLE for one in values)
    if up != down:
        yield (
            f"{up} steps above the middle and {down} below it. Offer as many good answers as bad ones.",
            "unbalanced-scale",
        )
    elif len(values) > NO_MIDDLE_NEEDED and MIDDLE not in values:
        yield 'it has no middle (value = 3). Add one, such as "Neither good nor poor".', "no-middle"
