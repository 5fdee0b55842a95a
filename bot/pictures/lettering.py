"""How wide words are, without a font at hand, and where lines break. Pure."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import bidirectional, combining, east_asian_width

_NARROW, _WIDE, _USUAL, _LARGE, _FULL = 0.32, 0.9, 0.56, 0.7, 1.0
"""Widths of letters in parts of the size, a little generous: of the fonts of usual systems, the wider ones."""
_OF_LETTER = {**dict.fromkeys("iljtfr.,:;'|!()[] ’“”-·", _NARROW), **dict.fromkeys("mwMW%—…", _WIDE)}


def width(text: str, size: float) -> float:
    """Return about how many pixels a line takes at a font size of `size` pixels."""
    return size * sum(map(_letter, text))


@lru_cache(maxsize=1024)
def _letter(letter: str) -> float:
    if known := _OF_LETTER.get(letter):
        return known
    if combining(letter):
        return 0.0
    if east_asian_width(letter) in {"W", "F"}:
        return _FULL
    return _LARGE if letter.isupper() else _USUAL


def runs_from_right(text: str) -> bool:
    """Whether a text that may stand in another language than its page is read from the right: its first letter tells.

    So it is in the Unicode bidirectional algorithm (UAX 9, P2).
    """
    kinds = (bidirectional(letter) for letter in text)
    return next((kind for kind in kinds if kind in {"L", "R", "AL"}), "L") != "L"


def lines(text: str, size: float, room: float, most: int) -> list[str]:
    """Break `text` into at most so many lines of at most `room` pixels; what does not fit ends in "…"."""
    found = [""]
    for word in (piece for one in text.split() for piece in _pieces(one, size, room)):
        longer = f"{found[-1]} {word}".strip()
        if width(longer, size) <= room:
            found[-1] = longer
        else:
            found.append(word)
    return found if len(found) <= most else [*found[: most - 1], _cut(found[most - 1], size, room)]


def _pieces(word: str, size: float, room: float) -> list[str]:
    """Break a word that is wider than a line."""
    pieces = [""]
    for letter in word:
        if width(pieces[-1] + letter, size) > room:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _cut(line: str, size: float, room: float) -> str:
    while line and width(f"{line}…", size) > room:
        line = line[:-1]
    return f"{line.rstrip()}…"
