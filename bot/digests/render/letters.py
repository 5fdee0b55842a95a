"""Fonts that have the letters of a text: ours, and for what it lacks those of the machine.

Noto is taken before others; where no font has a letter, it is a frame.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from unicodedata import category

from bot.pictures import fonts

_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zs", "Zl", "Zp"))
"""Kinds of characters that nobody sees."""
_PLAIN = ("NotoSans", "Noto", "")
"""How the names of fonts begin, the better ones first."""
_SKIPPED = frozenset(
    ("Color", "Mono", "Serif", "Bold", "Italic", "Oblique", "Light", "Thin", "Black", "Condensed", "Kufi", "Nastaliq")
)


def for_letters(text: str) -> tuple[Path, ...]:
    """Return the fonts besides DejaVu that a text needs, the frames last; none where DejaVu has all its letters."""
    missing = {ord(letter) for letter in text if category(letter) not in _UNSEEN} - letters_of(fonts.REGULAR)
    return _chosen(frozenset(missing)) if missing else ()


def lacks(text: str) -> bool:
    """Whether a text has a letter that no font here has, so that it would be a frame."""
    return fonts.FRAMES in for_letters(text)


@lru_cache(maxsize=256)
def _chosen(missing: frozenset[int]) -> tuple[Path, ...]:
    left, chosen = set(missing), list[Path]()
    for font in _of_the_machine():
        if not left:
            return tuple(chosen)
        if left & letters_of(font):
            chosen.append(font)
            left -= letters_of(font)
    return (*chosen, fonts.FRAMES) if left else tuple(chosen)


@cache
def _of_the_machine() -> tuple[Path, ...]:
    """Upright fonts of usual weight that are installed here; in the same order every time."""
    from matplotlib.font_manager import findSystemFonts  # noqa: PLC0415 - only where a letter is missing

    found = sorted({Path(name) for name in findSystemFonts(fontext="ttf")})
    usual = [path for path in found if not any(word in path.stem for word in _SKIPPED)]
    return tuple(sorted(usual, key=_rank))


def _rank(path: Path) -> tuple[int, str]:
    return next(place for place, begin in enumerate(_PLAIN) if path.name.startswith(begin)), path.name


@lru_cache(maxsize=512)
def letters_of(font: Path) -> frozenset[int]:
    """Return which letters a font has; none where it cannot be read, for it is not ours."""
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415 - only where a text is drawn

    try:
        return frozenset(FT2Font(font).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
